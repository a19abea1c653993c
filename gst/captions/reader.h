// Captions of words that have no voice to follow: text answers, and what the user is taken to have
// said, which is known only afterwards. A line stays as long as it takes to read.
// Thread-bound to whoever owns it. Pure.
// Never keeps more than a few texts: who is far behind leaves the oldest out.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "captions/screen.h"
#include "captions/words.h"

namespace oairt::captions {

class Reader {
 public:
  explicit Reader(Screen &screen) : screen_(screen) {}

  // More of that text, or the whole of it. `from`: so many words were shown before.
  void text(const std::string &id, std::string_view text, bool whole,
            std::optional<Span> spoken = std::nullopt, std::size_t from = 0);
  // The rest of that text will never come.
  void abandon(const std::string &id);
  // Shows what is due at `now`.
  void tick(Duration now);
  bool has(const std::string &id) const;
  bool busy() const { return !texts_.empty(); }
  void clear() { texts_.clear(); }
  // The stream ends: what was not shown yet is shown at once.
  void finish(Duration now);

 private:
  struct Text {
    std::string id;
    Words words;
    std::optional<Span> spoken;
    std::size_t line = 0, shown = 0;  // the line's first word; all that was shown
    std::optional<Duration> due;      // the next line may come
    Duration began{0};                // the line
  };

  static std::size_t shown_bytes(const Text &text);
  bool show_more(Text &text, Duration now);
  void put_lines(const Text &text, Duration now);
  Duration patience() const;

  Screen &screen_;
  std::deque<Text> texts_;
};

}  // namespace oairt::captions
