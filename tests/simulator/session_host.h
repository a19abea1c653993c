// What a session needs of the world around it: a wire for events, a mouth, and orders to misbehave.
// Thread-bound to the session; a call implements it, and a fake in tests.
// Never calls back into the session from within one of these calls.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "protocol/json.h"

namespace oairt::sim {

// Something to be spoken. The answer to prepare() is Session::voice_ready().
struct Speech {
  uint64_t id = 0;
  std::string text, voice;
  double speed = 1;
  std::vector<int16_t> user_pcm;  // the turn that is answered, 48 kHz mono; only if kept
};

// A word with its trailing blanks, and where its sound begins. Not its own: it is spoken as one
// with the word before, and its place is a guess.
struct PlacedWord {
  std::string text;
  int64_t ms = 0;
  bool own = false;
};
struct VoiceLength {
  int64_t duration_ms = 0;
  std::vector<PlacedWord> words;  // none: not known
};

class SessionHost {
 public:
  virtual ~SessionHost() = default;
  virtual void send(const Json &event) = 0;
  virtual void prepare(Speech speech) = 0;
  virtual void play(uint64_t speech) = 0;  // then Session::play_started(), play_finished()
  virtual void cut(uint64_t speech, int64_t keep_ms) = 0;  // beyond that nothing was generated
  // Drops what is left of it, at once; no play_finished() comes. Says how much was heard.
  virtual int64_t stop(uint64_t speech) = 0;
  virtual void session_expired() = 0;  // the error event is out: end the call
  // A fault that was ordered for responses, turns or items: its value, used up once.
  virtual std::optional<std::string> take_fault(const std::string &name) = 0;
  // The session came to a point at which a fault may be waiting ("update", "item", "response", …).
  virtual void reached(const std::string &point) = 0;
};

struct SessionSettings {
  milliseconds think_time{200};  // from the end of a turn to the first sound
  double generation_speed = 4;   // audio is made that much faster than it is played
  int64_t max_age_s = 3600;      // then session_expired
  milliseconds transcription_delay{250};
  double vad_level_db = -45;     // what is louder is speech, at threshold 0.5
  bool sprinkle = true;          // unknown events and obfuscation members
  bool audio_done_event = true;  // response.output_audio.done
  bool keep_user_audio = false;  // for the echo
};

}  // namespace oairt::sim
