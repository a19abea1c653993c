/**
 * SECTION:element-openairealtimebin
 * @title: openairealtimebin
 * @see_also: openairealtimesink, openairealtimesrc
 *
 * Speech in, a model's speech out: openairealtimesink and openairealtimesrc in one element, with
 * the properties, signals and pads of both. What is said of them is true here.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 pulsesrc ! openairealtimebin voice=marin ! pulsesink
 * ]|
 * Talks with the model over microphone and loudspeaker; the key is taken from OPENAI_API_KEY.
 */
#include "gstopenairealtimebin.h"

#include <cstring>

#include "base/ref.h"
#include "caption_pad.h"
#include "echo_control.h"
#include "element_core.h"
#include "gstopenairealtimemessages.h"
#include "gstopenairealtimesignals.h"
#include "gstopenairealtimesink.h"
#include "gstopenairealtimesrc.h"
#include "input_caps.h"
#include "side_inputs.h"

namespace {

struct Private {
  explicit Private(GstElement *element) : core(element) {}

  oairt::ElementCore core;
  GstElement *sink = nullptr, *src = nullptr;  // owned by the bin
  std::shared_ptr<oairt::EchoControl> echo = std::make_shared<oairt::EchoControl>();
  oairt::Mutex lock;
  std::optional<oairt::Error> no_dsp OAIRT_GUARDED_BY(lock);  // not yet told
  // Streaming thread of the input only.
  bool new_input = false, opus = false, opus_told = false;
};

constexpr const char *kDspSettings[] = {"echo-cancel", "noise-suppression", "gain-control"};

}  // namespace

struct _GstOpenaiRealtimeBin {
  GstBin parent;
  Private *priv;
};

#define gst_openai_realtime_bin_parent_class parent_class
G_DEFINE_TYPE(GstOpenaiRealtimeBin, gst_openai_realtime_bin, GST_TYPE_BIN)
GST_ELEMENT_REGISTER_DEFINE(openairealtimebin, "openairealtimebin", GST_RANK_NONE,
                            GST_TYPE_OPENAI_REALTIME_BIN)

static Private *priv_of(gpointer object) { return GST_OPENAI_REALTIME_BIN(object)->priv; }

// --- echo ---

static void keep_for_later(Private *priv, const oairt::Status &status) {
  oairt::LockGuard guard(priv->lock);
  priv->no_dsp.reset();
  if (!status) priv->no_dsp = status.error();
}

static void apply_settings(Private *priv, const oairt::Settings &settings) {
  oairt::EchoControl::Options options;
  options.dsp.echo_cancel = oairt::setting_bool(settings, "echo-cancel");
  options.dsp.noise_suppression = oairt::setting_bool(settings, "noise-suppression");
  options.dsp.gain_control = oairt::setting_bool(settings, "gain-control");
  options.half_duplex = oairt::setting_bool(settings, "half-duplex");
  auto status = priv->echo->set_options(options);
  if (!status || !options.dsp.any()) keep_for_later(priv, status);
}

// Whether somebody wants what Opus input cannot have.
static bool asked_for_dsp(Private *priv) {
  auto settings = priv->core.settings();
  for (const char *name : kDspSettings) {
    if (settings.count(name) > 0 && oairt::setting_bool(settings, name)) return true;
  }
  return false;
}

static void tell_opus(GstElement *bin) {
  auto *priv = priv_of(bin);
  if (priv->opus_told || !asked_for_dsp(priv)) return;
  priv->opus_told = true;
  oairt::post_failure(bin,
                      {oairt::ErrorCode::Media,
                       "Opus input goes out as it is: echo cancellation, noise suppression and "
                       "gain control need raw audio.",
                       "put opusdec before the element, or set them to false",
                       {},
                       {}},
                      false);
}

