#include "tick_wait.h"

namespace oairt {

RunningTime RunningTime::of(GstElement *element) {
  RunningTime time;
  time.clock = Ref<GstClock>::adopt(gst_element_get_clock(element));
  time.base = gst_element_get_base_time(element);
  if (!time.clock) {
    time.clock = Ref<GstClock>::adopt(gst_system_clock_obtain());
    if (time.base == 0) time.base = gst_clock_get_time(time.clock.get());
    gst_element_set_base_time(element, time.base);
  }
  return time;
}

void TickWait::set_pausing(bool pausing) {
  LockGuard guard(lock_);
  pausing_ = pausing;
}

void TickWait::resume() {
  LockGuard guard(lock_);
  paused_ = false;
  resumed_.notify_all();
}

void TickWait::wake() {
  if (wait_id_ != nullptr) gst_clock_id_unschedule(wait_id_);
}

void TickWait::unlock() {
  LockGuard guard(lock_);
  (pausing_ ? paused_ : flushing_) = true;
  resumed_.notify_all();
  wake();
}

void TickWait::unlock_stop() {
  LockGuard guard(lock_);
  flushing_ = false;
}

// The wait may be on a clock that stands still by now.
void TickWait::change_clock() {
  LockGuard guard(lock_);
  clock_changed_ = true;
  wake();
}

TickWait::Result TickWait::until(const RunningTime &time, Duration due) {
  GstClockID id = gst_clock_new_single_shot_id(time.clock.get(), time.base + due.count());
  bool go;
  {
    LockGuard guard(lock_);
    bool held = paused_;  // the running time is another afterwards
    resumed_.wait(lock_, [this]() OAIRT_REQUIRES(lock_) { return !paused_ || flushing_; });
    go = !flushing_ && !clock_changed_ && !held;
    clock_changed_ = false;
    if (go) wait_id_ = id;
  }
  GstClockReturn result = GST_CLOCK_UNSCHEDULED;
  if (go) result = time.now() < due ? gst_clock_id_wait(id, nullptr) : GST_CLOCK_EARLY;
  LockGuard guard(lock_);
  wait_id_ = nullptr;
  gst_clock_id_unref(id);
  if (flushing_) return Result::Flushing;
  clock_changed_ = false;
  return result == GST_CLOCK_UNSCHEDULED ? Result::Again : Result::Due;
}

}  // namespace oairt
