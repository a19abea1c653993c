// Decides what is done when the network or a call fails: ride out, migrate the path, restart ICE,
// replace the call, roll over ahead of the service's limit, or stop and say so. Pure: no clock, no
// randomness, no I/O of its own. Thread-bound to whoever owns it.
// Never retries what repeating cannot help, never gives up a call that may still come back.
//
//   digraph recovery {
//     Idle -> Connecting [label="Start"];
//     Connecting -> Connected [label="CallReady"];
//     Connecting -> Waiting [label="CallFailed, may be retried"];
//     Connecting -> Stopped [label="CallFailed, fatal or retries used up"];
//     Waiting -> Connecting [label="timer, or the server answers again"];
//     Connected -> Migrating [label="PathLost"];
//     Migrating -> Connected [label="PathBack"];
//     Migrating -> Restarting [label="server reachable, path not; it offers ICE restart"];
//     Migrating -> Replacing [label="server reachable, path not, or it must have forgotten us"];
//     Restarting -> Connected [label="PathBack"];
//     Restarting -> Replacing [label="refused, or no path within its time"];
//     Connected -> Restarting [label="RestartIce"];
//     Connected -> Replacing [label="CallFailed, current"];
//     Replacing -> Connected [label="CallReady, or PathBack of the old call"];
//     Replacing -> Waiting [label="CallFailed, next, and the old call is gone"];
//     Waiting -> Replacing [label="timer, or the server answers again"];
//     Connected -> RollingOver [label="the limit is near"];
//     RollingOver -> Connected [label="CallReady and Quiet, or the deadline"];
//     RollingOver -> Replacing [label="PathLost, or CallFailed, current; the next is being made"];
//     RollingOver -> Waiting [label="CallFailed, current; the next is to be made again later"];
//     RollingOver -> Connected [label="PathLost, or CallFailed, current; the next is ready"];
//     RollingOver -> Connected [label="CallFailed, next, fatal or retries used up"];
//     Replacing -> Migrating [label="CallFailed, next, fatal or retries used up"];
//     Restarting -> Migrating [label="refused, and no other call may be made"];
//     {Connected Migrating Restarting} -> Waiting [label="CallFailed, current, it did not last"];
//     {Connected Migrating Restarting RollingOver Waiting} -> Replacing [label="Reconnect"];
//     {Connected Migrating Restarting Replacing} -> Stopped [label="fatal, or retries used up"];
//     Stopped -> Connecting [label="Reconnect"];
//     {Connecting Connected Migrating Restarting Replacing RollingOver Waiting Stopped} -> Idle
//       [label="Stop"];
//   }
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "policy/backoff.h"
#include "policy/recovery_events.h"

namespace oairt {

struct RecoveryOptions {
  bool auto_reconnect = true;
  int max_retries = -1;     // in a row; -1: for ever
  bool ice_restart = true;  // where the server offers it
  Duration rollover_margin = std::chrono::seconds(120);
  BackoffOptions backoff;
};

namespace recovery {

enum class State {
  Idle,
  Connecting,
  Connected,
  Migrating,
  Restarting,
  Replacing,
  RollingOver,
  Waiting,
  Stopped
};
const char *to_string(State state);

class Policy {
 public:
  // A call that failed within this time counts as another failure in a row. Longer than
  // kCallInterval: calls that fail just after it are begun no faster than is allowed anyway.
  static constexpr Duration kProven = std::chrono::seconds(5);
  // Patience with migration once the server is known to answer, or two and a half round trips.
  static constexpr Duration kGrace = milliseconds(300);
  // A call that takes longer may wait for TCP's own timer: it is asked whether the server is there.
  static constexpr Duration kSlow = milliseconds(500);
  // Patience with migration when nothing is known of the server.
  static constexpr Duration kBlindPatience = std::chrono::seconds(3);
  // A server that heard nothing of us for so long has dropped the call (Pion: 5 s + 25 s).
  static constexpr Duration kForgotten = std::chrono::seconds(31);
  // And after so long the old call is not listened for any more.
  static constexpr Duration kHopeless = std::chrono::seconds(90);
  // Whatever goes wrong: so many calls are begun in a burst, and then one in that time, or in
  // `retry-interval-max` if that is shorter.
  static constexpr int kBurst = 8;
  static constexpr Duration kCallInterval = std::chrono::seconds(3);

