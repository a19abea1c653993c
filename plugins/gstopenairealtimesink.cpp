/**
 * SECTION:element-openairealtimesink
 * @title: openairealtimesink
 * @see_also: openairealtimesrc, openairealtimebin
 *
 * Takes speech to a model of the OpenAI Realtime API. Raw audio of any format, rate and layout is
 * mixed to mono and encoded; Opus goes out as it is. Live input is not delayed by the pipeline's
 * latency, input from files is paced to the clock. Elements of one pipeline, or with one
 * #GstOpenaiRealtimeSink:session name, share a session: openairealtimesrc gives the answers.
 *
 * While no call is up, the last #GstOpenaiRealtimeSink:prebuffer-time of speech is kept and sent
 * first when one is. EOS ends the input, not the session: the answer still comes.
 *
 * Pads on request: input_transcript_src gives what the speaker said, as captions, as soon as the
 * service has written it down (transcription-model). Each buffer at text_sink is a message of the
 * user, and single frames of the video at video_sink go to the model as pictures, every
 * #GstOpenaiRealtimeSink:snapshot-interval or with the action send-snapshot. None of them holds up
 * the states, the latency or the end of the pipeline.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 pulsesrc ! openairealtimesink  openairealtimesrc ! pulsesink
 * ]|
 * Talks with the model over microphone and loudspeaker; the key is taken from OPENAI_API_KEY.
 */
#include "gstopenairealtimesink.h"

#include <algorithm>
#include <atomic>

#include "base/log.h"
#include "base/ref.h"
#include "caption_pads.h"
#include "element_core.h"
#include "encoder_control.h"
#include "gstopenairealtimesignals.h"
#include "input_caps.h"
#include "mediasink.h"
#include "side_inputs.h"
#include "speech_input.h"
#include "speech_stage.h"
#include "voice_meter.h"

OAIRT_LOG_USE(element)

namespace {

// Somebody who is told of an encoder's property may take his time.
constexpr oairt::Duration kSetWait = oairt::milliseconds(100);

struct Private {
  explicit Private(GstElement *element) : core(element), captions(element, core) {}

  oairt::ElementCore core;
  oairt::CaptionPads captions;
  GstPad *pad = nullptr;                             // the element's own
  GstOpenaiRealtimeMediaSink *media_sink = nullptr;  // owned by the bin
  oairt::SpeechInput input;
  oairt::EncoderControl encoding;
  std::unique_ptr<oairt::SideInputs> side;
  // State changes and properties; the lock is not held over a call out.
  oairt::Mutex lock;
  std::shared_ptr<oairt::MediaPort> media OAIRT_GUARDED_BY(lock);
  bool muted OAIRT_GUARDED_BY(lock) = false;
};

}  // namespace

struct _GstOpenaiRealtimeSink {
  GstBin parent;
  Private *priv;
};

#define gst_openai_realtime_sink_parent_class parent_class
G_DEFINE_TYPE(GstOpenaiRealtimeSink, gst_openai_realtime_sink, GST_TYPE_BIN)
GST_ELEMENT_REGISTER_DEFINE(openairealtimesink, "openairealtimesink", GST_RANK_NONE,
                            GST_TYPE_OPENAI_REALTIME_SINK)

// --- settings ---

// Any thread: what the session may do with the encoder. Input that comes encoded is left alone.
static void note_encoder(Private *priv) {
  oairt::NoWaitScope no_wait;
  auto session = priv->core.session();
  if (!session) return;
  bool ours = priv->input.is_raw() && priv->input.encoder() != nullptr;
  session->note_encoder(ours ? std::optional(oairt::encoder_limits(priv->core.settings()))
                             : std::nullopt);
}

static void apply_settings(Private *priv, const oairt::Settings &settings) {
  priv->encoding.set_limits(oairt::encoder_limits(settings));
  note_encoder(priv);
  oairt::hold_eos(priv->media_sink, oairt::setting_text(settings, "eos-policy") == "after-answer");
  priv->side->apply(settings);
  // The port is shared: an element that was never muted leaves it alone.
  bool mute = oairt::setting_bool(settings, "mute");
  std::shared_ptr<oairt::MediaPort> media;
  {
    oairt::LockGuard guard(priv->lock);
    if (priv->media && priv->muted != mute) media = priv->media;
    if (media) priv->muted = mute;
  }
  if (media) media->set_mute(mute);
}

static void attached(Private *priv, oairt::Session &session) {
  auto media = session.media();
  {
    oairt::LockGuard guard(priv->lock);
    priv->media = media;
  }
  oairt::set_media_port(priv->media_sink, media);
}

