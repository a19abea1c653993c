#include "far_end.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace oairt {
namespace {

int64_t sample_of(Duration time) {
  auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
  return (ns / 1000) * (kSampleRate / 1000) / 1000;
}

int64_t floor_div(int64_t value, int64_t by) {
  return value >= 0 ? value / by : -((by - 1 - value) / by);
}

}  // namespace

void FarEnd::write(uint64_t number, const int16_t *samples, double volume) {
  LockGuard guard(lock_);
  if (slots_.empty()) slots_.resize(kSlots);
  Slot &slot = slots_[number % kSlots];
  slot.number = static_cast<int64_t>(number);
  for (int i = 0; i < kFrameSamples; ++i) {
    double value = std::clamp(samples[i] * volume, -32768.0, 32767.0);
    slot.samples[static_cast<std::size_t>(i)] = static_cast<int16_t>(std::lround(value));
  }
}

void FarEnd::clear() {
  LockGuard guard(lock_);
  slots_.clear();
}

void FarEnd::set_latency(Duration latency) {
  LockGuard guard(lock_);
  latency_ = latency;
}

Duration FarEnd::latency() const {
  LockGuard guard(lock_);
  return latency_;
}

void FarEnd::cut(Duration heard_until) {
  LockGuard guard(lock_);
  int64_t last = floor_div(sample_of(heard_until - latency_), kFrameSamples);
  for (Slot &slot : slots_) {
    if (slot.number > last) slot.number = -1;
  }
}

const FarEnd::Slot *FarEnd::voiced_slot(int64_t number) const {
  if (slots_.empty() || number < 0) return nullptr;
  const Slot &slot = slots_[static_cast<std::size_t>(number % kSlots)];
  return slot.number == number ? &slot : nullptr;
}

void FarEnd::read(Duration heard_from, int16_t *samples, std::size_t count) const {
  LockGuard guard(lock_);
  int64_t position = sample_of(heard_from - latency_);
  while (count > 0) {
    int64_t number = floor_div(position, kFrameSamples);
    auto offset = static_cast<std::size_t>(position - number * kFrameSamples);
    std::size_t part = std::min(count, kFrameSamples - offset);
    if (const Slot *slot = voiced_slot(number)) {
      std::memcpy(samples, slot->samples.data() + offset, part * sizeof(int16_t));
    } else {
      std::memset(samples, 0, part * sizeof(int16_t));
    }
    samples += part;
    position += static_cast<int64_t>(part);
    count -= part;
  }
}

Duration FarEnd::voiced(Duration heard_from, Duration heard_to) const {
  LockGuard guard(lock_);
  int64_t first = floor_div(sample_of(heard_from - latency_), kFrameSamples);
  int64_t last = floor_div(sample_of(heard_to - latency_) - 1, kFrameSamples);
  Duration sum{0};
  for (int64_t number = first; number <= last; ++number) {
    if (voiced_slot(number) != nullptr) sum += kFrameDuration;
  }
  return sum;
}

}  // namespace oairt
