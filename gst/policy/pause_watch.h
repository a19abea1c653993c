// Ends turns for transcribers that detect none: at a pause, and when somebody speaks without one.
// Pure. Thread-bound to whoever owns it.
// Never ends a turn in which nobody spoke.
#pragma once

#include <optional>

#include "base/clock.h"

namespace oairt {

class PauseWatch {
 public:
  static constexpr Duration kPause = milliseconds(600);
  static constexpr Duration kLongestTurn = std::chrono::seconds(20);
  static constexpr Duration kShortestVoice = milliseconds(100);

  // To be called every 20 ms or so; `last_voice`: when the input sounded like a voice last. True:
  // the turn ends now.
  bool look(TimePoint last_voice, TimePoint now);
  // A new call, or what was said is dropped.
  void reset() { began_.reset(); }
  // Since when somebody speaks in the turn that has not ended.
  std::optional<TimePoint> turn_began() const { return began_; }

 private:
  std::optional<TimePoint> began_;
  TimePoint last_voice_{};
};

}  // namespace oairt
