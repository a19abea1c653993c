// Finds how much later the microphone hears what the loudspeaker was to play: what sound cards,
// wireless loudspeakers and the room add to the pipeline's own latency.
// Thread-bound to the streaming thread of the input.
// Never takes a voice in the room for an echo: only what is like the played sound counts.
//
// Generalised cross-correlation with phase transform (GCC-PHAT) at 4 kHz, averaged over windows in
// which something was played.
#pragma once

#include <complex>
#include <cstdint>
#include <optional>
#include <vector>

namespace oairt {

class EchoDelay {
 public:
  static constexpr int kDecimation = 12;  // 48 kHz to 4 kHz
  static constexpr int kRate = 4000;
  static constexpr int kWindow = 2560;     // samples: 0.64 s of what was captured
  static constexpr int kEarliest = -1200;  // samples: an echo 0.3 s before its time
  static constexpr int kLatest = 2400;     // 0.6 s after it
  // Of what was played: from kLatest before the window's begin to -kEarliest behind its end.
  static constexpr int kPlayed = kWindow + kLatest - kEarliest;

  EchoDelay();
  // kWindow samples that were captured, kPlayed samples that were played around that time.
  void add(const float *captured, const float *played);
  void reset();

  struct Estimate {
    double delay_ms;
    double confidence;  // how far the peak stands out of the rest
  };
  std::optional<Estimate> estimate() const;  // nothing: no window yet
  int windows() const { return windows_; }

 private:
  std::vector<float> correlation_;  // by lag, averaged
  int windows_ = 0;
};

}  // namespace oairt
