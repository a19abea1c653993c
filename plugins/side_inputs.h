// What sink and bin take beside speech, on request: text_sink and video_sink.
// Pads are requested and released by the application; buffers come on streaming threads.
// Never exists without being asked for: an element without these pads has nothing of it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <gst/gst.h>

#include "base/lock.h"
#include "base/ref.h"
#include "element_core.h"

namespace oairt {

class SnapshotTaker;

extern GstStaticPadTemplate text_template;   // text_sink
extern GstStaticPadTemplate video_template;  // video_sink

class SideInputs {
 public:
  // `text_ended`: on the streaming thread of the text.
  SideInputs(GstBin *bin, ElementCore &core, std::function<void()> text_ended);
  ~SideInputs();

  GstPad *request(GstPadTemplate *templ);  // nullptr: it is there already
  void release(GstPad *pad);
  void apply(const Settings &settings);
  Status take_snapshot(const std::string &text);

 private:
  GstElement *make_text_sink();
  GstElement *make_video_sink();
  void take_text(GstBuffer *buffer, const GstCaps *caps);

  GstBin *const bin_;
  ElementCore &core_;
  const std::function<void()> text_ended_;
  Mutex lock_;
  // Outlives the video pad: somebody may just be asking it.
  std::shared_ptr<SnapshotTaker> taker_ OAIRT_GUARDED_BY(lock_);
};

}  // namespace oairt
