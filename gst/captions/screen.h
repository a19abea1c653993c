// What is shown at the moment, as a row of captions that follow each other without overlap: a
// renderer shows a caption to its end before it takes the next one, so none may promise more than
// is known. In Mode::Sentence only finished lines come out.
// Thread-bound to whoever owns it. Pure.
// Never takes a text back that was shown.
#pragma once

#include <string>
#include <vector>

#include "captions/caption.h"

namespace oairt::captions {

class Screen {
 public:
  void set_mode(Mode mode) { mode_ = mode; }
  Mode mode() const { return mode_; }

  // What is shown next begins a line.
  void new_line() { text_.clear(); }
  // From `at` on the line reads so, for `hold` at least. `whole`: it will not grow any more.
  void show(const std::string &text, Duration at, Duration hold, bool whole,
            std::optional<Span> spoken = std::nullopt);
  // Goes on showing it once what was promised is over at `now`.
  void keep(Duration now, Duration hold);
  // It will not grow any more; the last of it was said at `end`.
  void finish(Duration end);
  // A finished line at a time of its own.
  void put_line(const std::string &text, Span shown, std::optional<Span> spoken);

  bool empty() const { return text_.empty(); }
  // All captions so far end there.
  Duration until() const { return until_; }
  // Time was set back: nothing of before counts.
  void restart();
  std::vector<Caption> take();

 private:
  void put(Duration at, Duration hold, bool final);

  Mode mode_ = Mode::Word;
  std::vector<Caption> out_;
  std::string text_;
  std::optional<Span> spoken_;
  Duration began_{0}, until_{0};
  bool finished_ = true;
};

}  // namespace oairt::captions
