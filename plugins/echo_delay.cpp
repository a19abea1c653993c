#include "echo_delay.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace oairt {
namespace {

constexpr std::size_t kSize = 8192;
constexpr int kLags = EchoDelay::kLatest - EchoDelay::kEarliest;
constexpr std::size_t kLowest = 100 * kSize / EchoDelay::kRate;    // below is hum
constexpr std::size_t kHighest = 1900 * kSize / EchoDelay::kRate;  // above the decimation folds
constexpr float kNew = 0.3f;      // share of the newest window in the average
constexpr double kWhiten = 0.85;  // 1: the phase alone; less: loud frequencies count more

using Spectrum = std::vector<std::complex<float>>;

// Radix 2, in place.
void transform(Spectrum &data, float sign) {
  for (std::size_t i = 1, j = 0; i < kSize; ++i) {
    std::size_t bit = kSize >> 1;
    for (; (j & bit) != 0; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(data[i], data[j]);
  }
  for (std::size_t length = 2; length <= kSize; length <<= 1) {
    double angle = sign * 2 * std::numbers::pi / static_cast<double>(length);
    std::complex<double> step = std::polar(1.0, angle);
    std::complex<double> turn = 1;
    for (std::size_t i = 0; i < length / 2; ++i, turn *= step) {
      std::complex<float> factor(turn);
      for (std::size_t begin = i; begin < kSize; begin += length) {
        auto even = data[begin];
        auto odd = data[begin + length / 2] * factor;
        data[begin] = even + odd;
        data[begin + length / 2] = even - odd;
      }
    }
  }
}

}  // namespace

EchoDelay::EchoDelay() : correlation_(kLags, 0.0f) {}

void EchoDelay::reset() {
  std::fill(correlation_.begin(), correlation_.end(), 0.0f);
  windows_ = 0;
}

void EchoDelay::add(const float *captured, const float *played) {
  static_assert(kPlayed <= static_cast<int>(kSize));
  Spectrum near(kSize), far(kSize);
  // The window's begin lies kLatest behind the begin of what was played.
  for (int i = 0; i < kWindow; ++i) near[static_cast<std::size_t>(i)] = captured[i];
  for (int i = 0; i < kPlayed; ++i) far[static_cast<std::size_t>(i)] = played[i];
  transform(near, -1);
  transform(far, -1);
  for (std::size_t i = 0; i < kSize; ++i) {
    std::size_t bin = std::min(i, kSize - i);
    auto cross = near[i] * std::conj(far[i]);
    auto size = static_cast<float>(std::pow(std::norm(cross) + 1e-12, kWhiten / 2));
    near[i] = bin >= kLowest && bin <= kHighest ? cross / size : 0;
  }
  transform(near, 1);
  // near[k] tells of captured[i] against played[i - k]: a delay d is seen at k = d - kLatest.
  double energy = 0;
  for (int lag = 0; lag < kLags; ++lag) {
    float value = near[(kSize + static_cast<std::size_t>(lag + kEarliest - kLatest +
                                                         static_cast<int>(kSize))) %
                       kSize]
                      .real();
    energy += double{value} * value;
  }
  auto scale = static_cast<float>(1 / (std::sqrt(energy / kLags) + 1e-20));
  for (int lag = 0; lag < kLags; ++lag) {
    float value = near[(kSize + static_cast<std::size_t>(lag + kEarliest - kLatest +
                                                         static_cast<int>(kSize))) %
                       kSize]
                      .real() *
                  scale;
    auto &average = correlation_[static_cast<std::size_t>(lag)];
    average = windows_ == 0 ? value : average + kNew * (value - average);
  }
  ++windows_;
}

std::optional<EchoDelay::Estimate> EchoDelay::estimate() const {
  if (windows_ == 0) return std::nullopt;
  double energy = 0;
  std::size_t best = 0;
  for (std::size_t i = 0; i < correlation_.size(); ++i) {
    energy += double{correlation_[i]} * correlation_[i];
    if (std::abs(correlation_[i]) > std::abs(correlation_[best])) best = i;
  }
  double rms = std::sqrt(energy / kLags) + 1e-20;
  return Estimate{(static_cast<double>(best) + kEarliest) * 1000 / kRate,
                  std::abs(correlation_[best]) / rms};
}

}  // namespace oairt