static void detached(Private *priv) {
  std::shared_ptr<oairt::MediaPort> media;
  bool muted;
  {
    oairt::LockGuard guard(priv->lock);
    media = std::move(priv->media);
    priv->media = nullptr;
    muted = std::exchange(priv->muted, false);
  }
  if (media && muted) media->set_mute(false);
  oairt::set_media_port(priv->media_sink, nullptr);
  priv->encoding.forget_step();
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
  GST_OPENAI_REALTIME_SINK(object)->priv->core.set_property(id, value, spec);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
  GST_OPENAI_REALTIME_SINK(object)->priv->core.get_property(id, value, spec);
}

// --- states ---

static GstStateChangeReturn change_state(GstElement *element, GstStateChange transition) {
  auto *priv = GST_OPENAI_REALTIME_SINK(element)->priv;
  if (transition == GST_STATE_CHANGE_NULL_TO_READY && priv->input.missing() != nullptr) {
    GST_ELEMENT_ERROR(element, CORE, MISSING_PLUGIN,
                      ("The element \"%s\" is needed and not installed.", priv->input.missing()),
                      ("install the GStreamer plugin that has it"));
    return GST_STATE_CHANGE_FAILURE;
  }
  bool stops = transition == GST_STATE_CHANGE_PAUSED_TO_READY;
  priv->captions.before(transition);
  if (stops) priv->encoding.hold(kSetWait);
  auto result = priv->core.change_state(GST_ELEMENT_CLASS(parent_class), transition);
  if (stops) priv->encoding.resume();
  priv->captions.after(transition, result);
  return result;
}

// --- input ---

static gboolean pad_event(GstPad *pad, GstObject *parent, GstEvent *event) {
  auto *priv = GST_OPENAI_REALTIME_SINK(parent)->priv;
  priv->captions.on_stream_event(event);
  if (GST_EVENT_TYPE(event) == GST_EVENT_CAPS) {
    GstCaps *caps = nullptr;
    gst_event_parse_caps(event, &caps);
    if (!oairt::takes_input(caps)) {
      gst_event_unref(event);
      return FALSE;
    }
    if (priv->input.take(GST_GHOST_PAD(pad), caps)) note_encoder(priv);
  }
  return gst_pad_event_default(pad, parent, event);
}

// Both kinds of input are always welcome, whichever chain is linked at the moment.
static gboolean pad_query(GstPad *pad, GstObject *parent, GstQuery *query) {
  if (GST_QUERY_TYPE(query) == GST_QUERY_CAPS) {
    GstCaps *filter = nullptr;
    gst_query_parse_caps(query, &filter);
    auto caps = oairt::Ref<GstCaps>::adopt(gst_pad_get_pad_template_caps(pad));
    if (filter != nullptr) {
      caps = oairt::Ref<GstCaps>::adopt(
          gst_caps_intersect_full(filter, caps.get(), GST_CAPS_INTERSECT_FIRST));
    }
    gst_query_set_caps_result(query, caps.get());
    return TRUE;
  }
  if (GST_QUERY_TYPE(query) == GST_QUERY_ACCEPT_CAPS) {
    GstCaps *caps = nullptr;
    gst_query_parse_accept_caps(query, &caps);
    gst_query_set_accept_caps_result(query, oairt::takes_input(caps));
    return TRUE;
  }
  return gst_pad_query_default(pad, parent, query);
}

// --- pads on request ---

static bool is_fed(GstPad *pad) {
  auto peer = oairt::Ref<GstPad>::adopt(gst_pad_get_peer(pad));
  if (!peer || !GST_IS_PROXY_PAD(peer.get())) return static_cast<bool>(peer);
  // The pad of the bin that we are in.
  auto outer = oairt::Ref<GstPad>::adopt(
      GST_PAD_CAST(gst_proxy_pad_get_internal(GST_PROXY_PAD(peer.get()))));
  return outer && is_fed(outer.get());
}

// Where nobody speaks, the end of the text is the end of the input.
static void end_input(Private *priv) {
  if (is_fed(priv->pad)) return;
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_pad_send_event(priv->pad, gst_event_new_stream_start("none"));
  gst_pad_send_event(priv->pad, gst_event_new_segment(&segment));
  gst_pad_send_event(priv->pad, gst_event_new_eos());
}

static GstPad *request_new_pad(GstElement *element, GstPadTemplate *templ, const gchar *,
                               const GstCaps *) {
  auto *priv = GST_OPENAI_REALTIME_SINK(element)->priv;
  bool gives = GST_PAD_TEMPLATE_DIRECTION(templ) == GST_PAD_SRC;
  return gives ? priv->captions.request_new_pad(templ) : priv->side->request(templ);
}

static void release_pad(GstElement *element, GstPad *pad) {
  auto *priv = GST_OPENAI_REALTIME_SINK(element)->priv;
  if (GST_PAD_IS_SRC(pad)) {
    priv->captions.release_pad(pad);
  } else {
    priv->side->release(pad);
  }
}

// --- construction ---

