// Sets the sink's Opus encoder: as the user chose, within that as the session finds the network.
// Thread-safe: settings come from the application, steps from the session's loop.
// Never holds its lock while it sets the encoder: the application may be watching that.
#pragma once

#include <optional>

#include <gst/gst.h>

#include "base/clock.h"
#include "base/lock.h"
#include "session/session.h"
#include "session/settings.h"

namespace oairt {

// What was set is fixed, but for the bit rate: that is a ceiling.
EncoderLimits encoder_limits(const Settings &settings);

class EncoderControl {
 public:
  void set_encoder(GstElement *encoder) { encoder_ = encoder; }
  void set_limits(const EncoderLimits &limits);
  void take_step(const QualityEvent &step);
  void forget_step();  // another session
  // Around the encoder's way down: opusenc frees its state there while another thread may be
  // setting a property (1.22, 1.26). Waits at most so long for one that is.
  void hold(Duration limit);
  void resume();

 private:
  void apply();
  // The next thing to set; nothing: all is set, or must not be. Takes part in applying_.
  struct Wanted {
    EncoderLimits limits;
    std::optional<QualityEvent> step;
  };
  std::optional<Wanted> next(uint64_t &done);

  GstElement *encoder_ = nullptr;  // the sink's; it outlives this
  Mutex lock_;
  EncoderLimits limits_ OAIRT_GUARDED_BY(lock_);
  std::optional<QualityEvent> step_ OAIRT_GUARDED_BY(lock_);
  uint64_t changes_ OAIRT_GUARDED_BY(lock_) = 0;
  bool held_ OAIRT_GUARDED_BY(lock_) = false;
  int applying_ OAIRT_GUARDED_BY(lock_) = 0;
  Condition applied_;
};

}  // namespace oairt
