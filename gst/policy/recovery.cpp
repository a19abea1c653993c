#include "policy/recovery.h"

#include <algorithm>
#include <utility>

namespace oairt::recovery {

const char *to_string(State state) {
  switch (state) {
    case State::Idle:
      return "idle";
    case State::Connecting:
      return "connecting";
    case State::Connected:
      return "connected";
    case State::Migrating:
      return "migrating";
    case State::Restarting:
      return "restarting";
    case State::Replacing:
      return "replacing";
    case State::RollingOver:
      return "rolling-over";
    case State::Waiting:
      return "waiting";
    case State::Stopped:
      return "stopped";
  }
  return "unknown";
}

namespace {

bool may_be_retried(ErrorCode code) {
  switch (code) {
    case ErrorCode::Network:
    case ErrorCode::Busy:
    case ErrorCode::Protocol:
    case ErrorCode::Media:
      return true;
    case ErrorCode::Auth:
    case ErrorCode::Config:
    case ErrorCode::Quota:
    case ErrorCode::Security:
    case ErrorCode::Storage:
    case ErrorCode::Cancelled:
      return false;
  }
  return false;
}

std::string name_of(const Error &error) {
  return error.service_code.empty() ? to_string(error.code) : error.service_code;
}

}  // namespace

// --- the state follows from what there is ---

void Policy::settle() {
  if (next_ == Next::None) {
    if (!current_) return;  // Idle or Stopped: set where it is decided
    state_ = restarting_ ? State::Restarting : outage_ ? State::Migrating : State::Connected;
  } else if (current_) {
    state_ = outage_ ? State::Replacing : State::RollingOver;
  } else if (next_ == Next::Due) {
    state_ = State::Waiting;
  } else {
    state_ = outage_ ? State::Replacing : State::Connecting;
  }
}

void Policy::order(Action action) { out_.push_back(std::move(action)); }

void Policy::forget_path() {
  migrate_at_.reset();
  escalate_at_.reset();
  restarting_ = restart_tried_ = restart_agreed_ = restart_requested_ = false;
}

Duration Policy::call_interval() const {
  return std::clamp<Duration>(options_.backoff.maximum, milliseconds(100), kCallInterval);
}

TimePoint Policy::earliest_call(TimePoint now) const {
  return std::max({now, not_before_, spent_ - kBurst * call_interval()});
}

void Policy::make_next(TimePoint now) {
  next_ = Next::Making;
  made_at_ = now;
  retry_at_.reset();
  missed_ = reach_ && *reach_ != Reach::Reachable;
  if (!probe_at_) probe_at_ = now + kSlow;
  // What the application orders is paid for too, but never more than a burst ahead.
  spent_ = std::min(std::max(spent_, now) + call_interval(), now + (kBurst + 1) * call_interval());
  order(StartCall{attempt_, fresh_token_});
}

void Policy::schedule_next(Duration delay, bool fresh_token, TimePoint now) {
  fresh_token_ = fresh_token;
  TimePoint at = std::max(now + delay, earliest_call(now));
  if (at <= now) return make_next(now);
  next_ = Next::Due;
  retry_at_ = at;
}

void Policy::end_next() {
  if (next_ == Next::Making || next_ == Next::Ready) order(EndNext{});
  next_ = Next::None;
  retry_at_.reset();
}

// A fault of its own is a new row of attempts, unless the call had just come up.
void Policy::begin_outage(const std::string &fault, TimePoint since, TimePoint now) {
  if (outage_ && !restart_requested_) return;
  restart_requested_ = false;
  outage_ = Outage{fault, std::clamp(since, std::min(connected_at_, now), now)};
  reach_.reset();
  refused_ = false;
  if (final_ && may_be_retried(final_->code)) final_.reset();
  if (next_ == Next::None && now - connected_at_ >= kProven) attempt_ = 0;
}

void Policy::promote(bool quiet, TimePoint now) {
  bool rolled = current_ && !outage_;
  order(SwitchCall{quiet, !rolled});
  if (rolled) {
    order(Recovered{"session-limit", "rollover", Duration::zero()});
  } else if (outage_) {
    order(Recovered{outage_->fault, "replace-call", silence(now)});
  }
  current_ = true;
  next_ = Next::None;
  connected_at_ = now;
  fresh_token_ = unreachable_ = missed_ = refused_ = false;
  not_before_ = {};
  can_restart_ = ready_.can_restart_ice;
  rtt_ = ready_.rtt;
  outage_.reset();
  final_.reset();
  reach_.reset();
  probe_at_.reset();
  roll_at_.reset();
  roll_by_.reset();
  forget_path();
  if (ready_.limit) limit_known(*ready_.limit, now);
}

void Policy::give_up(const Error &error) {
  end_next();
  if (current_) order(EndCall{});
  order(GiveUp{error});
  current_ = false;
  outage_.reset();
  probe_at_.reset();
  roll_at_.reset();
  roll_by_.reset();
  forget_path();
  state_ = State::Stopped;
}

// --- events about calls ---

void Policy::start(TimePoint now) {
  if (state_ != State::Idle) return;
  begun_at_ = now;
  make_next(now);
}

void Policy::stop() {
  if (state_ == State::Idle) return;
  RecoveryOptions options = options_;
  end_next();
  if (current_) order(EndCall{});
  std::vector<Action> out = std::move(out_);
  *this = Policy(options);
  out_ = std::move(out);
}

void Policy::reconnect(TimePoint now) {
  if (state_ == State::Idle) return;
  bool refused = state_ == State::Stopped;
  end_next();
  if (current_) {
    order(EndCall{});
    outage_ = Outage{"reconnect", path_silent() ? outage_->since : now};
  }
  current_ = false;
  attempt_ = 0;
  begun_at_ = now;
  not_before_ = {};
  fresh_token_ = refused;
  unreachable_ = refused_ = false;
  final_.reset();
  reach_.reset();
  probe_at_.reset();
  roll_at_.reset();
  roll_by_.reset();
  forget_path();
  make_next(now);
}

void Policy::call_ready(const CallReady &event, TimePoint now) {
  if (next_ != Next::Making) return;
  ready_ = event;
  if (current_ && !outage_) {  // rolling over: the old call speaks until a good moment
    next_ = Next::Ready;
  } else {
    promote(true, now);
  }
}

void Policy::current_failed(const CallFailed &failure, TimePoint now) {
  if (!current_) return;
  begin_outage(name_of(failure.error), now, now);
  current_ = false;
  forget_path();
  order(EndCall{});
  if (next_ == Next::Ready) {
    promote(true, now);
  } else if (next_ != Next::None) {
    if (probing() && !probe_at_) probe_at_ = now;
  } else if (final_) {
    give_up(*final_);
  } else {
    retry(failure, now);
  }
}

void Policy::next_failed(const CallFailed &failure, TimePoint now) {
  if (next_ != Next::Making && next_ != Next::Ready) return;
  end_next();
  retry(failure, now);
}

// What is there goes on, as long as it does.
void Policy::no_other_call(const Error &error) {
  if (!current_) return give_up(error);
  final_ = error;
  if (!outage_ || !may_be_retried(error.code)) {
    roll_at_.reset();
    roll_by_.reset();
  }
  order(Warn{error, Duration::zero()});
  if (outage_) escalate_at_ = outage_->since + kForgotten;
}

Duration Policy::retry_delay(const CallFailed &failure, bool renew_token) {
  Duration delay =
      renew_token ? Duration::zero() : backoff_delay(attempt_, failure.random, options_.backoff);
  if (!failure.error.retry_after || *failure.error.retry_after <= delay) return delay;
  // Everybody who was told the same time must not come back in the same moment.
  Duration asked = *failure.error.retry_after;
  Duration widest = std::max<Duration>(options_.backoff.initial,
                                       std::min<Duration>(asked / 5, options_.backoff.maximum));
  return asked + std::chrono::duration_cast<Duration>(failure.random * widest);
}

void Policy::retry(const CallFailed &failure, TimePoint now) {
  // A cached token may have been revoked: a new one is tried once before the refusal is final.
  bool renew_token = failure.token_refused && !fresh_token_;
  bool possible = options_.auto_reconnect && may_be_retried(failure.error.code) && !used_up();
  if (!renew_token && !possible) return no_other_call(failure.error);
  unreachable_ = failure.error.code == ErrorCode::Network;
  random_ = failure.random;
  ++attempt_;
  Duration delay = retry_delay(failure, renew_token);
  if (failure.error.retry_after) not_before_ = now + delay;
  delay = std::max(delay, earliest_call(now) - now);
  order(Warn{failure.error, delay});
  schedule_next(delay, renew_token, now);
  if (unreachable_ && probing()) probe_at_ = now;
}

void Policy::limit_known(const SessionLimit &limit, TimePoint now) {
  if (!current_ || !options_.auto_reconnect) return;
  if (final_ && !may_be_retried(final_->code)) return;
  Duration margin = std::max<Duration>(options_.rollover_margin, Duration::zero());
  Duration left = limit.at - now;
  if (left <= Duration::zero()) return;
  margin = std::min(margin, left / 2);
  auto earlier = std::chrono::duration_cast<Duration>(margin * 0.25 * limit.random);
  roll_at_ = limit.at - margin - std::min(earlier, (left - margin) / 2);
  roll_by_ = limit.at - margin / 4;
}

// --- time ---

std::optional<TimePoint> Policy::deadline() const {
  std::optional<TimePoint> first;
  bool ready = next_ == Next::Ready;
  bool may_roll = next_ == Next::None && current_ && !outage_;
  for (const auto &timer : {migrate_at_, probe_at_, escalate_at_, retry_at_,
                            may_roll ? roll_at_ : std::nullopt, ready ? roll_by_ : std::nullopt}) {
    if (timer && (!first || *timer < *first)) first = timer;
  }
  return first;
}

void Policy::timer_fired(TimePoint now) {
  auto due = [now](std::optional<TimePoint> &timer) {
    if (!timer || now < *timer) return false;
    timer.reset();
    return true;
  };
  if (due(retry_at_) && next_ == Next::Due) make_next(now);
  // Stays armed: if the next call is given up for the sake of an old path that is back, it is
  // made again.
  if (next_ == Next::None && current_ && !outage_ && roll_at_ && now >= *roll_at_) {
    attempt_ = 0;
    schedule_next(Duration::zero(), false, now);
  }
  if (next_ == Next::Ready && due(roll_by_)) promote(false, now);
  path_timers(now);
}

std::vector<Action> Policy::handle(const Event &event, TimePoint now) {
  struct Visitor {
    Policy &policy;
    TimePoint now;
    void operator()(const Start &) { policy.start(now); }
    void operator()(const Stop &) { policy.stop(); }
    void operator()(const Reconnect &) { policy.reconnect(now); }
    void operator()(const RestartIce &) { policy.restart_requested(now); }
    void operator()(const CallReady &e) { policy.call_ready(e, now); }
    void operator()(const CallFailed &e) {
      e.next ? policy.next_failed(e, now) : policy.current_failed(e, now);
    }
    void operator()(const PathLost &e) { policy.path_lost(e, now); }
    void operator()(const PathBack &e) { policy.path_back(e, now); }
    void operator()(const NetworkChanged &) { policy.network_changed(now); }
    void operator()(const Reached &e) { policy.reached(e, now); }
    void operator()(const IceRestarted &e) { policy.ice_restarted(e, now); }
    void operator()(const SessionLimit &e) { policy.limit_known(e, now); }
    void operator()(const Quiet &) {
      if (policy.next_ == Next::Ready) policy.promote(true, now);
    }
    void operator()(const TimerFired &) { policy.timer_fired(now); }
  };
  out_.clear();
  std::visit(Visitor{*this, now}, event);
  settle();
  if (!probing()) probe_at_.reset();
  return std::exchange(out_, {});
}

}  // namespace oairt::recovery
