// Which 20 ms frame the source makes next: numbers on the running time, without drift.
// Thread-bound to the streaming thread. Pure: the running time is an argument.
// Never lets a delay stay: what could not be given out in time is made up for, or skipped.
//
// Frame n covers [n x 20 ms, (n+1) x 20 ms) of running time and is due at its end, as with any
// live source. A source that woke up late, since downstream held it, makes the missed frames back
// to back; past kMaxCatchUp it skips them, as a sound card's ring buffer would, and says so. A
// muxer may hold it until it knows the caption to a frame (SpeechCaptions: kLongestHold), which is
// no reason to skip any.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "rtc/media_port.h"

namespace oairt {

class OutputTicks {
 public:
  static constexpr uint64_t kMaxCatchUp = 50;  // frames: 1 s

  struct Tick {
    uint64_t number = 0;
    bool resync = false;   // does not follow the one before
    uint64_t skipped = 0;  // frames left out before it
  };

  // The next frame at that running time; the same until advance().
  Tick next(Duration running_time) const {
    uint64_t current = running_time.count() > 0 ? running_time / kFrameDuration : 0;
    if (!next_) return {current, true, 0};
    // One ahead is normal: a clock may wake its sleepers a little early. More: it was set back.
    if (*next_ > current + 1) return {current, true, 0};
    if (current > *next_ + kMaxCatchUp) return {current, true, current - *next_};
    return {*next_, false, 0};
  }
  void advance(const Tick &tick) { next_ = tick.number + 1; }
  void reset() { next_.reset(); }

  static Duration start(const Tick &tick) { return tick.number * kFrameDuration; }
  static Duration due(const Tick &tick) { return (tick.number + 1) * kFrameDuration; }

 private:
  std::optional<uint64_t> next_;
};

}  // namespace oairt
