// One response of the model while it is made and played: its state and how it reads on the wire.
// Thread-bound to the session.
// Never decides anything: the responder does.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "script.h"
#include "session_core.h"
#include "speaker.h"

namespace oairt::sim {

struct Response {
  enum class Playback { None, Queued, Playing };

  std::string id, item_id;
  Json params;  // of response.create; null: none
  bool in_conversation = true;
  bool audio = true;  // else text
  bool is_call = false;
  ToolCall call;
  std::string call_id;
  struct MoreCall {
    ToolCall call;
    std::string item_id, call_id;
    Json item(const std::string &status) const;
  };
  std::vector<MoreCall> more_calls;  // beside that one

  std::vector<PlacedWord> places;  // of the words; none: not known
  std::string text;                // all that will be said
  std::vector<std::string> words;  // the same in deltas
  std::size_t said = 0;            // deltas that went out
  std::string cut_reason;          // not empty: ends as incomplete
  std::size_t limit = 0;           // deltas to send; less than words.size() if it is cut

  bool generating = true;
  bool begun = false;    // the item was announced
  bool thought = false;  // the thinking time is over
  bool truncated = false;
  TimePoint begun_at{};
  uint64_t speech = 0;       // 0: nothing to play
  int64_t duration_ms = -1;  // of the speech; -1: not known yet
  Playback playback = Playback::None;
  bool play_out_done = false;
  bool heard_started = false;  // output_audio_buffer.started went out
  bool limits_first = false;   // rate_limits.updated goes ahead of the content
  std::vector<Timers::Id> timers;
  int64_t context_text_tokens = 0, context_audio_tokens = 0, cached_tokens = 0;

  std::string said_text() const;
  int64_t generated_ms(TimePoint now, double speed) const;
  Json item(const std::string &status) const;
  Json content_part(bool done) const;  // of response.content_part.*
  int64_t output_text_tokens() const;
  int64_t output_audio_tokens() const;
  Json usage() const;
  // The whole object; `status_details` and usage as far as they are known.
  Json json(const SessionCore &core, const std::string &status, Json status_details,
            bool done) const;
};

// The words at the marks of their speech.
std::vector<PlacedWord> place_words(const std::string &text,
                                    const std::vector<Speaker::Mark> &marks);
std::vector<std::string> split_words(const std::string &text);  // each with its trailing blanks
int64_t text_tokens(const std::string &text);
constexpr int64_t kAudioTokensPerSecondOut = 20, kAudioTokensPerSecondIn = 10;

}  // namespace oairt::sim
