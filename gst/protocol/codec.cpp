#include "protocol/codec.h"

#include <unordered_map>

namespace oairt {
namespace {

using Body = decltype(ServerEvent::body);

std::string text_of(const Json &json, std::string_view key) { return json[key].as_string(); }

Body parse_error(const Json &e) {
  const Json &error = e["error"];
  return ServerError{text_of(error, "type"), text_of(error, "code"), text_of(error, "message"),
                     text_of(error, "param"), text_of(error, "event_id")};
}

Body parse_session_created(const Json &e) {
  const Json &session = e["session"];
  return SessionCreated{text_of(session, "id"), text_of(session, "model"),
                        session["expires_at"].as_int(), session};
}

Body parse_session_updated(const Json &e) {
  const Json &session = e["session"];
  return SessionUpdated{text_of(session, "id"), session["expires_at"].as_int(), session};
}

template <typename Event>
Body parse_item(const Json &e) {
  return Event{e["item"], e["item"]["id"].as_string(), text_of(e, "previous_item_id")};
}

template <typename Event>
Body parse_output_item(const Json &e) {
  return Event{text_of(e, "response_id"), e["item"]["id"].as_string(), e["item"]};
}

template <typename Event>
Body parse_response_id(const Json &e) {
  return Event{text_of(e, "response_id")};
}

template <typename Event>
Body parse_output_text(const Json &e, std::string_view member) {
  return Event{text_of(e, "response_id"), text_of(e, "item_id"), text_of(e, member)};
}

Body parse_response_done(const Json &e) {
  const Json &response = e["response"];
  const Json &details = response["status_details"];
  const Json &error = details["error"];
  return ResponseDone{text_of(response, "id"),    text_of(response, "status"),
                      text_of(details, "reason"), text_of(error, "type"),
                      text_of(error, "code"),     text_of(error, "message"),
                      response["usage"],          response["output"].items()};
}

Body parse_rate_limits(const Json &e) {
  RateLimitsUpdated update;
  for (const Json &limit : e["rate_limits"].items()) {
    update.rate_limits.push_back({text_of(limit, "name"), limit["limit"].as_int(),
                                  limit["remaining"].as_int(), limit["reset_seconds"].as_double()});
  }
  return update;
}

using Parser = Body (*)(const Json &);

const std::unordered_map<std::string_view, Parser> &session_parsers() {
  static const std::unordered_map<std::string_view, Parser> parsers = {
      {"error", parse_error},
      {"session.created", parse_session_created},
      {"session.updated", parse_session_updated},
      {"conversation.created",
       [](const Json &e) -> Body { return ConversationCreated{text_of(e["conversation"], "id")}; }},
      {"conversation.item.added", parse_item<ItemAdded>},
      {"conversation.item.created", parse_item<ItemAdded>},
      {"conversation.item.done", parse_item<ItemDone>},
      {"conversation.item.truncated",
       [](const Json &e) -> Body {
         return ItemTruncated{text_of(e, "item_id"), e["content_index"].as_int(),
                              e["audio_end_ms"].as_int()};
       }},
      {"conversation.item.deleted",
       [](const Json &e) -> Body { return ItemDeleted{text_of(e, "item_id")}; }},
      {"rate_limits.updated", parse_rate_limits},
  };
  return parsers;
}

const std::unordered_map<std::string_view, Parser> &input_parsers() {
  static const std::unordered_map<std::string_view, Parser> parsers = {
      {"conversation.item.input_audio_transcription.delta",
       [](const Json &e) -> Body {
         return InputTranscriptDelta{text_of(e, "item_id"), text_of(e, "delta"),
                                     e["content_index"].as_int()};
       }},
      {"conversation.item.input_audio_transcription.completed",
       [](const Json &e) -> Body {
         return InputTranscriptCompleted{text_of(e, "item_id"), text_of(e, "transcript"),
                                         e["content_index"].as_int()};
       }},
      {"conversation.item.input_audio_transcription.failed",
       [](const Json &e) -> Body {
         return InputTranscriptFailed{text_of(e, "item_id"), text_of(e["error"], "code"),
                                      text_of(e["error"], "message")};
       }},
      {"input_audio_buffer.speech_started",
       [](const Json &e) -> Body {
         return SpeechStarted{text_of(e, "item_id"), e["audio_start_ms"].as_int()};
       }},
      {"input_audio_buffer.speech_stopped",
       [](const Json &e) -> Body {
         return SpeechStopped{text_of(e, "item_id"), e["audio_end_ms"].as_int()};
       }},
      {"input_audio_buffer.committed",
       [](const Json &e) -> Body {
         return InputCommitted{text_of(e, "item_id"), text_of(e, "previous_item_id")};
       }},
      {"input_audio_buffer.cleared", [](const Json &) -> Body { return InputCleared{}; }},
      {"input_audio_buffer.timeout_triggered",
       [](const Json &e) -> Body {
         return InputTimeout{text_of(e, "item_id"), e["audio_start_ms"].as_int(),
                             e["audio_end_ms"].as_int()};
       }},
  };
  return parsers;
}

const std::unordered_map<std::string_view, Parser> &output_parsers() {
  static const std::unordered_map<std::string_view, Parser> parsers = {
      {"output_audio_buffer.started", parse_response_id<OutputAudioStarted>},
      {"output_audio_buffer.stopped", parse_response_id<OutputAudioStopped>},
      {"output_audio_buffer.cleared", parse_response_id<OutputAudioCleared>},
      {"response.created",
       [](const Json &e) -> Body {
         const Json &response = e["response"];
         bool apart = response.has("conversation_id") && response["conversation_id"].is_null();
         return ResponseCreated{text_of(response, "id"), apart};
       }},
      {"response.done", parse_response_done},
      {"response.output_item.added", parse_output_item<OutputItemAdded>},
      {"response.output_item.done", parse_output_item<OutputItemDone>},
      {"response.output_audio_transcript.delta",
       [](const Json &e) { return parse_output_text<OutputTranscriptDelta>(e, "delta"); }},
      {"response.output_audio_transcript.done",
       [](const Json &e) { return parse_output_text<OutputTranscriptDone>(e, "transcript"); }},
      {"response.output_text.delta",
       [](const Json &e) { return parse_output_text<OutputTextDelta>(e, "delta"); }},
      {"response.output_text.done",
       [](const Json &e) { return parse_output_text<OutputTextDone>(e, "text"); }},
      {"response.function_call_arguments.done",
       [](const Json &e) -> Body {
         return FunctionCallDone{text_of(e, "response_id"), text_of(e, "item_id"),
                                 text_of(e, "call_id"), text_of(e, "name"),
                                 text_of(e, "arguments")};
       }},
  };
  return parsers;
}

Parser find_parser(std::string_view type) {
  for (const auto *table : {&session_parsers(), &input_parsers(), &output_parsers()}) {
    auto found = table->find(type);
    if (found != table->end()) return found->second;
  }
  return nullptr;
}

}  // namespace

Result<ServerEvent> parse_server_event(std::string_view text) {
  auto parsed = Json::parse(text);
  if (!parsed) return parsed.error();
  const Json &object = parsed.value();
  if (!object.is_object() || !object["type"].is_string()) {
    return Error{ErrorCode::Protocol, "The service sent an event without a type.", {}, {}, {}};
  }
  ServerEvent event{object["type"].as_string(), object["event_id"].as_string(), OtherEvent{}};
  if (Parser parser = find_parser(event.type)) event.body = parser(object);
  return event;
}

}  // namespace oairt
