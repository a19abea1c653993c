// The user's side of a session: the input audio buffer, voice activity, turns and their
// transcripts. Thread-bound to the session. Never answers: it asks the responder to.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "responder.h"
#include "vad.h"

namespace oairt::sim {

class Turns {
 public:
  Turns(SessionCore &core, Responder &responder);

  void hear(const int16_t *pcm, std::size_t samples);
  void config_changed();
  Refusal commit();
  void clear();
  void force_speech(bool started);  // as if it had been heard
  void quiet();                     // the model is done speaking: the idle timeout begins

  // What a response.create by the client answers: the last turn that nobody answered.
  ResponseRequest take_unanswered() { return std::exchange(unanswered_, {}); }
  bool user_speaking() const { return vad_.speaking(); }
  int64_t position_ms() const { return vad_.position_ms(); }

 private:
  void handle(const Vad::Change &change);
  void end_turn(const std::string &item_id, int64_t speech_ms, bool may_answer);
  void transcribe(const std::string &item_id, const std::string &words, int64_t speech_ms);
  void send_transcript(const std::string &item_id, const std::string &words, int64_t speech_ms);
  void idle_timeout();
  void keep(const int16_t *pcm, std::size_t samples);

  SessionCore &core_;
  Responder &responder_;
  Vad vad_;
  std::string item_id_;         // of the turn that is going on
  int64_t committed_ms_ = 0;    // what is older belongs to a turn already
  int64_t voiced_samples_ = 0;  // since then
  int64_t quiet_since_ms_ = 0;
  Timers::Id idle_timer_ = 0;
  ResponseRequest unanswered_;
  std::deque<int16_t> kept_;  // for the echo
};

}  // namespace oairt::sim
