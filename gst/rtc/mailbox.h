// The way of callbacks from foreign threads into an object that lives in the event loop.
// Thread-safe: post(). The rest is thread-bound to the loop.
// Never touches the loop after close(), and never runs what was posted before it; so the loop and
// the object may be gone while a callback is still on its way.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "base/event_loop.h"
#include "base/lock.h"

namespace oairt {

class Mailbox : public std::enable_shared_from_this<Mailbox> {
 public:
  explicit Mailbox(EventLoop &loop) : loop_(&loop) {}

  void post(std::function<void()> task) OAIRT_EXCLUDES(mutex_) {
    LockGuard guard(mutex_);
    if (loop_ == nullptr) return;
    loop_->post([box = shared_from_this(), task = std::move(task)] {
      if (box->open_) task();
    });
  }
  void close() OAIRT_EXCLUDES(mutex_) {
    open_ = false;
    LockGuard guard(mutex_);
    loop_ = nullptr;
  }
  bool is_open() const { return open_; }

 private:
  Mutex mutex_;
  EventLoop *loop_ OAIRT_GUARDED_BY(mutex_);
  bool open_ = true;  // touched in the loop only
};

}  // namespace oairt
