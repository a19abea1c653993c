#include "gstopenairealtimemessages.h"

namespace oairt {
namespace {

const char *text(const std::string &value) { return value.c_str(); }

UniqueStructure adopt(GstStructure *structure) { return UniqueStructure(structure); }

void set_known(GstStructure *structure, const char *name, const std::optional<double> &value) {
  if (value) gst_structure_set(structure, name, G_TYPE_DOUBLE, *value, nullptr);
}

struct ToStructure {
  UniqueStructure operator()(const ConnectionStateEvent &event) const {
    return adopt(gst_structure_new("openai-realtime/connection-state", "state", G_TYPE_STRING,
                                   to_string(event.state), "reason", G_TYPE_STRING,
                                   text(event.reason), "attempt", G_TYPE_INT, event.attempt,
                                   nullptr));
  }
  UniqueStructure operator()(const SessionInfoEvent &event) const {
    return adopt(gst_structure_new("openai-realtime/session", "session-id", G_TYPE_STRING,
                                   text(event.session_id), "call-id", G_TYPE_STRING,
                                   text(event.call_id), "expires-at", G_TYPE_INT64,
                                   gint64{event.expires_at}, nullptr));
  }
  UniqueStructure operator()(const SpeechStartedEvent &event) const {
    return adopt(gst_structure_new("openai-realtime/speech-started", "item-id", G_TYPE_STRING,
                                   text(event.item_id), "audio-start-ms", G_TYPE_INT64,
                                   gint64{event.audio_start_ms}, nullptr));
  }
  UniqueStructure operator()(const SpeechStoppedEvent &event) const {
    return adopt(gst_structure_new("openai-realtime/speech-stopped", "item-id", G_TYPE_STRING,
                                   text(event.item_id), "audio-end-ms", G_TYPE_INT64,
                                   gint64{event.audio_end_ms}, nullptr));
  }
  UniqueStructure operator()(const ResponseStartedEvent &event) const {
    return adopt(gst_structure_new("openai-realtime/response-started", "response-id", G_TYPE_STRING,
                                   text(event.response_id), nullptr));
  }
  UniqueStructure operator()(const ResponseDoneEvent &event) const {
    std::string usage = event.usage.is_null() ? "" : event.usage.dump();
    return adopt(gst_structure_new("openai-realtime/response-done", "response-id", G_TYPE_STRING,
                                   text(event.response_id), "status", G_TYPE_STRING,
                                   text(event.status), "reason", G_TYPE_STRING, text(event.reason),
                                   "usage", G_TYPE_STRING, text(usage), nullptr));
  }
  UniqueStructure operator()(const TranscriptEvent &event) const {
    return adopt(gst_structure_new("openai-realtime/transcript", "role", G_TYPE_STRING,
                                   text(event.role), "text", G_TYPE_STRING, text(event.text),
                                   "final", G_TYPE_BOOLEAN, gboolean{event.final}, "item-id",
                                   G_TYPE_STRING, text(event.item_id), nullptr));
  }
  UniqueStructure operator()(const TranscriptionFailedEvent &event) const {
    return adopt(gst_structure_new("openai-realtime/transcription-failed", "item-id", G_TYPE_STRING,
                                   text(event.item_id), "code", G_TYPE_STRING, text(event.code),
                                   "message", G_TYPE_STRING, text(event.message), nullptr));
  }
  UniqueStructure operator()(const InputTimeoutEvent &event) const {
    return adopt(gst_structure_new("openai-realtime/input-timeout", "item-id", G_TYPE_STRING,
                                   text(event.item_id), "audio-start-ms", G_TYPE_INT64,
                                   gint64{event.audio_start_ms}, "audio-end-ms", G_TYPE_INT64,
                                   gint64{event.audio_end_ms}, nullptr));
  }
  UniqueStructure operator()(const FunctionCallEvent &event) const {
    return adopt(gst_structure_new("openai-realtime/function-call", "name", G_TYPE_STRING,
                                   text(event.name), "call-id", G_TYPE_STRING, text(event.call_id),
                                   "arguments", G_TYPE_STRING, text(event.arguments), nullptr));
  }
  UniqueStructure operator()(const FunctionCallTimeoutEvent &event) const {
    return adopt(gst_structure_new("openai-realtime/function-call-timeout", "name", G_TYPE_STRING,
                                   text(event.name), "call-id", G_TYPE_STRING, text(event.call_id),
                                   "timeout-ms", G_TYPE_INT64, gint64{event.timeout_ms}, nullptr));
  }
  UniqueStructure operator()(const SnapshotEvent &event) const {
    return adopt(gst_structure_new(
        "openai-realtime/snapshot", "sent", G_TYPE_BOOLEAN, gboolean{event.sent}, "item-id",
        G_TYPE_STRING, text(event.item_id), "bytes", G_TYPE_UINT64, guint64{event.bytes}, "width",
        G_TYPE_INT, event.width, "height", G_TYPE_INT, event.height, "reason", G_TYPE_STRING,
        text(event.reason), nullptr));
  }
  UniqueStructure operator()(const RecoveryEvent &event) const {
    return adopt(gst_structure_new("openai-realtime/recovery", "fault", G_TYPE_STRING,
                                   text(event.fault), "action", G_TYPE_STRING, text(event.action),
                                   "outage-ms", G_TYPE_DOUBLE, event.outage_ms, "kept",
                                   G_TYPE_STRING, text(event.kept), nullptr));
  }
  UniqueStructure operator()(const QualityEvent &event) const {
    auto structure = adopt(gst_structure_new(
        "openai-realtime/quality", "bitrate", G_TYPE_INT, gint{event.bitrate}, "fec",
        G_TYPE_BOOLEAN, gboolean{event.fec}, "packet-loss-percentage", G_TYPE_INT,
        gint{event.loss_percent}, "dtx", G_TYPE_BOOLEAN, gboolean{event.dtx}, "downlink-loss",
        G_TYPE_DOUBLE, event.downlink_loss, "jitter-ms", G_TYPE_DOUBLE, event.jitter_ms, "reason",
        G_TYPE_STRING, text(event.reason), nullptr));
    set_known(structure.get(), "loss", event.uplink_loss);
    set_known(structure.get(), "rtt-ms", event.rtt_ms);
    return structure;
  }
  UniqueStructure operator()(const RestoredEvent &event) const {
    auto structure = adopt(gst_structure_new("openai-realtime/restored", "items", G_TYPE_UINT64,
                                             guint64{event.items}, "opened-ms", G_TYPE_INT64,
                                             gint64{event.opened_ms}, "preferences", G_TYPE_STRING,
                                             text(event.preferences), nullptr));
    if (event.mute) {
      gst_structure_set(structure.get(), "mute", G_TYPE_BOOLEAN, gboolean{*event.mute}, nullptr);
    }
    if (event.volume) {
      gst_structure_set(structure.get(), "volume", G_TYPE_DOUBLE, *event.volume, nullptr);
    }
    return structure;
  }
  UniqueStructure operator()(const LogicalSessionEvent &event) const {
    return adopt(gst_structure_new("openai-realtime/logical-session", "reason", G_TYPE_STRING,
                                   text(event.reason), nullptr));
  }
  UniqueStructure operator()(const RateLimitsEvent &event) const;
  UniqueStructure operator()(const ServiceErrorEvent &event) const {
    return adopt(gst_structure_new("openai-realtime/error", "type", G_TYPE_STRING, text(event.type),
                                   "code", G_TYPE_STRING, text(event.code), "message",
                                   G_TYPE_STRING, text(event.message), "fatal", G_TYPE_BOOLEAN,
                                   gboolean{event.fatal}, nullptr));
  }
  // Told in another way: warning and error messages, signals, or inside the elements.
  UniqueStructure operator()(const FailureEvent &) const { return {}; }
  UniqueStructure operator()(const RawServerEvent &) const { return {}; }
  UniqueStructure operator()(const AnswerFinishedEvent &) const { return {}; }
  UniqueStructure operator()(const VoiceEvent &) const { return {}; }
  UniqueStructure operator()(const WebrtcbinReadyEvent &) const { return {}; }
};

UniqueStructure ToStructure::operator()(const RateLimitsEvent &event) const {
  GValue limits = G_VALUE_INIT;
  g_value_init(&limits, GST_TYPE_ARRAY);
  for (const auto &limit : event.limits) {
    GValue entry = G_VALUE_INIT;
    g_value_init(&entry, GST_TYPE_STRUCTURE);
    g_value_take_boxed(
        &entry,
        gst_structure_new("limit", "name", G_TYPE_STRING, text(limit.name), "limit", G_TYPE_INT64,
                          gint64{limit.limit}, "remaining", G_TYPE_INT64, gint64{limit.remaining},
                          "reset-seconds", G_TYPE_DOUBLE, limit.reset_seconds, nullptr));
    gst_value_array_append_and_take_value(&limits, &entry);
  }
  auto structure = adopt(gst_structure_new_empty("openai-realtime/rate-limits"));
  gst_structure_take_value(structure.get(), "limits", &limits);
  return structure;
}

struct Domain {
  GQuark quark;
  int code;
};

// The one place where an error of the core becomes one of GStreamer's.
Domain domain_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::Auth:
    case ErrorCode::Quota:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_AUTHORIZED};
    case ErrorCode::Config:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS};
    case ErrorCode::Network:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ_WRITE};
    case ErrorCode::Busy:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_BUSY};
    case ErrorCode::Storage:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE};
    case ErrorCode::Cancelled:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_CLOSE};
    case ErrorCode::Media:
      return {GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED};
    case ErrorCode::Protocol:
    case ErrorCode::Security:
      break;
  }
  return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_FAILED};
}

