// Takes pipelines down where nobody waits for them, and knows when all are gone.
// Thread-safe.
// Never runs in a callback of the pipeline it ends, and never on an event loop.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/ref.h"
#include "rtc/operations.h"

namespace oairt {

// Stands for a pipeline that still is to go; counted from when it is made.
class ReapTicket {
 public:
  ReapTicket();
  ~ReapTicket();
  ReapTicket(const ReapTicket &) = delete;
  ReapTicket &operator=(const ReapTicket &) = delete;
};

struct ReapJob {
  std::unique_ptr<ReapTicket> ticket;  // the last to go
  std::shared_ptr<Operations> operations;
  Ref<GObject> channel;  // webrtcbin's streaming threads use it without a reference of their own
  Ref<GstElement> pipeline, webrtcbin;
};

// On a worker thread: lets webrtcbin finish what it is at, sets the pipeline to NULL and drops it.
void reap_pipeline(ReapJob job);
bool wait_for_reaped_pipelines(TimePoint deadline);

}  // namespace oairt
