#include "caption_pads.h"

#include <algorithm>
#include <cstring>

#include <gst/base/gstbasesrc.h>

namespace oairt {
namespace {

bool is_models(const CaptionPad &pad) {
  return std::strcmp(GST_PAD_NAME(pad.pad()), "transcript_src") == 0;
}

bool is_running(GstElement *element) {
  return GST_STATE(element) > GST_STATE_READY || GST_STATE_NEXT(element) == GST_STATE_PAUSED;
}

}  // namespace

captions::Mode caption_mode(const Settings &settings) {
  return setting_text(settings, "caption-mode") == "sentence" ? captions::Mode::Sentence
                                                              : captions::Mode::Word;
}

Duration caption_delay(const Settings &settings) {
  return milliseconds(setting_int(settings, "caption-delay"));
}

std::vector<std::shared_ptr<CaptionPad>> CaptionPads::pads() const {
  LockGuard guard(lock_);
  return pads_;
}

std::optional<Duration> CaptionPads::running_time() const {
  if (!playing_) return std::nullopt;
  auto clock = Ref<GstClock>::adopt(gst_element_get_clock(element_));
  if (!clock) return std::nullopt;
  GstClockTime base = gst_element_get_base_time(element_), now = gst_clock_get_time(clock.get());
  return Duration(now > base ? now - base : 0);
}

// GstBaseSrc cannot name its stream when its element has more than the one source pad that it knows
// of (gst_pad_create_stream_id asserts so), and asks by this number. Nothing else does: pads are
// found in their list.
static void count_source_pads(GstElement *element, int change) {
  if (!GST_IS_BASE_SRC(element)) return;
  GST_OBJECT_LOCK(element);
  element->numsrcpads = static_cast<guint16>(element->numsrcpads + change);
  GST_OBJECT_UNLOCK(element);
}

static void on_linked(GstPad *, GstPad *, gpointer element) {
  gst_element_post_message(GST_ELEMENT_CAST(element),
                           gst_message_new_latency(GST_OBJECT_CAST(element)));
}

bool CaptionPads::add_pad(GstPad *pad) {
  if (!gst_element_add_pad(element_, pad)) return false;
  count_source_pads(element_, -1);
  return true;
}

void CaptionPads::remove_pad(GstPad *pad) {
  count_source_pads(element_, 1);
  gst_element_remove_pad(element_, pad);
}

// One of each kind.
GstPad *CaptionPads::request_new_pad(GstPadTemplate *templ) {
  const char *name = GST_PAD_TEMPLATE_NAME_TEMPLATE(templ);
  auto existing = Ref<GstPad>::adopt(gst_element_get_static_pad(element_, name));
  if (existing) return nullptr;
  bool model = std::strcmp(name, "transcript_src") == 0;
  GString_ own(gst_object_get_name(GST_OBJECT_CAST(element_)));
  std::string stream_id = "openairealtime:" + core_.session_key() + "/" + own.get() + "/" + name;
  auto made = std::make_shared<CaptionPad>(
      templ, name, model ? make_model_captions() : make_user_captions(),
      [this] { return running_time(); }, stream_id);
  {
    LockGuard guard(lock_);
    made->set_mode(mode_);
    if (model) made->set_delay(delay_);
    pads_.push_back(made);
    if (model) wants_frames_ = true;
  }
  // Its latency is not that of the audio: a pipeline that runs already asks again.
  g_signal_connect_object(made->pad(), "linked", G_CALLBACK(on_linked), element_, {});
  if (is_running(element_)) gst_pad_set_active(made->pad(), TRUE);
  if (add_pad(made->pad())) return made->pad();
  gst_pad_set_active(made->pad(), FALSE);
  LockGuard guard(lock_);
  std::erase(pads_, made);
  return nullptr;
}

void CaptionPads::release_pad(GstPad *pad) {
  std::shared_ptr<CaptionPad> gone;
  {
    LockGuard guard(lock_);
    auto found = std::find_if(pads_.begin(), pads_.end(),
                              [pad](const auto &other) { return other->pad() == pad; });
    if (found == pads_.end()) return;
    gone = *found;
    pads_.erase(found);
    wants_frames_ = std::any_of(pads_.begin(), pads_.end(),
                                [](const auto &other) { return is_models(*other); });
  }
  // Joins its thread, which never waits for this one.
  gst_pad_set_active(pad, FALSE);
  remove_pad(pad);
}

void CaptionPads::before(GstStateChange transition) {
  if (transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED) playing_ = false;
}

void CaptionPads::after(GstStateChange transition, GstStateChangeReturn result) {
  if (result == GST_STATE_CHANGE_FAILURE) return;
  if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING) playing_ = true;
}

void CaptionPads::set_mode(captions::Mode mode) {
  LockGuard guard(lock_);
  mode_ = mode;
  for (const auto &pad : pads_) pad->set_mode(mode);
}

void CaptionPads::set_delay(Duration delay) {
  LockGuard guard(lock_);
  delay_ = delay;
  for (const auto &pad : pads_) {
    if (is_models(*pad)) pad->set_delay(delay);
  }
}

void CaptionPads::on_event(const SessionEvent &event) {
  bool matters = std::holds_alternative<TranscriptEvent>(event) ||
                 std::holds_alternative<VoiceEvent>(event) ||
                 std::holds_alternative<SpeechStartedEvent>(event) ||
                 std::holds_alternative<SpeechStoppedEvent>(event) ||
                 std::holds_alternative<LogicalSessionEvent>(event);
  if (!matters) return;
  Duration now = running_time().value_or(Duration(0));
  for (const auto &pad : pads()) pad->tell(CaptionEvent{event, now});
}

void CaptionPads::on_frame(const CaptionFrame &frame) {
  LockGuard guard(lock_);
  for (const auto &pad : pads_) {
    if (is_models(*pad)) pad->tell(frame);
  }
}

void CaptionPads::on_stream_event(GstEvent *event) {
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_FLUSH_START:
      for (const auto &pad : pads()) pad->flush_start();
      break;
    case GST_EVENT_FLUSH_STOP: {
      gboolean reset_time = TRUE;
      gst_event_parse_flush_stop(event, &reset_time);
      for (const auto &pad : pads()) pad->flush_stop(reset_time);
      break;
    }
    default:
      break;
  }
}

void CaptionPads::end() {
  for (const auto &pad : pads()) pad->tell(CaptionEnd{});
}

}  // namespace oairt
