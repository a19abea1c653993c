// The actions of one webrtcbin that are under way. Its worker thread must be idle when it is taken
// down: on 1.22 elements that an action adds meanwhile are left behind, and promises unanswered.
// Thread-safe.
// Never waits without a deadline.
#pragma once

#include <functional>
#include <memory>

#include <gst/gst.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/ref.h"

namespace oairt {

class Operations : public std::enable_shared_from_this<Operations> {
 public:
  // For one action. `done` runs on whichever thread answers; it must only copy and post.
  Ref<GstPromise> promise(std::function<void(GstPromise *)> done) OAIRT_EXCLUDES(mutex_);
  bool wait_until_idle(TimePoint deadline) OAIRT_EXCLUDES(mutex_);

 private:
  struct UnderWay;

  Mutex mutex_;
  Condition changed_;
  int under_way_ OAIRT_GUARDED_BY(mutex_) = 0;
};

}  // namespace oairt
