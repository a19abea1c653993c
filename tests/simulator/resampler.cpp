#include "resampler.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "vad.h"

namespace oairt::sim {
namespace {

constexpr int kTaps = 24;  // of each phase

// One row of taps for each position between two input samples.
std::vector<float> make_filter(int phases, double cutoff) {
  std::vector<float> filter(static_cast<std::size_t>(phases * kTaps));
  for (int phase = 0; phase < phases; ++phase) {
    double offset = static_cast<double>(phase) / phases;
    for (int tap = 0; tap < kTaps; ++tap) {
      double x = tap - kTaps / 2 + 1 - offset;
      double sine =
          x == 0 ? 1 : std::sin(std::numbers::pi * x * cutoff) / (std::numbers::pi * x * cutoff);
      double window = 0.5 + 0.5 * std::cos(2 * std::numbers::pi * x / kTaps);
      filter[static_cast<std::size_t>(phase * kTaps + tap)] =
          static_cast<float>(cutoff * sine * window);
    }
  }
  return filter;
}

}  // namespace

std::vector<int16_t> resample_to_48k(const std::vector<int16_t> &pcm, int rate) {
  if (rate == kSampleRate || rate <= 0 || pcm.empty()) return pcm;
  int common = std::gcd(rate, kSampleRate);
  int up = kSampleRate / common, down = rate / common;
  auto filter = make_filter(up, std::min(0.95, 0.95 * kSampleRate / rate));
  auto length = static_cast<int64_t>(pcm.size());
  std::vector<int16_t> result(static_cast<std::size_t>(length * up / down));
  for (std::size_t i = 0; i < result.size(); ++i) {
    int64_t position = static_cast<int64_t>(i) * down;
    int64_t begin = position / up - kTaps / 2 + 1;
    const float *taps = &filter[static_cast<std::size_t>(position % up * kTaps)];
    float sum = 0;
    for (int tap = 0; tap < kTaps; ++tap) {
      int64_t source = begin + tap;
      if (source >= 0 && source < length) sum += taps[tap] * pcm[static_cast<std::size_t>(source)];
    }
    result[i] = static_cast<int16_t>(std::lround(std::clamp(sum, -32768.0f, 32767.0f)));
  }
  return result;
}

}  // namespace oairt::sim
