// One frame of the model's voice in the form that was negotiated: format, channels, volume.
// Thread-bound to the streaming thread.
// Never clicks: a change of volume is spread over one frame.
#pragma once

#include <gst/audio/audio.h>

#include "base/ref.h"
#include "rtc/media_port.h"

namespace oairt {

class OutputFrame {
 public:
  void set_format(const GstAudioInfo &info) { info_ = info; }
  void reset_volume(double volume) { volume_ = volume; }
  // kFrameSamples of mono S16 in, a fresh buffer out; `silence`: all zero, flagged GAP.
  Ref<GstBuffer> make(const int16_t *samples, bool silence, double volume);

 private:
  template <typename Sample>
  void fill(Sample *out, const int16_t *samples, double volume) const;

  GstAudioInfo info_{};
  double volume_ = 1.0;  // at the end of the frame before
};

}  // namespace oairt
