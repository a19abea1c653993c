// How long the machine itself stood still for a program: what a limit on wall-clock time has to
// allow on a machine that is shared. A thread on each core wakes every few milliseconds.
// Thread-safe. Never excuses a wait of the code under test: its own threads are not asked.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/lock.h"

namespace oairt::test {

class MachineStalls {
 public:
  MachineStalls();
  ~MachineStalls();
  MachineStalls(const MachineStalls &) = delete;
  MachineStalls &operator=(const MachineStalls &) = delete;

  // What was lost in that time on the core that lost most.
  Duration between(TimePoint from, TimePoint to) const;

 private:
  struct Stall {
    std::size_t core;
    TimePoint begin, end;
  };
  void watch(std::size_t core);

  mutable Mutex lock_;
  Condition changed_;
  bool ended_ OAIRT_GUARDED_BY(lock_) = false;
  std::vector<Stall> stalls_ OAIRT_GUARDED_BY(lock_);
  std::vector<std::thread> threads_;
};

}  // namespace oairt::test
