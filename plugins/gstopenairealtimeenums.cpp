#include "gstopenairealtimeenums.h"

#include <gst/gst.h>

#include "session/session_events.h"

namespace {

GType register_enum(const char *name, const GEnumValue *values) {
  GType type = g_enum_register_static(name, values);
  gst_type_mark_as_plugin_api(type, static_cast<GstPluginAPIFlags>(0));
  return type;
}

constexpr int state_value(oairt::ConnectionState state) { return static_cast<int>(state); }

}  // namespace

/**
 * GstOpenaiRealtimeService:
 *
 * Which service answers: they differ in headers and paths.
 */
GType gst_openai_realtime_service_get_type() {
  static const GEnumValue values[] = {
      {0, "OpenAI", "openai"},
      {1, "Azure OpenAI", "azure"},
      {0, nullptr, nullptr},
  };
  static GType type = register_enum("GstOpenaiRealtimeService", values);
  return type;
}

/**
 * GstOpenaiRealtimeSessionType:
 *
 * What the service does with what it hears.
 */
GType gst_openai_realtime_session_type_get_type() {
  static const GEnumValue values[] = {
      {0, "Answer it", "realtime"},
      {1, "Only write it down", "transcription"},
      {0, nullptr, nullptr},
  };
  static GType type = register_enum("GstOpenaiRealtimeSessionType", values);
  return type;
}

/**
 * GstOpenaiRealtimeTurnDetection:
 *
 * How the service decides that the user has finished speaking.
 */
GType gst_openai_realtime_turn_detection_get_type() {
  static const GEnumValue values[] = {
      {0, "By silence, at the service", "server-vad"},
      {1, "By meaning, at the service", "semantic-vad"},
      {2, "Not at all: the application sends commit-audio and create-response", "none"},
      {0, nullptr, nullptr},
  };
  static GType type = register_enum("GstOpenaiRealtimeTurnDetection", values);
  return type;
}

/**
 * GstOpenaiRealtimeNoiseReduction:
 *
 * What the service does with noise before it listens.
 */
GType gst_openai_realtime_noise_reduction_get_type() {
  static const GEnumValue values[] = {
      {0, "None", "none"},
      {1, "For a microphone at the mouth (headset, handset)", "near-field"},
      {2, "For a microphone in the room (kiosk, laptop)", "far-field"},
      {0, nullptr, nullptr},
  };
  static GType type = register_enum("GstOpenaiRealtimeNoiseReduction", values);
  return type;
}

/**
 * GstOpenaiRealtimeIceRestart:
 *
 * Whether ICE is restarted by signalling.
 */
GType gst_openai_realtime_ice_restart_get_type() {
  static const GEnumValue values[] = {
      {0, "Where the server offers it", "auto"},
      {1, "Never: a call whose path is lost is replaced", "never"},
      {0, nullptr, nullptr},
  };
  static GType type = register_enum("GstOpenaiRealtimeIceRestart", values);
  return type;
}

/**
 * GstOpenaiRealtimeEventChannel:
 *
 * How the data channel of the events comes to be.
 */
GType gst_openai_realtime_event_channel_get_type() {
  static const GEnumValue values[] = {
      {0, "Negotiated with OpenAI's own service, opened with other servers", "auto"},
      {1, "Both sides know its stream beforehand (?dcid=): open a round trip earlier",
       "negotiated"},
      {2, "Opened by a message to the server, as every server knows it", "opened"},
      {0, nullptr, nullptr},
  };
  static GType type = register_enum("GstOpenaiRealtimeEventChannel", values);
  return type;
}

/**
 * GstOpenaiRealtimeIceTransportPolicy:
 *
 * Which network paths may be used.
 */
GType gst_openai_realtime_ice_transport_policy_get_type() {
  static const GEnumValue values[] = {
      {0, "Every path", "all"},
      {1, "Only through a TURN server", "relay"},
      {0, nullptr, nullptr},
  };
  static GType type = register_enum("GstOpenaiRealtimeIceTransportPolicy", values);
  return type;
}

/**
 * GstOpenaiRealtimeConnectionState:
 *
 * Where the session is with its call.
 */
