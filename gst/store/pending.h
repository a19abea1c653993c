// Changes that wait to be written, in order. What a later change makes void is dropped: of a slot
// and of the state the last save wins. Finished items are never dropped, however long the wait, so
// the memory held is bounded by the conversation itself.
// Pure; its owner locks.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace oairt {

struct Change {
  enum class Kind { SaveItem, EraseItem, SaveState, CloseRecord };
  Kind kind = Kind::SaveItem;
  int64_t slot = 0;
  int64_t time_ms = 0;
  std::string text;
};

class Pending {
 public:
  void add(Change change);
  // The first changes, with about `limit_bytes` of text at most, but one at least.
  std::vector<Change> take(std::size_t limit_bytes);
  void clear();
  bool empty() const { return changes_.empty(); }
  std::size_t count() const { return changes_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  using Place = std::list<Change>::iterator;
  void drop(Place place);

  std::list<Change> changes_;
  // In the record that is open at the list's end.
  std::unordered_map<int64_t, Place> items_;
  std::optional<Place> state_;
  std::size_t bytes_ = 0;
};

}  // namespace oairt
