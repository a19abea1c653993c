// What is done for an element on a thread of its own, since it may wait: an ERROR message that
// waits for the pipeline to settle, a flush of what is downstream. Thread-safe. Never leaves its
// reference as the last one behind: cancel() waits until it is given up. (With
// gst_element_call_async() it can be, and gst_deinit() then finds the element still at its end.)
#pragma once

#include <functional>
#include <memory>

#include <gst/gst.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/result.h"

namespace oairt {

class ElementWork {
 public:
  // Waits so long for a cancellation; true: there was one.
  using Cancelled = std::function<bool(Duration)>;
  using Task = std::function<void(GstElement *, const Cancelled &)>;

  ElementWork() : state_(std::make_shared<State>()) {}
  void run(GstElement *element, Task task);
  // Waits at most so long for what is under way, and not at all on a thread that must not wait.
  void cancel(Duration limit);

 private:
  struct State {
    Mutex lock;
    Condition changed;
    int under_way OAIRT_GUARDED_BY(lock) = 0;
    uint64_t cancelled OAIRT_GUARDED_BY(lock) = 0;  // how often
  };
  std::shared_ptr<State> state_;
};

// Posts an ERROR message once the element's pipeline has settled (at most 2 s): posted in the
// middle of a state change it would abort the change, and the source would never get to run.
void post_fatal_when_settled(ElementWork &work, GstElement *element, const Error &error);

}  // namespace oairt
