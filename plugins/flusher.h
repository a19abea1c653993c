// Barge-in down to the loudspeaker: what the elements behind the source still hold is flushed out
// of them.
// Thread-safe. The streaming thread notes what it gave out, the session's loop asks for the cut.
// Never flushes on either of these threads, never when nothing is being heard.
#pragma once

#include <atomic>
#include <functional>

#include <gst/gst.h>

#include "base/clock.h"
#include "element_work.h"

namespace oairt {

class Flusher {
 public:
  // `flushed` is called between the two events, on a thread of its own. `work` is the element's.
  Flusher(GstElement *source, ElementWork &work, std::function<void()> flushed);

  void set_enabled(bool enabled) { enabled_ = enabled; }
  // How much later than it is given out a frame is heard.
  void set_latency(Duration latency) { latency_ = latency.count(); }
  void note_voice(TimePoint now);
  void note_end() { ended_ = true; }  // nothing may follow an EOS
  void reset();
  void cut(TimePoint now);

 private:
  void flush(GstElement *source);

  GstElement *const source_;
  ElementWork &work_;
  const std::function<void()> flushed_;
  std::atomic<bool> enabled_{false}, ended_{false}, pending_{false};
  std::atomic<Duration::rep> latency_{0}, heard_until_{0};
};

}  // namespace oairt
