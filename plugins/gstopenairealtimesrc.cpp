/**
 * SECTION:element-openairealtimesrc
 * @title: openairealtimesrc
 * @see_also: openairealtimesink, openairealtimebin
 *
 * Gives the voice of a model of the OpenAI Realtime API as a live, continuous stream: a frame each
 * 20 ms of the pipeline's clock, silence (flagged as gap) while the model is silent, while no call
 * is up, and while the network is gone. Elements of one pipeline, or with one
 * #GstOpenaiRealtimeSrc:session name, share a session: openairealtimesink takes the questions.
 *
 * If downstream holds the stream, frames that were missed follow back to back; past a second they
 * are skipped and the stream goes on with a discontinuity, so that no delay stays behind.
 *
 * The pads transcript_src and input_transcript_src give captions: what the model says, each word
 * while it is heard, and what the user said, as soon as it is known. They are sparse, live text
 * streams in running time, with GAP events in between, each with a thread of its own, so that an
 * overlay never waits and never holds the audio. See #GstOpenaiRealtimeSrc:caption-mode.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 filesrc location=question.wav ! wavparse ! openairealtimesink \
 *     openairealtimesrc eos-policy=after-answer ! wavenc ! filesink location=answer.wav
 * ]|
 * Asks what a file says and writes the answer to another; the line ends by itself.
 */
#include "gstopenairealtimesrc.h"

#include <algorithm>
#include <array>
#include <atomic>

#include <gst/audio/audio.h>

#include "base/log.h"
#include "base/ref.h"
#include "caption_pads.h"
#include "element_core.h"
#include "flusher.h"
#include "gstopenairealtimesignals.h"
#include "output_frame.h"
#include "output_ticks.h"
#include "stall_watch.h"
#include "tick_wait.h"

OAIRT_LOG_USE(element)

namespace oairt {

GstStaticPadTemplate output_template = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS("audio/x-raw, format = (string) { " GST_AUDIO_NE(S16) ", " GST_AUDIO_NE(
        F32) " }, layout = (string) interleaved, rate = (int) 48000, channels = (int) 1; "
             "audio/x-raw, format = (string) { " GST_AUDIO_NE(S16) ", " GST_AUDIO_NE(
                 F32) " }, layout = (string) interleaved, rate = (int) 48000, channels = (int) 2, "
                      "channel-mask = (bitmask) 0x3"));

}  // namespace oairt

namespace {

using oairt::Duration;
using oairt::OutputTicks;

constexpr uint64_t kMaxDiscard = 1500;  // frames: 30 s
constexpr GstClockTime kFrameNs = std::chrono::nanoseconds(oairt::kFrameDuration).count();

struct Private {
  explicit Private(GstElement *element)
      : core(element),
        captions(element, core),
        flusher(element, core.work(), [element, this] { forget_cut(element); }) {}
  void forget_cut(GstElement *element);

  oairt::ElementCore core;
  oairt::CaptionPads captions;
  oairt::Flusher flusher;
  std::shared_ptr<oairt::EchoControl> echo;  // of the bin
  std::shared_ptr<oairt::MediaPort> media;   // set while nothing streams
  std::atomic<double> volume{1.0};
  std::atomic<bool> ends_after_answer{false}, answer_finished{false};
  std::atomic<bool> flushed{false};  // the next frame does not follow the last one
  // Streaming thread only.
  oairt::StallWatch stalls;
  std::unique_ptr<oairt::captions::Ear> ear;  // where captions are asked for
  OutputTicks ticks;
  oairt::OutputFrame frame;
  oairt::TickWait wait;
};

}  // namespace

struct _GstOpenaiRealtimeSrc {
  GstPushSrc parent;
  Private *priv;
};

#define gst_openai_realtime_src_parent_class parent_class
G_DEFINE_TYPE(GstOpenaiRealtimeSrc, gst_openai_realtime_src, GST_TYPE_PUSH_SRC)
GST_ELEMENT_REGISTER_DEFINE(openairealtimesrc, "openairealtimesrc", GST_RANK_NONE,
                            GST_TYPE_OPENAI_REALTIME_SRC)

static Private *priv_of(gpointer object) { return GST_OPENAI_REALTIME_SRC(object)->priv; }

