// Decides what is done when a call fails. Pure: no clock, no randomness, no I/O of its own.
// Thread-bound to whoever owns it. Never retries what repeating cannot help.
//
//   digraph recovery {
//     Idle -> Connecting [label="Start"];
//     Connecting -> Connected [label="CallReady"];
//     Connecting -> Waiting [label="CallFailed, may be retried"];
//     Connecting -> Stopped [label="CallFailed, fatal or retries used up"];
//     Connected -> Connecting [label="CallFailed: first retry at once"];
//     Connected -> Waiting [label="CallFailed, Retry-After"];
//     Connected -> Stopped [label="CallFailed, fatal or auto-reconnect off"];
//     Waiting -> Connecting [label="TimerFired, Reconnect"];
//     Stopped -> Connecting [label="Reconnect"];
//     {Connecting Connected Waiting Stopped} -> Idle [label="Stop"];
//   }
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "policy/backoff.h"

namespace oairt {

struct RecoveryOptions {
  bool auto_reconnect = true;
  int max_retries = -1;  // in a row; -1: for ever
  BackoffOptions backoff;
};

namespace recovery {

enum class State { Idle, Connecting, Connected, Waiting, Stopped };
const char *to_string(State state);

// --- events ---
struct Start {};
struct Stop {};
struct CallReady {};
struct CallFailed {
  Error error;
  double random = 0;           // in [0, 1), spreads the delay
  bool token_refused = false;  // the service refused a token that we had: a new one may do
};
struct TimerFired {};
struct Reconnect {};
using Event = std::variant<Start, Stop, CallReady, CallFailed, TimerFired, Reconnect>;

// --- actions, to be carried out in order ---
struct StartCall {
  int attempt = 0;           // 0: the first
  bool fresh_token = false;  // the last one was refused
};
struct EndCall {};
struct Warn {  // heals by itself
  Error error;
  Duration delay;  // until the next attempt
};
struct GiveUp {
  Error error;
};
using Action = std::variant<StartCall, EndCall, Warn, GiveUp>;

class Policy {
 public:
  explicit Policy(RecoveryOptions options = {}) : options_(options) {}
  void set_options(const RecoveryOptions &options) { options_ = options; }
  std::vector<Action> handle(const Event &event, TimePoint now);
  // When handle(TimerFired) is due; nothing: never.
  std::optional<TimePoint> deadline() const { return deadline_; }
  State state() const { return state_; }
  int attempt() const { return attempt_; }

 private:
  std::vector<Action> on_failure(const CallFailed &failure, TimePoint now);
  std::vector<Action> start_call(bool fresh_token);
  std::vector<Action> give_up(const Error &error);

  RecoveryOptions options_;
  State state_ = State::Idle;
  int attempt_ = 0;
  bool token_renewed_ = false;  // a refused credential is renewed once before it is final
  std::optional<TimePoint> deadline_;
};

}  // namespace recovery
}  // namespace oairt
