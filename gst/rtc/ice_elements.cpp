#include "rtc/ice_elements.h"

#include <atomic>
#include <utility>

#include <gst/base/gstbasesink.h>
#include <gst/base/gstpushsrc.h>

#include "rtc/ice_channel.h"

namespace oairt {
namespace {

using ChannelRef = std::shared_ptr<IceChannel>;

GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

}  // namespace

// ---- source ----

struct OairtIceSrc {
  GstPushSrc parent;
  ChannelRef *channel;
  std::atomic<bool> *pausing;
};
struct OairtIceSrcClass {
  GstPushSrcClass parent_class;
};

G_DEFINE_TYPE(OairtIceSrc, oairt_ice_src, GST_TYPE_PUSH_SRC)

static OairtIceSrc *ice_src(gpointer object) { return static_cast<OairtIceSrc *>(object); }

// The time of arrival, not of delivery: the jitter buffer above measures the network by it.
static void stamp(GstElement *element, const InboundPacket &packet) {
  auto clock = Ref<GstClock>::adopt(gst_element_get_clock(element));
  GstClockTime base = gst_element_get_base_time(element);
  if (!clock || !GST_CLOCK_TIME_IS_VALID(base)) return;
  auto waited =
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - packet.arrival).count();
  GstClockTime age = static_cast<GstClockTime>(std::max<decltype(waited)>(waited, 0));
  GstClockTime now = gst_clock_get_time(clock.get());
  GstClockTime time = now > base + age ? now - base - age : 0;
  GST_BUFFER_PTS(packet.buffer.get()) = GST_BUFFER_DTS(packet.buffer.get()) = time;
}

static GstFlowReturn oairt_ice_src_create(GstPushSrc *src, GstBuffer **buffer) {
  auto packet = (*ice_src(src)->channel)->pop();
  if (!packet) return GST_FLOW_FLUSHING;
  stamp(GST_ELEMENT(src), *packet);
  *buffer = packet->buffer.take();
  return GST_FLOW_OK;
}

static GstStateChangeReturn oairt_ice_src_change_state(GstElement *element,
                                                       GstStateChange transition) {
  std::atomic<bool> &pausing = *ice_src(element)->pausing;
  pausing = transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED;
  auto result = GST_ELEMENT_CLASS(oairt_ice_src_parent_class)->change_state(element, transition);
  pausing = false;
  return result;
}

// From 1.24 on the base class also asks for this at a pause. Its task would end by it, and stay
// ended when PLAYING comes before that; a packet that comes in a pause it drops by itself.
static gboolean oairt_ice_src_unlock(GstBaseSrc *src) {
  if (!*ice_src(src)->pausing) (*ice_src(src)->channel)->set_flushing(true);
  return TRUE;
}

static gboolean oairt_ice_src_unlock_stop(GstBaseSrc *src) {
  (*ice_src(src)->channel)->set_flushing(false);
  return TRUE;
}

static gboolean oairt_ice_src_is_seekable(GstBaseSrc *) { return FALSE; }

static void oairt_ice_src_finalize(GObject *object) {
  delete ice_src(object)->channel;
  delete ice_src(object)->pausing;
  G_OBJECT_CLASS(oairt_ice_src_parent_class)->finalize(object);
}

static void oairt_ice_src_class_init(OairtIceSrcClass *klass) {
  G_OBJECT_CLASS(klass)->finalize = oairt_ice_src_finalize;
  GST_ELEMENT_CLASS(klass)->change_state = oairt_ice_src_change_state;
  auto *base = GST_BASE_SRC_CLASS(klass);
  base->unlock = oairt_ice_src_unlock;
  base->unlock_stop = oairt_ice_src_unlock_stop;
  base->is_seekable = oairt_ice_src_is_seekable;
  GST_PUSH_SRC_CLASS(klass)->create = oairt_ice_src_create;
  gst_element_class_add_static_pad_template(GST_ELEMENT_CLASS(klass), &src_template);
  gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(klass), "ICE source", "Source/Network",
                                        "Packets of every path of an ICE agent",
                                        "gst-openai-realtime");
}

static void oairt_ice_src_init(OairtIceSrc *self) {
  self->channel = new ChannelRef;
  self->pausing = new std::atomic<bool>(false);
  gst_base_src_set_live(GST_BASE_SRC(self), TRUE);
  gst_base_src_set_format(GST_BASE_SRC(self), GST_FORMAT_TIME);
  gst_base_src_set_do_timestamp(GST_BASE_SRC(self), TRUE);
}

// ---- sink ----

struct OairtIceSink {
  GstBaseSink parent;
  ChannelRef *channel;
};
struct OairtIceSinkClass {
  GstBaseSinkClass parent_class;
};

G_DEFINE_TYPE(OairtIceSink, oairt_ice_sink, GST_TYPE_BASE_SINK)

static OairtIceSink *ice_sink(gpointer object) { return static_cast<OairtIceSink *>(object); }

// A packet that cannot be sent is a lost packet, which every protocol above can live with.
static GstFlowReturn oairt_ice_sink_render(GstBaseSink *sink, GstBuffer *buffer) {
  GstMapInfo map;
  if (gst_buffer_map(buffer, &map, GST_MAP_READ)) {
    (*ice_sink(sink)->channel)->send(map.data, map.size);
    gst_buffer_unmap(buffer, &map);
  }
  return GST_FLOW_OK;
}

static void oairt_ice_sink_finalize(GObject *object) {
  delete ice_sink(object)->channel;
  G_OBJECT_CLASS(oairt_ice_sink_parent_class)->finalize(object);
}

static void oairt_ice_sink_class_init(OairtIceSinkClass *klass) {
  G_OBJECT_CLASS(klass)->finalize = oairt_ice_sink_finalize;
  GST_BASE_SINK_CLASS(klass)->render = oairt_ice_sink_render;
  gst_element_class_add_static_pad_template(GST_ELEMENT_CLASS(klass), &sink_template);
  gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(klass), "ICE sink", "Sink/Network",
                                        "Packets to the path an ICE agent has in use",
                                        "gst-openai-realtime");
}

static void oairt_ice_sink_init(OairtIceSink *self) {
  self->channel = new ChannelRef;
  gst_base_sink_set_sync(GST_BASE_SINK(self), FALSE);
  gst_base_sink_set_async_enabled(GST_BASE_SINK(self), FALSE);
  gst_base_sink_set_last_sample_enabled(GST_BASE_SINK(self), FALSE);
}

// ---- makers ----

GstElement *make_ice_src(std::shared_ptr<IceChannel> channel) {
  auto *element = static_cast<GstElement *>(g_object_new(oairt_ice_src_get_type(), nullptr));
  *ice_src(element)->channel = std::move(channel);
  return element;
}

GstElement *make_ice_sink(std::shared_ptr<IceChannel> channel) {
  auto *element = static_cast<GstElement *>(g_object_new(oairt_ice_sink_get_type(), nullptr));
  *ice_sink(element)->channel = std::move(channel);
  return element;
}

}  // namespace oairt