void set_count(GstStructure *structure, const char *name, uint64_t value) {
  gst_structure_set(structure, name, G_TYPE_UINT64, guint64{value}, nullptr);
}

void add_connect(GstStructure *stats, const ConnectBreakdown &connect) {
  set_known(stats, "connect-token-ms", connect.token_ms);
  set_known(stats, "connect-sdp-ms", connect.sdp_ms);
  set_known(stats, "connect-ice-ms", connect.ice_ms);
  set_known(stats, "connect-dtls-ms", connect.dtls_ms);
  set_known(stats, "connect-sctp-ms", connect.sctp_ms);
  set_known(stats, "connect-session-ms", connect.session_ms);
  set_known(stats, "connect-total-ms", connect.total_ms);
  if (!connect.total_ms) return;
  gst_structure_set(stats, "event-channel", G_TYPE_STRING,
                    connect.negotiated_channel ? "negotiated" : "opened", nullptr);
}

void add_network(GstStructure *stats, const PeerStats &peer) {
  set_known(stats, "rtt-ms", peer.rtt_ms);
  set_known(stats, "jitter-ms", peer.jitter_ms);
  gst_structure_set(stats, "packets-lost", G_TYPE_INT64, gint64{peer.packets_lost},
                    "local-candidate", G_TYPE_STRING, text(peer.local_candidate),
                    "remote-candidate", G_TYPE_STRING, text(peer.remote_candidate), nullptr);
  set_count(stats, "packets-sent", peer.packets_sent);
  set_count(stats, "bytes-sent", peer.bytes_sent);
  set_count(stats, "packets-received", peer.packets_received);
  set_count(stats, "bytes-received", peer.bytes_received);
}

