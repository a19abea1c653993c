#include "side_inputs.h"

#include <cstring>
#include <utility>

#include "gstopenairealtimeprops.h"
#include "sidesink.h"
#include "snapshot_taker.h"
#include "text_input.h"

namespace oairt {

GstStaticPadTemplate text_template =
    GST_STATIC_PAD_TEMPLATE("text_sink", GST_PAD_SINK, GST_PAD_REQUEST,
                            GST_STATIC_CAPS("text/x-raw, format = (string) { utf8, "
                                            "pango-markup }"));
GstStaticPadTemplate video_template = GST_STATIC_PAD_TEMPLATE(
    "video_sink", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS("video/x-raw"));

SideInputs::SideInputs(GstBin *bin, ElementCore &core, std::function<void()> text_ended)
    : bin_(bin), core_(core), text_ended_(std::move(text_ended)) {}

SideInputs::~SideInputs() = default;

GstPad *SideInputs::request(GstPadTemplate *templ) {
  const char *name = GST_PAD_TEMPLATE_NAME_TEMPLATE(templ);
  bool text = std::strcmp(name, "text_sink") == 0;
  auto there = Ref<GstPad>::adopt(gst_element_get_static_pad(GST_ELEMENT_CAST(bin_), name));
  if (there) return nullptr;
  GstElement *sink = text ? make_text_sink() : make_video_sink();
  gst_bin_add(bin_, sink);
  gst_element_sync_state_with_parent(sink);
  auto target = Ref<GstPad>::adopt(gst_element_get_static_pad(sink, "sink"));
  GstPad *pad = gst_ghost_pad_new_from_template(name, target.get(), templ);
  gst_pad_set_active(pad, TRUE);
  gst_element_add_pad(GST_ELEMENT_CAST(bin_), pad);
  return pad;
}

void SideInputs::release(GstPad *pad) {
  auto target = Ref<GstPad>::adopt(gst_ghost_pad_get_target(GST_GHOST_PAD(pad)));
  auto sink = Ref<GstElement>::adopt(target ? gst_pad_get_parent_element(target.get()) : nullptr);
  bool video = std::strcmp(GST_PAD_NAME(pad), "video_sink") == 0;
  gst_pad_set_active(pad, FALSE);
  gst_element_remove_pad(GST_ELEMENT_CAST(bin_), pad);
  if (sink) {
    gst_element_set_state(sink.get(), GST_STATE_NULL);
    gst_bin_remove(bin_, sink.get());
  }
  if (!video) return;
  std::shared_ptr<SnapshotTaker> taker;
  LockGuard guard(lock_);
  taker.swap(taker_);
}

void SideInputs::apply(const Settings &settings) {
  LockGuard guard(lock_);
  if (!taker_) return;
  taker_->set_options(milliseconds(setting_int(settings, "snapshot-interval")),
                      static_cast<int>(setting_int(settings, "snapshot-width")));
}

Status SideInputs::take_snapshot(const std::string &text) {
  std::shared_ptr<SnapshotTaker> taker;
  {
    LockGuard guard(lock_);
    taker = taker_;
  }
  if (!taker) {
    return Error{ErrorCode::Config,
                 "There is no video to take a picture of: link the pad video_sink of "
                 "openairealtimesink or openairealtimebin.",
                 "no pad video_sink",
                 {},
                 {}};
  }
  return taker->request(text);
}

// --- text ---

GstElement *SideInputs::make_text_sink() {
  auto caps = Ref<GstCaps>::adopt(gst_static_pad_template_get_caps(&text_template));
  return make_side_sink(
      "text-input", caps.get(),
      {.buffer = [this](GstBuffer *buffer, GstCaps *format) { take_text(buffer, format); },
       .eos = text_ended_,
       .drain = nullptr,
       .stop = nullptr});
}

void SideInputs::take_text(GstBuffer *buffer, const GstCaps *caps) {
  auto text = text_of_buffer(buffer, caps);
  if (!text) return core_.refuse("text_sink", text.error());
  auto session = core_.session();
  if (text->empty() || !session) return;
  Status sent = session->send_text(text.value(), true);
  if (!sent) core_.refuse("text_sink", sent.error());
}

// --- video ---

GstElement *SideInputs::make_video_sink() {
  auto taker = std::make_shared<SnapshotTaker>(
      [this] { return core_.session(); },
      [this](const Error &error) { core_.refuse("video_sink", error); });
  {
    LockGuard guard(lock_);
    taker_ = taker;
  }
  apply(core_.settings());
  auto caps = Ref<GstCaps>::adopt(gst_static_pad_template_get_caps(&video_template));
  return make_side_sink(
      "video-input", caps.get(),
      {.buffer = [taker](GstBuffer *buffer, GstCaps *format) { taker->frame(buffer, format); },
       .eos = nullptr,
       .drain = [taker] { taker->drain(); },
       .stop = [taker] { taker->stop(); }});
}

}  // namespace oairt
