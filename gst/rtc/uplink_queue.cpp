#include "rtc/uplink_queue.h"

#include <algorithm>
#include <utility>

#include "rtc/opus_packet.h"

namespace oairt {
namespace {

// A bound that holds whatever was configured: packets may be as short as 2.5 ms.
constexpr size_t kMaxFrames = 4096;

// A copy takes the packet's own size: encoders hand out buffers many times as large, which stay as
// long as what was sent may be sent again, and a pool would wait for them.
Ref<GstBuffer> compact(GstBuffer *packet) {
  gsize size = gst_buffer_get_size(packet);
  auto copy = Ref<GstBuffer>::adopt(gst_buffer_new_allocate(nullptr, size, nullptr));
  GstMapInfo map;
  if (gst_buffer_map(copy.get(), &map, GST_MAP_WRITE)) {
    gst_buffer_extract(packet, 0, map.data, size);
    gst_buffer_unmap(copy.get(), &map);
  }
  return copy;
}

// A pause longer than this is not filled up with silence but jumped over.
constexpr Duration kMaxFill = milliseconds(200);

}  // namespace

UplinkQueue::UplinkQueue() : silence_20ms_(make_opus_silence(kFrameDuration)) {}

Ref<GstBuffer> UplinkQueue::silence(Duration duration) const {
  return duration == kFrameDuration ? silence_20ms_ : make_opus_silence(duration);
}

void UplinkQueue::push(UplinkFrame frame) {
  Ref<GstBuffer> packet = compact(frame.packet.get());
  LockGuard guard(mutex_);
  if (mute_ || frame.withheld) {
    frame.packet = silence(frame.duration);
    stats_.silence++;
  } else {
    frame.packet = std::move(packet);
  }
  pushes_++;
  append(std::move(frame));
  drain();
}

void UplinkQueue::append(UplinkFrame frame) {
  // One time line: what overlaps the frame before it is moved behind it.
  frame.captured = std::max(frame.captured, end_);
  end_ = frame.captured + frame.duration;
  kept_ += frame.duration;
  frames_.push_back(std::move(frame));
  trim();
}

// What a call is there to take is not kept.
void UplinkQueue::trim() {
  if (target_) return;
  while (!frames_.empty() && (kept_ > prebuffer_ || frames_.size() > kMaxFrames)) drop_oldest();
}

void UplinkQueue::drop_oldest() {
  kept_ -= frames_.front().duration;
  frames_.pop_front();
  stats_.dropped++;
}

void UplinkQueue::set_mute(bool mute) {
  LockGuard guard(mutex_);
  mute_ = mute;
}

void UplinkQueue::remember(const UplinkFrame &frame) {
  sent_length_ += frame.duration;
  sent_.push_back(frame);
  trim_sent();
}

void UplinkQueue::trim_sent() {
  while (!sent_.empty() && (sent_length_ > prebuffer_ || sent_.size() > kMaxFrames)) {
    sent_length_ -= sent_.front().duration;
    sent_.pop_front();
  }
}

void UplinkQueue::take_back(TimePoint from) {
  while (!sent_.empty() && sent_.back().captured >= from) {
    sent_length_ -= sent_.back().duration;
    kept_ += sent_.back().duration;
    frames_.push_front(std::move(sent_.back()));
    sent_.pop_back();
    stats_.repeated++;
  }
}

void UplinkQueue::set_target(std::shared_ptr<UplinkTarget> target,
                             std::optional<TimePoint> again_from) {
  LockGuard guard(mutex_);
  std::swap(target_, target);
  if (target_ && again_from) take_back(*again_from);
  drain();
}  // the old target may die here, outside the lock

void UplinkQueue::set_prebuffer(Duration length) {
  LockGuard guard(mutex_);
  prebuffer_ = length;
  trim();
  trim_sent();
}

void UplinkQueue::fill_idle(TimePoint now, Duration idle) {
  LockGuard guard(mutex_);
  bool quiet = pushes_ == seen_pushes_;
  if (!quiet || quiet_since_ == TimePoint{}) {
    seen_pushes_ = pushes_;
    quiet_since_ = filled_until_ = now;
    return;
  }
  if (now - quiet_since_ < idle) return;
  if (!target_) {
    filled_until_ = now;
    return;
  }
  if (now - filled_until_ > idle + kMaxFill) filled_until_ = now - kFrameDuration;
  while (filled_until_ + kFrameDuration <= now) {
    filled_until_ += kFrameDuration;
    // In step with the clock after a jump, right behind the last frame otherwise.
    TimePoint start = filled_until_ - kFrameDuration;
    append({silence_20ms_, start - end_ > kMaxFill ? start : end_, kFrameDuration});
    stats_.silence++;
  }
  drain();
}

void UplinkQueue::clear() {
  std::deque<UplinkFrame> dropped;
  LockGuard guard(mutex_);
  stats_.dropped += frames_.size();
  frames_.swap(dropped);
  kept_ = sent_length_ = Duration::zero();
  sent_.clear();
}

UplinkStats UplinkQueue::stats() const {
  LockGuard guard(mutex_);
  UplinkStats stats = stats_;
  stats.prebuffered = kept_;
  return stats;
}

// With the lock, so that frames cannot overtake each other; the target only queues them.
void UplinkQueue::drain() {
  while (target_ && !frames_.empty()) {
    UplinkFrame frame = std::move(frames_.front());
    frames_.pop_front();
    kept_ -= frame.duration;
    stats_.sent++;
    remember(frame);
    target_->push(std::move(frame));
  }
}

}  // namespace oairt