void add_quality(GstStructure *stats, const QualityFigures &quality) {
  set_known(stats, "uplink-loss", quality.uplink_loss);
  set_known(stats, "uplink-jitter-ms", quality.uplink_jitter_ms);
  set_known(stats, "downlink-loss", quality.downlink_loss);
  set_count(stats, "quality-steps", quality.steps);
  if (!quality.encoding) return;
  const QualityStep &encoding = *quality.encoding;
  gst_structure_set(stats, "bitrate", G_TYPE_INT, gint{encoding.bitrate}, "fec", G_TYPE_BOOLEAN,
                    gboolean{encoding.fec}, "packet-loss-percentage", G_TYPE_INT,
                    gint{encoding.loss_percent}, "dtx", G_TYPE_BOOLEAN, gboolean{encoding.dtx},
                    nullptr);
}

void add_media(GstStructure *stats, const UplinkStats &uplink, const DownlinkStats &downlink) {
  set_count(stats, "uplink-frames", uplink.sent);
  set_count(stats, "uplink-dropped", uplink.dropped);
  set_count(stats, "uplink-silent-frames", uplink.silence);
  set_known(stats, "prebuffered-ms", to_ms(uplink.prebuffered));
  set_count(stats, "frames", downlink.frames);
  set_count(stats, "silent-frames", downlink.silent_frames);
  set_count(stats, "concealed-frames", downlink.concealed_frames);
  set_count(stats, "dropped-frames", downlink.dropped_frames);
  set_known(stats, "jitter-latency-ms", to_ms(downlink.latency));
  set_known(stats, "downlink-jitter-ms", to_ms(downlink.jitter));
}

}  // namespace

