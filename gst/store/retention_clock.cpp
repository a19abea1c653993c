#include "store/retention_clock.h"

#include <algorithm>

namespace oairt {

void RetentionClock::start(int64_t wall_ms, int64_t running_ms, int64_t newest_ms) {
  bool jumped = newest_ms > 0 && wall_ms - newest_ms > kPauseMs;
  believed_ms_ = jumped ? newest_ms : wall_ms;
  at_running_ms_ = running_ms;
  doubted_since_ms_ = -1;
}

int64_t RetentionClock::now_ms(int64_t wall_ms, int64_t running_ms) {
  int64_t expected = believed_ms_ + std::max<int64_t>(0, running_ms - at_running_ms_);
  if (wall_ms - expected > kSlackMs) {
    if (doubted_since_ms_ < 0) doubted_since_ms_ = running_ms;
    if (running_ms - doubted_since_ms_ < kProofMs) return expected;
  }
  doubted_since_ms_ = -1;
  believed_ms_ = wall_ms;
  at_running_ms_ = running_ms;
  return wall_ms;
}

}  // namespace oairt
