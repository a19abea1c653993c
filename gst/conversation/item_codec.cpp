#include "conversation/item_codec.h"

#include <array>
#include <string>
#include <utility>

#include "conversation/text.h"

namespace oairt {
namespace {

using Kind = ConversationItem::Kind;
using Status = ConversationItem::Status;

constexpr std::array kKinds = {
    std::pair{Kind::Message, "message"},
    std::pair{Kind::FunctionCall, "function_call"},
    std::pair{Kind::FunctionCallOutput, "function_call_output"},
    std::pair{Kind::Other, "other"},
};
constexpr std::array kStatuses = {
    std::pair{Status::InProgress, "in_progress"},
    std::pair{Status::Completed, "completed"},
    std::pair{Status::Interrupted, "interrupted"},
    std::pair{Status::Failed, "failed"},
};
constexpr std::array kTexts = {
    std::pair{"id", &ConversationItem::id},
    std::pair{"replay_id", &ConversationItem::replay_id},
    std::pair{"role", &ConversationItem::role},
    std::pair{"text", &ConversationItem::text},
    std::pair{"name", &ConversationItem::name},
    std::pair{"call_id", &ConversationItem::call_id},
    std::pair{"arguments", &ConversationItem::arguments},
    std::pair{"output", &ConversationItem::output},
};

template <typename Value, std::size_t size>
const char *name_of(const std::array<std::pair<Value, const char *>, size> &names, Value value) {
  for (const auto &[candidate, name] : names) {
    if (candidate == value) return name;
  }
  return "";
}

template <typename Value, std::size_t size>
std::optional<Value> value_of(const std::array<std::pair<Value, const char *>, size> &names,
                              const std::string &text) {
  for (const auto &[value, name] : names) {
    if (text == name) return value;
  }
  return std::nullopt;
}

}  // namespace

Json item_to_json(const ConversationItem &item) {
  Json json = Json::object(
      {{"kind", name_of(kKinds, item.kind)}, {"status", name_of(kStatuses, item.status)}});
  for (const auto &[name, member] : kTexts) {
    // What is not UTF-8 is not JSON either, and would not be read again.
    if (!(item.*member).empty()) json.set(name, valid_utf8(item.*member));
  }
  if (item.spoken) json.set("spoken", true);
  if (item.transcript_pending) json.set("transcript_pending", true);
  // That there was a picture is told, what it showed is not.
  Json::Array images(item.images.size(), Json(kImageNote));
  if (!images.empty()) json.set("images", Json::array(std::move(images)));
  json.set("created_ms", item.created_ms);
  json.set("finished_ms", item.finished_ms);
  return json;
}

std::optional<ConversationItem> item_from_json(const Json &json) {
  ConversationItem item;
  auto kind = value_of(kKinds, json["kind"].as_string());
  auto status = value_of(kStatuses, json["status"].as_string());
  if (!kind || !status) return std::nullopt;
  item.kind = *kind;
  item.status = *status;
  for (const auto &[name, member] : kTexts) item.*member = json[name].as_string();
  if (item.id.empty()) return std::nullopt;
  item.spoken = json["spoken"].as_bool();
  item.transcript_pending = json["transcript_pending"].as_bool();
  for (const Json &image : json["images"].items()) {
    if (image.is_string()) item.images.push_back(image.as_string());
  }
  item.created_ms = json["created_ms"].as_int();
  item.finished_ms = json["finished_ms"].as_int();
  return item;
}

}  // namespace oairt
