#include "captions/screen.h"

#include <algorithm>
#include <utility>

namespace oairt::captions {
namespace {

constexpr Duration kShortest = milliseconds(20);
constexpr Duration kShortestLine = milliseconds(200);

}  // namespace

void Screen::put(Duration at, Duration hold, bool final) {
  Duration start = std::max(at, until_);
  out_.push_back({text_, {start, hold}, final, spoken_});
  until_ = start + hold;
  if (final) finished_ = true;
}

void Screen::show(const std::string &text, Duration at, Duration hold, bool whole,
                  std::optional<Span> spoken) {
  if (text_.empty()) began_ = std::max(at, until_);
  text_ = text;
  spoken_ = spoken;
  finished_ = false;
  if (mode_ == Mode::Word) put(at, std::max(hold, kShortest), whole);
}

void Screen::keep(Duration now, Duration hold) {
  if (text_.empty() || mode_ != Mode::Word || until_ > now) return;
  put(now, std::max(hold, kShortest), false);
}

void Screen::finish(Duration end) {
  if (text_.empty() || finished_) return;
  if (mode_ == Mode::Word) {
    put(end, kShortest, true);
  } else {
    put(began_, std::max(end - began_, kShortestLine), true);
  }
}

void Screen::put_line(const std::string &text, Span shown, std::optional<Span> spoken) {
  text_ = text;
  spoken_ = spoken;
  put(shown.start, std::max(shown.duration, kShortestLine), true);
  text_.clear();
}

void Screen::restart() {
  out_.clear();
  text_.clear();
  until_ = began_ = Duration(0);
  finished_ = true;
}

std::vector<Caption> Screen::take() { return std::exchange(out_, {}); }

}  // namespace oairt::captions