static void make_input(GstOpenaiRealtimeSink *self) {
  auto *priv = self->priv;
  priv->input.make(GST_BIN(self), GST_ELEMENT_CAST(priv->media_sink));
  priv->encoding.set_encoder(priv->input.encoder());
  if (priv->input.missing() != nullptr) return;
  auto pad = oairt::Ref<GstPad>::adopt(gst_element_get_static_pad(priv->input.encoder(), "sink"));
  oairt::add_voice_meter(pad.get(), [priv] {
    oairt::LockGuard guard(priv->lock);
    if (priv->media && !priv->muted) priv->media->note_voice(oairt::Clock::now());
  });
}

static void make_pad(GstOpenaiRealtimeSink *self) {
  auto *priv = self->priv;
  GstPadTemplate *templ = gst_element_class_get_pad_template(GST_ELEMENT_GET_CLASS(self), "sink");
  priv->pad = gst_ghost_pad_new_no_target_from_template("sink", templ);
  if (priv->input.missing() == nullptr) {
    auto target = oairt::Ref<GstPad>::adopt(priv->input.sink_pad());
    gst_ghost_pad_set_target(GST_GHOST_PAD(priv->pad), target.get());
  }
  gst_pad_set_event_function(priv->pad, pad_event);
  gst_pad_set_query_function(priv->pad, pad_query);
  gst_element_add_pad(GST_ELEMENT_CAST(self), priv->pad);
}

static void gst_openai_realtime_sink_init(GstOpenaiRealtimeSink *self) {
  auto *priv = self->priv = new Private(GST_ELEMENT_CAST(self));
  priv->media_sink = GST_OPENAI_REALTIME_MEDIA_SINK(
      g_object_new(GST_TYPE_OPENAI_REALTIME_MEDIA_SINK, "name", "media", nullptr));
  gst_bin_add(GST_BIN(self), GST_ELEMENT_CAST(priv->media_sink));
  make_input(self);
  make_pad(self);
  priv->side =
      std::make_unique<oairt::SideInputs>(GST_BIN(self), priv->core, [priv] { end_input(priv); });
  priv->core.on_snapshot = [priv](const std::string &text) {
    return priv->side->take_snapshot(text);
  };
  priv->core.on_settings = [priv](const oairt::Settings &settings) {
    priv->captions.set_mode(oairt::caption_mode(settings));
    apply_settings(priv, settings);
  };
  priv->core.on_attached = [priv](oairt::Session &session) { attached(priv, session); };
  priv->core.on_event = [priv](const oairt::SessionEvent &event) {
    priv->captions.on_event(event);
    // What was said last is written down after the end of the input.
    if (std::holds_alternative<oairt::AnswerFinishedEvent>(event)) {
      priv->captions.end();
      oairt::release_eos(priv->media_sink);
    }
    if (const auto *step = std::get_if<oairt::QualityEvent>(&event)) {
      priv->encoding.take_step(*step);
    }
  };
  priv->core.on_detached = [priv] { detached(priv); };
  oairt::set_events(priv->media_sink, {
                                          [priv] {
                                            if (auto session = priv->core.session())
                                              session->input_finished();
                                          },
                                          [priv] {
                                            if (auto session = priv->core.session())
                                              session->input_resumed();
                                          },
                                      });
}

void oairt::set_echo_control(GstOpenaiRealtimeSink *sink, std::shared_ptr<EchoControl> control) {
  auto *priv = sink->priv;
  if (priv->input.missing() != nullptr) return;
  auto pad = Ref<GstPad>::adopt(priv->input.mono_pad());
  SpeechStage::install(pad.get(), control);
  set_withheld(priv->media_sink, [control](Duration from, Duration length) {
    return control->withheld(from, length);
  });
}

static void finalize(GObject *object) {
  auto *self = GST_OPENAI_REALTIME_SINK(object);
  Private *priv = self->priv;
  G_OBJECT_CLASS(parent_class)->finalize(object);
  delete priv;
}

static void gst_openai_realtime_sink_class_init(GstOpenaiRealtimeSinkClass *klass) {
  auto *object_class = G_OBJECT_CLASS(klass);
  auto *element_class = GST_ELEMENT_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  oairt::install_properties(object_class, oairt::ElementKind::Sink);
  oairt::install_signals(element_class);
  element_class->change_state = change_state;
  element_class->request_new_pad = request_new_pad;
  element_class->release_pad = release_pad;
  gst_element_class_add_static_pad_template(element_class, &oairt::input_template);
  gst_element_class_add_static_pad_template(element_class, &oairt::input_transcript_template);
  gst_element_class_add_static_pad_template(element_class, &oairt::text_template);
  gst_element_class_add_static_pad_template(element_class, &oairt::video_template);
  gst_element_class_set_static_metadata(
      element_class, "OpenAI Realtime sink", "Sink/Audio/Network",
      "Takes live speech to a model of the OpenAI Realtime API over WebRTC; openairealtimesrc "
      "gives its answers",
      "gst-openai-realtime");
}
