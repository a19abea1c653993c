// One session as the service holds it: client events, sound and time in; server events out.
// Thread-bound. Pure: it is told the time and the seed, and touches the world through SessionHost.
// Never survives its channel: a new channel is a new session with an empty conversation.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/codec.h"
#include "responder.h"
#include "turns.h"

namespace oairt::sim {

class Session {
 public:
  // `unix_now_s` is the wall time that belongs to `now`.
  Session(SessionHost &host, const SessionSettings &settings, Script &script, SessionConfig config,
          uint64_t seed);

  // The channel is open: session.created, conversation.created.
  void open(TimePoint now, int64_t unix_now_s);
  void handle(std::string_view text, TimePoint now);
  void hear(const int16_t *pcm, std::size_t samples, TimePoint now);  // 48 kHz mono

  void voice_ready(uint64_t speech, const VoiceLength &length, TimePoint now);
  void play_started(uint64_t speech, TimePoint now);
  void play_finished(uint64_t speech, TimePoint now);

  void advance(TimePoint now);
  std::optional<TimePoint> deadline() const { return core_.timers.next(); }

  // By order of the one who runs the simulator.
  void force_speech(bool started, TimePoint now);
  Refusal say(const std::string &text, TimePoint now);
  void expire(TimePoint now);
  void send_error(const ApiError &error, TimePoint now);

  const std::string &id() const { return core_.session_id; }
  Json state() const;

 private:
  Refusal dispatch(const ClientEvent &event);
  Refusal update(const SessionUpdate &event);
  Refusal create_item(const ItemCreate &event);
  Refusal retrieve_item(const ItemRetrieve &event);
  Refusal truncate_item(const ItemTruncate &event);
  Refusal delete_item(const ItemDelete &event);
  Refusal create_response(const ResponseCreate &event);

  SessionCore core_;
  Responder responder_;
  Turns turns_;
  std::map<std::string, int64_t> counts_;  // of client events that were taken, by type
  int64_t refused_ = 0;
};

}  // namespace oairt::sim
