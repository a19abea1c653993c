#include "rtc/stats_sampler.h"

#include <utility>

#include <gst/webrtc/webrtc.h>

namespace oairt {
namespace {

double number(const GstStructure *entry, const char *field) {
  const GValue *value = gst_structure_get_value(entry, field);
  if (value == nullptr) return 0;
  GValue as_double = G_VALUE_INIT;
  g_value_init(&as_double, G_TYPE_DOUBLE);
  double result = g_value_transform(value, &as_double) ? g_value_get_double(&as_double) : 0;
  g_value_unset(&as_double);
  return result;
}

uint64_t count(const GstStructure *entry, const char *field) {
  double value = number(entry, field);
  return value > 0 ? static_cast<uint64_t>(value) : 0;
}

void read_entry(const GstStructure *entry, PeerStats &stats) {
  GstWebRTCStatsType type;
  if (!gst_structure_get(entry, "type", GST_TYPE_WEBRTC_STATS_TYPE, &type, nullptr)) return;
  switch (type) {
    case GST_WEBRTC_STATS_INBOUND_RTP:
      stats.packets_received = count(entry, "packets-received");
      stats.bytes_received = count(entry, "bytes-received");
      stats.packets_lost = static_cast<int64_t>(number(entry, "packets-lost"));
      stats.jitter_ms = number(entry, "jitter") * 1000;
      break;
    case GST_WEBRTC_STATS_OUTBOUND_RTP:
      stats.packets_sent = count(entry, "packets-sent");
      stats.bytes_sent = count(entry, "bytes-sent");
      break;
    case GST_WEBRTC_STATS_REMOTE_INBOUND_RTP:
      stats.rtt_ms = number(entry, "round-trip-time") * 1000;
      break;
    default:
      break;
  }
}

}  // namespace

PeerStats StatsSampler::parse(const GstStructure *stats) {
  PeerStats result;
  if (stats == nullptr) return result;
  gst_structure_foreach(
      stats,
      [](GQuark, const GValue *value, gpointer data) -> gboolean {
        if (GST_VALUE_HOLDS_STRUCTURE(value)) {
          read_entry(gst_value_get_structure(value), *static_cast<PeerStats *>(data));
        }
        return TRUE;
      },
      &result);
  return result;
}

void StatsSampler::ask(GstElement *webrtcbin, Operations &operations) {
  if (std::exchange(asking_, true)) return;
  auto promise = operations.promise([box = mailbox_, this](GstPromise *done) {
    // Parsed here, on webrtcbin's thread: only plain numbers travel.
    PeerStats stats;
    bool replied = gst_promise_wait(done) == GST_PROMISE_RESULT_REPLIED;
    if (replied) stats = parse(gst_promise_get_reply(done));
    box->post([this, stats, replied] {
      asking_ = false;
      if (replied) last_ = stats;
    });
  });
  g_signal_emit_by_name(webrtcbin, "get-stats", nullptr, promise.get());
}

}  // namespace oairt
