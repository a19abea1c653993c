#include "support/machine_stalls.h"

#include <algorithm>

#include <sched.h>

namespace oairt::test {
namespace {

constexpr Duration kEvery = milliseconds(4);
constexpr Duration kWorthIt = milliseconds(4);  // less is how timers are

}  // namespace

MachineStalls::MachineStalls() {
  for (std::size_t core = 0; core < std::thread::hardware_concurrency(); ++core) {
    threads_.emplace_back([this, core] { watch(core); });
  }
}

MachineStalls::~MachineStalls() {
  {
    LockGuard guard(lock_);
    ended_ = true;
    changed_.notify_all();
  }
  for (std::thread &thread : threads_) thread.join();
}

Duration MachineStalls::between(TimePoint from, TimePoint to) const {
  LockGuard guard(lock_);
  std::vector<Duration> lost(threads_.size());
  for (const Stall &stall : stalls_) {
    Duration shared = std::min(to, stall.end) - std::max(from, stall.begin);
    lost[stall.core] += std::max(shared, Duration::zero());
  }
  return lost.empty() ? Duration::zero() : *std::max_element(lost.begin(), lost.end());
}

void MachineStalls::watch(std::size_t core) {
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(core, &only);
  sched_setaffinity(0, sizeof only, &only);  // where it may not, it measures another core
  LockGuard guard(lock_);
  while (!ended_) {
    TimePoint due = Clock::now() + kEvery;
    changed_.wait_until(lock_, due, [this]() OAIRT_REQUIRES(lock_) { return ended_; });
    TimePoint now = Clock::now();
    if (now - due > kWorthIt) stalls_.push_back({core, due, now});
  }
}

}  // namespace oairt::test
