// Timers of a machine that is told the time: nothing here asks a clock.
// Thread-bound to its owner.
// Never runs a task before its time, nor one that was cancelled.
#pragma once

#include <charconv>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"

namespace oairt::sim {

// "1.5" -> 1500 ms; what is no number is 0.
inline milliseconds parse_seconds(const std::string &text) {
  double seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return milliseconds(static_cast<int64_t>(seconds > 0 && seconds < 1e9 ? seconds * 1000 : 0));
}

class Timers {
 public:
  using Id = uint64_t;
  using Task = std::function<void()>;

  Id at(TimePoint when, Task task) {
    tasks_.emplace(std::pair(when, ++last_), std::move(task));
    return last_;
  }
  void cancel(Id id) {
    std::erase_if(tasks_, [id](const auto &entry) { return entry.first.second == id; });
  }
  std::optional<TimePoint> next() const {
    if (tasks_.empty()) return std::nullopt;
    return tasks_.begin()->first.first;
  }
  // Runs what is due, in order of time, then of creation; also what the tasks add, if due.
  void run(TimePoint now) {
    while (!tasks_.empty() && tasks_.begin()->first.first <= now) {
      auto node = tasks_.extract(tasks_.begin());
      node.mapped()();
    }
  }

 private:
  std::map<std::pair<TimePoint, Id>, Task> tasks_;
  Id last_ = 0;
};

}  // namespace oairt::sim
