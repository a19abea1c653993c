#include "microphone.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace oairt::lab {
namespace {

constexpr int kRate = 48000;
constexpr int kFrameMs = 20;
constexpr int kFrameSamples = kRate * kFrameMs / 1000;
constexpr double kAmplitude = 9000;
constexpr double kLateMs = 200;  // a source that is this late drops, as a sound card does

}  // namespace

Microphone::Microphone(Timeline &timeline, GstElement *sink, const MicrophoneSound &sound)
    : timeline_(timeline),
      sound_(sound),
      sink_(Ref<GstElement>::share(sink)),
      pad_(Ref<GstPad>::sink(gst_pad_new("microphone", GST_PAD_SRC))) {
  gst_pad_set_query_function(pad_.get(), &Microphone::on_query);
  gst_pad_set_active(pad_.get(), TRUE);
  auto peer = Ref<GstPad>::adopt(gst_element_get_static_pad(sink, "sink"));
  gst_pad_link_full(pad_.get(), peer.get(), GST_PAD_LINK_CHECK_NOTHING);
}

Microphone::~Microphone() {
  ending_ = true;
  gst_pad_set_active(pad_.get(), FALSE);
  if (thread_.joinable()) thread_.join();
}

void Microphone::start() {
  thread_ = std::thread([this] { run(); });
}

gboolean Microphone::on_query(GstPad *pad, GstObject *parent, GstQuery *query) {
  if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY) return gst_pad_query_default(pad, parent, query);
  gst_query_set_latency(query, TRUE, kFrameMs * GST_MSECOND, GST_CLOCK_TIME_NONE);
  return TRUE;
}

void Microphone::push_events() {
  gst_pad_push_event(pad_.get(), gst_event_new_stream_start("lab-microphone"));
  auto caps = Ref<GstCaps>::adopt(gst_caps_new_simple(
      "audio/x-raw", "format", G_TYPE_STRING, "S16LE", "layout", G_TYPE_STRING, "interleaved",
      "rate", G_TYPE_INT, kRate, "channels", G_TYPE_INT, 1, nullptr));
  gst_pad_push_event(pad_.get(), gst_event_new_caps(caps.get()));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_pad_push_event(pad_.get(), gst_event_new_segment(&segment));
}

GstBuffer *Microphone::make_buffer(GstClockTime pts) {
  GstBuffer *buffer = gst_buffer_new_allocate(nullptr, kFrameSamples * sizeof(int16_t), nullptr);
  GST_BUFFER_PTS(buffer) = pts;
  GST_BUFFER_DURATION(buffer) = kFrameMs * GST_MSECOND;
  bool loud = sounding_;
  double begin = 1, end = 1;
  if (int period = sound_.on_ms + sound_.off_ms; period > 0) {
    // Whole bursts with soft edges: what is cut off hard rings on in the codec, for who knows how
    // long.
    int64_t place = frame_ * kFrameMs % period;
    if (place == 0) burst_ = sounding_;
    loud = burst_ && place < sound_.on_ms;
    if (place == 0) begin = 0;
    if (place == sound_.on_ms - kFrameMs) end = 0;
  }
  GstMapInfo map;
  gst_buffer_map(buffer, &map, GST_MAP_WRITE);
  auto *samples = reinterpret_cast<int16_t *>(map.data);
  for (int i = 0; i < kFrameSamples; ++i) {
    double phase =
        2 * M_PI * sound_.tone_hz * static_cast<double>(frame_ * kFrameSamples + i) / kRate;
    double edge = begin + (end - begin) * i / kFrameSamples;
    samples[i] = loud ? static_cast<int16_t>(edge * kAmplitude * std::sin(phase)) : int16_t{0};
  }
  gst_buffer_unmap(buffer, &map);
  ++frame_;
  LockGuard guard(lock_);
  ++counts_.pushes;
  counts_.loud += loud;
  return buffer;
}

void Microphone::run() {
  push_events();
  double start = now_ms();
  GstClockTime base = gst_element_get_base_time(sink_.get());
  auto clock = Ref<GstClock>::adopt(gst_element_get_clock(sink_.get()));
  while (!ending_) {
    double due = start + static_cast<double>((frame_ + 1) * kFrameMs);
    double early = due - now_ms();
    if (early > 0) g_usleep(static_cast<gulong>(early * 1000));
    if (-early > kLateMs) {
      ++frame_;
      LockGuard guard(lock_);
      ++counts_.skipped;
      continue;
    }
    GstClockTime now = clock ? gst_clock_get_time(clock.get()) - base : 0;
    GstBuffer *buffer = make_buffer(now > 20 * GST_MSECOND ? now - 20 * GST_MSECOND : 0);
    double before = now_ms();
    GstFlowReturn flow = gst_pad_push(pad_.get(), buffer);
    double took = now_ms() - before;
    LockGuard guard(lock_);
    counts_.longest_ms = std::max(counts_.longest_ms, took);
    if (flow != GST_FLOW_OK) counts_.flow = flow;
  }
}

void Microphone::flush() {
  Counts counts;
  {
    LockGuard guard(lock_);
    counts = std::exchange(counts_, Counts());
  }
  timeline_.write("push", Json::object({{"n", counts.pushes},
                                        {"loud", counts.loud},
                                        {"skipped", counts.skipped},
                                        {"max_ms", counts.longest_ms},
                                        {"flow", counts.flow}}));
}

}  // namespace oairt::lab
