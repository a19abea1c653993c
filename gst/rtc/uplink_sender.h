// The call's end of the uplink: Opus packets in, RTP packets out, on the thread that pushes.
// Thread-safe: push() and close(). The rest belongs to the peer, before anything is pushed.
// Never blocks: what comes while the call is not connected is dropped.
#pragma once

#include <atomic>
#include <memory>

#include "base/lock.h"
#include "rtc/media_port.h"

namespace oairt {

class UplinkSender : public UplinkTarget {
 public:
  UplinkSender();
  // The element to add to the pipeline; its only pad is "src".
  GstElement *element() const { return element_.get(); }
  // What the offer has to say of this stream; the SSRC is part of it.
  Ref<GstCaps> caps() const;
  // Announces the stream to the linked pad.
  void send_caps();
  // From now on packets go out; running times count from `base_time` of the monotonic clock.
  void open(GstClockTime base_time);
  void close() { open_ = false; }

  void push(UplinkFrame frame) override OAIRT_EXCLUDES(mutex_);
  uint64_t packets() const { return packets_; }
  uint64_t bytes() const { return bytes_; }

 private:
  Ref<GstBuffer> make_rtp(const UplinkFrame &frame) OAIRT_REQUIRES(mutex_);

  Ref<GstElement> element_;
  Ref<GstPad> pad_;
  const uint32_t ssrc_;
  std::atomic<bool> open_ = false;
  std::atomic<GstClockTime> base_time_ = 0;
  std::atomic<uint64_t> packets_ = 0, bytes_ = 0;

  Mutex mutex_;
  uint16_t sequence_ OAIRT_GUARDED_BY(mutex_);
  uint32_t timestamp_ OAIRT_GUARDED_BY(mutex_);  // of the next packet, if it follows closely
  TimePoint expected_ OAIRT_GUARDED_BY(mutex_){};
  bool started_ OAIRT_GUARDED_BY(mutex_) = false;
};

}  // namespace oairt
