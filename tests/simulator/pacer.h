// One timer for all audio of a simulator: every 20 ms of real time, without drift.
// Thread-bound to its context.
// Never sends a flood after a stall: it makes up for at most 100 ms, then skips ahead.
#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include <glib.h>

#include "alarm.h"

namespace oairt::sim {

class Pacer {
 public:
  using Id = unsigned;
  using Tick = std::function<void()>;

  explicit Pacer(GMainContext *context);

  Id add(Tick tick);
  void remove(Id id) { ticks_.erase(id); }

 private:
  void run();

  Alarm alarm_;
  int64_t next_us_ = 0;
  std::map<Id, Tick> ticks_;
  Id last_ = 0;
};

}  // namespace oairt::sim
