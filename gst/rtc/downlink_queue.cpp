#include "rtc/downlink_queue.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace oairt {
namespace {

constexpr size_t kSlots = 150;     // 3 s
constexpr size_t kSpare = 10;      // slots that are kept to be used again
constexpr int kSilencePeak = 16;   // decoders leave a little dust in what was sent as silence
constexpr int kQuiet = 10;         // frames; shorter pauses belong to the speech
constexpr int kGap = 15;           // ticks; a burst that starves for longer has ended
constexpr int kRampSamples = 384;  // 8 ms
constexpr Duration kMostFixed = milliseconds(1000);

bool is_silent(const int16_t *samples, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (std::abs(samples[i]) > kSilencePeak) return false;
  }
  return true;
}

}  // namespace

DownlinkQueue::DownlinkQueue() { spare_.reserve(kSpare); }

std::unique_ptr<DownlinkQueue::Slot> DownlinkQueue::fresh_slot() {
  if (spare_.empty()) return std::make_unique<Slot>();
  std::unique_ptr<Slot> slot = std::move(spare_.back());
  spare_.pop_back();
  return slot;
}

void DownlinkQueue::recycle(std::unique_ptr<Slot> slot) {
  if (spare_.size() < kSpare) spare_.push_back(std::move(slot));
}

uint64_t DownlinkQueue::take_writer() {
  LockGuard guard(mutex_);
  next_is_first_ = true;
  return ++writer_;
}

void DownlinkQueue::end_burst(uint64_t writer) {
  LockGuard guard(mutex_);
  if (writer == writer_) next_is_first_ = true;
}

void DownlinkQueue::write(uint64_t writer, const int16_t *samples, size_t count, TimePoint now,
                          bool concealed) {
  LockGuard guard(mutex_);
  if (writer == writer_ && !concealed) last_written_ = now;
  if (writer != writer_ || now < deaf_until_) {
    stats_.dropped_frames += (count + kFrameSamples - 1) / kFrameSamples;
    return;
  }
  if (now - last_arrival_ > kGap * kFrameDuration) next_is_first_ = true;
  bool first = std::exchange(next_is_first_, false);
  if (first) {
    flush_partial(now);
    partial_first_ = true;
  }
  last_arrival_ = now;
  adaptive_.arrived(now, kFrameDuration * static_cast<int64_t>(count) / kFrameSamples, first);
  while (count > 0) {
    if (!filling_) filling_ = fresh_slot();
    size_t take = std::min(count, kFrameSamples - partial_);
    std::memcpy(filling_->samples.data() + partial_, samples, take * sizeof(int16_t));
    partial_concealed_ |= concealed;
    partial_ += take;
    samples += take;
    count -= take;
    if (partial_ == kFrameSamples) commit(now);
  }
}

void DownlinkQueue::commit(TimePoint now) {
  filling_->arrived = now;
  filling_->silent = is_silent(filling_->samples.data(), kFrameSamples);
  filling_->concealed = partial_concealed_;
  filling_->first = partial_first_;
  partial_ = 0;
  partial_concealed_ = partial_first_ = false;
  slots_.push_back(std::move(filling_));
  if (slots_.size() > kSlots) {
    pop();
    stats_.dropped_frames++;
  }
}

// What was left of a burst is completed with silence.
void DownlinkQueue::flush_partial(TimePoint now) {
  if (partial_ == 0) return;
  auto &samples = filling_->samples;
  std::fill(samples.begin() + static_cast<std::ptrdiff_t>(partial_), samples.end(), 0);
  commit(now);
}

void DownlinkQueue::pop() {
  recycle(std::move(slots_.front()));
  slots_.pop_front();
}

Duration DownlinkQueue::delay() const { return fixed_.value_or(adaptive_.delay()); }

MediaPort::Frame DownlinkQueue::read(int16_t *samples, TimePoint now) {
  LockGuard guard(mutex_);
  bool ramp = take_ramp(samples, now);
  last_read_ = now;
  if (ramp) return MediaPort::Frame::Voice;
  bool voice = state_ == State::Waiting ? wait(now) : !starved(now);
  if (voice) {
    play(samples, now);
    return MediaPort::Frame::Voice;
  }
  std::memset(samples, 0, kFrameSamples * sizeof(int16_t));
  return MediaPort::Frame::Silence;
}

