#include "rtc/uplink_sender.h"

#include <algorithm>

#include <gst/rtp/rtp.h>

#include "rtc/sdp.h"

namespace oairt {
namespace {

using std::chrono::nanoseconds;

// The capture clock may wander this far from the packets' own durations before the time line jumps.
constexpr Duration kTolerance = milliseconds(10);

uint32_t to_rtp(Duration duration) {
  auto samples = std::chrono::duration_cast<nanoseconds>(duration).count() * 48 / 1'000'000;
  return static_cast<uint32_t>(samples);
}

gboolean answer_query(GstPad *pad, GstObject *parent, GstQuery *query) {
  if (GST_QUERY_TYPE(query) == GST_QUERY_LATENCY) {
    gst_query_set_latency(query, TRUE, 0, GST_CLOCK_TIME_NONE);
    return TRUE;
  }
  return gst_pad_query_default(pad, parent, query);
}

// Zero is taken for "no SSRC" by webrtcbin.
uint32_t random_ssrc() { return std::max<uint32_t>(g_random_int(), 1); }

}  // namespace

UplinkSender::UplinkSender()
    : element_(Ref<GstElement>::sink(gst_bin_new("uplink"))),
      pad_(Ref<GstPad>::sink(gst_pad_new("src", GST_PAD_SRC))),
      ssrc_(random_ssrc()),
      sequence_(static_cast<uint16_t>(g_random_int())),
      timestamp_(g_random_int()) {
  gst_pad_set_query_function(pad_.get(), answer_query);
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
  base_time_ = base_time;
  open_ = true;
}

Ref<GstBuffer> UplinkSender::make_rtp(const UplinkFrame &frame) {
  Duration jump = frame.captured - expected_;
  bool resumed = !started_ || jump > kTolerance;
  // Backwards never: what comes early follows the packet before it.
  if (started_ && jump > kTolerance) timestamp_ += to_rtp(jump);
  if (resumed || jump < -kTolerance) expected_ = frame.captured;
  started_ = true;

  GstBuffer *packet = gst_rtp_buffer_new_allocate(0, 0, 0);
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  gst_rtp_buffer_map(packet, GST_MAP_WRITE, &rtp);
  gst_rtp_buffer_set_payload_type(&rtp, kOpusPayloadType);
  gst_rtp_buffer_set_ssrc(&rtp, ssrc_);
  gst_rtp_buffer_set_seq(&rtp, sequence_++);
  gst_rtp_buffer_set_timestamp(&rtp, timestamp_);
  gst_rtp_buffer_set_marker(&rtp, resumed);
  gst_rtp_buffer_unmap(&rtp);
  timestamp_ += to_rtp(frame.duration);
  expected_ += frame.duration;
  return Ref<GstBuffer>::adopt(gst_buffer_append(packet, gst_buffer_ref(frame.packet.get())));
}

void UplinkSender::push(UplinkFrame frame) {
  if (!open_ || !frame.packet) return;
  Ref<GstBuffer> packet;
  {
    LockGuard guard(mutex_);
    packet = make_rtp(frame);
  }
  // webrtcbin waits for a running time that is still to come; speech of the future goes out now.
  auto captured = std::chrono::duration_cast<nanoseconds>(
      std::min(frame.captured, Clock::now()).time_since_epoch());
  auto time = static_cast<GstClockTime>(std::max<int64_t>(captured.count(), 0));
  GST_BUFFER_PTS(packet.get()) = time > base_time_ ? time - base_time_ : 0;
  GST_BUFFER_DURATION(packet.get()) = GST_CLOCK_TIME_NONE;
  packets_++;
  bytes_ += gst_buffer_get_size(frame.packet.get());
  gst_pad_push(pad_.get(), packet.take());
}

}  // namespace oairt
