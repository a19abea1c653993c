// Where the source's streaming thread waits for the time of its next frame, and what ends that
// wait: a flush, a pause, another clock. Thread-safe: until() on the streaming thread, the rest on
// any. Never waits on a clock that was taken away, and never lets a pause end the stream's task.
#pragma once

#include <gst/gst.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/ref.h"

namespace oairt {

// The pipeline's time as the streaming thread needs it.
struct RunningTime {
  // Without a pipeline there is no clock: the system's will do.
  static RunningTime of(GstElement *element);
  Duration now() const { return Duration(GST_CLOCK_DIFF(base, gst_clock_get_time(clock.get()))); }

  Ref<GstClock> clock;
  GstClockTime base = 0;
};

class TickWait {
 public:
  enum class Result { Due, Again, Flushing };
  // Again: the running time may be another by now.
  Result until(const RunningTime &time, Duration due);

  // The base class is being taken from PLAYING to PAUSED: the unlock that comes is a pause.
  void set_pausing(bool pausing);
  void resume();
  void unlock();
  void unlock_stop();
  void change_clock();

 private:
  void wake() OAIRT_REQUIRES(lock_);

  Mutex lock_;
  bool flushing_ OAIRT_GUARDED_BY(lock_) = false;
  bool clock_changed_ OAIRT_GUARDED_BY(lock_) = false;
  // A pause is waited out in the source's create(). Returning FLUSHING would end the base class's
  // task, and it stays ended when PLAYING comes before that (seen with 1.26).
  bool pausing_ OAIRT_GUARDED_BY(lock_) = false;
  bool paused_ OAIRT_GUARDED_BY(lock_) = false;
  Condition resumed_;
  GstClockID wait_id_ OAIRT_GUARDED_BY(lock_) = nullptr;
};

}  // namespace oairt
