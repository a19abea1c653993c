#include "rtc/uplink_sender.h"

#include <algorithm>
#include <utility>

#include "rtc/sdp.h"

namespace oairt {
namespace {

// Zero is taken for "no SSRC" by webrtcbin.
uint32_t random_ssrc() { return std::max<uint32_t>(g_random_int(), 1); }

}  // namespace

UplinkSender::UplinkSender()
    : ssrc_(random_ssrc()),
      outlet_(std::make_shared<RtpOutlet>(ssrc_)),
      element_(Ref<GstElement>::sink(gst_bin_new("uplink"))),
      pad_(outlet_->make_pad()) {
  gst_element_add_pad(element_.get(), pad_.get());
}

Ref<GstCaps> UplinkSender::caps() const {
  return Ref<GstCaps>::adopt(gst_caps_new_simple(
      "application/x-rtp", "media", G_TYPE_STRING, "audio", "encoding-name", G_TYPE_STRING, "OPUS",
      "clock-rate", G_TYPE_INT, kSampleRate, "encoding-params", G_TYPE_STRING, "2", "payload",
      G_TYPE_INT, kOpusPayloadType, "minptime", G_TYPE_STRING, "10", "useinbandfec", G_TYPE_STRING,
      "1", "ssrc", G_TYPE_UINT, ssrc_, nullptr));
}

void UplinkSender::send_caps() {
  GString_ id(gst_pad_create_stream_id(pad_.get(), element_.get(), "speech"));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_pad_push_event(pad_.get(), gst_event_new_stream_start(id.get()));
  gst_pad_push_event(pad_.get(), gst_event_new_caps(caps().get()));
  gst_pad_push_event(pad_.get(), gst_event_new_segment(&segment));
}

void UplinkSender::open(GstClockTime base_time) {
  outlet_->open(base_time);
  open_ = true;
}

void UplinkSender::push(UplinkFrame frame) {
  if (open_ && frame.packet) outlet_->put(std::move(frame));
}

}  // namespace oairt
