#include "conversation/replay_item.h"

#include <algorithm>

#include "conversation/text.h"

namespace oairt {
namespace {

// More than all of an event but its texts: member names, ids, the event's own id.
constexpr std::size_t kEnvelopeBytes = 384;
constexpr std::size_t kImagePartBytes = 64;

std::size_t room_for_text(const ReplayLimits &limits) {
  return limits.max_event_bytes - std::min(limits.max_event_bytes, kEnvelopeBytes);
}

std::string cut(const std::string &text, const ReplayLimits &limits, std::size_t room) {
  std::size_t characters = std::min(limits.max_item_characters, limits.max_characters);
  return std::string(first_fitting(valid_utf8(text), characters, room));
}

bool is_accepted_image(const std::string &url) {
  return url.starts_with("data:image/png;base64,") || url.starts_with("data:image/jpeg;base64,");
}

// Member by member: an initializer list would copy the texts at each level.
Json part(const char *type, const char *member, std::string value) {
  Json json = Json::object({{"type", type}});
  json.set(member, std::move(value));
  return json;
}

Json item_json(const ConversationItem &item, const char *type) {
  Json json = Json::object();
  json.set("id", item.replay_id).set("type", type);
  return json;
}

// In place of pictures that are not kept.
std::string with_notes(const ConversationItem &item) {
  std::string text = item.text;
  for (const auto &image : item.images) {
    if (image == kImageNote) text = join_words(text, kImageNote);
  }
  return text;
}

std::optional<ReplayItem> make_message(const ConversationItem &item, const ReplayLimits &limits) {
  if (item.role.empty()) return std::nullopt;
  Json content = Json::array();
  std::size_t room = room_for_text(limits);
  std::string text = cut(with_notes(item), limits, room);
  std::size_t characters = 0;
  if (!is_blank(text)) {
    room -= json_size(text);
    characters = count_characters(text);
    content.push_back(
        part(item.role == "assistant" ? "output_text" : "input_text", "text", std::move(text)));
  }
  for (const auto &image : item.images) {
    std::size_t size = json_size(image) + kImagePartBytes;
    if (item.role != "user" || !is_accepted_image(image) || size > room) continue;
    room -= size;
    content.push_back(part("input_image", "image_url", image));
  }
  if (content.items().empty()) return std::nullopt;
  Json json = item_json(item, "message");
  json.set("role", item.role).set("content", std::move(content));
  return ReplayItem{std::move(json), characters};
}

std::optional<ReplayItem> make_call(const ConversationItem &item, const std::string &call_id,
                                    const ReplayLimits &limits) {
  std::string name = valid_utf8(item.name);
  std::string arguments = item.arguments.empty() ? "{}" : valid_utf8(item.arguments);
  std::size_t characters = count_characters(arguments);
  bool fits = characters <= limits.max_item_characters &&
              json_size(name) + json_size(arguments) <= room_for_text(limits);
  if (name.empty() || !fits) return std::nullopt;
  Json json = item_json(item, "function_call");
  json.set("call_id", call_id).set("name", std::move(name));
  json.set("arguments", std::move(arguments));
  return ReplayItem{std::move(json), characters};
}

std::optional<ReplayItem> make_output(const ConversationItem &item, const std::string &call_id,
                                      const ReplayLimits &limits) {
  if (room_for_text(limits) == 0) return std::nullopt;
  std::string output = cut(item.output, limits, room_for_text(limits));
  std::size_t characters = count_characters(output);
  Json json = item_json(item, "function_call_output");
  json.set("call_id", call_id).set("output", std::move(output));
  return ReplayItem{std::move(json), characters};
}

}  // namespace

std::optional<ReplayItem> make_replay_item(const ConversationItem &item, const std::string &call_id,
                                           const ReplayLimits &limits) {
  using Kind = ConversationItem::Kind;
  if (item.kind == Kind::Message) return make_message(item, limits);
  if (item.kind == Kind::FunctionCall) return make_call(item, call_id, limits);
  if (item.kind == Kind::FunctionCallOutput) return make_output(item, call_id, limits);
  return std::nullopt;
}

}  // namespace oairt
