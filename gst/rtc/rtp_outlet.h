// The thread that gives the call's speech to webrtcbin: Opus packets in, RTP packets out of a pad.
// Thread-safe: put() and open(). The rest is called by the pad and its thread, by whom it is kept
// alive.
// Never waits in put(), whatever holds up what is behind the pad: the oldest are dropped.
#pragma once

#include <atomic>
#include <deque>
#include <memory>

#include "base/lock.h"
#include "rtc/media_port.h"

namespace oairt {

class RtpOutlet : public std::enable_shared_from_this<RtpOutlet> {
 public:
  explicit RtpOutlet(uint32_t ssrc);
  // The pad's thread runs while the pad is active.
  Ref<GstPad> make_pad();

  // Running times count from `base_time` of the monotonic clock.
  void open(GstClockTime base_time) { base_time_ = base_time; }
  void put(UplinkFrame frame) OAIRT_EXCLUDES(mutex_);
  uint64_t packets() const { return packets_; }
  uint64_t bytes() const { return bytes_; }

 private:
  static gboolean activate(GstPad *pad, GstObject *, GstPadMode mode, gboolean active);
  static void run(gpointer pad);
  void set_flushing(bool flushing) OAIRT_EXCLUDES(mutex_);
  Ref<GstBuffer> next() OAIRT_EXCLUDES(mutex_);
  Ref<GstBuffer> make_rtp(const UplinkFrame &frame);

  const uint32_t ssrc_;
  std::atomic<GstClockTime> base_time_ = 0;
  std::atomic<uint64_t> packets_ = 0, bytes_ = 0;

  // The pad's thread only.
  uint16_t sequence_;
  uint32_t timestamp_;  // of the next packet, if it follows closely
  TimePoint expected_{};
  bool started_ = false;

  Mutex mutex_;
  Condition changed_;
  std::deque<UplinkFrame> frames_ OAIRT_GUARDED_BY(mutex_);
  bool flushing_ OAIRT_GUARDED_BY(mutex_) = true;
};

}  // namespace oairt
