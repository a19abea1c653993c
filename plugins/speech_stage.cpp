#include "speech_stage.h"

#include <utility>

namespace oairt {
namespace {

constexpr std::size_t kBlock = VoiceDsp::kBlock;

GstClockTime time_of(std::size_t samples) {
  return gst_util_uint64_scale_int(samples, GST_SECOND, kSampleRate);
}

}  // namespace

void SpeechStage::install(GstPad *pad, std::shared_ptr<EchoControl> control) {
  auto types =
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM |
                                   GST_PAD_PROBE_TYPE_EVENT_FLUSH);
  gst_pad_add_probe(pad, types, on_data, new SpeechStage(std::move(control)),
                    [](gpointer self) { delete static_cast<SpeechStage *>(self); });
}

GstPadProbeReturn SpeechStage::on_data(GstPad *pad, GstPadProbeInfo *info, gpointer self) {
  auto *stage = static_cast<SpeechStage *>(self);
  if ((GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) == 0) {
    stage->handle_event(pad, GST_PAD_PROBE_INFO_EVENT(info));
    return GST_PAD_PROBE_OK;
  }
  auto result = stage->handle(pad, Ref<GstBuffer>::adopt(GST_PAD_PROBE_INFO_BUFFER(info)));
  info->data = result.take();
  return info->data != nullptr ? GST_PAD_PROBE_OK : GST_PAD_PROBE_HANDLED;
}

void SpeechStage::handle_event(GstPad *, GstEvent *event) {
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment(event, &segment_);
      liveness_known_ = false;
      break;
    case GST_EVENT_FLUSH_STOP:
      rest_.clear();
      break;
    default:
      break;
  }
}

void SpeechStage::learn_liveness(GstPad *pad) {
  auto query = Ref<GstQuery>::adopt(gst_query_new_latency());
  if (!gst_pad_query(pad, query.get())) return;  // asked again next time
  gboolean live = FALSE;
  gst_query_parse_latency(query.get(), &live, nullptr, nullptr);
  live_ = live != FALSE;
  liveness_known_ = true;
}

// A microphone that puts no time on its buffers is taken to speak now.
Duration SpeechStage::captured_at(GstPad *pad, GstBuffer *buffer, std::size_t samples) const {
  GstClockTime running = GST_CLOCK_TIME_NONE;
  if (segment_.format == GST_FORMAT_TIME && GST_BUFFER_PTS_IS_VALID(buffer)) {
    running = gst_segment_to_running_time(&segment_, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
  }
  if (GST_CLOCK_TIME_IS_VALID(running)) return std::chrono::nanoseconds(running);
  auto parent = Ref<GstElement>::adopt(gst_pad_get_parent_element(pad));
  auto clock = Ref<GstClock>::adopt(parent ? gst_element_get_clock(parent.get()) : nullptr);
  if (!clock) return Duration(0);
  GstClockTime base = gst_element_get_base_time(parent.get());
  return std::chrono::nanoseconds(GST_CLOCK_DIFF(base, gst_clock_get_time(clock.get())) -
                                  static_cast<GstClockTimeDiff>(time_of(samples)));
}

Ref<GstBuffer> SpeechStage::handle(GstPad *pad, Ref<GstBuffer> buffer) {
  if (!liveness_known_) learn_liveness(pad);
  if (!control_->is_needed(live_) && rest_.empty()) return buffer;
  if (GST_BUFFER_FLAG_IS_SET(buffer.get(), GST_BUFFER_FLAG_DISCONT)) rest_.clear();
  std::size_t fresh = gst_buffer_get_size(buffer.get()) / sizeof(int16_t);
  std::size_t before = rest_.size();
  Duration at = captured_at(pad, buffer.get(), fresh) - std::chrono::nanoseconds(time_of(before));
  rest_.resize(before + fresh);
  gst_buffer_extract(buffer.get(), 0, rest_.data() + before, fresh * sizeof(int16_t));
  // What is not needed any more gives out what it kept.
  std::size_t blocks = rest_.size() / kBlock;
  std::size_t out = control_->is_needed(live_) ? blocks * kBlock : rest_.size();
  if (out == 0) return nullptr;
  for (std::size_t i = 0; i < blocks; ++i) {
    control_->process(rest_.data() + i * kBlock, at + milliseconds(10) * static_cast<int>(i),
                      live_);
  }
  auto result =
      Ref<GstBuffer>::adopt(gst_buffer_new_allocate(nullptr, out * sizeof(int16_t), nullptr));
  gst_buffer_fill(result.get(), 0, rest_.data(), out * sizeof(int16_t));
  gst_buffer_copy_into(result.get(), buffer.get(),
                       static_cast<GstBufferCopyFlags>(GST_BUFFER_COPY_FLAGS), 0, -1);
  GST_BUFFER_FLAG_UNSET(result.get(), GST_BUFFER_FLAG_GAP);
  if (GST_BUFFER_PTS_IS_VALID(buffer.get())) {
    GST_BUFFER_PTS(result.get()) =
        GST_BUFFER_PTS(buffer.get()) - std::min(GST_BUFFER_PTS(buffer.get()), time_of(before));
  }
  GST_BUFFER_DURATION(result.get()) = time_of(out);
  rest_.erase(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(out));
  return result;
}

}  // namespace oairt
