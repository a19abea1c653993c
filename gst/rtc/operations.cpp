#include "rtc/operations.h"

#include <utility>

namespace oairt {

// Lives as long as the promise, which may also be dropped unanswered.
struct Operations::UnderWay {
  std::shared_ptr<Operations> operations;
  std::function<void(GstPromise *)> done;

  UnderWay(std::shared_ptr<Operations> owner, std::function<void(GstPromise *)> function)
      : operations(std::move(owner)), done(std::move(function)) {
    LockGuard guard(operations->mutex_);
    operations->under_way_++;
  }
  ~UnderWay() {
    done = nullptr;
    LockGuard guard(operations->mutex_);
    operations->under_way_--;
    operations->changed_.notify_all();
  }
};

Ref<GstPromise> Operations::promise(std::function<void(GstPromise *)> done) {
  return Ref<GstPromise>::adopt(gst_promise_new_with_change_func(
      [](GstPromise *promise, gpointer data) { static_cast<UnderWay *>(data)->done(promise); },
      new UnderWay(shared_from_this(), std::move(done)),
      [](gpointer data) { delete static_cast<UnderWay *>(data); }));
}

bool Operations::wait_until_idle(TimePoint deadline) {
  LockGuard guard(mutex_);
  return changed_.wait_until(mutex_, deadline,
                             [this]() OAIRT_REQUIRES(mutex_) { return under_way_ == 0; });
}

}  // namespace oairt
