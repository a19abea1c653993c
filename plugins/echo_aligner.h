// Which part of what was played belongs to what the microphone hears now; and while that is not
// known yet, whether the echo of the model may be let through.
// Thread-bound to the streaming thread of the input.
// Never holds back a voice in a room without an echo for longer than a second, once.
//
//             the echo was found                      found elsewhere, three times
//   Unknown ---------------------> Known <------+    (the loudspeaker was changed)
//      |                             ^    \_____/
//      | played, and no echo heard   | found
//      +---------------> NoEcho -----+
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "echo_delay.h"
#include "far_end.h"
#include "voice_dsp.h"

namespace oairt {

class EchoAligner {
 public:
  explicit EchoAligner(const FarEnd &far_end);

  // One block that was captured at that running time: fills in what was played to it.
  void next(const int16_t *captured, Duration at, int16_t *played);
  // What the model says would be heard as the user: silence is to go out in place of that block.
  bool hold() const { return hold_; }
  // There is an echo, and where it comes is known.
  bool is_known() const { return state_ == State::Known; }

 private:
  enum class State { Unknown, Known, NoEcho };

  void remember(const int16_t *captured);
  void look(Duration at);
  void found(double delay_ms, Duration at);
  void not_found(bool loud);
  void follow_latency();

  const FarEnd &far_end_;
  EchoDelay delay_;
  State state_ = State::Unknown;
  Duration lag_{0};      // of the echo, beyond the pipeline's latency
  Duration latency_{0};  // that it was found with
  Duration held_until_{0};
  bool hold_ = false;
  int blocks_ = -64;             // since the last look; the first one is at a whole window
  int elsewhere_ = 0;            // looks in a row that found the echo in another place
  Duration loud_{0};             // heard while the model was, and not like it
  Duration quiet_{0};            // nothing was heard while the model was
  std::vector<float> captured_;  // the last kWindow samples, at 4 kHz
  float half_ = 0;               // the sum of the last kDecimation samples before that
};

}  // namespace oairt
