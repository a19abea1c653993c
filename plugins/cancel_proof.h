// Whether the canceller already takes the model's voice out of what the microphone hears. That of
// webrtc-audio-processing 1, which GStreamer has from 1.24 on, lets parts of the first seconds
// through while it adapts; the one before does not.
// Thread-bound to the streaming thread of the input. Pure.
// Never asks for more than kLongest of the model's voice, and never again once it was shown.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace oairt {

class CancelProof {
 public:
  static constexpr Duration kLongest = std::chrono::seconds(8);

  explicit CancelProof(bool needed) : shown_(!needed) {}
  // A block of 10 ms: what was played, what was heard at that time, and what was left of it; RMS.
  void add(double played, double heard, double left);
  // What is left is not to be let through.
  bool hold() const { return !shown_ && quiet_ < kTail; }

 private:
  static constexpr Duration kBlock = milliseconds(10);
  static constexpr Duration kEnough = milliseconds(2500);
  static constexpr Duration kTail = milliseconds(300);  // of the room
  static constexpr double kPlayed = 0.003;              // quieter is a pause
  static constexpr double kKept = 0.99;                 // of the sums, with each block
  static constexpr double kGone = 0.003;                // of the energy: 25 dB

  bool shown_;
  Duration active_{0}, quiet_ = kTail;
  double heard_ = 0, left_ = 0;
};

// The root mean square of samples, 0..1.
double rms(const int16_t *samples, std::size_t count);

}  // namespace oairt
