// Measures what was heard: level, the strongest frequency, and breaks in the flow.
// Thread-bound.
// Never keeps more than the last second of sound.
#pragma once

#include <cstdint>
#include <vector>

#include "protocol/json.h"

namespace oairt::sim {

// The strongest frequency in the last samples (48 kHz mono), in Hz; 0 if there is only silence.
double dominant_frequency_hz(const std::vector<int16_t> &pcm);

class AudioMeter {
 public:
  void hear(const int16_t *pcm, std::size_t samples);
  double last_level_db() const { return last_level_db_; }  // of the last frame
  Json state() const;

 private:
  std::vector<int16_t> recent_;  // a ring of one second
  std::size_t write_ = 0;
  uint64_t samples_ = 0, loud_samples_ = 0;
  double energy_ = 0, loud_energy_ = 0;
  double last_level_db_ = -96, peak_level_db_ = -96;
};

}  // namespace oairt::sim
