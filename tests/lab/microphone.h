// A live source that is a bare pad: 20 ms of tone or silence at a time, on its own thread, so that
// the duration of each push is that of the element it is linked to.
// Owns its thread; the methods are thread-safe.
// Never catches up in a flood: what could not be pushed in time is skipped, and counted.
#pragma once

#include <atomic>
#include <thread>

#include <gst/gst.h>

#include "base/lock.h"
#include "base/ref.h"
#include "timeline.h"

namespace oairt::lab {

struct MicrophoneSound {
  double tone_hz = 1000;
  int on_ms = 0, off_ms = 0;  // 0: the tone never pauses
};

class Microphone {
 public:
  Microphone(Timeline &timeline, GstElement *sink, const MicrophoneSound &sound);
  ~Microphone();
  Microphone(const Microphone &) = delete;
  Microphone &operator=(const Microphone &) = delete;

  void start();  // when the pipeline has its clock
  void set_sounding(bool sounding) { sounding_ = sounding; }
  void flush();  // writes a line "push": how many, how long the longest took

 private:
  static gboolean on_query(GstPad *pad, GstObject *parent, GstQuery *query);
  void run();
  void push_events();
  GstBuffer *make_buffer(GstClockTime pts);

  Timeline &timeline_;
  const MicrophoneSound sound_;
  Ref<GstElement> sink_;
  Ref<GstPad> pad_;
  std::thread thread_;
  std::atomic<bool> ending_ = false, sounding_ = true;
  int64_t frame_ = 0;
  bool burst_ = false;
  struct Counts {
    int pushes = 0, loud = 0, skipped = 0;
    double longest_ms = 0;
    int flow = GST_FLOW_OK;
  };
  Mutex lock_;
  Counts counts_ OAIRT_GUARDED_BY(lock_);
};

}  // namespace oairt::lab
