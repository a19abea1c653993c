// Tells from our own checks and their answers whether the peer still hears us: media that comes
// from it says nothing about the way to it. Asks seldom while it is answered, often once it is not.
// Pure. Thread-bound to whoever owns it.
// Never judges a peer by its answers before it has given one.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace oairt {

class AnswerWatch {
 public:
  // What is counted of all checks, whoever ordered them.
  struct Counts {
    uint64_t checks = 0, answers = 0;
    Duration round_trip{0};
  };
  struct Finding {
    bool check = false;    // send one now
    bool unheard = false;  // once, until restart(): several were not answered
  };

  // `silence`: the property watchdog-timeout.
  explicit AnswerWatch(Duration silence = milliseconds(700)) : silence_(silence) {}
  void set_silence(Duration silence) { silence_ = silence; }
  // A call has begun.
  void reset(const Counts &counts, TimePoint now);
  // Another path of the same call, or a path of which is known that it is lost.
  void restart(const Counts &counts, TimePoint now);
  // To be called every 20 ms or so.
  Finding look(const Counts &counts, TimePoint now);
  // Until then the peer has heard us.
  TimePoint last_proof() const { return proven_until_; }

 private:
  Duration silence_;
  Counts seen_;
  bool answers_ = false;  // the peer is one that does
  bool told_ = false;
  std::optional<TimePoint> asked_;  // when the oldest unanswered check was sent
  uint64_t before_ = 0;             // checks until then
  TimePoint proven_until_{}, checked_{};
};

}  // namespace oairt
