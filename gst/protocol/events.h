// The events of the "oai-events" data channel as plain structs, in the service's own names.
// Thread-safe: plain values. Shared with the simulator. No I/O, no clock.
//
//   client                                              service
//     |  (data channel open)                               |
//     |<------------------- session.created, conversation.created
//     |-- session.update --------------------------------->|
//     |<------------------------------------ session.updated
//     |   == audio may flow ==                             |
//     |<-------------- input_audio_buffer.speech_started / .speech_stopped / .committed
//     |<-------------- conversation.item.added, .done  (user)
//     |<-------------- response.created, response.output_item.added, conversation.item.added
//     |<-------------- output_audio_buffer.started, response.output_audio_transcript.delta x n
//     |<-------------- …transcript.done, conversation.item.done, response.done
//     |<-------------- output_audio_buffer.stopped
//     |<-------------- conversation.item.input_audio_transcription.completed  (any time)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "protocol/json.h"

namespace oairt {

// --- service -> client ---
struct ServerError {
  std::string type, code, message, param;
  std::string client_event_id;  // the event that caused it; empty: none
};
struct SessionCreated {
  std::string session_id, model;
  int64_t expires_at = 0;  // unix seconds; 0: not said
  Json session;
};
struct SessionUpdated {
  std::string session_id;
  int64_t expires_at = 0;
  Json session;
};
struct ConversationCreated {
  std::string conversation_id;
};
struct ItemAdded {
  Json item;
  std::string item_id, previous_item_id;
};
struct ItemDone {
  Json item;
  std::string item_id, previous_item_id;
};
struct ItemTruncated {
  std::string item_id;
  int64_t content_index = 0, audio_end_ms = 0;
};
struct ItemDeleted {
  std::string item_id;
};
struct InputTranscriptDelta {
  std::string item_id, delta;
  int64_t content_index = 0;
};
struct InputTranscriptCompleted {
  std::string item_id, transcript;
  int64_t content_index = 0;
};
struct InputTranscriptFailed {
  std::string item_id, code, message;
};
struct SpeechStarted {
  std::string item_id;
  int64_t audio_start_ms = 0;
};
struct SpeechStopped {
  std::string item_id;
  int64_t audio_end_ms = 0;
};
struct InputCommitted {
  std::string item_id, previous_item_id;
};
struct InputCleared {};
struct InputTimeout {
  std::string item_id;
  int64_t audio_start_ms = 0, audio_end_ms = 0;
};
struct OutputAudioStarted {
  std::string response_id;
};
struct OutputAudioStopped {
  std::string response_id;
};
struct OutputAudioCleared {
  std::string response_id;
};
struct ResponseCreated {
  std::string response_id;
  bool out_of_band = false;  // it is not part of the conversation
};
struct ResponseDone {
  std::string response_id;
  std::string status;  // completed, cancelled, failed, incomplete
  std::string reason;  // turn_detected, client_cancelled, max_output_tokens, content_filter
  std::string error_type, error_code, error_message;
  Json usage;
  std::vector<Json> output;
};
struct OutputItemAdded {
  std::string response_id, item_id;
  Json item;
};
struct OutputItemDone {
  std::string response_id, item_id;
  Json item;
};
struct OutputTranscriptDelta {  // of speech (response.output_audio_transcript.delta)
  std::string response_id, item_id, delta;
};
struct OutputTranscriptDone {
  std::string response_id, item_id, transcript;
};
struct OutputTextDelta {  // of a text answer (response.output_text.delta)
  std::string response_id, item_id, delta;
};
struct OutputTextDone {
  std::string response_id, item_id, text;
};
struct FunctionCallDone {
  std::string response_id, item_id, call_id, name, arguments;
};
struct RateLimit {
  std::string name;
  int64_t limit = 0, remaining = 0;
  double reset_seconds = 0;
};
struct RateLimitsUpdated {
  std::vector<RateLimit> rate_limits;
};
// Types that the client need not understand, and those that it does not know yet.
struct OtherEvent {};

struct ServerEvent {
  std::string type, event_id;
  std::variant<OtherEvent, ServerError, SessionCreated, SessionUpdated, ConversationCreated,
               ItemAdded, ItemDone, ItemTruncated, ItemDeleted, InputTranscriptDelta,
               InputTranscriptCompleted, InputTranscriptFailed, SpeechStarted, SpeechStopped,
               InputCommitted, InputCleared, InputTimeout, OutputAudioStarted, OutputAudioStopped,
               OutputAudioCleared, ResponseCreated, ResponseDone, OutputItemAdded, OutputItemDone,
               OutputTranscriptDelta, OutputTranscriptDone, OutputTextDelta, OutputTextDone,
               FunctionCallDone, RateLimitsUpdated>
      body;
};

// --- client -> service ---
struct SessionUpdate {
  Json session;
};
struct ItemCreate {
  Json item;
  std::string previous_item_id;  // empty: append; "root": front
};
struct ItemRetrieve {
  std::string item_id;
};
struct ItemTruncate {
  std::string item_id;
  int64_t content_index = 0, audio_end_ms = 0;
};
struct ItemDelete {
  std::string item_id;
};
struct InputCommit {};
struct InputClear {};
struct OutputClear {};
struct ResponseCreate {
  Json response;  // null: none
};
struct ResponseCancel {
  std::string response_id;  // empty: the one that is active
};

struct ClientEvent {
  std::string event_id;  // at most 512 characters; empty: none
  std::variant<SessionUpdate, ItemCreate, ItemRetrieve, ItemTruncate, ItemDelete, InputCommit,
               InputClear, OutputClear, ResponseCreate, ResponseCancel>
      body;
};

}  // namespace oairt