UniqueStructure message_structure(const SessionEvent &event) {
  return std::visit(ToStructure{}, event);
}

void post_failure(GstElement *element, const Error &error, bool fatal) {
  Domain domain = domain_of(error.code);
  auto details = UniqueStructure(
      gst_structure_new("openai-realtime-error", "code", G_TYPE_STRING, to_string(error.code),
                        "service-code", G_TYPE_STRING, text(error.service_code), nullptr));
  if (error.retry_after) {
    gst_structure_set(details.get(), "retry-after-ms", G_TYPE_INT64,
                      gint64{error.retry_after->count()}, nullptr);
  }
  UniqueError gerror(g_error_new_literal(domain.quark, domain.code, text(error.message)));
  auto *source = GST_OBJECT_CAST(element);
  GstMessage *message = fatal ? gst_message_new_error_with_details(
                                    source, gerror.get(), text(error.detail), details.release())
                              : gst_message_new_warning_with_details(
                                    source, gerror.get(), text(error.detail), details.release());
  gst_element_post_message(element, message);
}

UniqueStructure stats_structure(const SessionSnapshot &snapshot) {
  auto stats = adopt(gst_structure_new("application/x-openai-realtime-stats", "connection-state",
                                       G_TYPE_STRING, to_string(snapshot.state), "call-id",
                                       G_TYPE_STRING, text(snapshot.call_id), "session-id",
                                       G_TYPE_STRING, text(snapshot.session_id), "expires-at",
                                       G_TYPE_INT64, gint64{snapshot.expires_at}, nullptr));
  add_connect(stats.get(), snapshot.connect);
  add_network(stats.get(), snapshot.peer);
  add_media(stats.get(), snapshot.uplink, snapshot.downlink);
  add_quality(stats.get(), snapshot.quality);
  set_known(stats.get(), "voice-to-voice-ms", snapshot.voice_to_voice_ms);
  set_count(stats.get(), "snapshots", snapshot.images_sent);
  set_count(stats.get(), "snapshots-skipped", snapshot.images_skipped);
  set_count(stats.get(), "connects", snapshot.connects);
  set_count(stats.get(), "reconnects", snapshot.reconnects);
  set_count(stats.get(), "ride-outs", snapshot.recoveries.ride_outs);
  set_count(stats.get(), "migrations", snapshot.recoveries.migrations);
  set_count(stats.get(), "ice-restarts", snapshot.recoveries.ice_restarts);
  set_count(stats.get(), "replacements", snapshot.recoveries.replacements);
  set_count(stats.get(), "rollovers", snapshot.recoveries.rollovers);
  set_known(stats.get(), "last-outage-ms", snapshot.last_outage_ms);
  set_known(stats.get(), "loop-delay-ms", snapshot.loop_delay_ms);
  gst_structure_set(stats.get(), "input-tokens", G_TYPE_INT64, gint64{snapshot.input_tokens},
                    "output-tokens", G_TYPE_INT64, gint64{snapshot.output_tokens}, "total-tokens",
                    G_TYPE_INT64, gint64{snapshot.total_tokens}, nullptr);
  return stats;
}

}  // namespace oairt
