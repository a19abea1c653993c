/**
 * SECTION:element-openairealtimebin
 * @title: openairealtimebin
 * @see_also: openairealtimesink, openairealtimesrc
 *
 * Speech in, a model's speech out: openairealtimesink and openairealtimesrc in one element, with
 * the properties and signals of both. What is said of them is true here.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 pulsesrc ! openairealtimebin voice=marin ! pulsesink
 * ]|
 * Talks with the model over microphone and loudspeaker; the key is taken from OPENAI_API_KEY.
 */
#include "gstopenairealtimebin.h"

#include "base/ref.h"
#include "caption_pad.h"
#include "element_core.h"
#include "gstopenairealtimesignals.h"
#include "gstopenairealtimesink.h"
#include "gstopenairealtimesrc.h"
#include "input_caps.h"

namespace {

struct Private {
  explicit Private(GstElement *element) : core(element) {}

  oairt::ElementCore core;
  GstElement *sink = nullptr, *src = nullptr;  // owned by the bin
};

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

// The session's settings stay here; what one direction acts on by itself goes on to it.
static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
  auto *priv = priv_of(object);
  priv->core.set_property(id, value, spec);
  const oairt::PropertyRow *row = oairt::property_row(id);
  if (row == nullptr || row->scope == oairt::Scope::Session) return;
  if (row->carrier == oairt::Carrier::AudioIn) {
    g_object_set_property(G_OBJECT(priv->sink), row->name, value);
  } else {
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
  }
  return priv->core.change_state(GST_ELEMENT_CLASS(parent_class), transition);
}

// Captions come from the source, which knows what is heard when.
static GstPad *request_new_pad(GstElement *element, GstPadTemplate *templ, const gchar *,
                               const GstCaps *) {
  auto *priv = priv_of(element);
  const char *name = GST_PAD_TEMPLATE_NAME_TEMPLATE(templ);
  auto existing = oairt::Ref<GstPad>::adopt(gst_element_get_static_pad(element, name));
  if (existing) return nullptr;
  auto target = oairt::Ref<GstPad>::adopt(gst_element_request_pad_simple(priv->src, name));
  if (!target) return nullptr;
  GstPad *ghost = gst_ghost_pad_new_from_template(name, target.get(), templ);
  bool running =
      GST_STATE(element) > GST_STATE_READY || GST_STATE_NEXT(element) == GST_STATE_PAUSED;
  if (running) gst_pad_set_active(ghost, TRUE);
  gst_element_add_pad(element, ghost);
  return ghost;
}

static void release_pad(GstElement *element, GstPad *pad) {
  auto *priv = priv_of(element);
  auto target = oairt::Ref<GstPad>::adopt(gst_ghost_pad_get_target(GST_GHOST_PAD(pad)));
  // Its thread ends first: it pushes through the ghost.
  if (target) gst_element_release_request_pad(priv->src, target.get());
  gst_pad_set_active(pad, FALSE);
  gst_element_remove_pad(element, pad);
}

static GstElement *add_child(GstOpenaiRealtimeBin *self, GType type, const char *name) {
  auto *child = GST_ELEMENT_CAST(g_object_new(type, "name", name, nullptr));
  oairt::ElementCore::of(child)->set_hosted();
  gst_bin_add(GST_BIN(self), child);
  return child;
}

static void add_ghost(GstOpenaiRealtimeBin *self, GstElement *child, const char *name) {
  GstPadTemplate *templ = gst_element_class_get_pad_template(GST_ELEMENT_GET_CLASS(self), name);
  auto target = oairt::Ref<GstPad>::adopt(gst_element_get_static_pad(child, name));
  gst_element_add_pad(GST_ELEMENT_CAST(self),
                      gst_ghost_pad_new_from_template(name, target.get(), templ));
}

static void gst_openai_realtime_bin_init(GstOpenaiRealtimeBin *self) {
  auto *priv = self->priv = new Private(GST_ELEMENT_CAST(self));
  priv->sink = add_child(self, GST_TYPE_OPENAI_REALTIME_SINK, "sink");
  priv->src = add_child(self, GST_TYPE_OPENAI_REALTIME_SRC, "src");
  add_ghost(self, priv->sink, "sink");
  add_ghost(self, priv->src, "src");
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
  gst_element_class_set_static_metadata(
      element_class, "OpenAI Realtime bin", "Source/Sink/Audio/Network",
      "Talks with a model of the OpenAI Realtime API over WebRTC: speech in, speech out",
      "gst-openai-realtime");
}
