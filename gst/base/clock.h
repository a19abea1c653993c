// The one time line of the core: monotonic. Pure rooms take `now` as an argument and never ask.
// Beside it the wall clock, for what outlives the machine's uptime; it may jump.
#pragma once

#include <chrono>
#include <cstdint>

namespace oairt {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;
using std::chrono::milliseconds;

inline double to_ms(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

// Milliseconds since 1970.
inline int64_t wall_ms() {
  auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<milliseconds>(since_1970).count();
}

}  // namespace oairt
