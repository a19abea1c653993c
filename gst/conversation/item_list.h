// The items in the order of the conversation, across calls: where a new one belongs, which belong
// to the call in use, which are gone. Bounded: the oldest go first. Pure.
// Thread-bound to whoever owns it. Never looks at words.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "conversation/item.h"

namespace oairt {

class ItemList {
 public:
  static constexpr std::size_t kMaxItems = 20000;
  static constexpr std::size_t kMaxBytes = std::size_t{64} << 20;

  const std::vector<ConversationItem> &all() const { return items_; }
  std::vector<ConversationItem> &all() { return items_; }
  // By id or replay_id.
  ConversationItem *find(const std::string &id);
  const ConversationItem *find(const std::string &id) const;

  // Behind `previous_id`, and behind the items of earlier calls that follow it: those are not in
  // the service's list. "root": before the items of this call. Not known: last. Empty: last too,
  // but the front if `null_is_front` and the service has named previous items in this call: it
  // leaves the first of its list without one.
  ConversationItem &insert(const std::string &id, const std::string &previous_id,
                           bool null_is_front);
  // True if there was one. Whatever is said of that id later does not bring it back.
  bool erase(const std::string &id);
  bool is_erased(const std::string &id) const { return erased_.count(id) > 0; }

  bool in_call(const ConversationItem &item) const { return in_call_.count(item.id) > 0; }
  void mark_in_call(const ConversationItem &item) { in_call_.insert(item.id); }
  // The service used an old item's id for another one: the old one gets another id.
  void make_room_for(const std::string &id);
  void end_call();
  void clear();
  // In place of what is here; of two with the same id the first stays.
  void restore(std::vector<ConversationItem> items);

  // `bytes` were added to some item. When it is too much the oldest items are dropped, which
  // moves all others: true then.
  bool grew(std::size_t bytes);

 private:
  std::string free_replay_id(const std::string &id) const;
  std::size_t front_of_call() const;
  std::size_t place_behind(std::size_t index) const;
  void reindex();
  void drop_oldest(std::size_t count);
  void remember_erased(const ConversationItem &item);

  std::vector<ConversationItem> items_;
  std::unordered_map<std::string, std::size_t> index_;  // of id and replay_id
  std::unordered_set<std::string> in_call_, erased_;
  bool names_previous_ = false;
  std::size_t grown_bytes_ = 0;
};

}  // namespace oairt
