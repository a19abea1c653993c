// The caption pads of one element: made and released on request, told what happens.
// Thread-safe. Pads come and go while everything streams.
// Never holds its lock while a pad is activated or pushes.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/lock.h"
#include "caption_pad.h"
#include "element_core.h"

namespace oairt {

captions::Mode caption_mode(const Settings &settings);  // the property caption-mode
Duration caption_delay(const Settings &settings);       // the property caption-delay

class CaptionPads {
 public:
  CaptionPads(GstElement *element, ElementCore &core) : element_(element), core_(core) {}

  // For the element's functions of the same names.
  GstPad *request_new_pad(GstPadTemplate *templ);
  void release_pad(GstPad *pad);
  // Around the parent's change_state.
  void before(GstStateChange transition);
  void after(GstStateChange transition, GstStateChangeReturn result);

  void set_mode(captions::Mode mode);
  void set_delay(Duration delay);  // of the model's words
  void on_event(const SessionEvent &event);
  // Streaming thread.
  bool wants_frames() const { return wants_frames_; }
  void on_frame(const CaptionFrame &frame);
  // What passes the pad whose stream the captions follow: flushes, and the end.
  void on_stream_event(GstEvent *event);
  void end();

 private:
  std::vector<std::shared_ptr<CaptionPad>> pads() const;
  std::optional<Duration> running_time() const;
  bool add_pad(GstPad *pad);
  void remove_pad(GstPad *pad);

  GstElement *const element_;
  ElementCore &core_;
  std::atomic<bool> wants_frames_ = false, playing_ = false;
  mutable Mutex lock_;
  std::vector<std::shared_ptr<CaptionPad>> pads_ OAIRT_GUARDED_BY(lock_);
  captions::Mode mode_ OAIRT_GUARDED_BY(lock_) = captions::Mode::Word;
  Duration delay_ OAIRT_GUARDED_BY(lock_){0};
};

}  // namespace oairt
