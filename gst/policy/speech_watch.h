// The semantic watchdog: notices a service that hears speech and says nothing, by asking it when it
// should have said something. Pure.
// Thread-bound to whoever owns it.
// Never takes noise for a mute service: who answers the question is well.
#pragma once

#include <optional>

#include "base/clock.h"

namespace oairt {

class SpeechWatch {
 public:
  struct Finding {
    bool ask = false;   // send something that the service always acknowledges, maybe repeatedly
    bool mute = false;  // once: it did not
    bool deaf = false;  // once: nothing shows that the question has reached it
  };

  // `patience`: the property watchdog-timeout.
  explicit SpeechWatch(Duration patience = milliseconds(700)) : patience_(patience) {}
  void set_patience(Duration patience) { patience_ = patience; }
  // A call has begun.
  void reset(TimePoint now);
  void heard_event(TimePoint now);
  // What was sent since the question has been answered by the peer's ICE agent.
  void path_proven(TimePoint now);
  // To be called every 20 ms or so. `last_voice`: when the input sounded like a voice last.
  Finding look(TimePoint last_voice, TimePoint now);
  // Since when somebody speaks; nothing: nobody does.
  std::optional<TimePoint> voice_since() const { return voice_since_; }

 private:
  Duration patience_;
  TimePoint began_{}, last_event_{}, last_voice_{}, insisted_at_{};
  std::optional<TimePoint> voice_since_, asked_at_;
  bool proven_ = false;
};

}  // namespace oairt
