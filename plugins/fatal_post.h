// Posts an ERROR message once the element's pipeline has settled: posted in the middle of a state
// change it would abort the change.
// Thread-safe.
// Never leaves its reference as the last one behind: cancel() waits until it is given up.
#pragma once

#include <memory>

#include <gst/gst.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/result.h"

namespace oairt {

class FatalPost {
 public:
  FatalPost() : state_(std::make_shared<State>()) {}
  void post(GstElement *element, const Error &error);
  // What has not been posted is not posted any more. Waits at most so long for what is under way,
  // and not at all on a thread that must not wait.
  void cancel(Duration limit);

 private:
  struct State {
    Mutex lock;
    Condition changed;
    int under_way OAIRT_GUARDED_BY(lock) = 0;
    uint64_t cancelled OAIRT_GUARDED_BY(lock) = 0;  // how often
  };
  static void wait_and_post(const std::shared_ptr<State> &state, GstElement *element,
                            const Error &error, uint64_t generation);

  std::shared_ptr<State> state_;
};

}  // namespace oairt
