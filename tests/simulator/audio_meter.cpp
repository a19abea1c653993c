#include "audio_meter.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

#include "vad.h"

namespace oairt::sim {
namespace {

constexpr std::size_t kWindow = 16384;  // 0.34 s: 2.9 Hz a bin
constexpr double kLoudDb = -55;

using Spectrum = std::vector<std::complex<double>>;

// Radix 2, in place; the size is a power of two.
void transform(Spectrum &data) {
  for (std::size_t i = 1, j = 0; i < data.size(); ++i) {
    std::size_t bit = data.size() >> 1;
    for (; (j & bit) != 0; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(data[i], data[j]);
  }
  for (std::size_t length = 2; length <= data.size(); length <<= 1) {
    auto step = std::polar(1.0, -2 * std::numbers::pi / static_cast<double>(length));
    for (std::size_t begin = 0; begin < data.size(); begin += length) {
      std::complex<double> turn = 1;
      for (std::size_t i = 0; i < length / 2; ++i) {
        auto even = data[begin + i];
        auto odd = data[begin + i + length / 2] * turn;
        data[begin + i] = even + odd;
        data[begin + i + length / 2] = even - odd;
        turn *= step;
      }
    }
  }
}

double db_of(double energy, uint64_t samples) {
  if (samples == 0 || energy <= 0) return -96;
  return std::max(-96.0, 10 * std::log10(energy / static_cast<double>(samples)));
}

double rounded(double value) { return std::round(value * 10) / 10; }

}  // namespace

double dominant_frequency_hz(const std::vector<int16_t> &pcm) {
  if (pcm.size() < kWindow / 4 || level_db(pcm.data(), pcm.size()) < kLoudDb) return 0;
  Spectrum data(kWindow);
  std::size_t used = std::min(kWindow, pcm.size());
  for (std::size_t i = 0; i < used; ++i) {
    double phase = 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(used);
    data[i] = pcm[pcm.size() - used + i] * (0.5 - 0.5 * std::cos(phase));
  }
  transform(data);
  std::size_t best = 8;  // below 23 Hz is no tone
  for (std::size_t i = best; i < kWindow / 2 - 1; ++i) {
    if (std::abs(data[i]) > std::abs(data[best])) best = i;
  }
  double left = std::abs(data[best - 1]), mid = std::abs(data[best]),
         right = std::abs(data[best + 1]);
  double curve = left - 2 * mid + right;
  double shift = curve == 0 ? 0 : 0.5 * (left - right) / curve;
  return (static_cast<double>(best) + shift) * kSampleRate / kWindow;
}

void AudioMeter::hear(const int16_t *pcm, std::size_t samples) {
  if (recent_.empty()) recent_.resize(kSampleRate);
  double energy = 0;
  for (std::size_t i = 0; i < samples; ++i) {
    recent_[write_] = pcm[i];
    write_ = (write_ + 1) % recent_.size();
    double value = pcm[i] / 32768.0;
    energy += value * value;
  }
  last_level_db_ = db_of(energy, samples);
  peak_level_db_ = std::max(peak_level_db_, last_level_db_);
  samples_ += samples;
  energy_ += energy;
  if (last_level_db_ > kLoudDb) {
    loud_samples_ += samples;
    loud_energy_ += energy;
  }
}

Json AudioMeter::state() const {
  std::vector<int16_t> recent(recent_.begin() + static_cast<std::ptrdiff_t>(write_), recent_.end());
  recent.insert(recent.end(), recent_.begin(),
                recent_.begin() + static_cast<std::ptrdiff_t>(write_));
  if (samples_ < recent.size()) {
    recent.erase(recent.begin(), recent.end() - static_cast<std::ptrdiff_t>(samples_));
  }
  return Json::object({{"heard_ms", samples_ * 1000 / kSampleRate},
                       {"loud_ms", loud_samples_ * 1000 / kSampleRate},
                       {"level_db", rounded(level_db(recent.data(), recent.size()))},
                       {"loud_level_db", rounded(db_of(loud_energy_, loud_samples_))},
                       {"mean_level_db", rounded(db_of(energy_, samples_))},
                       {"peak_level_db", rounded(peak_level_db_)},
                       {"dominant_hz", rounded(dominant_frequency_hz(recent))}});
}

}  // namespace oairt::sim