static void tell_missing(GstElement *bin, GstPad *pad) {
  auto *priv = priv_of(bin);
  auto query = oairt::Ref<GstQuery>::adopt(gst_query_new_latency());
  gboolean live = FALSE;
  if (gst_pad_peer_query(pad, query.get())) {
    gst_query_parse_latency(query.get(), &live, nullptr, nullptr);
  }
  if (!live && !asked_for_dsp(priv)) return;  // nothing is missed: there is no echo in a file
  std::optional<oairt::Error> error;
  {
    oairt::LockGuard guard(priv->lock);
    error.swap(priv->no_dsp);
  }
  if (error) oairt::post_failure(bin, *error, false);
}

// Tells once what the dsp cannot do, when it is known what comes in.
static GstPadProbeReturn on_input(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  auto *bin = GST_ELEMENT_CAST(data);
  auto *priv = priv_of(bin);
  if ((GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) != 0) {
    if (!std::exchange(priv->new_input, false)) return GST_PAD_PROBE_OK;
    if (priv->opus) {
      tell_opus(bin);
    } else {
      tell_missing(bin, pad);
    }
  } else if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_CAPS) {
    GstCaps *caps = nullptr;
    gst_event_parse_caps(GST_PAD_PROBE_INFO_EVENT(info), &caps);
    priv->opus = oairt::is_opus(caps);
    priv->new_input = true;
  }
  return GST_PAD_PROBE_OK;
}

// --- properties and states ---

// The session's settings stay here; what one direction acts on by itself goes on to it.
static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
  auto *priv = priv_of(object);
  priv->core.set_property(id, value, spec);
  const oairt::PropertyRow *row = oairt::property_row(id);
  if (row == nullptr || row->scope == oairt::Scope::Session) return;
  // The input's end is the sink's affair, the end of the stream the source's.
  if (std::strcmp(row->name, "eos-policy") == 0) {
    g_object_set_property(G_OBJECT(priv->src), row->name, value);
    return;
  }
  if (row->carrier == oairt::Carrier::AudioIn) {
    g_object_set_property(G_OBJECT(priv->sink), row->name, value);
  } else if (row->carrier != oairt::Carrier::Bin) {
    g_object_set_property(G_OBJECT(priv->src), row->name, value);
  }
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
  priv_of(object)->core.get_property(id, value, spec);
}

static GstStateChangeReturn change_state(GstElement *element, GstStateChange transition) {
  auto *priv = priv_of(element);
  if (transition == GST_STATE_CHANGE_NULL_TO_READY) {
    std::string key = priv->core.session_key();
    oairt::ElementCore::of(priv->sink)->set_host_key(key);
    oairt::ElementCore::of(priv->src)->set_host_key(key);
    keep_for_later(priv, priv->echo->start());
  }
  auto result = priv->core.change_state(GST_ELEMENT_CLASS(parent_class), transition);
  if (transition == GST_STATE_CHANGE_READY_TO_NULL) priv->echo->stop();
  return result;
}

// Pads on request are those of the inner element that has a template of that name; captions come
// from the source, which knows what is heard when.
static GstPad *request_new_pad(GstElement *element, GstPadTemplate *templ, const gchar *,
                               const GstCaps *caps) {
  auto *priv = priv_of(element);
  const char *name = GST_PAD_TEMPLATE_NAME_TEMPLATE(templ);
  auto existing = oairt::Ref<GstPad>::adopt(gst_element_get_static_pad(element, name));
  if (existing) return nullptr;
  for (GstElement *child : {priv->src, priv->sink}) {
    GstPadTemplate *inner = gst_element_get_pad_template(child, name);
    if (inner == nullptr) continue;
    auto target = oairt::Ref<GstPad>::adopt(gst_element_request_pad(child, inner, nullptr, caps));
    if (!target) return nullptr;
    GstPad *ghost = gst_ghost_pad_new_from_template(name, target.get(), templ);
    bool running =
        GST_STATE(element) > GST_STATE_READY || GST_STATE_NEXT(element) == GST_STATE_PAUSED;
    if (running) gst_pad_set_active(ghost, TRUE);
    gst_element_add_pad(element, ghost);
    return ghost;
  }
  return nullptr;
}

