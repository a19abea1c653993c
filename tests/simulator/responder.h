// Makes responses: thinks, speaks, writes or calls a function, and is cut short.
// Thread-bound to the session.
// Never runs two responses of the conversation at once; out-of-band ones run beside it.
//
//   create -> (thinking) -> begin -> deltas -> finish -> response.done
//                             \-> queued -> playing ----------\-> output_audio_buffer.stopped
//   cancel, interrupt: finish at once, as cancelled; interrupt also stops what is playing.
#pragma once

#include <functional>
#include <list>
#include <string>
#include <vector>

#include "response.h"

namespace oairt::sim {

struct ResponseRequest {
  Json params;                    // of response.create; null: none
  std::string say;                // words by order; empty: as the script says
  double heard_seconds = 0;       // of the turn that is answered
  std::vector<int16_t> user_pcm;  // the same as sound, for the echo
};

class Responder {
 public:
  explicit Responder(SessionCore &core) : core_(core) {}

  Refusal create(ResponseRequest request);
  Refusal cancel(const std::string &response_id);
  void interrupt();     // the user speaks
  void clear_output();  // output_audio_buffer.clear

  void voice_ready(uint64_t speech, const VoiceLength &length);
  void play_started(uint64_t speech);
  void play_finished(uint64_t speech);

  const Response *active() const;  // the conversation's response that is being generated
  bool speaking() const;           // something of the conversation is queued or playing
  std::function<void()> on_quiet;  // a response is over, played out too

 private:
  Refusal check(const ResponseRequest &request, const Json &params) const;
  std::list<Item> context_of(const Json &params) const;
  void plan(Response &response, const ResponseRequest &request);
  bool plan_call(Response &response, const std::list<Item> &context);
  void count_context(Response &response, const std::list<Item> &context);
  void prepare_voice(Response &response, ResponseRequest &request);
  void maybe_begin(Response &response);
  void begin(Response &response);
  void announce(Response &response);
  void schedule_deltas(Response &response);
  void limit_tokens(Response &response);
  void send_delta(Response &response);
  void finish(Response &response, const std::string &status, Json details);
  void finish_content(Response &response);
  void finish_item(Response &response, bool completed);
  void send_more_calls(const Response &response);
  void fail(Response &response, const std::string &value);
  void truncate(Response &response, int64_t heard_ms);
  void send_rate_limits(const Response &response);
  void settle(const std::string &id);
  void release(const std::string &id);
  void after(Response &response, Duration delay, void (Responder::*step)(Response &));
  void part_event(const Response &response, const char *type, Json::Member extra);
  Response *by_id(const std::string &id);
  Response *by_speech(uint64_t speech);

  SessionCore &core_;
  std::list<Response> responses_;
  uint64_t last_speech_ = 0;
  int64_t answers_ = 0;
  int64_t last_context_tokens_ = 0;
};

}  // namespace oairt::sim
