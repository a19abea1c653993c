// webrtcdsp with its webrtcechoprobe, beside the stream and not in it: 10 ms of what the microphone
// heard and of what the loudspeaker played go in together, 10 ms of speech come out.
// Thread-bound to whoever calls process(), one at a time.
// Never fails the stream: what it cannot process stays as it was.
//
// Both elements align by time stamps and by the pipeline's latency. Here they get time stamps of
// their own, under which the two halves of a call always belong together.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <gst/gst.h>

#include "base/ref.h"
#include "base/result.h"

namespace oairt {

struct VoiceDspOptions {
  bool echo_cancel = false, noise_suppression = false, gain_control = false;
  bool any() const { return echo_cancel || noise_suppression || gain_control; }
  bool operator==(const VoiceDspOptions &) const = default;
};

class VoiceDsp {
 public:
  static constexpr int kBlock = 480;  // samples: 10 ms of mono S16 at 48 kHz

  // Fails when the elements are not installed, or do not start.
  static Result<std::unique_ptr<VoiceDsp>> make(const VoiceDspOptions &options);
  static bool installed();
  // Loads the elements' plugin, so that make() is quick.
  static void preload();
  ~VoiceDsp();
  VoiceDsp(const VoiceDsp &) = delete;
  VoiceDsp &operator=(const VoiceDsp &) = delete;

  // One block of each, in place; `played` is what was heard in the room at that time, or a little
  // later.
  void process(int16_t *captured, const int16_t *played);

 private:
  struct Port;

  VoiceDsp() = default;
  bool start(const VoiceDspOptions &options);
  void configure(const VoiceDspOptions &options);

  Ref<GstElement> dsp_, probe_;
  std::unique_ptr<Port> captured_, played_;
  uint64_t blocks_ = 0;
};

}  // namespace oairt
