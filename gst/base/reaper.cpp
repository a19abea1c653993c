#include "base/reaper.h"

#include <deque>
#include <thread>

#include "base/lock.h"

namespace oairt::reaper {
namespace {

class Worker {
 public:
  void expect() {
    LockGuard guard(lock_);
    ++pending_;
  }

  void finish(std::function<void()> task) {
    LockGuard guard(lock_);
    tasks_.push_back(std::move(task));
    if (!started_) {
      started_ = true;
      // Detached and never ended: it lives in memory that is never freed, so that a process may
      // exit at any moment.
      std::thread([this] { run(); }).detach();
    }
    changed_.notify_all();
  }

  bool wait_idle(TimePoint deadline) {
    LockGuard guard(lock_);
    return changed_.wait_until(lock_, deadline,
                               [this]() OAIRT_REQUIRES(lock_) { return pending_ == 0; });
  }

 private:
  [[noreturn]] void run() {
    while (true) {
      std::function<void()> task;
      {
        LockGuard guard(lock_);
        changed_.wait(lock_, [this]() OAIRT_REQUIRES(lock_) { return !tasks_.empty(); });
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
      task = nullptr;
      LockGuard guard(lock_);
      --pending_;
      changed_.notify_all();
    }
  }

  Mutex lock_;
  Condition changed_;
  std::deque<std::function<void()>> tasks_ OAIRT_GUARDED_BY(lock_);
  int pending_ OAIRT_GUARDED_BY(lock_) = 0;
  bool started_ OAIRT_GUARDED_BY(lock_) = false;
};

Worker &worker() {
  static Worker *instance = new Worker;
  return *instance;
}

}  // namespace

void expect() { worker().expect(); }
void finish(std::function<void()> task) { worker().finish(std::move(task)); }
bool wait_idle(TimePoint deadline) { return worker().wait_idle(deadline); }

}  // namespace oairt::reaper
