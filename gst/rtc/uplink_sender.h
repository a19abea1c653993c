// The call's end of the uplink: an element whose pad gives RTP packets, on a thread of its own.
// Thread-safe: push() and close(). The rest belongs to the peer, before anything is pushed.
// Never blocks: what comes while the call is not connected is dropped, and a call that stands still
// holds up neither the application's threads nor the session's.
#pragma once

#include <atomic>
#include <memory>

#include "rtc/media_port.h"
#include "rtc/rtp_outlet.h"

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
  // What was pushed before still goes out.
  void close() { open_ = false; }

  void push(UplinkFrame frame) override;
  uint64_t packets() const { return outlet_->packets(); }
  uint64_t bytes() const { return outlet_->bytes(); }

 private:
  const uint32_t ssrc_;
  std::shared_ptr<RtpOutlet> outlet_;
  Ref<GstElement> element_;
  Ref<GstPad> pad_;
  std::atomic<bool> open_ = false;
};

}  // namespace oairt