// --- properties and states ---

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
  priv_of(object)->core.set_property(id, value, spec);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
  priv_of(object)->core.get_property(id, value, spec);
}

static GstStateChangeReturn change_state(GstElement *element, GstStateChange transition) {
  auto *priv = priv_of(element);
  bool pausing = transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED;
  priv->captions.before(transition);
  if (pausing) priv->wait.set_pausing(true);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING) priv->wait.resume();
  auto result = priv->core.change_state(GST_ELEMENT_CLASS(parent_class), transition);
  if (pausing) priv->wait.set_pausing(false);
  priv->captions.after(transition, result);
  return result;
}

static gboolean start(GstBaseSrc *src) {
  auto *priv = priv_of(src);
  priv->ticks.reset();
  priv->frame.reset_volume(priv->volume);
  priv->answer_finished = false;
  priv->flusher.reset();
  if (priv->echo) priv->echo->far_end().clear();
  priv->wait.resume();
  return TRUE;
}

static gboolean unlock(GstBaseSrc *src) {
  priv_of(src)->wait.unlock();
  return TRUE;
}

static gboolean unlock_stop(GstBaseSrc *src) {
  auto *priv = priv_of(src);
  priv->wait.unlock_stop();
  priv->flushed = true;
  return TRUE;
}

static gboolean set_clock(GstElement *element, GstClock *clock) {
  gboolean result = GST_ELEMENT_CLASS(parent_class)->set_clock(element, clock);
  priv_of(element)->wait.change_clock();
  return result;
}

// --- the output clock ---

// What was flushed is not heard, and its ramp would be a sound of its own. Any thread.
void Private::forget_cut(GstElement *element) {
  if (auto session = core.session()) session->media()->drop_ramp();
  if (echo) echo->far_end().cut(oairt::RunningTime::of(element).now());
}

// How much later than it is given out a frame is heard, as the pipeline says.
static GstPadProbeReturn on_upstream_event(GstPad *, GstPadProbeInfo *info, gpointer data) {
  auto *priv = static_cast<Private *>(data);
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT(info);
  if (GST_EVENT_TYPE(event) != GST_EVENT_LATENCY) return GST_PAD_PROBE_OK;
  GstClockTime latency = 0;
  gst_event_parse_latency(event, &latency);
  if (!GST_CLOCK_TIME_IS_VALID(latency)) return GST_PAD_PROBE_OK;
  priv->flusher.set_latency(std::chrono::nanoseconds(latency));
  if (priv->echo) priv->echo->far_end().set_latency(std::chrono::nanoseconds(latency));
  return GST_PAD_PROBE_OK;
}

static_assert(oairt::captions::Ear::kFrame == oairt::kFrameSamples);
static void note_frame(Private *priv, uint64_t number, const int16_t *samples, bool silence) {
  if (!priv->captions.wants_frames()) return;
  oairt::CaptionFrame frame{static_cast<int64_t>(number) * oairt::kFrameDuration, !silence, {}};
  if (!priv->ear) priv->ear = std::make_unique<oairt::captions::Ear>();
  if (!silence) frame.sound = priv->ear->hear(samples);
  priv->captions.on_frame(frame);
}

// What was to be heard in frames that are left out is not to be heard later.
static void discard(Private *priv, const OutputTicks::Tick &tick) {
  std::array<int16_t, oairt::kFrameSamples> samples;
  uint64_t frames = std::min(tick.skipped, kMaxDiscard);
  for (uint64_t i = 0; i < frames; ++i) {
    auto kind = priv->media->read(samples.data(), oairt::Clock::now());
    note_frame(priv, tick.number - frames + i, samples.data(),
               kind == oairt::MediaPort::Frame::Silence);
  }
}

