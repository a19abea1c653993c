// A server and a network around one policy: calls, probes and paths take time and end as the test
// says. Time is simulated.
// Thread-bound to the test.
// Never lets an action pass that the calls which exist do not allow.
#pragma once

#include <functional>
#include <queue>
#include <random>
#include <vector>

#include "policy/recovery.h"

// Tells check only of failures: it writes each assertion to a pipe.
#define OAIRT_REQUIRE(condition, ...)                  \
  do {                                                 \
    if (!(condition)) fail_unless(false, __VA_ARGS__); \
  } while (0)

namespace oairt::test {

// The calls as the session has them.
class CallModel {
 public:
  // Fails the test if an action does not fit what there is.
  void perform(const recovery::Action &action, const char *after);
  void next_is_ready() { ready_ = next_; }
  bool current() const { return current_; }
  bool next() const { return next_; }
  bool ready() const { return ready_; }

 private:
  bool current_ = false, next_ = false, ready_ = false;
};

// Fails the test if nothing would ever happen again though something should.
void check_not_stuck(const recovery::Policy &policy, const CallModel &calls, const char *after);

// Most of `times` (in order) within a window.
size_t most_within(const std::vector<TimePoint> &times, Duration window);

class World {
 public:
  struct Fate {
    Duration takes{milliseconds(80)};
    recovery::Event outcome = recovery::CallReady{};
    // What befalls it once it is up.
    std::optional<recovery::Event> later;
    Duration after{0};
  };
  std::function<Fate(TimePoint)> call = [](TimePoint) { return Fate{}; };
  std::function<recovery::Reach(TimePoint)> reach = [](TimePoint) {
    return recovery::Reach::Reachable;
  };
  std::function<Duration(TimePoint)> probe_takes = [](TimePoint) { return milliseconds(1); };

  explicit World(unsigned seed, RecoveryOptions options = {})
      : policy_(options), generator_(seed) {}
  void at(TimePoint time, recovery::Event event);
  void run_until(TimePoint end);
  TimePoint now() const { return now_; }
  recovery::Policy &policy() { return policy_; }
  double random() { return std::uniform_real_distribution<double>(0, 1)(generator_); }

  std::vector<TimePoint> calls;     // when one was begun
  std::vector<TimePoint> switches;  // when one became the current one
  size_t probes = 0;

 private:
  struct Pending {
    TimePoint time;
    uint64_t order = 0;
    recovery::Event event;
    uint64_t call = 0;  // that it is news of; 0: of none
    std::function<recovery::Event(TimePoint)> late = nullptr;
  };
  struct Later {
    bool operator()(const Pending &a, const Pending &b) const {
      return a.time != b.time ? a.time > b.time : a.order > b.order;
    }
  };
  void feed(const recovery::Event &event);
  void perform(const recovery::Action &action);
  void begin_call();
  void deliver(const Pending &pending);

  recovery::Policy policy_;
  std::mt19937 generator_;
  CallModel model_;
  TimePoint now_ = TimePoint() + std::chrono::hours(1);
  std::priority_queue<Pending, std::vector<Pending>, Later> queue_;
  uint64_t orders_ = 0, made_ = 0, next_ = 0, current_ = 0;
  Fate fate_;
};

}  // namespace oairt::test
