#define GLIB_DISABLE_DEPRECATION_WARNINGS  // the sources come in a GValueArray
#include "rtc/stats_sampler.h"

namespace oairt {
namespace {

// All media is bundled, and the first of a bundle names the session.
constexpr guint kSession = 0;

guint unsigned_field(const GstStructure *source, const char *name) {
  guint value = 0;
  gst_structure_get_uint(source, name, &value);
  return value;
}

bool is_set(const GstStructure *source, const char *name) {
  gboolean value = FALSE;
  return gst_structure_get_boolean(source, name, &value) && value;
}

void read_received(const GstStructure *source, PeerStats &stats) {
  gst_structure_get_uint64(source, "packets-received", &stats.packets_received);
  int clock_rate = 0;
  gst_structure_get_int(source, "clock-rate", &clock_rate);
  if (clock_rate > 0) stats.jitter_ms = unsigned_field(source, "jitter") * 1000.0 / clock_rate;
}

void read_report(const GstStructure *source, PeerStats &stats) {
  int lost = 0;
  guint highest = 0;
  if (!gst_structure_get_uint(source, "rb-exthighestseq", &highest) ||
      !gst_structure_get_int(source, "rb-packetslost", &lost)) {
    return;
  }
  stats.report = {highest, lost, unsigned_field(source, "rb-jitter") * 1000.0 / kSampleRate};
}

void read_source(const GstStructure *source, PeerStats &stats) {
  // The peer's report about what we send. It is the peer's in some versions, ours in others.
  if (is_set(source, "have-rb")) {
    guint round_trip = unsigned_field(source, "rb-round-trip");  // in units of 2^-16 s
    if (round_trip > 0) stats.rtt_ms = round_trip * 1000.0 / 65536;
    read_report(source, stats);
  }
  if (is_set(source, "internal")) return;
  // Of several streams the liveliest: it is the voice.
  guint64 packets = 0;
  gst_structure_get_uint64(source, "packets-received", &packets);
  if (packets > stats.packets_received) read_received(source, stats);
}

UniqueStructure stats_of(GObject *object) {
  GstStructure *stats = nullptr;
  g_object_get(object, "stats", &stats, nullptr);
  return UniqueStructure(stats);
}

// What the jitter buffers miss. The session's own count is one too low: the packet by which a new
// stream is believed counts twice.
int64_t lost_packets(GstElement *rtpbin) {
  uint64_t lost = 0;
  GstIterator *it = gst_bin_iterate_all_by_element_factory_name(GST_BIN(rtpbin), "rtpjitterbuffer");
  GValue item = G_VALUE_INIT;
  while (gst_iterator_next(it, &item) == GST_ITERATOR_OK) {
    guint64 count = 0;
    UniqueStructure stats = stats_of(G_OBJECT(g_value_get_object(&item)));
    if (stats && gst_structure_get_uint64(stats.get(), "num-lost", &count)) lost += count;
    g_value_reset(&item);
  }
  g_value_unset(&item);
  gst_iterator_free(it);
  return static_cast<int64_t>(lost);
}

}  // namespace

PeerStats StatsSampler::parse(const GstStructure *session_stats) {
  PeerStats result;
  if (session_stats == nullptr) return result;
  const GValue *field = gst_structure_get_value(session_stats, "source-stats");
  if (field == nullptr || !G_VALUE_HOLDS(field, G_TYPE_VALUE_ARRAY)) return result;
  auto *sources = static_cast<GValueArray *>(g_value_get_boxed(field));
  for (guint i = 0; sources != nullptr && i < sources->n_values; ++i) {
    const GValue &source = sources->values[i];
    if (GST_VALUE_HOLDS_STRUCTURE(&source)) {
      read_source(gst_value_get_structure(&source), result);
    }
  }
  return result;
}

PeerStats StatsSampler::sample(GstElement *webrtcbin) {
  auto rtpbin = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(webrtcbin), "rtpbin"));
  if (!rtpbin) return {};
  if (!session_) {
    GObject *session = nullptr;
    g_signal_emit_by_name(rtpbin.get(), "get-internal-session", kSession, &session);
    session_ = Ref<GObject>::adopt(session);
    if (!session_) return {};
  }
  PeerStats stats = parse(stats_of(session_.get()).get());
  stats.packets_lost = lost_packets(rtpbin.get());
  return stats;
}

}  // namespace oairt
