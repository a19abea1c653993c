// Listens at a pad: when each buffer came, how loud it is, its flags and its timestamps.
// The probe runs on the streaming thread; flush() from any other.
// Never changes or holds back a buffer.
#pragma once

#include <string>

#include <gst/gst.h>

#include "base/lock.h"
#include "base/ref.h"
#include "timeline.h"

namespace oairt::lab {

class AudioTap {
 public:
  // S16LE passes there.
  AudioTap(Timeline &timeline, GstPad *pad);
  ~AudioTap();
  AudioTap(const AudioTap &) = delete;
  AudioTap &operator=(const AudioTap &) = delete;

  void flush();  // writes a line "audio" with all since the last one

 private:
  static GstPadProbeReturn on_buffer(GstPad *pad, GstPadProbeInfo *info, gpointer self);

  Timeline &timeline_;
  Ref<GstPad> pad_;
  gulong probe_ = 0;
  Mutex lock_;
  std::string frames_ OAIRT_GUARDED_BY(lock_);
};

}  // namespace oairt::lab
