// Drives the agent as the session's policy does: asks when the peer is silent, looks for another
// path when it stays so, stops when it is heard again. So the tests see what a call would see.
// Thread-safe: the timers run in the bench's loop.
// Never decides by anything but last_heard().
#pragma once

#include <atomic>
#include <memory>

#include "ice_bench.h"

namespace oairt::test {

struct DriverTimes {
  Duration probe_after = milliseconds(280), probe_every = milliseconds(80);
  Duration migrate_after = milliseconds(700), migrate_every = milliseconds(400);
};

class RecoveryDriver {
 public:
  explicit RecoveryDriver(IceBench &bench, DriverTimes times = {}) : bench_(bench), times_(times) {
    run_in(bench_.loop(), [this] { poll(); });
  }
  ~RecoveryDriver() {
    run_in(bench_.loop(), [this] { bench_.loop().cancel(timer_); });
  }
  RecoveryDriver(const RecoveryDriver &) = delete;
  RecoveryDriver &operator=(const RecoveryDriver &) = delete;
  std::atomic<int> migrations{0}, stops{0};

 private:
  void poll() {
    TimePoint now = Clock::now();
    Duration silence = now - bench_.agent().last_heard();
    if (silence < times_.probe_after) {
      if (migrating_) {
        bench_.agent().stop_migrating();
        ++stops;
      }
      migrating_ = false;
    } else if (now - last_probe_ >= times_.probe_every) {
      last_probe_ = now;
      bench_.agent().probe();
    }
    if (silence >= times_.migrate_after && now - last_migration_ >= times_.migrate_every) {
      last_migration_ = now;
      migrating_ = true;
      ++migrations;
      bench_.agent().migrate("silence");
    }
    timer_ = bench_.loop().call_after(milliseconds(20), [this] { poll(); });
  }

  IceBench &bench_;
  const DriverTimes times_;
  TimePoint last_probe_{}, last_migration_{};
  bool migrating_ = false;
  EventLoop::TimerId timer_ = 0;
};

}  // namespace oairt::test
