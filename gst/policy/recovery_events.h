// What the recovery policy is told and what it orders.
// Thread-safe: plain values.
// Never holds a call, a socket or a clock.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "base/clock.h"
#include "base/result.h"

namespace oairt::recovery {

// The current call carries the conversation; the next one is being made beside it or in its place.

// --- events ---
struct Start {};
struct Stop {};
struct Reconnect {};   // by the application: drops what is there, re-arms after a fatal error
struct RestartIce {};  // by the application
// When the service will end the current call. `random` spreads those that began together.
struct SessionLimit {
  TimePoint at;
  double random = 0;
};
// The next call is configured and knows the conversation.
struct CallReady {
  bool can_restart_ice = false;  // the server gave an ETag
  Duration rtt{0};               // a round trip to the service, as the connect showed it
  // Of this call, whenever it becomes the current one.
  std::optional<SessionLimit> limit = std::nullopt;
};
struct CallFailed {
  Error error;
  double random = 0;           // in [0, 1), spreads the delay
  bool token_refused = false;  // the service refused a token that we had: a new one may do
  bool next = true;            // the one being made; false: the current one
};
// Nothing is heard from the service on the current call, or nothing can be.
struct PathLost {
  std::string fault;  // "silence", "link-down", "address-removed", "path-failed"
  TimePoint since;    // the last time that anything was heard
};
struct PathBack {
  bool moved = false;  // on another path than before
};
struct NetworkChanged {};  // an address or a link came
enum class Reach { Reachable, Refused, NoAnswer };
// The answer to ProbeServer.
struct Reached {
  Reach reach = Reach::NoAnswer;
  double random = 0;
  bool next_answered = false;  // the call being made has got past its signalling
};
struct IceRestarted {
  bool ok = false;  // new credentials are agreed; a path is looked for
};
struct Quiet {};  // nobody speaks, nothing is unanswered: a good moment to change calls
struct TimerFired {};
using Event =
    std::variant<Start, Stop, Reconnect, RestartIce, CallReady, CallFailed, PathLost, PathBack,
                 NetworkChanged, Reached, IceRestarted, SessionLimit, Quiet, TimerFired>;

// --- actions, to be carried out in order ---
struct StartCall {           // makes the next call
  int attempt = 0;           // 0: the first
  bool fresh_token = false;  // the last one was refused
};
struct EndCall {};    // the current call
struct EndNext {};    // the one being made
struct SwitchCall {   // the next call becomes the current one, which is hung up
  bool quiet = true;  // false: in the middle of speech, its time is up
  bool lost = false;  // the old call is gone or silent: what it was told last may be lost
};
struct Migrate {  // a fresh path for the current call
  std::string why;
};
struct StopMigrating {};
struct RestartIceNow {  // by signalling; answered by IceRestarted
  Duration timeout;
};
struct ProbeServer {};  // does the service's TCP port answer? answered by Reached
struct Warn {           // heals by itself
  Error error;
  Duration delay;  // until the next attempt
};
struct GiveUp {
  Error error;
};
struct Recovered {
  std::string fault,
      action;  // action: "ride-out", "migrate", "restart-ice", "replace-call", "rollover"
  Duration outage;
};
using Action = std::variant<StartCall, EndCall, EndNext, SwitchCall, Migrate, StopMigrating,
                            RestartIceNow, ProbeServer, Warn, GiveUp, Recovered>;

}  // namespace oairt::recovery