static void release_pad(GstElement *element, GstPad *pad) {
  auto target = oairt::Ref<GstPad>::adopt(gst_ghost_pad_get_target(GST_GHOST_PAD(pad)));
  auto child = target ? oairt::Ref<GstElement>::adopt(gst_pad_get_parent_element(target.get()))
                      : oairt::Ref<GstElement>();
  // What pushes through the ghost ends before it; who pushes into it is sent away by it.
  bool gives = GST_PAD_IS_SRC(pad);
  if (child && gives) gst_element_release_request_pad(child.get(), target.get());
  gst_pad_set_active(pad, FALSE);
  gst_element_remove_pad(element, pad);
  if (child && !gives) gst_element_release_request_pad(child.get(), target.get());
}

static GstElement *add_child(GstOpenaiRealtimeBin *self, GType type, const char *name) {
  auto *child = GST_ELEMENT_CAST(g_object_new(type, "name", name, nullptr));
  oairt::ElementCore::of(child)->set_hosted();
  gst_bin_add(GST_BIN(self), child);
  return child;
}

static GstPad *add_ghost(GstOpenaiRealtimeBin *self, GstElement *child, const char *name) {
  GstPadTemplate *templ = gst_element_class_get_pad_template(GST_ELEMENT_GET_CLASS(self), name);
  auto target = oairt::Ref<GstPad>::adopt(gst_element_get_static_pad(child, name));
  GstPad *pad = gst_ghost_pad_new_from_template(name, target.get(), templ);
  gst_element_add_pad(GST_ELEMENT_CAST(self), pad);
  return pad;
}

static void gst_openai_realtime_bin_init(GstOpenaiRealtimeBin *self) {
  auto *priv = self->priv = new Private(GST_ELEMENT_CAST(self));
  priv->sink = add_child(self, GST_TYPE_OPENAI_REALTIME_SINK, "sink");
  priv->src = add_child(self, GST_TYPE_OPENAI_REALTIME_SRC, "src");
  GstPad *input = add_ghost(self, priv->sink, "sink");
  add_ghost(self, priv->src, "src");
  gst_pad_add_probe(
      input,
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM),
      on_input, self, nullptr);
  oairt::set_echo_control(GST_OPENAI_REALTIME_SINK(priv->sink), priv->echo);
  oairt::set_echo_control(GST_OPENAI_REALTIME_SRC(priv->src), priv->echo);
  priv->core.on_settings = [priv](const oairt::Settings &settings) {
    apply_settings(priv, settings);
  };
  apply_settings(priv, {});
  priv->core.on_snapshot = [priv](const std::string &text) {
    return oairt::ElementCore::of(priv->sink)->on_snapshot(text);
  };
  oairt::VoiceDsp::preload();
}

static void finalize(GObject *object) {
  Private *priv = priv_of(object);
  G_OBJECT_CLASS(parent_class)->finalize(object);
  delete priv;
}

static void gst_openai_realtime_bin_class_init(GstOpenaiRealtimeBinClass *klass) {
  auto *object_class = G_OBJECT_CLASS(klass);
  auto *element_class = GST_ELEMENT_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  oairt::install_properties(object_class, oairt::ElementKind::Bin);
  oairt::install_signals(element_class);
  element_class->change_state = change_state;
  element_class->request_new_pad = request_new_pad;
  element_class->release_pad = release_pad;
  gst_element_class_add_static_pad_template(element_class, &oairt::input_template);
  gst_element_class_add_static_pad_template(element_class, &oairt::output_template);
  gst_element_class_add_static_pad_template(element_class, &oairt::transcript_template);
  gst_element_class_add_static_pad_template(element_class, &oairt::input_transcript_template);
  gst_element_class_add_static_pad_template(element_class, &oairt::text_template);
  gst_element_class_add_static_pad_template(element_class, &oairt::video_template);
  gst_element_class_set_static_metadata(
      element_class, "OpenAI Realtime bin", "Source/Sink/Audio/Network",
      "Talks with a model of the OpenAI Realtime API over WebRTC: speech in, speech out",
      "gst-openai-realtime");
}
