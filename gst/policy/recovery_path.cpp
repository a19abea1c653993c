// The rungs below a call: fresh paths, ICE restart, and when it is time for another call.
#include <algorithm>
#include <utility>

#include "policy/recovery.h"

namespace oairt::recovery {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// The fresh path is renewed often while an outage is young, and never given up.
Duration migrate_interval(Duration silence) {
  if (silence < seconds(4)) return milliseconds(300);
  return silence < minutes(2) ? Duration(seconds(1)) : Duration(seconds(5));
}

// How soon it is noticed that the server is there again. One SYN costs less than one voice packet.
Duration probe_interval(Duration silence) {
  if (silence < minutes(3)) return milliseconds(250);
  return silence < minutes(15) ? Duration(seconds(1)) : Duration(seconds(5));
}

// Those that lost their server together must not ask in step.
Duration jittered(Duration interval, double random) {
  return interval * 4 / 5 + std::chrono::duration_cast<Duration>(interval * random / 5);
}

// A short outage is not made longer by waiting, and a long one ends for a fleet not in one moment:
// 0.2 s after 5 s, 0.8 s after 10 s, 7 s after half a minute, where `retry-interval-max` is the
// cap.
constexpr double kSpreadScaleMs = 125000;

Error unreachable_for_good(Duration silence) {
  return Error{ErrorCode::Network,
               "The service cannot be reached any more, and \"auto-reconnect\" or \"max-retries\" "
               "allow no other call. Emit \"reconnect\" to make one.",
               "no packet for " + std::to_string(static_cast<int64_t>(to_ms(silence))) + " ms",
               {},
               {}};
}

}  // namespace

bool Policy::probing() const {
  if (path_silent()) return true;
  bool wanting = next_ == Next::Making || (next_ == Next::Due && unreachable_);
  return wanting && !current_;
}

void Policy::path_lost(const PathLost &event, TimePoint now) {
  if (!current_ || path_silent()) return;
  begin_outage(event.fault, event.since, now);
  if (next_ == Next::Ready) return promote(true, now);
  order(Migrate{event.fault});
  order(ProbeServer{});
  migrate_at_ = now + migrate_interval(Duration(0));
  probe_at_ = now + jittered(probe_interval(Duration(0)), random_);
  if (!escalate_at_) escalate_at_ = now + kBlindPatience;
}

void Policy::path_back(const PathBack &event, TimePoint now) {
  if (!current_ || !outage_) return;
  if (restart_requested_ && !event.moved) return;
  order(StopMigrating{});
  end_next();
  const char *action = restart_agreed_ && event.moved ? "restart-ice"
                       : event.moved                  ? "migrate"
                                                      : "ride-out";
  Duration lost = restart_requested_ ? Duration::zero() : silence(now);
  order(Recovered{outage_->fault, action, lost});
  attempt_ = 0;
  outage_.reset();
  reach_.reset();
  unreachable_ = missed_ = refused_ = false;
  probe_at_.reset();
  forget_path();
}

void Policy::network_changed(TimePoint now) {
  if (path_silent() && !restarting_) {
    order(Migrate{"network-changed"});
    migrate_at_ = now + migrate_interval(silence(now));
  }
  if (!probing()) return;
  order(ProbeServer{});
  probe_at_ = now + milliseconds(100);  // routes come a moment after the address
}

Duration Policy::spread(double random, TimePoint now) const {
  if (!refused_) return Duration::zero();
  double silent_ms = to_ms(age(now));
  double widest_ms =
      std::min(silent_ms * silent_ms / kSpreadScaleMs, to_ms(options_.backoff.maximum));
  return std::chrono::duration_cast<Duration>(
      std::chrono::duration<double, std::milli>(widest_ms * random));
}

