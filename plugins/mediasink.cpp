#include "mediasink.h"

#include <atomic>
#include <cstring>
#include <utility>

#include "base/log.h"
#include "base/ref.h"
#include "element_core.h"
#include "rtc/opus_packet.h"

OAIRT_LOG_USE(element)

namespace {

// A time stamp that says the packet is older than this, or not yet spoken, is not believed.
constexpr auto kMaxAge = std::chrono::seconds(5);

struct Private {
  oairt::MediaSinkEvents events;
  std::function<bool(oairt::Duration, oairt::Duration)> withheld;
  std::shared_ptr<oairt::MediaPort> media;
  std::atomic<bool> liveness_known{false};
  std::atomic<bool> holds_eos{false};
  oairt::Mutex lock;
  oairt::Condition changed;
  bool released OAIRT_GUARDED_BY(lock) = false;  // what EOS waits for has come
  bool unlocked OAIRT_GUARDED_BY(lock) = false;  // the state changes, or a flush begins
  uint64_t unlocks OAIRT_GUARDED_BY(lock) = 0;   // one may be over before it was noticed
  // Streaming thread only.
  bool finished = false;
  uint64_t not_opus = 0;
};

GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS("audio/x-opus"));

}  // namespace

struct _GstOpenaiRealtimeMediaSink {
  GstBaseSink parent;
  Private *priv;
};

G_DEFINE_TYPE(GstOpenaiRealtimeMediaSink, gst_openai_realtime_media_sink, GST_TYPE_BASE_SINK)

#define parent_class gst_openai_realtime_media_sink_parent_class

static GstOpenaiRealtimeMediaSink *self_of(gpointer object) {
  return GST_OPENAI_REALTIME_MEDIA_SINK(object);
}

// Live input comes at its own pace and is to reach the service at once; all else is paced to the
// clock. Asked anew for each segment and after each change of latency: the input may be another.
static void learn_liveness(GstOpenaiRealtimeMediaSink *self) {
  auto query = oairt::Ref<GstQuery>::adopt(gst_query_new_latency());
  if (!gst_pad_peer_query(GST_BASE_SINK_PAD(self), query.get())) return;  // asked again next time
  gboolean live = FALSE;
  gst_query_parse_latency(query.get(), &live, nullptr, nullptr);
  gst_base_sink_set_sync(GST_BASE_SINK(self), !live);
  self->priv->liveness_known = true;
  LOG_DEBUG("input is %s", live ? "live" : "paced to the clock");
}

static GstFlowReturn prepare(GstBaseSink *sink, GstBuffer *) {
  auto *self = self_of(sink);
  if (!self->priv->liveness_known) learn_liveness(self);
  return GST_FLOW_OK;
}

// When the packet's first sample was spoken, on the core's clock.
static oairt::TimePoint captured_at(GstBaseSink *sink, GstBuffer *buffer,
                                    oairt::Duration duration) {
  oairt::TimePoint now = oairt::Clock::now();
  GstClockTime running =
      gst_segment_to_running_time(&sink->segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
  auto clock = oairt::Ref<GstClock>::adopt(gst_element_get_clock(GST_ELEMENT_CAST(sink)));
  if (!GST_CLOCK_TIME_IS_VALID(running) || !clock) return now - duration;
  GstClockTime base = gst_element_get_base_time(GST_ELEMENT_CAST(sink));
  auto age =
      std::chrono::nanoseconds(GST_CLOCK_DIFF(base + running, gst_clock_get_time(clock.get())));
  if (age.count() < 0 || age > kMaxAge) return now - duration;
  return now - age;
}

static bool is_withheld(GstBaseSink *sink, GstBuffer *buffer, oairt::Duration duration) {
  auto *priv = self_of(sink)->priv;
  if (!priv->withheld || gst_base_sink_get_sync(sink)) return false;  // from a file: not the room
  GstClockTime running =
      gst_segment_to_running_time(&sink->segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
  return GST_CLOCK_TIME_IS_VALID(running) &&
         priv->withheld(std::chrono::nanoseconds(running), duration);
}

static bool is_header(const GstMapInfo &map) {
  return map.size >= 8 &&
         (std::memcmp(map.data, "OpusHead", 8) == 0 || std::memcmp(map.data, "OpusTags", 8) == 0);
}

static GstFlowReturn render(GstBaseSink *sink, GstBuffer *buffer) {
  oairt::NoWaitScope no_wait;
  auto *self = self_of(sink);
  auto *priv = self->priv;
  GstMapInfo map;
  if (!priv->media || !gst_buffer_map(buffer, &map, GST_MAP_READ)) return GST_FLOW_OK;
  // What a demuxer passes on of the container's headers is no speech.
  bool speech = !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_HEADER) && !is_header(map);
  oairt::Duration duration = speech ? oairt::opus_duration(map.data, map.size) : oairt::Duration(0);
  gst_buffer_unmap(buffer, &map);
  if (duration <= oairt::Duration(0)) {
    if (speech && priv->not_opus++ == 0) LOG_WARNING("dropped a packet that is not Opus");
    return GST_FLOW_OK;
  }
  if (std::exchange(priv->finished, false) && priv->events.input_resumed) {
    priv->events.input_resumed();
  }
  priv->media->push({oairt::Ref<GstBuffer>::share(buffer), captured_at(sink, buffer, duration),
                     duration, is_withheld(sink, buffer, duration)});
  return GST_FLOW_OK;
}

// With the preroll lock, as the base class calls it; given up meanwhile, as it does itself.
static GstFlowReturn wait_for_release(GstBaseSink *sink) {
  auto *priv = self_of(sink)->priv;
  for (;;) {
    bool released;
    uint64_t seen;
    {
      oairt::LockGuard guard(priv->lock);
      seen = priv->unlocks;
    }
    GST_BASE_SINK_PREROLL_UNLOCK(sink);
    {
      oairt::LockGuard guard(priv->lock);
      priv->changed.wait(priv->lock, [priv, seen]() OAIRT_REQUIRES(priv->lock) {
        return priv->released || priv->unlocked || priv->unlocks != seen;
      });
      released = priv->released;
    }
    GST_BASE_SINK_PREROLL_LOCK(sink);
    if (released) return GST_FLOW_OK;
    if (sink->flushing) return GST_FLOW_FLUSHING;
    GstFlowReturn result = sink->need_preroll ? gst_base_sink_wait_preroll(sink) : GST_FLOW_OK;
    if (result != GST_FLOW_OK) return result;
  }
}

static void set_unlocked(GstBaseSink *sink, bool unlocked) {
  auto *priv = self_of(sink)->priv;
  oairt::LockGuard guard(priv->lock);
  priv->unlocked = unlocked;
  if (unlocked) ++priv->unlocks;
  priv->changed.notify_all();
}
static gboolean unlock(GstBaseSink *sink) {
  set_unlocked(sink, true);
  return TRUE;
}
static gboolean unlock_stop(GstBaseSink *sink) {
  set_unlocked(sink, false);
  return TRUE;
}

static GstFlowReturn wait_event(GstBaseSink *sink, GstEvent *event) {
  auto *priv = self_of(sink)->priv;
  GstFlowReturn result = GST_BASE_SINK_CLASS(parent_class)->wait_event(sink, event);
  if (result == GST_FLOW_OK && GST_EVENT_TYPE(event) == GST_EVENT_EOS && !priv->finished) {
    priv->finished = true;
    {
      oairt::LockGuard guard(priv->lock);
      priv->released = false;
    }
    if (priv->events.input_finished) priv->events.input_finished();
    if (priv->holds_eos) result = wait_for_release(sink);
  }
  return result;
}

static gboolean handle_event(GstBaseSink *sink, GstEvent *event) {
  auto *priv = self_of(sink)->priv;
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_STREAM_START:
    case GST_EVENT_SEGMENT:
      priv->liveness_known = false;
      break;
    case GST_EVENT_FLUSH_STOP:
      if (priv->media) priv->media->clear_uplink();
      break;
    default:
      break;
  }
  return GST_BASE_SINK_CLASS(parent_class)->event(sink, event);
}

