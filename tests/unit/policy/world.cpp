#include "world.h"

#include <algorithm>

#include "script.h"
#include "support/check.h"

namespace oairt::test {

using namespace recovery;  // NOLINT: all of its words are used

// --- the calls ---

void CallModel::perform(const Action &action, const char *after) {
  if (std::holds_alternative<StartCall>(action)) {
    OAIRT_REQUIRE(!(next_), "a second next call: %s after %s", text_of(action).c_str(), after);
    next_ = true;
    ready_ = false;
  } else if (std::holds_alternative<EndNext>(action)) {
    OAIRT_REQUIRE(next_, "there is no next call: %s after %s", text_of(action).c_str(), after);
    next_ = ready_ = false;
  } else if (std::holds_alternative<EndCall>(action)) {
    OAIRT_REQUIRE(current_, "there is no current call: %s after %s", text_of(action).c_str(),
                  after);
    current_ = false;
  } else if (std::holds_alternative<SwitchCall>(action)) {
    OAIRT_REQUIRE(next_ && ready_, "the next call is not ready: %s after %s",
                  text_of(action).c_str(), after);
    current_ = true;
    next_ = ready_ = false;
  } else if (std::holds_alternative<GiveUp>(action)) {
    OAIRT_REQUIRE(!(current_ || next_), "a call is left: %s after %s", text_of(action).c_str(),
                  after);
  } else if (std::holds_alternative<Migrate>(action) ||
             std::holds_alternative<StopMigrating>(action) ||
             std::holds_alternative<RestartIceNow>(action)) {
    OAIRT_REQUIRE(current_, "there is no current call: %s after %s", text_of(action).c_str(),
                  after);
  }
}

void check_not_stuck(const Policy &policy, const CallModel &calls, const char *after) {
  State state = policy.state();
  bool over = state == State::Idle || state == State::Stopped;
  if (over) {
    OAIRT_REQUIRE(!policy.deadline(), "a timer is armed after %s", after);
    OAIRT_REQUIRE(!calls.current() && !calls.next(), "a call is left after %s", after);
  } else if (state == State::Connected) {
    OAIRT_REQUIRE(calls.current() && !calls.next(), "not connected after %s", after);
  } else {
    bool answer_comes = calls.next() && !calls.ready();
    OAIRT_REQUIRE(policy.deadline() || answer_comes, "stuck in %s after %s", to_string(state),
                  after);
  }
}

size_t most_within(const std::vector<TimePoint> &times, Duration window) {
  size_t most = 0, first = 0;
  for (size_t last = 0; last < times.size(); ++last) {
    while (times[last] - times[first] >= window) ++first;
    most = std::max(most, last - first + 1);
  }
  return most;
}

// --- the world ---

void World::at(TimePoint time, Event event) { queue_.push({time, ++orders_, std::move(event)}); }

void World::begin_call() {
  calls.push_back(now_);
  next_ = ++made_;
  fate_ = call(now_);
  queue_.push({now_ + fate_.takes, ++orders_, fate_.outcome, next_});
}

void World::perform(const Action &action) {
  model_.perform(action, to_string(policy_.state()));
  if (std::holds_alternative<StartCall>(action)) {
    begin_call();
  } else if (std::holds_alternative<EndNext>(action)) {
    next_ = 0;
  } else if (std::holds_alternative<EndCall>(action)) {
    current_ = 0;
  } else if (std::holds_alternative<SwitchCall>(action)) {
    switches.push_back(now_);
    current_ = std::exchange(next_, 0);
    if (fate_.later) queue_.push({now_ + fate_.after, ++orders_, *fate_.later, current_});
  } else if (std::holds_alternative<ProbeServer>(action)) {
    ++probes;
    queue_.push(
        {now_ + probe_takes(now_), ++orders_, TimerFired{}, 0, [this](TimePoint time) -> Event {
           return Reached{reach(time), random(), false};
         }});
  } else if (std::holds_alternative<RestartIceNow>(action)) {
    queue_.push({now_ + milliseconds(50), ++orders_, IceRestarted{false}, current_});
  }
}

void World::feed(const Event &event) {
  Event told = event;
  if (auto *failed = std::get_if<CallFailed>(&told)) failed->random = random();
  if (std::holds_alternative<CallReady>(told)) model_.next_is_ready();
  for (const auto &action : policy_.handle(told, now_)) perform(action);
  check_not_stuck(policy_, model_, "an event in the world");
}

void World::deliver(const Pending &pending) {
  // Of a call that is over nothing is told.
  if (pending.call != 0 && pending.call != next_ && pending.call != current_) return;
  Event event = pending.late ? pending.late(now_) : pending.event;
  if (auto *lost = std::get_if<PathLost>(&event)) lost->since = now_ - milliseconds(700);
  feed(event);
}

void World::run_until(TimePoint end) {
  for (int same = 0;;) {
    auto deadline = policy_.deadline();
    bool timer = deadline && (queue_.empty() || *deadline < queue_.top().time);
    if (!timer && queue_.empty()) break;
    TimePoint next = std::max(now_, timer ? *deadline : queue_.top().time);
    if (next > end) break;
    same = next == now_ ? same + 1 : 0;
    OAIRT_REQUIRE(same < 1000, "no time passes any more, in state %s", to_string(policy_.state()));
    now_ = next;
    if (timer) {
      feed(TimerFired{});
    } else {
      Pending pending = queue_.top();
      queue_.pop();
      deliver(pending);
    }
  }
  now_ = end;
}

}  // namespace oairt::test
