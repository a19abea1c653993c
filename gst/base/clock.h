// The one time line of the core: monotonic. Pure rooms take `now` as an argument and never ask.
#pragma once

#include <chrono>

namespace oairt {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;
using std::chrono::milliseconds;

inline double to_ms(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

}  // namespace oairt