GType gst_openai_realtime_connection_state_get_type() {
  using oairt::ConnectionState;
  static const GEnumValue values[] = {
      {state_value(ConnectionState::Idle), "No call, none wanted", "idle"},
      {state_value(ConnectionState::Connecting), "The first call is being set up", "connecting"},
      {state_value(ConnectionState::Connected), "Speech flows", "connected"},
      {state_value(ConnectionState::Reconnecting), "The call was lost, the next is being set up",
       "reconnecting"},
      {state_value(ConnectionState::Failed), "Stopped by an error that trying again cannot cure",
       "failed"},
      {state_value(ConnectionState::Closed), "The session has ended", "closed"},
      {state_value(ConnectionState::Standby),
       "Another process drives the session; this one takes over when it falls silent", "standby"},
      {0, nullptr, nullptr},
  };
  static GType type = register_enum("GstOpenaiRealtimeConnectionState", values);
  return type;
}

/**
 * GstOpenaiRealtimePersistence:
 *
 * Where the conversation is kept beyond its calls.
 */
GType gst_openai_realtime_persistence_get_type() {
  static const GEnumValue values[] = {
      {0, "Nowhere: it ends with the session", "none"},
      {1, "In memory, as long as the process", "memory"},
      {2, "In a store, sealed, also beyond a crash", "disk"},
      {0, nullptr, nullptr},
  };
  static GType type = register_enum("GstOpenaiRealtimePersistence", values);
  return type;
}

/**
 * GstOpenaiRealtimeIdleAction:
 *
 * What happens when nobody speaks for idle-timeout.
 */
GType gst_openai_realtime_idle_action_get_type() {
  static const GEnumValue values[] = {
      {0, "The next conversation begins on the same call", "split"},
      {1, "The call is hung up too, until somebody speaks", "hang-up"},
      {0, nullptr, nullptr},
  };
  static GType type = register_enum("GstOpenaiRealtimeIdleAction", values);
  return type;
}

/**
 * GstOpenaiRealtimeEosPolicy:
 *
 * When a source ends its stream, and a sink says that its stream has ended.
 */
GType gst_openai_realtime_eos_policy_get_type() {
  static const GEnumValue values[] = {
      {0, "A source: never by itself; a sink: with its input", "none"},
      {1, "When the input has ended and the answer to it was given out to its end", "after-answer"},
      {0, nullptr, nullptr},
  };
  static GType type = register_enum("GstOpenaiRealtimeEosPolicy", values);
  return type;
}

/**
 * GstOpenaiRealtimeBargeIn:
 *
 * How the model's voice is cut.
 */
GType gst_openai_realtime_barge_in_get_type() {
  static const GEnumValue values[] = {
      {0, "Faded out in the source; the stream is continuous", "ramp"},
      {1, "What the elements behind the source hold is flushed, too", "flush"},
      {0, nullptr, nullptr},
  };
  static GType type = register_enum("GstOpenaiRealtimeBargeIn", values);
  return type;
}

/**
 * GstOpenaiRealtimeCaptionMode:
 *
 * What the caption pads give.
 */
GType gst_openai_realtime_caption_mode_get_type() {
  static const GEnumValue values[] = {
      {0, "A buffer each time the text changes, on time", "word"},
      {1, "A buffer for each line, when it was said, with its true start and length", "sentence"},
      {0, nullptr, nullptr},
  };
  static GType type = register_enum("GstOpenaiRealtimeCaptionMode", values);
  return type;
}

namespace oairt {

const char *enum_nick(GType type, int value) {
  auto *klass = static_cast<GEnumClass *>(g_type_class_ref(type));
  const GEnumValue *found = g_enum_get_value(klass, value);
  // Nicks are static strings: they outlive the class reference.
  const char *nick = found != nullptr ? found->value_nick : nullptr;
  g_type_class_unref(klass);
  return nick;
}

int enum_value(GType type, const char *nick) {
  auto *klass = static_cast<GEnumClass *>(g_type_class_ref(type));
  const GEnumValue *found = g_enum_get_value_by_nick(klass, nick);
  int value = found != nullptr ? found->value : 0;
  g_type_class_unref(klass);
  return value;
}

}  // namespace oairt