static oairt::Ref<GstBuffer> read_frame(Private *priv, const OutputTicks::Tick &tick,
                                        Duration late) {
  std::array<int16_t, oairt::kFrameSamples> samples;
  auto now = oairt::Clock::now() - std::max(late, Duration(0));
  bool silence = priv->media->read(samples.data(), now) == oairt::MediaPort::Frame::Silence;
  if (silence && priv->ends_after_answer && priv->answer_finished &&
      priv->media->queued() == Duration(0)) {
    priv->flusher.note_end();
    return nullptr;
  }
  if (!silence) priv->flusher.note_voice(oairt::Clock::now());
  if (priv->echo && priv->echo->follows_voice() && !silence) {
    priv->echo->far_end().write(tick.number, samples.data(), priv->volume);
  }
  note_frame(priv, tick.number, samples.data(), silence);
  auto buffer = priv->frame.make(samples.data(), silence, priv->volume);
  if (!buffer) return nullptr;
  GST_BUFFER_PTS(buffer.get()) = tick.number * kFrameNs;
  GST_BUFFER_DURATION(buffer.get()) = kFrameNs;
  GST_BUFFER_OFFSET(buffer.get()) = tick.number * oairt::kFrameSamples;
  GST_BUFFER_OFFSET_END(buffer.get()) = (tick.number + 1) * oairt::kFrameSamples;
  if (tick.resync) GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_DISCONT);
  return buffer;
}

static GstFlowReturn create(GstPushSrc *src, GstBuffer **out) {
  oairt::NoWaitScope no_wait;
  auto *priv = priv_of(src);
  while (true) {
    if (priv->flushed.exchange(false)) priv->ticks.reset();
    auto time = oairt::RunningTime::of(GST_ELEMENT_CAST(src));
    OutputTicks::Tick tick = priv->ticks.next(time.now());
    auto wait = priv->wait.until(time, OutputTicks::due(tick));
    if (wait == oairt::TickWait::Result::Flushing) return GST_FLOW_FLUSHING;
    if (wait == oairt::TickWait::Result::Again) continue;
    if (tick.skipped > 0) {
      LOG_WARNING("%s was held up: %" G_GUINT64_FORMAT " frames are left out", GST_OBJECT_NAME(src),
                  tick.skipped);
      discard(priv, tick);
    }
    priv->ticks.advance(tick);
    auto buffer = read_frame(priv, tick, time.now() - OutputTicks::due(tick));
    if (!buffer) return GST_FLOW_EOS;
    priv->stalls.look(GST_ELEMENT_CAST(src), priv->core);
    *out = buffer.take();
    return GST_FLOW_OK;
  }
}

// --- caps and queries ---

static gboolean set_caps(GstBaseSrc *src, GstCaps *caps) {
  GstAudioInfo info;
  gst_audio_info_init(&info);
  if (!gst_audio_info_from_caps(&info, caps)) return FALSE;
  priv_of(src)->frame.set_format(info);
  return TRUE;
}

static GstCaps *fixate(GstBaseSrc *src, GstCaps *caps) {
  caps = gst_caps_make_writable(gst_caps_truncate(caps));
  gst_structure_fixate_field_nearest_int(gst_caps_get_structure(caps, 0), "channels", 1);
  return GST_BASE_SRC_CLASS(parent_class)->fixate(src, caps);
}

static gboolean query(GstBaseSrc *src, GstQuery *query) {
  switch (GST_QUERY_TYPE(query)) {
    case GST_QUERY_LATENCY:
      // A frame is given out at its end; that much may wait before frames are left out.
      gst_query_set_latency(query, TRUE, kFrameNs, kFrameNs * (1 + OutputTicks::kMaxCatchUp));
      return TRUE;
    case GST_QUERY_URI: {
      // The base class makes the stream-id of it: the same for each run of a session.
      std::string uri = "openairealtime:" + priv_of(src)->core.session_key();
      gst_query_set_uri(query, uri.c_str());
      return TRUE;
    }
    default:
      return GST_BASE_SRC_CLASS(parent_class)->query(src, query);
  }
}

static gboolean is_seekable(GstBaseSrc *) { return FALSE; }

// --- captions ---

static GstPad *request_new_pad(GstElement *element, GstPadTemplate *templ, const gchar *,
                               const GstCaps *) {
  return priv_of(element)->captions.request_new_pad(templ);
}

static void release_pad(GstElement *element, GstPad *pad) {
  priv_of(element)->captions.release_pad(pad);
}

// Captions are flushed, and end, with the voice.
static GstPadProbeReturn follow_stream(GstPad *, GstPadProbeInfo *info, gpointer data) {
  auto *captions = &static_cast<Private *>(data)->captions;
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT(info);
  captions->on_stream_event(event);
  if (GST_EVENT_TYPE(event) == GST_EVENT_EOS) captions->end();
  return GST_PAD_PROBE_OK;
}