// Between bursts: silence is played, or dropped when it is behind its time. True: a burst starts.
bool DownlinkQueue::wait(TimePoint now) {
  if (slots_.empty() && partial_ > 0 && now - last_arrival_ > delay()) flush_partial(now);
  // At most one frame a tick, so that a pause which arrived ahead of time is not lost as a whole.
  bool old = !slots_.empty() && now - head().arrived >= delay() + kFrameDuration;
  if (old && head().silent) pop();
  if (slots_.empty() || now - head().arrived < delay()) return false;
  if (head().silent) {
    pop();
    return false;
  }
  state_ = State::Playing;
  stats_.latency = delay();
  quiet_ = starved_ = 0;
  return true;
}

// In a burst: true if there is nothing to play at this tick.
bool DownlinkQueue::starved(TimePoint now) {
  if (slots_.empty() && partial_ > 0 && now - last_arrival_ > kFrameDuration) flush_partial(now);
  if (!slots_.empty() && head().first) {
    // The sender paused, so the silence played since then was its own.
    state_ = State::Waiting;
    return !wait(now);
  }
  if (slots_.empty()) {
    if (++starved_ >= kGap) state_ = State::Waiting;
    return true;
  }
  stats_.silent_frames += static_cast<uint64_t>(starved_);
  starved_ = 0;
  return false;
}

void DownlinkQueue::play(int16_t *samples, TimePoint now) {
  Slot &slot = head();
  std::memcpy(samples, slot.samples.data(), sizeof(slot.samples));
  stats_.frames++;
  if (slot.concealed) stats_.concealed_frames++;
  if (slot.silent) {
    if (++quiet_ >= kQuiet) state_ = State::Waiting;
  } else {
    quiet_ = 0;
    last_voice_ = now;
  }
  pop();
}

void DownlinkQueue::set_latency(std::optional<Duration> latency) {
  LockGuard guard(mutex_);
  if (latency) latency = std::clamp(*latency, Duration::zero(), Duration(kMostFixed));
  fixed_ = latency;
}

Duration DownlinkQueue::clear(TimePoint deaf_until) {
  LockGuard guard(mutex_);
  deaf_until_ = deaf_until;
  make_ramp();
  Duration dropped = kFrameDuration * static_cast<int64_t>(slots_.size()) +
                     kFrameDuration * static_cast<int64_t>(partial_) / kFrameSamples;
  while (!slots_.empty()) pop();
  partial_ = 0;
  partial_concealed_ = partial_first_ = false;
  next_is_first_ = true;
  state_ = State::Waiting;
  return dropped;
}

void DownlinkQueue::make_ramp() {
  if (state_ != State::Playing || slots_.empty() || head().silent || head().first) return;
  ramp_ = head().samples;
  for (int i = 0; i < kFrameSamples; ++i) {
    int left = std::max(0, kRampSamples - i);
    auto &sample = (*ramp_)[static_cast<size_t>(i)];
    sample = static_cast<int16_t>(sample * left / kRampSamples);
  }
}

// Only right behind the frame before it; later it would be a sound of its own.
bool DownlinkQueue::take_ramp(int16_t *samples, TimePoint now) {
  auto ramp = std::exchange(ramp_, std::nullopt);
  if (!ramp || now - last_read_ > 2 * kFrameDuration) return false;
  std::memcpy(samples, ramp->data(), sizeof(*ramp));
  stats_.frames++;
  last_voice_ = now;
  return true;
}

void DownlinkQueue::drop_ramp() {
  LockGuard guard(mutex_);
  ramp_.reset();
}

void DownlinkQueue::listen() {
  LockGuard guard(mutex_);
  deaf_until_ = {};
}

Duration DownlinkQueue::queued() const {
  LockGuard guard(mutex_);
  for (size_t i = slots_.size(); i > 0; --i) {
    if (!slots_[i - 1]->silent) return kFrameDuration * static_cast<int64_t>(i);
  }
  return Duration::zero();
}

DownlinkStats DownlinkQueue::stats() const {
  LockGuard guard(mutex_);
  DownlinkStats stats = stats_;
  if (state_ == State::Waiting) stats.latency = delay();
  stats.jitter = adaptive_.jitter();
  return stats;
}

TimePoint DownlinkQueue::last_written() const {
  LockGuard guard(mutex_);
  return last_written_;
}

TimePoint DownlinkQueue::last_voice() const {
  LockGuard guard(mutex_);
  return last_voice_;
}

}  // namespace oairt
