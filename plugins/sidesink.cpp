#include "sidesink.h"

#include <atomic>
#include <utility>

#include "base/ref.h"
#include "element_core.h"

namespace {

struct Private {
  oairt::SideSinkHandlers handlers;
  oairt::Ref<GstCaps> taken;
  std::atomic<bool> liveness_known{false};
};

GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

}  // namespace

struct _GstOpenaiRealtimeSideSink {
  GstBaseSink parent;
  Private *priv;
};

G_DEFINE_TYPE(GstOpenaiRealtimeSideSink, gst_openai_realtime_side_sink, GST_TYPE_BASE_SINK)

#define parent_class gst_openai_realtime_side_sink_parent_class

static Private *priv_of(gpointer object) { return GST_OPENAI_REALTIME_SIDE_SINK(object)->priv; }

static GstCaps *get_caps(GstBaseSink *sink, GstCaps *filter) {
  GstCaps *caps = priv_of(sink)->taken.get();
  if (filter == nullptr) return gst_caps_ref(caps);
  return gst_caps_intersect_full(filter, caps, GST_CAPS_INTERSECT_FIRST);
}

// Live input comes at its own pace, all else is paced to the clock.
static GstFlowReturn prepare(GstBaseSink *sink, GstBuffer *) {
  auto *priv = priv_of(sink);
  if (priv->liveness_known) return GST_FLOW_OK;
  auto query = oairt::Ref<GstQuery>::adopt(gst_query_new_latency());
  if (!gst_pad_peer_query(GST_BASE_SINK_PAD(sink), query.get())) return GST_FLOW_OK;
  gboolean live = FALSE;
  gst_query_parse_latency(query.get(), &live, nullptr, nullptr);
  gst_base_sink_set_sync(sink, !live);
  priv->liveness_known = true;
  return GST_FLOW_OK;
}

static GstFlowReturn render(GstBaseSink *sink, GstBuffer *buffer) {
  oairt::NoWaitScope no_wait;
  auto *priv = priv_of(sink);
  auto caps = oairt::Ref<GstCaps>::adopt(gst_pad_get_current_caps(GST_BASE_SINK_PAD(sink)));
  if (gst_buffer_get_size(buffer) > 0) priv->handlers.buffer(buffer, caps.get());
  return GST_FLOW_OK;
}

static GstFlowReturn wait_event(GstBaseSink *sink, GstEvent *event) {
  GstFlowReturn result = GST_BASE_SINK_CLASS(parent_class)->wait_event(sink, event);
  if (result == GST_FLOW_OK && GST_EVENT_TYPE(event) == GST_EVENT_EOS) {
    auto &eos = priv_of(sink)->handlers.eos;
    if (eos) eos();
  }
  return result;
}

static gboolean handle_event(GstBaseSink *sink, GstEvent *event) {
  GstEventType type = GST_EVENT_TYPE(event);
  if (type == GST_EVENT_STREAM_START || type == GST_EVENT_SEGMENT) {
    priv_of(sink)->liveness_known = false;
  }
  return GST_BASE_SINK_CLASS(parent_class)->event(sink, event);
}

static gboolean handle_query(GstBaseSink *sink, GstQuery *query) {
  auto &drain = priv_of(sink)->handlers.drain;
  if (GST_QUERY_TYPE(query) == GST_QUERY_DRAIN && drain) drain();
  return GST_BASE_SINK_CLASS(parent_class)->query(sink, query);
}

static gboolean stop(GstBaseSink *sink) {
  auto &handler = priv_of(sink)->handlers.stop;
  if (handler) handler();
  return TRUE;
}

// Nothing here waits for the latency of the input, so the pipeline's other sinks need not either.
static gboolean element_query(GstElement *element, GstQuery *query) {
  if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY) {
    return GST_ELEMENT_CLASS(parent_class)->query(element, query);
  }
  gst_query_set_latency(query, FALSE, 0, GST_CLOCK_TIME_NONE);
  return TRUE;
}

static void finalize(GObject *object) {
  delete priv_of(object);
  G_OBJECT_CLASS(parent_class)->finalize(object);
}

static void gst_openai_realtime_side_sink_init(GstOpenaiRealtimeSideSink *self) {
  self->priv = new Private;
  auto *sink = GST_BASE_SINK(self);
  gst_base_sink_set_async_enabled(sink, FALSE);
  gst_base_sink_set_last_sample_enabled(sink, FALSE);
  gst_base_sink_set_max_lateness(sink, -1);
  // A bin waits for the EOS of its sinks: an idle text pad has none.
  GST_OBJECT_FLAG_UNSET(self, GST_ELEMENT_FLAG_SINK);
}

static void gst_openai_realtime_side_sink_class_init(GstOpenaiRealtimeSideSinkClass *klass) {
  auto *element_class = GST_ELEMENT_CLASS(klass);
  auto *sink_class = GST_BASE_SINK_CLASS(klass);
  G_OBJECT_CLASS(klass)->finalize = finalize;
  gst_element_class_add_static_pad_template(element_class, &sink_template);
  gst_element_class_set_static_metadata(element_class, "OpenAI Realtime side sink", "Sink/Network",
                                        "Hands text or pictures to a Realtime session",
                                        "gst-openai-realtime");
  element_class->query = element_query;
  sink_class->get_caps = get_caps;
  sink_class->prepare = prepare;
  sink_class->render = render;
  sink_class->wait_event = wait_event;
  sink_class->event = handle_event;
  sink_class->query = handle_query;
  sink_class->stop = stop;
}

namespace oairt {

GstElement *make_side_sink(const char *name, GstCaps *caps, SideSinkHandlers handlers) {
  auto *element =
      GST_ELEMENT_CAST(g_object_new(GST_TYPE_OPENAI_REALTIME_SIDE_SINK, "name", name, nullptr));
  auto *priv = priv_of(element);
  priv->taken = Ref<GstCaps>::share(caps);
  priv->handlers = std::move(handlers);
  return element;
}

}  // namespace oairt
