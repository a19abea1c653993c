#include "captions/frame_sound.h"

#include <cmath>

namespace oairt::captions {
namespace {

constexpr float kPartSeconds = 0.020F / kPartsPerFrame;

}  // namespace

FrameSound measure(const int16_t *samples, std::size_t count) {
  FrameSound sound;
  std::size_t length = count / kPartsPerFrame;
  if (length == 0) return sound;
  for (auto &part : sound.parts) {
    int64_t energy = 0;
    int changes = 0;
    bool negative = samples[0] < 0;
    for (std::size_t i = 0; i < length; ++i) {
      energy += int32_t{samples[i]} * samples[i];
      changes += negative != (samples[i] < 0) ? 1 : 0;
      negative = samples[i] < 0;
    }
    double mean = static_cast<double>(energy) / static_cast<double>(length) / (32768.0 * 32768.0);
    part.level_db = mean > 1e-12 ? static_cast<float>(10 * std::log10(mean)) : -120;
    part.brightness_hz = static_cast<float>(changes) / 2 / kPartSeconds;
    samples += length;
  }
  return sound;
}

}  // namespace oairt::captions
