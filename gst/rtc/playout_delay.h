// How long the first frame of a burst has to wait, so that the frames behind it are never late:
// learnt from the arrivals of the last bursts.
// Thread-bound to its owner (the downlink queue's lock).
// Never asks a clock, and never answers outside of [kLeast, kMost].
#pragma once

#include <array>
#include <cstddef>

#include "base/clock.h"

namespace oairt {

class PlayoutDelay {
 public:
  static constexpr Duration kLeast = milliseconds(10);
  static constexpr Duration kMost = milliseconds(200);
  static constexpr Duration kUnknown = milliseconds(40);  // until something was measured

  // A frame of `duration` arrived; `first`: of a burst, nothing is expected of its time.
  void arrived(TimePoint now, Duration duration, bool first);
  // The spread of arrivals: all but the rarest frames were no later than this.
  Duration jitter() const { return jitter_; }
  Duration delay() const { return delay_; }

 private:
  static constexpr Duration kBin = milliseconds(5);
  static constexpr size_t kBins = 64;  // up to 320 ms
  static constexpr int kWindow = 25;   // frames; half of the sliding minimum
  static constexpr int kSettled = 10;  // frames to look at before the delay is moved

  void note(Duration lateness);
  void fade();
  void settle();

  std::array<double, kBins> histogram_{};
  TimePoint origin_{};    // of the burst's expected time line
  Duration expected_{0};  // on it, of the next frame
  Duration least_now_{0}, least_before_{0};
  int in_window_ = 0;
  int in_burst_ = 0;
  double seen_ = 0;
  Duration jitter_{0};
  Duration delay_ = kUnknown;
};

}  // namespace oairt
