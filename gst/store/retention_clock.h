// The time by which retention is judged: the wall clock, but not where it jumps. A machine that
// starts without a battery, or a slip of the hand, must not erase what is kept.
// Pure: the clocks are arguments. Never runs ahead of what the clock says.
#pragma once

#include <cstdint>

namespace oairt {

class RetentionClock {
 public:
  // What is within it is no jump: clocks are slewed and stepped a little every day.
  static constexpr int64_t kSlackMs = 10 * 60 * 1000;
  // A jump ahead that stands for so long is the truth.
  static constexpr int64_t kProofMs = 60 * 60 * 1000;
  // Of a store that was not used for a while: longer than that is a jump.
  static constexpr int64_t kPauseMs = int64_t{400} * 24 * 60 * 60 * 1000;

  // `running_ms` counts steadily, also while the machine sleeps. `newest_ms`: of what is stored,
  // 0: nothing is.
  void start(int64_t wall_ms, int64_t running_ms, int64_t newest_ms);
  int64_t now_ms(int64_t wall_ms, int64_t running_ms);

 private:
  int64_t believed_ms_ = 0, at_running_ms_ = 0;
  int64_t doubted_since_ms_ = -1;  // running; -1: there is no doubt
};

}  // namespace oairt
