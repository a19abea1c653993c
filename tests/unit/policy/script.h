// Drives a recovery policy by text, with a clock of its own, and writes what it orders as text.
// Thread-bound to the test.
// Never sleeps.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/recovery.h"

namespace oairt::test {

std::string text_of(const recovery::Action &action);
std::string text_of(const std::vector<recovery::Action> &actions);

// A line is: [+MS] EVENT [ARGUMENT ...] => STATE [: ACTION ...] [; due MS | ; never]
// +MS        that much later
// EVENT      start  stop  reconnect  restart-ice  network  quiet
//            ready [restart] [rtt=MS] [limit=MS]
//            failed CODE [random=R] [after=MS] [refused]      the call being made
//            dropped CODE [...]                               the current one
//            lost FAULT [ago=MS]      back [moved]
//            reach yes|no|refused [random=R] [answered]
//            restarted yes|no         limit MS [random=R]
//            timer                    fires now, whatever is due
//            due                      goes to the deadline and fires there
//            pass MS                  fires all that is due in that time; sorted, `probe..` for
//            many
// `due MS` at the end: when the deadline is, from now.
// CODE is the name of an ErrorCode.
class Script {
 public:
  explicit Script(RecoveryOptions options = {}) : policy_(options) {}
  // Runs the lines; the test fails with the line that differs. Fires a timer that is early before
  // each of them and checks that nothing comes of it.
  void run(std::string_view lines);
  // Runs one event without an expectation.
  std::string step(const std::string &event);
  recovery::Policy &policy() { return policy_; }
  TimePoint now() const { return now_; }

 private:
  std::vector<recovery::Action> perform(const std::string &event);
  std::vector<recovery::Action> pass(Duration time);
  std::string due() const;
  void check_early_timer(const std::string &line);
  void check_not_stuck(const std::string &line) const;
  void check(const std::string &line);

  recovery::Policy policy_;
  TimePoint now_ = TimePoint() + std::chrono::hours(1);
};

}  // namespace oairt::test
