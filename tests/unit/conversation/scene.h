// A conversation that is told what the service tells, in short words; the time runs by hand.
// Thread-bound to the test.
// Never builds an event that parse_server_event() could not have built.
#pragma once

#include <string>

#include "conversation/conversation.h"
#include "conversation/replay.h"

namespace oairt::test {

Json text_item(const std::string &id, const std::string &role, const std::string &text);
Json spoken_item(const std::string &id);  // a user's turn, without its transcript
Json answer_item(const std::string &id, const std::string &status, const char *part,
                 const std::string &words);  // part: output_audio, output_text
Json call_item(const std::string &id, const std::string &call_id, const std::string &status,
               const std::string &arguments);
Json output_item(const std::string &id, const std::string &call_id, const std::string &output);

// "user:hello assistant:hi" and so on; function items as "call:NAME(ARGUMENTS)", "output:TEXT";
// with '~' behind what was interrupted, '!' behind what failed, '…' behind what goes on.
std::string shown(const Conversation &conversation);
// The same of a plan.
std::string shown(const ReplayPlan &plan);

struct Scene {
  Conversation conversation;
  int64_t now_ms = 1'700'000'000'000;

  void tell(decltype(ServerEvent::body) body) {
    conversation.handle({"", "", std::move(body)}, now_ms);
  }
  void wait(int64_t ms) { now_ms += ms; }
  void end_call() { conversation.call_ended(now_ms); }

  // Added and done.
  void item(const Json &item, const std::string &previous_id = "");
  void say(const std::string &id, const std::string &words);  // with its transcript
  void say_without_words(const std::string &id);              // the transcript is to come
  void transcript(const std::string &id, const std::string &words);
  // A spoken answer, up to its first words; resp = "resp_" + id.
  void begin_answer(const std::string &id);
  void speak(const std::string &id, const std::string &words);  // a delta, played from the first on
  void end_answer(const std::string &id, const std::string &words,
                  const std::string &status = "completed", int64_t audio_tokens = 0);
  void played(const std::string &id) { tell(OutputAudioStopped{"resp_" + id}); }
  void cleared(const std::string &id) { tell(OutputAudioCleared{"resp_" + id}); }
  void truncated(const std::string &id, int64_t ms) { tell(ItemTruncated{id, 0, ms}); }
  void answer(const std::string &id, const std::string &words);  // all of it, played
  void write(const std::string &id, const std::string &words);   // a text answer
  void call(const std::string &id, const std::string &call_id, const std::string &arguments = "{}");

  std::string shown() const { return test::shown(conversation); }
  std::string replayed(const ReplayLimits &limits = {}) const {
    return test::shown(plan_replay(conversation, limits));
  }
};

}  // namespace oairt::test
