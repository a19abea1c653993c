// Says from loudness alone when somebody speaks: 20 ms frames in, starts and stops out.
// Thread-bound.
// Never looks at a clock: time is the number of samples that it was given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "protocol/json.h"

namespace oairt::sim {

constexpr int kSampleRate = 48000;  // all PCM in the simulator is 48 kHz mono

double level_db(const int16_t *pcm, std::size_t samples);  // RMS, full scale is 0, never below -96

class Vad {
 public:
  explicit Vad(double base_level_db) : base_level_db_(base_level_db) {}

  // Takes a session's turn_detection (null: off).
  void configure(const Json &turn_detection);

  struct Change {
    bool started = false;   // else stopped
    int64_t at_ms = 0;      // audio_start_ms (padding taken off) or audio_end_ms
    int64_t speech_ms = 0;  // when stopped: from first to last voiced frame
  };
  std::optional<Change> hear(const int16_t *pcm, std::size_t samples);

  bool speaking() const { return speaking_; }
  bool voiced() const { return run_ms_ > 0; }  // the last frame was loud
  int64_t position_ms() const { return position_samples_ * 1000 / kSampleRate; }
  void reset() { speaking_ = false, run_ms_ = 0; }
  int64_t prefix_padding_ms() const { return prefix_padding_ms_; }
  // A start or stop by order, whatever is heard.
  Change force(bool started);

 private:
  Change start(int64_t first_ms);
  Change stop();

  double base_level_db_, level_db_ = -45;
  int64_t prefix_padding_ms_ = 300, silence_ms_ = 500;
  int64_t position_samples_ = 0;
  int64_t run_ms_ = 0;  // of voiced frames without a break
  int64_t first_voiced_ms_ = 0, last_voiced_ms_ = 0;
  bool enabled_ = true, speaking_ = false;
};

}  // namespace oairt::sim
