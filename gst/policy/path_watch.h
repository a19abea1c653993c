// Tells from the times at which anything was heard whether the path still lives. Asks for a sign
// of life before it suspects: a service may say nothing for long while nobody speaks. Pure.
// Thread-bound to whoever owns it.
// Never suspects a path on which something was heard within the threshold.
#pragma once

#include <optional>

#include "base/clock.h"

namespace oairt {

class PathWatch {
 public:
  struct Finding {
    bool probe = false;  // ask for a sign of life now
    bool lost = false;   // once for each loss
    bool back = false;   // once for each return
  };

  // `silence`: the property watchdog-timeout.
  explicit PathWatch(Duration silence = milliseconds(700)) : silence_(silence) {}
  void set_silence(Duration silence) { silence_ = silence; }
  // A call has begun.
  void reset(TimePoint now);
  // To be called every 20 ms or so.
  Finding look(TimePoint last_heard, TimePoint now);
  // It is known to be lost: its link or address is gone. What was heard until now does not count.
  void declare_lost(TimePoint now);
  bool lost() const { return lost_at_.has_value(); }

 private:
  Duration silence_;
  TimePoint began_{}, probed_{};
  std::optional<TimePoint> lost_at_;
};

}  // namespace oairt