void Policy::reached(const Reached &event, TimePoint now) {
  if (!probing()) return;
  auto before = std::exchange(reach_, event.reach);
  random_ = event.random;
  if (event.reach == Reach::Refused) refused_ = true;
  if (event.reach != Reach::Reachable) {
    missed_ = true;
    return;
  }
  bool returned = before && *before != Reach::Reachable;
  bool forgotten = !current_ || refused_ || silence(now) > kForgotten;
  // All whose server went down see it come back in the same moment. A call that it still knows
  // needs no other: that is given a moment.
  Duration wait = forgotten ? spread(event.random, now) : std::max<Duration>(kGrace, rtt_ * 5 / 2);
  // Waiting for TCP's own timer, which has grown long.
  bool stuck = next_ == Next::Making && !event.next_answered && now - made_at_ > kGrace;
  if (missed_ && (stuck || (next_ == Next::Due && unreachable_))) {
    server_is_back(wait, now);
  } else if (next_ == Next::None && path_silent() && !restarting_) {
    restart_tried_ = restart_tried_ || forgotten;
    if (!before || returned) {
      escalate_at_ = std::min(escalate_at_.value_or(now + wait), now + wait);
    }
  }
  if (returned && path_silent() && !restarting_) order(Migrate{"network-back"});
}

void Policy::server_is_back(Duration wait, TimePoint now) {
  TimePoint at = std::max(now + wait, earliest_call(now));
  if (next_ == Next::Making) {
    if (at > now + wait) return;  // too many were begun already: this one may still do
    end_next();
    next_ = Next::Due;
  }
  missed_ = false;
  retry_at_ = std::min(retry_at_.value_or(at), at);
  if (*retry_at_ <= now) make_next(now);
}

void Policy::restart_requested(TimePoint now) {
  if (!current_ || next_ != Next::None || restarting_ || !can_restart_) return;
  if (!outage_) {
    outage_ = Outage{"requested", now};
    restart_requested_ = true;
  }
  restart_ice(now);
}

void Policy::restart_ice(TimePoint now) {
  restarting_ = restart_tried_ = true;
  restart_agreed_ = false;
  Duration patience = std::max<Duration>(seconds(1), rtt_ * 4);
  escalate_at_ = now + patience;
  migrate_at_.reset();
  order(RestartIceNow{patience});
}

void Policy::ice_restarted(const IceRestarted &event, TimePoint now) {
  if (!restarting_) return;
  if (event.ok) {
    restart_agreed_ = true;
    escalate_at_ = now + std::max<Duration>(seconds(1), rtt_ * 4);
  } else {
    escalate_at_ = now;
  }
}

void Policy::escalate(TimePoint now) {
  if (restart_requested_) {  // nothing was wrong: the old path is still in use
    outage_.reset();
    forget_path();
    order(StopMigrating{});
  } else if (!restarting_ && can_restart_ && options_.ice_restart && !restart_tried_ &&
             reach_ == Reach::Reachable) {
    restart_ice(now);
  } else {
    restarting_ = false;
    replace_beside(now);
  }
}

// The old call is still listened for: whichever is there first goes on.
void Policy::replace_beside(TimePoint now) {
  migrate_at_ = now + migrate_interval(silence(now));
  if (next_ != Next::None) return;
  if (final_ || !options_.auto_reconnect || used_up()) return wait_for_old_call(now);
  ++attempt_;
  schedule_next(backoff_delay(attempt_, random_, options_.backoff), false, now);
}

void Policy::wait_for_old_call(TimePoint now) {
  if (silence(now) < kForgotten) {
    escalate_at_ = outage_->since + kForgotten;
  } else {
    give_up(final_.value_or(unreachable_for_good(silence(now))));
  }
}

void Policy::path_timers(TimePoint now) {
  auto due = [now](std::optional<TimePoint> &timer) {
    if (!timer || now < *timer) return false;
    timer.reset();
    return true;
  };
  if (due(escalate_at_) && current_ && outage_) escalate(now);
  if (due(migrate_at_) && path_silent() && !restarting_) {
    if (silence(now) > kHopeless && next_ != Next::None) {
      order(EndCall{});
      current_ = false;
      forget_path();
    } else {
      order(Migrate{outage_->fault});
      migrate_at_ = now + migrate_interval(silence(now));
    }
  }
  if (due(probe_at_) && probing()) {
    order(ProbeServer{});
    probe_at_ = now + jittered(probe_interval(age(now)), random_);
  }
}

}  // namespace oairt::recovery
