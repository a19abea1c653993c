#include "protocol/client_types.h"
#include "protocol/codec.h"

namespace oairt {
namespace {

constexpr std::size_t kMaxEventId = 512;

struct Builder {
  Json operator()(const SessionUpdate &e) const {
    return Json::object({{"type", "session.update"}, {"session", e.session}});
  }
  Json operator()(const ItemCreate &e) const {
    Json json = Json::object({{"type", "conversation.item.create"}});
    if (!e.previous_item_id.empty()) json.set("previous_item_id", e.previous_item_id);
    json.set("item", e.item);
    return json;
  }
  Json operator()(const ItemRetrieve &e) const {
    return Json::object({{"type", "conversation.item.retrieve"}, {"item_id", e.item_id}});
  }
  Json operator()(const ItemTruncate &e) const {
    return Json::object({{"type", "conversation.item.truncate"},
                         {"item_id", e.item_id},
                         {"content_index", e.content_index},
                         {"audio_end_ms", e.audio_end_ms}});
  }
  Json operator()(const ItemDelete &e) const {
    return Json::object({{"type", "conversation.item.delete"}, {"item_id", e.item_id}});
  }
  Json operator()(const InputCommit &) const {
    return Json::object({{"type", "input_audio_buffer.commit"}});
  }
  Json operator()(const InputClear &) const {
    return Json::object({{"type", "input_audio_buffer.clear"}});
  }
  Json operator()(const OutputClear &) const {
    return Json::object({{"type", "output_audio_buffer.clear"}});
  }
  Json operator()(const ResponseCreate &e) const {
    Json json = Json::object({{"type", "response.create"}});
    if (!e.response.is_null()) json.set("response", e.response);
    return json;
  }
  Json operator()(const ResponseCancel &e) const {
    Json json = Json::object({{"type", "response.cancel"}});
    if (!e.response_id.empty()) json.set("response_id", e.response_id);
    return json;
  }
};

ClientEventRefusal missing(std::string_view param, const std::string &event_id) {
  return {"missing_required_parameter", "Missing required parameter: '" + std::string(param) + "'.",
          std::string(param), event_id};
}

// The members that an event cannot do without, by type.
std::string_view required_member(const std::string &type) {
  if (type == "session.update") return "session";
  if (type == "conversation.item.create") return "item";
  if (type == "conversation.item.retrieve" || type == "conversation.item.truncate" ||
      type == "conversation.item.delete") {
    return "item_id";
  }
  return "";
}

decltype(ClientEvent::body) parse_body(const std::string &type, const Json &json) {
  std::string item_id = json["item_id"].as_string();
  if (type == "session.update") return SessionUpdate{json["session"]};
  if (type == "conversation.item.create") {
    return ItemCreate{json["item"], json["previous_item_id"].as_string()};
  }
  if (type == "conversation.item.retrieve") return ItemRetrieve{item_id};
  if (type == "conversation.item.truncate") {
    return ItemTruncate{item_id, json["content_index"].as_int(), json["audio_end_ms"].as_int()};
  }
  if (type == "conversation.item.delete") return ItemDelete{item_id};
  if (type == "input_audio_buffer.commit") return InputCommit{};
  if (type == "input_audio_buffer.clear") return InputClear{};
  if (type == "output_audio_buffer.clear") return OutputClear{};
  if (type == "response.create") return ResponseCreate{json["response"]};
  return ResponseCancel{json["response_id"].as_string()};
}

bool known_to_parser(const std::string &type) {
  return is_client_type(type) && type != "input_audio_buffer.append" &&
         type != "transcription_session.update";
}

}  // namespace

std::string build_client_event(const ClientEvent &event) {
  Json json = std::visit(Builder(), event.body);
  if (!event.event_id.empty()) json.set("event_id", event.event_id);
  return json.dump();
}

std::variant<ClientEvent, ClientEventRefusal> parse_client_event(std::string_view text) {
  auto parsed = Json::parse(text);
  if (!parsed || !parsed->is_object()) {
    return ClientEventRefusal{"invalid_json", "The message is not a valid JSON object.", "", ""};
  }
  const Json &json = parsed.value();
  std::string event_id = json["event_id"].as_string();
  if (!json["type"].is_string()) {
    return ClientEventRefusal{"invalid_event", "The 'type' field is missing.", "", event_id};
  }
  if (event_id.size() > kMaxEventId) {
    return ClientEventRefusal{"string_above_max_length",
                              "Invalid 'event_id': string too long. Expected a string with "
                              "maximum length 512, but got a string with length " +
                                  std::to_string(event_id.size()) + " instead.",
                              "event_id", ""};
  }
  const std::string &type = json["type"].as_string();
  if (!known_to_parser(type)) {
    return ClientEventRefusal{
        "invalid_value",
        "Invalid value: '" + type + "'. Supported values are: " + client_types_text() + ".", "type",
        event_id};
  }
  std::string_view member = required_member(type);
  if (!member.empty() && json[member].is_null()) return missing(member, event_id);
  return ClientEvent{event_id, parse_body(type, json)};
}

}  // namespace oairt
