#include <cstdlib>

#include "policy/recovery.h"
#include "support/check.h"

using namespace oairt;            // NOLINT
using namespace oairt::recovery;  // NOLINT

namespace {

const TimePoint kNow = TimePoint() + std::chrono::hours(1);

Error error(ErrorCode code) { return Error{code, "m", "d", "", {}}; }

std::string names(const std::vector<Action> &actions) {
  std::string text;
  for (const auto &action : actions) {
    if (!text.empty()) text += " ";
    if (const auto *start = std::get_if<StartCall>(&action)) {
      text +=
          "start(" + std::to_string(start->attempt) + (start->fresh_token ? ",fresh" : "") + ")";
    } else if (std::holds_alternative<EndCall>(action)) {
      text += "end";
    } else if (std::holds_alternative<Warn>(action)) {
      text += "warn";
    } else {
      text += "give-up";
    }
  }
  return text;
}

Policy connected(RecoveryOptions options = {}) {
  Policy policy(options);
  policy.handle(Start{}, kNow);
  policy.handle(CallReady{}, kNow);
  return policy;
}

}  // namespace

GST_START_TEST(start_connects_and_stop_hangs_up) {
  Policy policy;
  assert_text(names(policy.handle(Start{}, kNow)), "start(0)");
  assert_text(names(policy.handle(Start{}, kNow)), "");
  assert_text(names(policy.handle(CallReady{}, kNow)), "");
  assert_text(to_string(policy.state()), "connected");
  assert_text(names(policy.handle(Stop{}, kNow)), "end");
  assert_text(names(policy.handle(Stop{}, kNow)), "");
  assert_text(to_string(policy.state()), "idle");
}
GST_END_TEST

GST_START_TEST(a_lost_call_is_replaced_at_once) {
  Policy policy = connected();
  assert_text(names(policy.handle(CallFailed{error(ErrorCode::Network), 0}, kNow)),
              "end warn start(1)");
}
GST_END_TEST

GST_START_TEST(further_retries_wait_longer_and_longer) {
  Policy policy = connected();
  policy.handle(CallFailed{error(ErrorCode::Network), 0.5}, kNow);
  TimePoint now = kNow;
  for (int delay_ms : {300, 1200, 2700, 4800, 7000, 7000}) {
    assert_text(names(policy.handle(CallFailed{error(ErrorCode::Network), 0.5}, now)), "end warn");
    fail_unless(policy.deadline().has_value());
    double waited = to_ms(*policy.deadline() - now);
    fail_unless(std::abs(waited - delay_ms) < 1, "waited %f, not %d", waited, delay_ms);
    assert_text(names(policy.handle(TimerFired{}, now)), "");
    now = *policy.deadline();
    assert_contains(names(policy.handle(TimerFired{}, now)), "start(");
  }
  policy.handle(CallReady{}, now);
  assert_text(names(policy.handle(CallFailed{error(ErrorCode::Network), 0}, now)),
              "end warn start(1)");
}
GST_END_TEST

GST_START_TEST(what_cannot_heal_stops_with_the_reason) {
  for (ErrorCode code : {ErrorCode::Config, ErrorCode::Quota, ErrorCode::Security}) {
    Policy policy = connected();
    assert_text(names(policy.handle(CallFailed{error(code), 0}, kNow)), "end give-up");
    assert_text(to_string(policy.state()), "stopped");
    fail_if(policy.deadline().has_value());
    assert_text(names(policy.handle(TimerFired{}, kNow)), "");
    assert_text(names(policy.handle(Reconnect{}, kNow)), "start(0,fresh)");
  }
}
GST_END_TEST

GST_START_TEST(a_refused_token_is_renewed_once) {
  Policy policy;
  policy.handle(Start{}, kNow);
  CallFailed refused{error(ErrorCode::Auth), 0, true};
  assert_text(names(policy.handle(refused, kNow)), "end warn start(1,fresh)");
  assert_text(names(policy.handle(refused, kNow)), "end give-up");
}
GST_END_TEST

GST_START_TEST(a_refused_key_is_final_at_once) {
  Policy policy;
  policy.handle(Start{}, kNow);
  assert_text(names(policy.handle(CallFailed{error(ErrorCode::Auth), 0}, kNow)), "end give-up");
}
GST_END_TEST

GST_START_TEST(retry_after_is_honoured_and_spread) {
  Policy policy = connected();
  Error busy = error(ErrorCode::Busy);
  busy.retry_after = milliseconds(7000);
  policy.handle(CallFailed{busy, 0}, kNow);
  fail_unless(*policy.deadline() - kNow == milliseconds(7000));
  Policy other = connected();
  other.handle(CallFailed{busy, 0.9}, kNow);
  fail_unless(*other.deadline() > kNow + milliseconds(7000));
}
GST_END_TEST

GST_START_TEST(retries_end_when_they_are_used_up_or_not_wanted) {
  RecoveryOptions two;
  two.max_retries = 2;
  Policy policy = connected(two);
  Error network = error(ErrorCode::Network);
  assert_contains(names(policy.handle(CallFailed{network, 0}, kNow)), "start(1)");
  policy.handle(CallFailed{network, 0}, kNow);
  policy.handle(TimerFired{}, *policy.deadline());
  assert_text(names(policy.handle(CallFailed{network, 0}, kNow)), "end give-up");
  RecoveryOptions never;
  never.auto_reconnect = false;
  Policy alone = connected(never);
  assert_text(names(alone.handle(CallFailed{network, 0}, kNow)), "end give-up");
}
GST_END_TEST

GST_START_TEST(reconnect_replaces_a_call_and_wakes_a_waiting_one) {
  Policy policy = connected();
  assert_text(names(policy.handle(Reconnect{}, kNow)), "end start(0)");
  policy.handle(CallFailed{error(ErrorCode::Network), 0}, kNow);
  policy.handle(CallFailed{error(ErrorCode::Network), 0}, kNow);
  assert_text(to_string(policy.state()), "waiting");
  assert_text(names(policy.handle(Reconnect{}, kNow)), "start(0)");
  Policy idle;
  assert_text(names(idle.handle(Reconnect{}, kNow)), "");
}
GST_END_TEST

GST_START_TEST(news_of_a_call_that_is_over_are_ignored) {
  Policy policy;
  assert_text(names(policy.handle(CallFailed{error(ErrorCode::Network), 0}, kNow)), "");
  assert_text(names(policy.handle(CallReady{}, kNow)), "");
  assert_text(to_string(policy.state()), "idle");
}
GST_END_TEST

OAIRT_TEST_MAIN(recovery, start_connects_and_stop_hangs_up, a_lost_call_is_replaced_at_once,
                further_retries_wait_longer_and_longer, what_cannot_heal_stops_with_the_reason,
                a_refused_token_is_renewed_once, a_refused_key_is_final_at_once,
                retry_after_is_honoured_and_spread, retries_end_when_they_are_used_up_or_not_wanted,
                reconnect_replaces_a_call_and_wakes_a_waiting_one,
                news_of_a_call_that_is_over_are_ignored)
