// The uplink half of the media port: one time line of packets, kept while there is no call.
// Thread-safe.
// Never keeps the buffers that it is given: they may be large, or wanted back.
#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "base/lock.h"
#include "rtc/media_port.h"

namespace oairt {

class UplinkQueue {
 public:
  UplinkQueue();
  void push(UplinkFrame frame) OAIRT_EXCLUDES(mutex_);
  void set_mute(bool mute) OAIRT_EXCLUDES(mutex_);
  void set_target(std::shared_ptr<UplinkTarget> target, std::optional<TimePoint> again_from)
      OAIRT_EXCLUDES(mutex_);
  void set_prebuffer(Duration length) OAIRT_EXCLUDES(mutex_);
  void fill_idle(TimePoint now, Duration idle) OAIRT_EXCLUDES(mutex_);
  void clear() OAIRT_EXCLUDES(mutex_);
  UplinkStats stats() const OAIRT_EXCLUDES(mutex_);

 private:
  void append(UplinkFrame frame) OAIRT_REQUIRES(mutex_);
  void trim() OAIRT_REQUIRES(mutex_);
  void drop_oldest() OAIRT_REQUIRES(mutex_);
  void remember(const UplinkFrame &frame) OAIRT_REQUIRES(mutex_);
  void trim_sent() OAIRT_REQUIRES(mutex_);
  void take_back(TimePoint from) OAIRT_REQUIRES(mutex_);
  void drain() OAIRT_REQUIRES(mutex_);
  Ref<GstBuffer> silence(Duration duration) const;

  const Ref<GstBuffer> silence_20ms_;
  mutable Mutex mutex_;
  std::deque<UplinkFrame> frames_ OAIRT_GUARDED_BY(mutex_);
  Duration kept_ OAIRT_GUARDED_BY(mutex_){0};  // the sum of durations in frames_
  // What went to the target lately: a call that dies takes it along, the next one gets it again.
  std::deque<UplinkFrame> sent_ OAIRT_GUARDED_BY(mutex_);
  Duration sent_length_ OAIRT_GUARDED_BY(mutex_){0};
  std::shared_ptr<UplinkTarget> target_ OAIRT_GUARDED_BY(mutex_);
  bool mute_ OAIRT_GUARDED_BY(mutex_) = false;
  Duration prebuffer_ OAIRT_GUARDED_BY(mutex_){0};
  TimePoint end_ OAIRT_GUARDED_BY(mutex_){};  // of the last frame on the time line
  // What fill_idle saw: pushes by number, since a frame's `captured` may lie well in the past.
  uint64_t pushes_ OAIRT_GUARDED_BY(mutex_) = 0;
  uint64_t seen_pushes_ OAIRT_GUARDED_BY(mutex_) = 0;
  TimePoint quiet_since_ OAIRT_GUARDED_BY(mutex_){};
  TimePoint filled_until_ OAIRT_GUARDED_BY(mutex_){};
  UplinkStats stats_ OAIRT_GUARDED_BY(mutex_);
};

}  // namespace oairt
