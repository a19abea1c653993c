#include "speech_input.h"

#include <utility>

#include "base/log.h"
#include "base/ref.h"
#include "input_caps.h"
#include "rtc/media_port.h"

OAIRT_LOG_USE(element)

namespace oairt {
namespace {

// Speech gains nothing audible from the upper half of the scale, and a kiosk's CPU loses.
constexpr int kComplexity = 5;

// Forgets what the encoder still holds, so that old speech does not begin a new stream.
void flush(GstPad *pad) {
  gst_pad_send_event(pad, gst_event_new_flush_start());
  gst_pad_send_event(pad, gst_event_new_flush_stop(FALSE));
}

}  // namespace

GstPad *SpeechInput::sink_pad() const { return gst_element_get_static_pad(convert_, "sink"); }
GstPad *SpeechInput::mono_pad() const { return gst_element_get_static_pad(filter_, "src"); }

GstElement *SpeechInput::make_part(const char *factory, const char *name) {
  GstElement *part = gst_element_factory_make(factory, name);
  if (part == nullptr) {
    missing_ = factory;
  } else {
    gst_bin_add(bin_, part);
  }
  return part;
}

// audioconvert ! audioresample ! 48 kHz mono ! opusenc, one 20 ms frame after the other.
void SpeechInput::make(GstBin *bin, GstElement *packets) {
  bin_ = bin;
  packets_ = packets;
  convert_ = make_part("audioconvert", "convert");
  resample_ = make_part("audioresample", "resample");
  filter_ = make_part("capsfilter", "filter");
  encoder_ = make_part("opusenc", "encoder");
  if (missing_ != nullptr) return;
  auto caps = Ref<GstCaps>::adopt(gst_caps_new_simple(
      "audio/x-raw", "rate", G_TYPE_INT, kSampleRate, "channels", G_TYPE_INT, 1, nullptr));
  g_object_set(filter_, "caps", caps.get(), nullptr);
  gst_util_set_object_arg(G_OBJECT(encoder_), "audio-type", "voice");
  gst_util_set_object_arg(G_OBJECT(encoder_), "bandwidth", "auto");
  gst_util_set_object_arg(G_OBJECT(encoder_), "frame-size", "20");
  g_object_set(encoder_, "complexity", kComplexity, nullptr);
  gst_element_link_many(convert_, resample_, filter_, encoder_, packets_, nullptr);
}

bool SpeechInput::take(GstGhostPad *ghost, const GstCaps *caps) {
  bool raw = !is_opus(caps);
  bool changed = choose(ghost, raw);
  if (raw) set_mix(ghost, caps);
  return changed;
}

bool SpeechInput::choose(GstGhostPad *ghost, bool raw) {
  if (is_raw_.exchange(raw) == raw) return false;
  auto encoded_here = Ref<GstPad>::adopt(sink_pad());
  if (raw) {
    gst_ghost_pad_set_target(ghost, encoded_here.get());
    gst_element_link(encoder_, packets_);
  } else {
    auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(packets_, "sink"));
    gst_element_unlink(encoder_, packets_);
    flush(encoded_here.get());
    gst_ghost_pad_set_target(ghost, pad.get());
  }
  LOG_DEBUG("%s: input is %s", GST_OBJECT_NAME(ghost), raw ? "raw" : "Opus");
  return true;
}

// From 1.24 on audioconvert holds a new matrix against the caps that it still has, and refuses it:
// a layout that changes gets a fresh one.
void SpeechInput::renew_convert(GstGhostPad *ghost) {
  GstElement *fresh = gst_element_factory_make("audioconvert", nullptr);
  if (fresh == nullptr) return;
  GstElement *old = std::exchange(convert_, fresh);
  gst_bin_add(bin_, fresh);
  gst_element_unlink(old, resample_);
  gst_element_link(fresh, resample_);
  gst_element_sync_state_with_parent(fresh);
  auto target = Ref<GstPad>::adopt(sink_pad());
  gst_ghost_pad_set_target(ghost, target.get());
  gst_element_set_state(old, GST_STATE_NULL);
  gst_bin_remove(bin_, old);
}

// audioconvert by itself refuses to mix channels whose positions are unknown, so it is always told.
void SpeechInput::set_mix(GstGhostPad *ghost, const GstCaps *caps) {
  auto weights = mono_weights(caps);
  if (std::exchange(mixing_, true)) {
    if (weights == weights_) return;
    renew_convert(ghost);
  }
  weights_ = weights;
  if (weights.empty()) return;
  GValue matrix = G_VALUE_INIT, row = G_VALUE_INIT;
  g_value_init(&matrix, GST_TYPE_ARRAY);
  g_value_init(&row, GST_TYPE_ARRAY);
  for (float weight : weights) {
    GValue cell = G_VALUE_INIT;
    g_value_init(&cell, G_TYPE_FLOAT);
    g_value_set_float(&cell, weight);
    gst_value_array_append_and_take_value(&row, &cell);
  }
  gst_value_array_append_and_take_value(&matrix, &row);
  g_object_set_property(G_OBJECT(convert_), "mix-matrix", &matrix);
  g_value_unset(&matrix);
}

}  // namespace oairt