  explicit Policy(RecoveryOptions options = {}) : options_(options) {}
  void set_options(const RecoveryOptions &options) { options_ = options; }
  std::vector<Action> handle(const Event &event, TimePoint now);
  // When handle(TimerFired) is due; nothing: never.
  std::optional<TimePoint> deadline() const;
  State state() const { return state_; }
  int attempt() const { return attempt_; }
  // What is being recovered from; empty: nothing is.
  std::string fault() const { return outage_ ? outage_->fault : std::string(); }

 private:
  enum class Next { None, Making, Ready, Due };
  struct Outage {
    std::string fault;
    TimePoint since;
  };

  // recovery.cpp: the calls
  void start(TimePoint now);
  void stop();
  void reconnect(TimePoint now);
  void call_ready(const CallReady &event, TimePoint now);
  void current_failed(const CallFailed &failure, TimePoint now);
  void next_failed(const CallFailed &failure, TimePoint now);
  void retry(const CallFailed &failure, TimePoint now);
  void no_other_call(const Error &error);
  Duration retry_delay(const CallFailed &failure, bool renew_token);
  void make_next(TimePoint now);
  void schedule_next(Duration delay, bool fresh_token, TimePoint now);
  void end_next();
  TimePoint earliest_call(TimePoint now) const;
  Duration call_interval() const;
  void begin_outage(const std::string &fault, TimePoint since, TimePoint now);
  void promote(bool quiet, TimePoint now);
  void give_up(const Error &error);
  void timer_fired(TimePoint now);
  void limit_known(const SessionLimit &limit, TimePoint now);
  void settle();
  void order(Action action);
  void forget_path();

  // recovery_path.cpp: the path below the current call
  void path_lost(const PathLost &event, TimePoint now);
  void path_back(const PathBack &event, TimePoint now);
  void network_changed(TimePoint now);
  void reached(const Reached &event, TimePoint now);
  void restart_requested(TimePoint now);
  void ice_restarted(const IceRestarted &event, TimePoint now);
  void escalate(TimePoint now);
  void restart_ice(TimePoint now);
  void replace_beside(TimePoint now);
  void wait_for_old_call(TimePoint now);
  void server_is_back(Duration wait, TimePoint now);
  Duration spread(double random, TimePoint now) const;
  void path_timers(TimePoint now);
  bool probing() const;
  bool path_silent() const { return current_ && outage_ && !restart_requested_; }
  bool used_up() const { return options_.max_retries >= 0 && attempt_ >= options_.max_retries; }
  Duration silence(TimePoint now) const { return outage_ ? now - outage_->since : Duration(0); }
  // Without a conversation for so long.
  Duration age(TimePoint now) const { return outage_ ? silence(now) : now - begun_at_; }

  RecoveryOptions options_;
  State state_ = State::Idle;
  int attempt_ = 0;
  bool current_ = false;  // there is a call, well or silent
  Next next_ = Next::None;
  // The next call is made with a new token: if that is refused too, it is final.
  bool fresh_token_ = false;
  bool unreachable_ = false;  // the last attempt found no server
  bool missed_ = false;       // the server was away when the last call was begun, or since
  CallReady ready_;           // what is known of the next call
  std::optional<Outage> outage_;
  std::optional<Error> final_;  // why no other call is made, though the current one may come back
  TimePoint begun_at_{}, connected_at_{}, made_at_{};
  TimePoint spent_{};       // the calls of now and before are paid for until then
  TimePoint not_before_{};  // the service asked for it (Retry-After)
  double random_ = 0;       // the last that was given

  bool can_restart_ = false, restart_tried_ = false, restarting_ = false;
  bool restart_agreed_ = false, restart_requested_ = false;
  Duration rtt_{0};
  std::optional<Reach> reach_;
  bool refused_ = false;  // the server's port was closed in this outage

  std::optional<TimePoint> migrate_at_, probe_at_, escalate_at_, retry_at_, roll_at_, roll_by_;
  std::vector<Action> out_;
};

}  // namespace recovery
}  // namespace oairt