// How the voice is heard, for what plays it and what takes it out of the microphone again.
static void follow_voice(Private *priv, const oairt::SessionEvent &event) {
  using What = oairt::VoiceEvent::What;
  const auto *voice = std::get_if<oairt::VoiceEvent>(&event);
  if (voice == nullptr) return;
  if (voice->what == What::Cut) priv->flusher.cut(oairt::Clock::now());
  // The pauses of an answer belong to it.
  if (priv->echo) priv->echo->set_answering(voice->what == What::Started);
}

// --- construction ---

static void gst_openai_realtime_src_init(GstOpenaiRealtimeSrc *self) {
  auto *priv = self->priv = new Private(GST_ELEMENT_CAST(self));
  gst_base_src_set_live(GST_BASE_SRC(self), TRUE);
  gst_base_src_set_format(GST_BASE_SRC(self), GST_FORMAT_TIME);
  gst_base_src_set_do_timestamp(GST_BASE_SRC(self), FALSE);
  GST_OBJECT_FLAG_SET(self, GST_ELEMENT_FLAG_SOURCE);
  auto probe = static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM |
                                            GST_PAD_PROBE_TYPE_EVENT_FLUSH);
  gst_pad_add_probe(GST_BASE_SRC_PAD(self), probe, follow_stream, priv, nullptr);
  priv->core.on_settings = [priv](const oairt::Settings &settings) {
    priv->captions.set_mode(oairt::caption_mode(settings));
    priv->captions.set_delay(oairt::caption_delay(settings));
    priv->volume = oairt::setting_double(settings, "volume");
    priv->ends_after_answer = oairt::setting_text(settings, "eos-policy") == "after-answer";
    priv->flusher.set_enabled(oairt::setting_text(settings, "barge-in") == "flush");
  };
  priv->core.on_attached = [priv](oairt::Session &session) { priv->media = session.media(); };
  priv->core.on_detached = [priv] { priv->media = nullptr; };
  priv->core.on_event = [priv](const oairt::SessionEvent &event) {
    if (std::holds_alternative<oairt::AnswerFinishedEvent>(event)) priv->answer_finished = true;
    follow_voice(priv, event);
    priv->captions.on_event(event);
  };
  gst_pad_add_probe(GST_BASE_SRC_PAD(self), GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_upstream_event,
                    priv, nullptr);
}

void oairt::set_echo_control(GstOpenaiRealtimeSrc *src, std::shared_ptr<EchoControl> control) {
  src->priv->echo = std::move(control);
}

static void finalize(GObject *object) {
  Private *priv = priv_of(object);
  G_OBJECT_CLASS(parent_class)->finalize(object);
  delete priv;
}

static void gst_openai_realtime_src_class_init(GstOpenaiRealtimeSrcClass *klass) {
  auto *object_class = G_OBJECT_CLASS(klass);
  auto *element_class = GST_ELEMENT_CLASS(klass);
  auto *src_class = GST_BASE_SRC_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  oairt::install_properties(object_class, oairt::ElementKind::Src);
  oairt::install_signals(element_class);
  element_class->change_state = change_state;
  element_class->set_clock = set_clock;
  element_class->request_new_pad = request_new_pad;
  element_class->release_pad = release_pad;
  src_class->start = start;
  src_class->unlock = unlock;
  src_class->unlock_stop = unlock_stop;
  src_class->set_caps = set_caps;
  src_class->fixate = fixate;
  src_class->query = query;
  src_class->is_seekable = is_seekable;
  GST_PUSH_SRC_CLASS(klass)->create = create;
  gst_element_class_add_static_pad_template(element_class, &oairt::output_template);
  gst_element_class_add_static_pad_template(element_class, &oairt::transcript_template);
  gst_element_class_add_static_pad_template(element_class, &oairt::input_transcript_template);
  gst_element_class_set_static_metadata(
      element_class, "OpenAI Realtime source", "Source/Audio/Network",
      "Gives the live voice of a model of the OpenAI Realtime API over WebRTC; openairealtimesink "
      "takes what it shall hear",
      "gst-openai-realtime");
}
