#include "rtc/rtp_outlet.h"

#include <algorithm>
#include <utility>

#include <gst/rtp/rtp.h>

#include "rtc/sdp.h"

namespace oairt {
namespace {

using std::chrono::nanoseconds;

// As many as the session keeps: what is sent again after a loss comes all at once.
constexpr std::size_t kMaxFrames = 4096;
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

using Owner = std::shared_ptr<RtpOutlet>;

void drop_owner(gpointer data) { delete static_cast<Owner *>(data); }

}  // namespace

RtpOutlet::RtpOutlet(uint32_t ssrc)
    : ssrc_(ssrc), sequence_(static_cast<uint16_t>(g_random_int())), timestamp_(g_random_int()) {}

Ref<GstPad> RtpOutlet::make_pad() {
  auto pad = Ref<GstPad>::sink(gst_pad_new("src", GST_PAD_SRC));
  gst_pad_set_query_function(pad.get(), answer_query);
  gst_pad_set_activatemode_function_full(pad.get(), &RtpOutlet::activate,
                                         new Owner(shared_from_this()), drop_owner);
  return pad;
}

gboolean RtpOutlet::activate(GstPad *pad, GstObject *, GstPadMode mode, gboolean active) {
  if (mode != GST_PAD_MODE_PUSH) return FALSE;
  auto &self = *static_cast<Owner *>(GST_PAD_CAST(pad)->activatemodedata);
  self->set_flushing(active == FALSE);
  return active ? gst_pad_start_task(pad, &RtpOutlet::run, pad, nullptr) : gst_pad_stop_task(pad);
}

void RtpOutlet::run(gpointer data) {
  auto *pad = static_cast<GstPad *>(data);
  auto &self = *static_cast<Owner *>(pad->activatemodedata);
  Ref<GstBuffer> packet = self->next();
  if (!packet) {
    gst_pad_pause_task(pad);
    return;
  }
  gst_pad_push(pad, packet.take());
}

void RtpOutlet::set_flushing(bool flushing) {
  LockGuard guard(mutex_);
  flushing_ = flushing;
  if (flushing) frames_.clear();
  changed_.notify_all();
}

void RtpOutlet::put(UplinkFrame frame) {
  {
    LockGuard guard(mutex_);
    if (flushing_) return;
    if (frames_.size() >= kMaxFrames) frames_.pop_front();
    frames_.push_back(std::move(frame));
  }
  changed_.notify_all();  // who wakes up finds the lock free
}

Ref<GstBuffer> RtpOutlet::next() {
  UplinkFrame frame;
  {
    LockGuard guard(mutex_);
    changed_.wait(mutex_,
                  [this]() OAIRT_REQUIRES(mutex_) { return flushing_ || !frames_.empty(); });
    if (flushing_) return nullptr;
    frame = std::move(frames_.front());
    frames_.pop_front();
  }
  Ref<GstBuffer> packet = make_rtp(frame);
  // webrtcbin waits for a running time that is still to come; speech of the future goes out now.
  auto captured = std::chrono::duration_cast<nanoseconds>(
      std::min(frame.captured, Clock::now()).time_since_epoch());
  auto time = static_cast<GstClockTime>(std::max<int64_t>(captured.count(), 0));
  GstClockTime base_time = base_time_;
  GST_BUFFER_PTS(packet.get()) = time > base_time ? time - base_time : 0;
  GST_BUFFER_DURATION(packet.get()) = GST_CLOCK_TIME_NONE;
  packets_++;
  bytes_ += gst_buffer_get_size(frame.packet.get());
  return packet;
}

Ref<GstBuffer> RtpOutlet::make_rtp(const UplinkFrame &frame) {
  Duration jump = frame.captured - expected_;
  bool resumed = !started_ || jump > kTolerance;
  // Backwards never: what comes early follows the packet before it.
  if (started_ && jump > kTolerance) timestamp_ += to_rtp(jump);
  if (resumed || jump < -kTolerance) expected_ = frame.captured;
  started_ = true;

  gsize size = gst_buffer_get_size(frame.packet.get());
  auto packet = Ref<GstBuffer>::adopt(gst_rtp_buffer_new_allocate(static_cast<guint>(size), 0, 0));
  GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
  gst_rtp_buffer_map(packet.get(), GST_MAP_WRITE, &rtp);
  gst_buffer_extract(frame.packet.get(), 0, gst_rtp_buffer_get_payload(&rtp), size);
  gst_rtp_buffer_set_payload_type(&rtp, kOpusPayloadType);
  gst_rtp_buffer_set_ssrc(&rtp, ssrc_);
  gst_rtp_buffer_set_seq(&rtp, sequence_++);
  gst_rtp_buffer_set_timestamp(&rtp, timestamp_);
  gst_rtp_buffer_set_marker(&rtp, resumed);
  gst_rtp_buffer_unmap(&rtp);
  timestamp_ += to_rtp(frame.duration);
  expected_ += frame.duration;
  return packet;
}

}  // namespace oairt
