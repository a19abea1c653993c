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
  std::string reason;  // "split-session", "forget-session", "idle-timeout", "duration"
};
// The answer to all that was said before the end of the input has been spoken to its end.
struct AnswerFinishedEvent {};
// A call's webrtcbin was made and is not yet negotiating.
struct WebrtcbinReadyEvent {
  Ref<GstElement> webrtcbin;
};

using SessionEvent =
    std::variant<ConnectionStateEvent, SessionInfoEvent, SpeechStartedEvent, SpeechStoppedEvent,
                 ResponseStartedEvent, ResponseDoneEvent, TranscriptEvent, FunctionCallEvent,
                 FunctionCallTimeoutEvent, SnapshotEvent, RecoveryEvent, RateLimitsEvent,
                 ServiceErrorEvent, FailureEvent, RawServerEvent, RestoredEvent,
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
