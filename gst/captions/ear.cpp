#include "captions/ear.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <gst/fft/gstfftf32.h>

namespace oairt::captions {
namespace {

constexpr int kRate = 48000;
// The first holds the voice itself, the next ones the first formant, the middle ones the second;
// the last ones are what is left of a hiss in a narrow channel.
constexpr std::array<int, kBands + 1> kEdgesHz = {100,  300,  500,  750,  1050, 1450,
                                                  1950, 2600, 3500, 5000, 7500};

float to_db(double power) {
  return power > 1e-12 ? static_cast<float>(10 * std::log10(power)) : -120;
}

}  // namespace

Ear::Ear() : fft_(gst_fft_f32_new(kWindow, FALSE)) {
  double sum = 0;
  for (std::size_t i = 0; i < kWindow; ++i) {
    double phase = 2 * std::numbers::pi * (static_cast<double>(i) + 0.5) / kWindow;
    shape_[i] = static_cast<float>(0.5 - 0.5 * std::cos(phase));
    sum += shape_[i] * shape_[i];
  }
  // A band's power is then its share of the mean square.
  auto scale = static_cast<float>(std::sqrt(2 / (sum * kWindow)));
  for (float &weight : shape_) weight *= scale;
}

Ear::~Ear() { gst_fft_f32_free(fft_); }

FrameSound Ear::hear(const int16_t *samples) {
  FrameSound sound;
  for (PartSound &part : sound.parts) {
    std::copy(recent_.begin() + kPart, recent_.end(), recent_.begin());
    double energy = 0;
    for (std::size_t i = 0; i < kPart; ++i) {
      float sample = static_cast<float>(samples[i]) / 32768;
      recent_[kPart + i] = sample;
      energy += double{sample} * sample;
    }
    part.level_db = to_db(energy / kPart);
    spread(part);
    samples += kPart;
  }
  return sound;
}

void Ear::spread(PartSound &part) {
  std::array<float, kWindow> window;
  std::array<GstFFTF32Complex, kWindow / 2 + 1> spectrum;
  for (std::size_t i = 0; i < kWindow; ++i) window[i] = recent_[i] * shape_[i];
  gst_fft_f32_fft(fft_, window.data(), spectrum.data());
  for (std::size_t band = 0; band < kBands; ++band) {
    double power = 0;
    std::size_t from = kEdgesHz[band] * kWindow / kRate, to = kEdgesHz[band + 1] * kWindow / kRate;
    for (std::size_t bin = from; bin < to; ++bin) {
      power +=
          double{spectrum[bin].r} * spectrum[bin].r + double{spectrum[bin].i} * spectrum[bin].i;
    }
    part.bands_db[band] = to_db(power);
  }
}

}  // namespace oairt::captions
