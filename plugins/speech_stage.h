// Where the bin's EchoControl meets the sink's stream: raw speech, mono S16 at 48 kHz, on its way
// to the encoder.
// Streaming thread.
// Never delays speech by more than the rest of a block of 10 ms, never drops more than that.
#pragma once

#include <memory>
#include <vector>

#include <gst/gst.h>

#include "base/ref.h"
#include "echo_control.h"

namespace oairt {

class SpeechStage {
 public:
  // Acts on what passes through that pad, a source pad, for as long as the pad lives.
  static void install(GstPad *pad, std::shared_ptr<EchoControl> control);

 private:
  explicit SpeechStage(std::shared_ptr<EchoControl> control) : control_(std::move(control)) {}
  static GstPadProbeReturn on_data(GstPad *pad, GstPadProbeInfo *info, gpointer self);

  void handle_event(GstPad *pad, GstEvent *event);
  // nullptr: nothing yet, the rest comes with the next buffer.
  Ref<GstBuffer> handle(GstPad *pad, Ref<GstBuffer> buffer);
  void learn_liveness(GstPad *pad);
  Duration captured_at(GstPad *pad, GstBuffer *buffer, std::size_t samples) const;

  std::shared_ptr<EchoControl> control_;
  GstSegment segment_{};
  bool liveness_known_ = false, live_ = false;
  std::vector<int16_t> rest_;  // of the buffer before, less than a block
};

}  // namespace oairt
