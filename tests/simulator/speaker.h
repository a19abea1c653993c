// Turns text into sound with libespeak-ng, in a worker thread: one for the process, since the
// library is not re-entrant.
// Thread-safe: synthesize(); its answer is delivered on the given context.
// Never blocks the caller, and never fails silently: without a voice it makes a tone as long.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <glib.h>

namespace oairt::sim {

class Speaker {
 public:
  using Pcm = std::shared_ptr<const std::vector<int16_t>>;  // 48 kHz mono
  // Where a word begins in the text, in characters, and in the sound. Words that are spoken as one
  // ("in the") have one mark.
  struct Mark {
    int64_t character = 0, ms = 0;
  };
  struct Spoken {
    Pcm pcm;
    std::vector<Mark> marks;  // none: there is no voice on this machine
  };
  using Done = std::function<void(Spoken)>;

  static std::shared_ptr<Speaker> shared();
  virtual ~Speaker() = default;
  virtual void synthesize(std::string text, std::string voice, std::string language, double speed,
                          GMainContext *context, Done done) = 0;
};

// A sine with soft ends.
std::vector<int16_t> make_tone(double frequency_hz, double seconds);

}  // namespace oairt::sim
