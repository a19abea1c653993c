// What a session tells the elements: they turn it into bus messages and signals.
// Thread-safe: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/ref.h"
#include "base/result.h"
#include "base/secret.h"
#include "protocol/events.h"

namespace oairt {

// Standby: another process drives the session; this one takes over when it falls silent.
enum class ConnectionState { Idle, Connecting, Connected, Reconnecting, Failed, Closed, Standby };
const char *to_string(ConnectionState state);  // "idle", "connecting", …

struct ConnectionStateEvent {
  ConnectionState state;
  std::string reason;
  int attempt = 0;
};
struct SessionInfoEvent {
  std::string session_id, call_id;
  int64_t expires_at = 0;
};
struct SpeechStartedEvent {
  std::string item_id;
  int64_t audio_start_ms = 0;
};
struct SpeechStoppedEvent {
  std::string item_id;
  int64_t audio_end_ms = 0;
};
struct ResponseStartedEvent {
  std::string response_id;
};
struct ResponseDoneEvent {
  std::string response_id, status, reason;
  Json usage;
};
struct TranscriptEvent {
  std::string role;  // "user", "assistant"
  std::string text;  // a delta, or the whole text when final
  bool final = false;
  std::string item_id;
  std::string response_id = {};  // of the model's
  bool spoken = true;            // else a text answer, which has no voice
};
// How a response is heard: the service plays it; it was played to its end; or what was still to be
// heard of all that is played was dropped (empty id), here or there.
struct VoiceEvent {
  enum class What { Started, Ended, Cut };
  What what;
  std::string response_id = {};
};
// What the user said will not be written down.
struct TranscriptionFailedEvent {
  std::string item_id, code, message;
};
// Nobody spoke for idle_timeout_ms: the model will say something by itself.
struct InputTimeoutEvent {
  std::string item_id;
  int64_t audio_start_ms = 0, audio_end_ms = 0;
};
struct FunctionCallEvent {
  std::string name, call_id, arguments;
};
// The function gave no output within `tool-timeout`: the model was told so.
struct FunctionCallTimeoutEvent {
  std::string name, call_id;
  int64_t timeout_ms = 0;
};
// A picture has reached the conversation, or was refused.
struct SnapshotEvent {
  std::string item_id;
  uint64_t bytes = 0;  // as JPEG
  int width = 0, height = 0;
  bool sent = false;
  std::string reason;  // of a refusal
};
struct RecoveryEvent {
  std::string fault, action;
  double outage_ms = 0;
  std::string kept;  // "call", "conversation", "configuration"
};
// How speech is encoded from now on, and what was seen that led to it.
struct QualityEvent {
  int bitrate = 0, loss_percent = 0;  // what the encoder reckons with
  bool fec = false, dtx = false;
  std::optional<double> uplink_loss, rtt_ms;  // nothing: the service reports nothing
  double downlink_loss = 0, jitter_ms = 0;
  std::string reason;  // "loss", "delay", "downlink-loss", "calm", "new-path", "settings", "off"
};
struct RateLimitsEvent {
  std::vector<RateLimit> limits;
};
// An `error` event of the service that leaves the session alive, or ended it (fatal).
struct ServiceErrorEvent {
  std::string type, code, message;
  bool fatal = false;
};
// What a GST_MESSAGE_WARNING (heals: the session goes on trying) or GST_MESSAGE_ERROR says.
struct FailureEvent {
  Error error;
  bool fatal = false;
};
// Every server event as it came, for the signal `event`. Spoken words: never logged.
struct RawServerEvent {
  std::string type, json;
};
// What an earlier process left is back, before the first call is made.
struct RestoredEvent {
  uint64_t items = 0;
  int64_t opened_ms = 0;  // since 1970
  std::optional<bool> mute;
  std::optional<double> volume;
  std::string preferences;  // JSON; empty: none
};
// The next visitor's conversation begins.
struct LogicalSessionEvent {
  std::string reason;  // "split-session", "forget-session", "idle-timeout", "duration",
                       // "session-type"
};
// The answer to all that was said before the end of the input has been spoken to its end.
struct AnswerFinishedEvent {};
// A call's webrtcbin was made and is not yet negotiating.
struct WebrtcbinReadyEvent {
  Ref<GstElement> webrtcbin;
};

using SessionEvent =
    std::variant<ConnectionStateEvent, SessionInfoEvent, SpeechStartedEvent, SpeechStoppedEvent,
                 ResponseStartedEvent, ResponseDoneEvent, TranscriptEvent, VoiceEvent,
                 TranscriptionFailedEvent, InputTimeoutEvent, FunctionCallEvent,
                 FunctionCallTimeoutEvent, SnapshotEvent, RecoveryEvent, QualityEvent,
                 RateLimitsEvent, ServiceErrorEvent, FailureEvent, RawServerEvent, RestoredEvent,
                 LogicalSessionEvent, AnswerFinishedEvent, WebrtcbinReadyEvent>;

class SessionObserver {
 public:
  virtual ~SessionObserver() = default;
  // On the session's loop thread; must not block and must not destroy the session.
  virtual void on_session_event(const SessionEvent &event) = 0;
  // Asks the application for a token (signal `request-token`). On a worker thread; may block.
  // Empty: nobody answered.
  virtual Secret request_token() = 0;
  // True if somebody listens to `request-token`. Any thread.
  virtual bool answers_request_token() = 0;
  // The same for `request-ice-servers`, which answers JSON.
  virtual Secret request_ice_servers() { return {}; }
  virtual bool answers_request_ice_servers() { return false; }
};

}  // namespace oairt
