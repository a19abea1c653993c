#include "jpeg_snapshot.h"

#include <algorithm>
#include <cmath>

#include <gst/video/video.h>

#include "base/ref.h"

namespace oairt {
namespace {

constexpr int kQualities[] = {85, 70, 55, 40};
constexpr double kShrink = 0.7;
constexpr int kSmallest = 16;  // pixels: below this there is nothing to see

Error failure(const char *message, const char *detail) {
  return Error{ErrorCode::Media, message, detail, {}, {}};
}

// jpegenc by itself, fed by hand: no pipeline, no thread, nothing left when it is gone.
class Encoder {
 public:
  Encoder() : element_(Ref<GstElement>::sink(gst_element_factory_make("jpegenc", nullptr))) {
    if (!element_) return;
    feed_ = Ref<GstPad>::sink(gst_pad_new("feed", GST_PAD_SRC));
    take_ = Ref<GstPad>::sink(gst_pad_new("take", GST_PAD_SINK));
    g_object_set_data(G_OBJECT(take_.get()), "encoder", this);
    gst_pad_set_chain_function(take_.get(), &Encoder::chain);
    auto in = Ref<GstPad>::adopt(gst_element_get_static_pad(element_.get(), "sink"));
    auto out = Ref<GstPad>::adopt(gst_element_get_static_pad(element_.get(), "src"));
    gst_pad_link(feed_.get(), in.get());
    gst_pad_link(out.get(), take_.get());
    gst_pad_set_active(take_.get(), TRUE);
    gst_pad_set_active(feed_.get(), TRUE);
    gst_element_set_state(element_.get(), GST_STATE_PLAYING);
  }
  ~Encoder() {
    if (!element_) return;
    gst_element_set_state(element_.get(), GST_STATE_NULL);
    gst_pad_set_active(feed_.get(), FALSE);
    gst_pad_set_active(take_.get(), FALSE);
  }
  bool there() const { return static_cast<bool>(element_); }

  void begin(const GstVideoInfo &info) {
    gst_pad_push_event(feed_.get(), gst_event_new_stream_start("snapshot"));
    auto caps = Ref<GstCaps>::adopt(gst_video_info_to_caps(&info));
    gst_pad_push_event(feed_.get(), gst_event_new_caps(caps.get()));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_push_event(feed_.get(), gst_event_new_segment(&segment));
  }
  std::string encode(GstBuffer *frame, int quality) {
    jpeg_.clear();
    g_object_set(element_.get(), "quality", quality, nullptr);
    gst_pad_push(feed_.get(), gst_buffer_ref(frame));
    return std::move(jpeg_);
  }

 private:
  static GstFlowReturn chain(GstPad *pad, GstObject *, GstBuffer *buffer) {
    auto *self = static_cast<Encoder *>(g_object_get_data(G_OBJECT(pad), "encoder"));
    GstMapInfo map;
    if (gst_buffer_map(buffer, &map, GST_MAP_READ)) {
      self->jpeg_.assign(reinterpret_cast<const char *>(map.data), map.size);
      gst_buffer_unmap(buffer, &map);
    }
    gst_buffer_unref(buffer);
    return GST_FLOW_OK;
  }

  Ref<GstElement> element_;
  Ref<GstPad> feed_, take_;
  std::string jpeg_;
};

// In square pixels.
void shown_size(const GstVideoInfo &info, int max_width, int &width, int &height) {
  double aspect = static_cast<double>(info.width) * std::max(1, info.par_n) /
                  (static_cast<double>(info.height) * std::max(1, info.par_d));
  width = std::min(max_width, info.width);
  height = static_cast<int>(std::lround(width / aspect));
  if (height > info.height) {
    height = info.height;
    width = std::min(width, static_cast<int>(std::lround(height * aspect)));
  }
  width = std::max(1, width);
  height = std::max(1, height);
}

// The frame in what JPEG is made from, at that size.
Ref<GstBuffer> scaled(GstVideoFrame &frame, GstVideoInfo to) {
  // The converter changes neither.
  to.fps_n = frame.info.fps_n;
  to.fps_d = frame.info.fps_d;
  to.interlace_mode = frame.info.interlace_mode;
  GstStructure *config = gst_structure_new("config", GST_VIDEO_CONVERTER_OPT_RESAMPLER_METHOD,
                                           GST_TYPE_VIDEO_RESAMPLER_METHOD,
                                           GST_VIDEO_RESAMPLER_METHOD_LINEAR, nullptr);
  auto *converter = gst_video_converter_new(&frame.info, &to, config);
  if (converter == nullptr) return {};
  auto buffer = Ref<GstBuffer>::adopt(gst_buffer_new_allocate(nullptr, to.size, nullptr));
  GstVideoFrame out;
  bool mapped = gst_video_frame_map(&out, &to, buffer.get(), GST_MAP_WRITE) != FALSE;
  if (mapped) {
    gst_video_converter_frame(converter, &frame, &out);
    gst_video_frame_unmap(&out);
  }
  gst_video_converter_free(converter);
  GST_BUFFER_PTS(buffer.get()) = 0;
  return mapped ? std::move(buffer) : Ref<GstBuffer>();
}

Result<Snapshot> fitted(GstVideoFrame &frame, const SnapshotLimits &limits,
                        const std::atomic<bool> &cancelled) {
  Snapshot snapshot;
  shown_size(frame.info, limits.max_width, snapshot.width, snapshot.height);
  while (!cancelled && std::max(snapshot.width, snapshot.height) >= kSmallest) {
    GstVideoInfo to;
    gst_video_info_set_format(&to, GST_VIDEO_FORMAT_I420, snapshot.width, snapshot.height);
    // As JPEG has it.
    to.colorimetry.range = GST_VIDEO_COLOR_RANGE_0_255;
    to.colorimetry.matrix = GST_VIDEO_COLOR_MATRIX_BT601;
    auto picture = scaled(frame, to);
    if (!picture) break;
    Encoder encoder;
    if (!encoder.there()) {
      return failure(
          "The element \"jpegenc\" is needed for pictures and not installed; Debian has it in "
          "gstreamer1.0-plugins-good.",
          "no element jpegenc");
    }
    encoder.begin(to);
    for (int quality : kQualities) {
      snapshot.jpeg = encoder.encode(picture.get(), quality);
      if (snapshot.jpeg.empty() || cancelled) break;
      if (snapshot.jpeg.size() <= limits.max_bytes) return snapshot;
    }
    if (snapshot.jpeg.empty()) break;
    snapshot.width = std::max(1, static_cast<int>(snapshot.width * kShrink));
    snapshot.height = std::max(1, static_cast<int>(snapshot.height * kShrink));
  }
  return failure("A video frame could not be made into a picture; it was not sent.",
                 "conversion or encoder failed");
}

}  // namespace

Result<Snapshot> make_snapshot(GstSample *sample, const SnapshotLimits &limits,
                               const std::atomic<bool> &cancelled) {
  GstVideoInfo info;
  GstVideoFrame frame;
  GstCaps *caps = gst_sample_get_caps(sample);
  if (caps == nullptr || !gst_video_info_from_caps(&info, caps) || info.width < 1 ||
      GST_VIDEO_INFO_INTERLACE_MODE(&info) == GST_VIDEO_INTERLACE_MODE_ALTERNATE ||
      !gst_video_frame_map(&frame, &info, gst_sample_get_buffer(sample), GST_MAP_READ)) {
    return failure("A video frame could not be read; no picture was sent.", "unknown format");
  }
  auto result = fitted(frame, limits, cancelled);
  gst_video_frame_unmap(&frame);
  return result;
}

}  // namespace oairt
