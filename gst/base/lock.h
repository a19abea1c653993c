// Mutex and guard that clang's -Wthread-safety can check, so that the rule on a field is enforced
// and not only written. Thread-safe.
#pragma once

#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define OAIRT_TSA(x) __attribute__((x))
#else
#define OAIRT_TSA(x)
#endif
#define OAIRT_GUARDED_BY(mutex) OAIRT_TSA(guarded_by(mutex))
#define OAIRT_REQUIRES(mutex) OAIRT_TSA(requires_capability(mutex))
#define OAIRT_EXCLUDES(mutex) OAIRT_TSA(locks_excluded(mutex))

namespace oairt {

class OAIRT_TSA(capability("mutex")) Mutex {
 public:
  void lock() OAIRT_TSA(acquire_capability()) { mutex_.lock(); }
  void unlock() OAIRT_TSA(release_capability()) { mutex_.unlock(); }
  std::mutex &native() { return mutex_; }

 private:
  std::mutex mutex_;
};

class OAIRT_TSA(scoped_lockable) LockGuard {
 public:
  explicit LockGuard(Mutex &mutex) OAIRT_TSA(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.lock();
  }
  ~LockGuard() OAIRT_TSA(release_capability()) { mutex_.unlock(); }
  LockGuard(const LockGuard &) = delete;
  LockGuard &operator=(const LockGuard &) = delete;

 private:
  Mutex &mutex_;
};

// A condition to wait on with a Mutex that the caller holds.
class Condition {
 public:
  template <typename Predicate>
  void wait(Mutex &mutex, Predicate ready) OAIRT_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.native(), std::adopt_lock);
    condition_.wait(lock, ready);
    lock.release();
  }
  template <typename Deadline, typename Predicate>
  bool wait_until(Mutex &mutex, Deadline deadline, Predicate ready) OAIRT_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.native(), std::adopt_lock);
    bool done = condition_.wait_until(lock, deadline, ready);
    lock.release();
    return done;
  }
  void notify_all() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace oairt
