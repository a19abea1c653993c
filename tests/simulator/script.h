// What users are taken to have said, and what the model says and calls; shared by all sessions of a
// simulator, so that a story can go on in a new session.
// Thread-bound to the simulator's context.
// Never understands anything: it has no speech recogniser and no language model.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "conversation.h"

namespace oairt::sim {

struct ToolCall {
  std::string name, arguments;
  bool along = false;  // in the response of the call before it
};

// What an answer is made from.
struct Prompt {
  const std::list<Item> *items = nullptr;  // the context, oldest first
  int64_t answer_number = 1;               // counted by session
  double heard_seconds = 0;                // of speech in the turn; 0: it was no spoken turn
};

class Script {
 public:
  std::vector<std::string> answers;  // cycled
  std::deque<std::string> heard;     // taken in order
  std::deque<ToolCall> tool_calls;   // taken in order

  // The words of one spoken turn; without a script an honest description of the sound.
  std::string take_heard(double seconds);
  std::string answer(const Prompt &prompt);

 private:
  std::size_t next_answer_ = 0;
};

}  // namespace oairt::sim
