#include "rtc/ice_gobject.h"

#include <string>
#include <utility>
#include <vector>

#include <gst/webrtc/icestream.h>
#include <gst/webrtc/icetransport.h>

#include "base/log.h"
#include "rtc/ice_core.h"
#include "rtc/ice_elements.h"
#include "rtc/ice_stats.h"

OAIRT_LOG_USE(ice)

namespace oairt {

using CoreRef = std::shared_ptr<IceCore>;

// ---- transport ----

struct OairtIceTransport {
  GstWebRTCICETransport parent;
};
struct OairtIceTransportClass {
  GstWebRTCICETransportClass parent_class;
};

G_DEFINE_TYPE(OairtIceTransport, oairt_ice_transport, GST_TYPE_WEBRTC_ICE_TRANSPORT)

static void oairt_ice_transport_finalize(GObject *object) {
  auto *transport = reinterpret_cast<GstWebRTCICETransport *>(object);
  gst_clear_object(&transport->src);
  gst_clear_object(&transport->sink);
  G_OBJECT_CLASS(oairt_ice_transport_parent_class)->finalize(object);
}

static void oairt_ice_transport_class_init(OairtIceTransportClass *klass) {
  G_OBJECT_CLASS(klass)->finalize = oairt_ice_transport_finalize;
}

static void oairt_ice_transport_init(OairtIceTransport *) {}

static GstWebRTCICETransport *make_transport(const CoreRef &core, GstWebRTCICEComponent component) {
  auto channel = core ? core->channel()
                      : std::make_shared<IceChannel>(Duration::zero(), Duration::zero(),
                                                     Duration::zero(), [] {});
  bool controlling = core && core->controlling();
  auto *transport = static_cast<GstWebRTCICETransport *>(
      g_object_new(oairt_ice_transport_get_type(), "component", component, nullptr));
  gst_object_ref_sink(transport);
  transport->role = controlling ? GST_WEBRTC_ICE_ROLE_CONTROLLING : GST_WEBRTC_ICE_ROLE_CONTROLLED;
  // webrtcbin takes the elements into its bins; these references keep the pointers valid for as
  // long as it may read them.
  transport->src = GST_ELEMENT(gst_object_ref_sink(make_ice_src(channel)));
  transport->sink = GST_ELEMENT(gst_object_ref_sink(make_ice_sink(channel)));
  if (core) core->attach_transport(transport);
  return transport;
}

// ---- stream ----

struct OairtIceStream {
  GstWebRTCICEStream parent;
  CoreRef *core;  // empty for a stream beyond the bundle
  GWeakRef transport;
};
struct OairtIceStreamClass {
  GstWebRTCICEStreamClass parent_class;
};

G_DEFINE_TYPE(OairtIceStream, oairt_ice_stream, GST_TYPE_WEBRTC_ICE_STREAM)

static OairtIceStream *ice_stream(gpointer object) { return static_cast<OairtIceStream *>(object); }

static GstWebRTCICETransport *oairt_ice_stream_find_transport(GstWebRTCICEStream *stream,
                                                              GstWebRTCICEComponent component) {
  OairtIceStream *self = ice_stream(stream);
  if (auto *known = static_cast<GstWebRTCICETransport *>(g_weak_ref_get(&self->transport))) {
    return known;
  }
  GstWebRTCICETransport *transport = make_transport(*self->core, component);
  g_weak_ref_set(&self->transport, transport);
  return transport;
}

// The offer carries no candidates and a path gathers only when the peer is known, so for webrtcbin
// gathering is over before it began.
static gboolean oairt_ice_stream_gather(GstWebRTCICEStream *stream) {
  auto transport = Ref<GstWebRTCICETransport>::adopt(
      static_cast<GstWebRTCICETransport *>(g_weak_ref_get(&ice_stream(stream)->transport)));
  if (transport) {
    gst_webrtc_ice_transport_gathering_state_change(transport.get(),
                                                    GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE);
  }
  return TRUE;
}

static void oairt_ice_stream_finalize(GObject *object) {
  OairtIceStream *self = ice_stream(object);
  g_weak_ref_clear(&self->transport);
  delete self->core;
  G_OBJECT_CLASS(oairt_ice_stream_parent_class)->finalize(object);
}

static void oairt_ice_stream_class_init(OairtIceStreamClass *klass) {
  G_OBJECT_CLASS(klass)->finalize = oairt_ice_stream_finalize;
  auto *stream_class = GST_WEBRTC_ICE_STREAM_CLASS(klass);
  stream_class->find_transport = oairt_ice_stream_find_transport;
  stream_class->gather_candidates = oairt_ice_stream_gather;
}

static void oairt_ice_stream_init(OairtIceStream *self) {
  self->core = new CoreRef;
  g_weak_ref_init(&self->transport, nullptr);
}

// ---- agent ----

struct OairtIcePrivate {
  CoreRef core;
  std::vector<std::pair<guint, Ref<GstWebRTCICEStream>>> streams;  // under the object lock
  std::string stun, turn, proxy;  // without user and password; under the object lock
  gpointer candidate_data = nullptr;
  GDestroyNotify candidate_notify = nullptr;
};

struct OairtIce {
  GstWebRTCICE parent;
  OairtIcePrivate *priv;
};
struct OairtIceClass {
  GstWebRTCICEClass parent_class;
};

G_DEFINE_TYPE(OairtIce, oairt_ice, GST_TYPE_WEBRTC_ICE)

static OairtIcePrivate &priv(gpointer object) { return *static_cast<OairtIce *>(object)->priv; }
static IceCore &core(gpointer object) { return *priv(object).core; }

static GstWebRTCICEStream *oairt_ice_add_stream(GstWebRTCICE *ice, guint session_id) {
  auto *stream = static_cast<GstWebRTCICEStream *>(
      g_object_new(oairt_ice_stream_get_type(), "stream-id", session_id, nullptr));
  gst_object_ref_sink(stream);
  GST_OBJECT_LOCK(ice);
  bool first = priv(ice).streams.empty();
  priv(ice).streams.emplace_back(session_id, Ref<GstWebRTCICEStream>::share(stream));
  GST_OBJECT_UNLOCK(ice);
  if (first) {
    *ice_stream(stream)->core = priv(ice).core;
  } else {
    // Everything is bundled on one transport; this one stays silent.
    LOG_WARNING("stream %u is not part of the bundle and will not connect", session_id);
  }
#if GST_CHECK_VERSION(1, 27, 0)
  return stream;
#else
  gst_object_unref(stream);  // the list above owns it; webrtcbin borrows
  return stream;
#endif
}

static GstWebRTCICETransport *oairt_ice_find_transport(GstWebRTCICE *, GstWebRTCICEStream *stream,
                                                       GstWebRTCICEComponent component) {
  return gst_webrtc_ice_stream_find_transport(stream, component);
}

static gboolean oairt_ice_gather(GstWebRTCICE *, GstWebRTCICEStream *stream) {
  return gst_webrtc_ice_stream_gather_candidates(stream);
}

// Null for a stream beyond the bundle.
static IceCore *core_of(GstWebRTCICEStream *stream) { return ice_stream(stream)->core->get(); }

static IceSnapshot snapshot_of(GstWebRTCICEStream *stream) {
  IceCore *core = core_of(stream);
  return core != nullptr ? core->snapshot() : IceSnapshot{};
}

static void add_candidate(GstWebRTCICEStream *stream, const gchar *candidate) {
  if (IceCore *core = core_of(stream)) core->add_candidate(candidate);
}
#if GST_CHECK_VERSION(1, 23, 0)
static void oairt_ice_add_candidate(GstWebRTCICE *, GstWebRTCICEStream *stream,
                                    const gchar *candidate, GstPromise *promise) {
  add_candidate(stream, candidate);
  if (promise != nullptr) gst_promise_reply(promise, nullptr);
}
#else
static void oairt_ice_add_candidate(GstWebRTCICE *, GstWebRTCICEStream *stream,
                                    const gchar *candidate) {
  add_candidate(stream, candidate);
}
#endif

static gboolean oairt_ice_set_local_credentials(GstWebRTCICE *, GstWebRTCICEStream *stream,
                                                const gchar *ufrag, const gchar *pwd) {
  IceCore *core = core_of(stream);
  return core == nullptr || core->set_local(ufrag, pwd);
}

static gboolean oairt_ice_set_remote_credentials(GstWebRTCICE *, GstWebRTCICEStream *stream,
                                                 const gchar *ufrag, const gchar *pwd) {
  IceCore *core = core_of(stream);
  return core == nullptr || core->set_remote(ufrag, pwd);
}

// Properties end up in dot files and debug logs: what is read back has no user and password.
static std::string without_credentials(const gchar *uri) {
  std::string text = uri != nullptr ? uri : "";
  std::size_t at = text.rfind('@');
  if (at == std::string::npos) return text;
  return text.substr(0, text.find(':')) + "://" + text.substr(at + 1);
}

static void remember(GstWebRTCICE *ice, std::string OairtIcePrivate::*field, const gchar *uri) {
  GST_OBJECT_LOCK(ice);
  priv(ice).*field = without_credentials(uri);
  GST_OBJECT_UNLOCK(ice);
}

static gchar *recall(GstWebRTCICE *ice, std::string OairtIcePrivate::*field) {
  GST_OBJECT_LOCK(ice);
  const std::string &text = priv(ice).*field;
  gchar *copy = text.empty() ? nullptr : g_strdup(text.c_str());
  GST_OBJECT_UNLOCK(ice);
  return copy;
}

static gboolean oairt_ice_add_turn_server(GstWebRTCICE *ice, const gchar *uri) {
  return uri != nullptr && core(ice).add_turn(uri, false);
}

static void oairt_ice_set_turn_server(GstWebRTCICE *ice, const gchar *uri) {
  if (core(ice).add_turn(uri, true)) remember(ice, &OairtIcePrivate::turn, uri);
}

static gchar *oairt_ice_get_turn_server(GstWebRTCICE *ice) {
  return recall(ice, &OairtIcePrivate::turn);
}

static void oairt_ice_set_stun_server(GstWebRTCICE *ice, const gchar *uri) {
  if (core(ice).set_stun(uri)) remember(ice, &OairtIcePrivate::stun, uri);
}

static gchar *oairt_ice_get_stun_server(GstWebRTCICE *ice) {
  return recall(ice, &OairtIcePrivate::stun);
}

static void oairt_ice_set_http_proxy(GstWebRTCICE *ice, const gchar *uri) {
  if (core(ice).set_proxy(uri)) remember(ice, &OairtIcePrivate::proxy, uri);
}

static gchar *oairt_ice_get_http_proxy(GstWebRTCICE *ice) {
  return recall(ice, &OairtIcePrivate::proxy);
}

static void oairt_ice_set_is_controller(GstWebRTCICE *ice, gboolean controller) {
  core(ice).set_controlling(controller != FALSE);
}

static gboolean oairt_ice_get_is_controller(GstWebRTCICE *ice) { return core(ice).controlling(); }

static void oairt_ice_set_force_relay(GstWebRTCICE *ice, gboolean force_relay) {
  core(ice).set_relay_only(force_relay != FALSE);
}

static void oairt_ice_set_tos(GstWebRTCICE *, GstWebRTCICEStream *stream, guint tos) {
  if (IceCore *core = core_of(stream)) core->set_tos(tos);
}

static void oairt_ice_set_on_ice_candidate(GstWebRTCICE *ice, GstWebRTCICEOnCandidateFunc,
                                           gpointer user_data, GDestroyNotify notify) {
  // No candidate is ever signalled; only the data's owner has to be told when it is done with.
  OairtIcePrivate &self = priv(ice);
  gpointer old = std::exchange(self.candidate_data, user_data);
  if (GDestroyNotify old_notify = std::exchange(self.candidate_notify, notify)) old_notify(old);
}

static GstWebRTCICECandidateStats **oairt_ice_get_local_candidates(GstWebRTCICE *,
                                                                   GstWebRTCICEStream *stream) {
  return make_candidate_list(snapshot_of(stream).local, stream->stream_id);
}

static GstWebRTCICECandidateStats **oairt_ice_get_remote_candidates(GstWebRTCICE *,
                                                                    GstWebRTCICEStream *stream) {
  return make_candidate_list(snapshot_of(stream).remote, stream->stream_id);
}

static gboolean oairt_ice_get_selected_pair(GstWebRTCICE *, GstWebRTCICEStream *stream,
                                            GstWebRTCICECandidateStats **local,
                                            GstWebRTCICECandidateStats **remote) {
  if (stream == nullptr) return FALSE;
  IceSnapshot snapshot = snapshot_of(stream);
  if (!snapshot.selected_local || !snapshot.selected_remote) return FALSE;
  *local = make_candidate_stats(*snapshot.selected_local, stream->stream_id);
  *remote = make_candidate_stats(*snapshot.selected_remote, stream->stream_id);
  return TRUE;
}

#if GST_CHECK_VERSION(1, 27, 0)
static void oairt_ice_close(GstWebRTCICE *ice, GstPromise *promise) {
  core(ice).request_close();
  if (promise != nullptr) gst_promise_reply(promise, nullptr);
}
#endif

static void oairt_ice_finalize(GObject *object) {
  OairtIcePrivate &self = priv(object);
  if (self.candidate_notify != nullptr) self.candidate_notify(self.candidate_data);
  delete &self;
  G_OBJECT_CLASS(oairt_ice_parent_class)->finalize(object);
}

static void oairt_ice_class_init(OairtIceClass *klass) {
  G_OBJECT_CLASS(klass)->finalize = oairt_ice_finalize;
  auto *ice = reinterpret_cast<GstWebRTCICEClass *>(klass);
  ice->add_stream = oairt_ice_add_stream;
  ice->find_transport = oairt_ice_find_transport;
  ice->gather_candidates = oairt_ice_gather;
  ice->add_candidate = oairt_ice_add_candidate;
  ice->set_local_credentials = oairt_ice_set_local_credentials;
  ice->set_remote_credentials = oairt_ice_set_remote_credentials;
  ice->add_turn_server = oairt_ice_add_turn_server;
  ice->set_is_controller = oairt_ice_set_is_controller;
  ice->get_is_controller = oairt_ice_get_is_controller;
  ice->set_force_relay = oairt_ice_set_force_relay;
  ice->set_stun_server = oairt_ice_set_stun_server;
  ice->get_stun_server = oairt_ice_get_stun_server;
  ice->set_turn_server = oairt_ice_set_turn_server;
  ice->get_turn_server = oairt_ice_get_turn_server;
  ice->set_http_proxy = oairt_ice_set_http_proxy;
  ice->get_http_proxy = oairt_ice_get_http_proxy;
  ice->set_tos = oairt_ice_set_tos;
  ice->set_on_ice_candidate = oairt_ice_set_on_ice_candidate;
  ice->get_local_candidates = oairt_ice_get_local_candidates;
  ice->get_remote_candidates = oairt_ice_get_remote_candidates;
  ice->get_selected_pair = oairt_ice_get_selected_pair;
#if GST_CHECK_VERSION(1, 27, 0)
  ice->close = oairt_ice_close;
#endif
}

static void oairt_ice_init(OairtIce *self) { self->priv = new OairtIcePrivate; }

GstWebRTCICE *make_ice_object(std::shared_ptr<IceCore> core) {
  auto *ice = static_cast<GstWebRTCICE *>(g_object_new(oairt_ice_get_type(), nullptr));
  gst_object_ref_sink(ice);
  priv(ice).core = std::move(core);
  return ice;
}

}  // namespace oairt
