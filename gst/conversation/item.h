// One item of the conversation, as far as it is known.
// Thread-safe as any value.
// Never holds audio: only words, references to images, and what tools were asked and told.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace oairt {

// Stands for a picture that is not kept.
constexpr const char *kImageNote = "[image]";

struct ConversationItem {
  enum class Kind { Message, FunctionCall, FunctionCallOutput, Other };
  // Of a spoken answer InProgress lasts until its audio is played. Failed: its response failed, or
  // the call was lost before a word of it was heard.
  enum class Status { InProgress, Completed, Interrupted, Failed };
  std::string id;
  // The id in a later session: `id` itself if the service accepts it from a client, else a short
  // stand-in that no other item has. An event that names it means this item.
  std::string replay_id;
  Kind kind = Kind::Message;
  std::string role;     // user, assistant, system; empty for function calls
  std::string text;     // what was said or written; only what was heard, when interrupted
  bool spoken = false;  // `text` is a transcript
  bool transcript_pending = false;  // a user's turn whose words are still to come
  // Of a user's message: image_url, or kImageNote.
  std::vector<std::string> images;
  std::string name, call_id, arguments, output;  // function calls
  Status status = Status::InProgress;
  int64_t slot = 0;  // where its owner keeps a copy of it; 0: nowhere. Means nothing here
  int64_t created_ms = 0, finished_ms = 0;  // wall clock, milliseconds since 1970; 0: not known
  bool finished() const { return status != Status::InProgress && !transcript_pending; }
};

}  // namespace oairt
