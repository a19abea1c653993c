// What is shown, when, and for how long.
// Thread-safe: plain values.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"

namespace oairt::captions {

// Word: a caption each time that what is shown changes. Sentence: one for each finished line.
enum class Mode { Word, Sentence };

struct Span {
  Duration start{0}, duration{0};
};

// Times are running times of the element that gives it.
struct Caption {
  std::string text;  // UTF-8; two lines at most
  Span shown;
  bool final = false;          // nothing is added to this text any more: once for each text
  std::optional<Span> spoken;  // where it is not now that it is heard
};

}  // namespace oairt::captions