static gboolean start(GstBaseSink *sink) {
  self_of(sink)->priv->liveness_known = false;
  return TRUE;
}

// Nothing here waits for the latency of the input, so the pipeline's other sinks need not either.
static gboolean query(GstElement *element, GstQuery *query) {
  if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY) {
    return GST_ELEMENT_CLASS(parent_class)->query(element, query);
  }
  gst_query_set_latency(query, FALSE, 0, GST_CLOCK_TIME_NONE);
  return TRUE;
}

static gboolean send_event(GstElement *element, GstEvent *event) {
  if (GST_EVENT_TYPE(event) == GST_EVENT_LATENCY) self_of(element)->priv->liveness_known = false;
  return GST_ELEMENT_CLASS(parent_class)->send_event(element, event);
}

static void finalize(GObject *object) {
  delete self_of(object)->priv;
  G_OBJECT_CLASS(parent_class)->finalize(object);
}

static void gst_openai_realtime_media_sink_init(GstOpenaiRealtimeMediaSink *self) {
  self->priv = new Private;
  // Nothing waits for a first buffer: a microphone may be silent for ever.
  gst_base_sink_set_async_enabled(GST_BASE_SINK(self), FALSE);
  gst_base_sink_set_last_sample_enabled(GST_BASE_SINK(self), FALSE);
  // A late packet is still speech.
  gst_base_sink_set_max_lateness(GST_BASE_SINK(self), -1);
}

static void gst_openai_realtime_media_sink_class_init(GstOpenaiRealtimeMediaSinkClass *klass) {
  auto *element_class = GST_ELEMENT_CLASS(klass);
  auto *sink_class = GST_BASE_SINK_CLASS(klass);
  G_OBJECT_CLASS(klass)->finalize = finalize;
  gst_element_class_add_static_pad_template(element_class, &sink_template);
  gst_element_class_set_static_metadata(
      element_class, "OpenAI Realtime media sink", "Sink/Audio/Network",
      "Hands Opus packets to a Realtime session", "gst-openai-realtime");
  element_class->query = query;
  element_class->send_event = send_event;
  sink_class->prepare = prepare;
  sink_class->render = render;
  sink_class->wait_event = wait_event;
  sink_class->event = handle_event;
  sink_class->start = start;
  sink_class->unlock = unlock;
  sink_class->unlock_stop = unlock_stop;
}

namespace oairt {

void set_events(GstOpenaiRealtimeMediaSink *sink, MediaSinkEvents events) {
  sink->priv->events = std::move(events);
}

void set_withheld(GstOpenaiRealtimeMediaSink *sink,
                  std::function<bool(Duration, Duration)> withheld) {
  sink->priv->withheld = std::move(withheld);
}

void hold_eos(GstOpenaiRealtimeMediaSink *sink, bool hold) {
  sink->priv->holds_eos = hold;
  if (!hold) release_eos(sink);
}

void release_eos(GstOpenaiRealtimeMediaSink *sink) {
  LockGuard guard(sink->priv->lock);
  sink->priv->released = true;
  sink->priv->changed.notify_all();
}

void set_media_port(GstOpenaiRealtimeMediaSink *sink, std::shared_ptr<MediaPort> media) {
  sink->priv->media = std::move(media);
}

}  // namespace oairt
