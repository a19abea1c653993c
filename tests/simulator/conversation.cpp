#include "conversation.h"

#include <algorithm>

#include <glib.h>

#include "base/ref.h"

namespace oairt::sim {
namespace {

constexpr std::size_t kMaxId = 32;
constexpr std::size_t kMaxInputText = 256000;

std::size_t characters(const std::string &text) {
  return static_cast<std::size_t>(g_utf8_strlen(text.data(), static_cast<gssize>(text.size())));
}

Refusal require_string(const Json &object, const char *name, const std::string &path) {
  if (!object.has(name)) return missing_parameter(path + "." + name);
  if (!object[name].is_string()) return invalid_type(path + "." + name, "a string", object[name]);
  return std::nullopt;
}

Refusal check_id(const Json &item, const char *name, const std::string &path) {
  const Json &id = item[name];
  if (id.is_null()) return std::nullopt;
  if (!id.is_string()) return invalid_type(path + "." + name, "a string", id);
  auto length = characters(id.as_string());
  if (length > kMaxId) return too_long(path + "." + name, kMaxId, length);
  return std::nullopt;
}

const char *legal_parts(const std::string &role) {
  if (role == "user") return "'input_text', 'input_audio', and 'input_image'";
  return role == "assistant" ? "'output_text'" : "'input_text'";
}

bool is_legal_part(const std::string &role, const std::string &type) {
  if (role == "user") {
    return type == "input_text" || type == "input_audio" || type == "input_image";
  }
  return type == (role == "assistant" ? "output_text" : "input_text");
}

Refusal check_image(const Json &part, const std::string &path) {
  if (auto refusal = require_string(part, "image_url", path)) return refusal;
  const std::string &url = part["image_url"].as_string();
  if (!url.starts_with("data:image/png;base64,") && !url.starts_with("data:image/jpeg;base64,")) {
    return invalid_value(path + ".image_url",
                         "Invalid '" + path +
                             ".image_url'. Expected a base64-encoded data URL "
                             "with an image MIME type (e.g. 'data:image/png;base64,…').");
  }
  std::string data = url.substr(url.find(',') + 1);
  static constexpr const char *kDetails[] = {"auto", "low", "high"};
  gsize size = 0;
  Unique<guchar, g_free> bytes(g_base64_decode(data.c_str(), &size));
  bool png = url.starts_with("data:image/png");
  std::string_view magic = png ? std::string_view("\x89PNG\r\n\x1a\n") : "\xff\xd8\xff";
  // What is not base64 is skipped by the decoder: then the sizes do not agree.
  bool whole = data.size() % 4 == 0 && size > magic.size() && size + 3 > data.size() / 4 * 3;
  if (!whole || std::string_view(reinterpret_cast<char *>(bytes.get()), magic.size()) != magic) {
    return ApiError{"invalid_image_format", "The image data could not be read.",
                    path + ".image_url"};
  }
  if (!part.has("detail")) return std::nullopt;
  for (const char *detail : kDetails) {
    if (part["detail"].as_string() == detail) return std::nullopt;
  }
  return invalid_value(path + ".detail",
                       "Invalid value. Supported values are: 'auto', 'low', and 'high'.");
}

Refusal check_part(const Json &part, const std::string &role, const std::string &path) {
  if (!part.is_object()) return invalid_type(path, "an object", part);
  if (auto refusal = require_string(part, "type", path)) return refusal;
  const std::string &type = part["type"].as_string();
  if (!is_legal_part(role, type)) {
    return invalid_value(path + ".type", "Invalid value: '" + type +
                                             "'. Supported values are: " + legal_parts(role) + ".");
  }
  if (type == "input_image") return check_image(part, path);
  if (type == "input_audio") return require_string(part, "audio", path);
  if (auto refusal = require_string(part, "text", path)) return refusal;
  auto length = characters(part["text"].as_string());
  if (length > kMaxInputText) return too_long(path + ".text", kMaxInputText, length);
  return std::nullopt;
}

}  // namespace

std::string text_of(const Json &item) {
  std::string text;
  for (const auto &part : item["content"].items()) {
    const std::string &words =
        part["text"].is_string() ? part["text"].as_string() : part["transcript"].as_string();
    if (!words.empty()) text += (text.empty() ? "" : " ") + words;
  }
  return text;
}

Refusal Conversation::check_new(const Json &item, const std::string &path) const {
  if (!item.is_object()) return invalid_type(path, "an object", item);
  if (auto refusal = require_string(item, "type", path)) return refusal;
  if (auto refusal = check_id(item, "id", path)) return refusal;
  const std::string &id = item["id"].as_string();
  if (!id.empty() && find(id) != nullptr) {
    return ApiError{"item_create_duplicate_item_id",
                    "Error adding item: an item with id '" + id + "' already exists.",
                    path + ".id"};
  }
  if (item["type"].as_string() == "message") return check_message(item, path);
  return check_function_item(item, path);
}

Refusal Conversation::check_message(const Json &item, const std::string &path) const {
  if (auto refusal = require_string(item, "role", path)) return refusal;
  const std::string &role = item["role"].as_string();
  if (role != "user" && role != "assistant" && role != "system" && role != "developer") {
    return invalid_value(path + ".role", "Invalid value: '" + role +
                                             "'. Supported values are: 'user', 'assistant', "
                                             "'system', and 'developer'.");
  }
  if (!item.has("content")) return missing_parameter(path + ".content");
  if (!item["content"].is_array()) {
    return invalid_type(path + ".content", "an array", item["content"]);
  }
  for (std::size_t i = 0; i < item["content"].items().size(); ++i) {
    auto part_path = path + ".content[" + std::to_string(i) + "]";
    if (auto refusal = check_part(item["content"].items()[i], role, part_path)) return refusal;
  }
  return std::nullopt;
}

Refusal Conversation::check_function_item(const Json &item, const std::string &path) const {
  const std::string &type = item["type"].as_string();
  if (type.starts_with("mcp_")) return std::nullopt;
  if (type != "function_call" && type != "function_call_output") {
    return invalid_value(path + ".type", "Invalid value: '" + type +
                                             "'. Supported values are: 'message', "
                                             "'function_call', and 'function_call_output'.");
  }
  if (auto refusal = check_id(item, "call_id", path)) return refusal;
  if (type == "function_call") {
    if (auto refusal = require_string(item, "name", path)) return refusal;
    return require_string(item, "arguments", path);
  }
  if (auto refusal = require_string(item, "call_id", path)) return refusal;
  if (auto refusal = require_string(item, "output", path)) return refusal;
  const std::string &call_id = item["call_id"].as_string();
  if (has_function_call(call_id)) return std::nullopt;
  return ApiError{"invalid_tool_call_id",
                  "Tool call ID '" + call_id + "' not found in conversation.", path + ".call_id"};
}

bool Conversation::has_function_call(const std::string &call_id) const {
  return std::any_of(items_.begin(), items_.end(), [&](const Item &item) {
    return item.type() == "function_call" && item.json["call_id"].as_string() == call_id;
  });
}

Item Conversation::complete(const Json &item, const std::string &id) {
  Item result;
  result.json = Json::object({{"id", item["id"].as_string().empty() ? Json(id) : item["id"]},
                              {"object", "realtime.item"},
                              {"type", item["type"]},
                              {"status", "completed"}});
  for (const auto &[name, value] : item.members()) {
    if (name != "id" && name != "object" && name != "type" && name != "status") {
      result.json.set(name, value);
    }
  }
  if (item["type"].as_string() == "function_call" && item["call_id"].as_string().empty()) {
    result.json.set("call_id", "call_" + id.substr(std::min<std::size_t>(5, id.size())));
  }
  if (auto *parts = result.json.member("content").mutable_items()) {
    for (auto &part : *parts) part.erase("audio");  // as in events: the bytes only when retrieved
  } else {
    result.json.erase("content");
  }
  result.words = text_of(item);
  return result;
}

Refusal Conversation::check_previous(const std::string &previous_id) const {
  if (previous_id.empty() || previous_id == "root" || find(previous_id) != nullptr) {
    return std::nullopt;
  }
  return ApiError{
      "item_create_invalid_previous_item_id",
      "Error adding item: the previous item with id '" + previous_id + "' does not exist.",
      "previous_item_id"};
}

void Conversation::add(Item item, const std::string &previous_id) {
  auto place = items_.end();
  if (previous_id == "root") {
    place = items_.begin();
  } else if (!previous_id.empty()) {
    place = std::find_if(items_.begin(), items_.end(),
                         [&](const Item &other) { return other.id() == previous_id; });
    if (place != items_.end()) ++place;
  }
  items_.insert(place, std::move(item));
}

const Item *Conversation::find(const std::string &id) const {
  auto found =
      std::find_if(items_.begin(), items_.end(), [&](const Item &item) { return item.id() == id; });
  return found == items_.end() ? nullptr : &*found;
}

Item *Conversation::find(const std::string &id) {
  return const_cast<Item *>(static_cast<const Conversation *>(this)->find(id));
}

bool Conversation::remove(const std::string &id) {
  return std::erase_if(items_, [&](const Item &item) { return item.id() == id; }) > 0;
}

std::string Conversation::previous_of(const std::string &id) const {
  std::string previous;
  for (const auto &item : items_) {
    if (item.id() == id) return previous;
    previous = item.id();
  }
  return "";
}

std::vector<std::string> Conversation::user_texts() const {
  std::vector<std::string> texts;
  for (const auto &item : items_) {
    if (item.role() == "user" && !item.words.empty()) texts.push_back(item.words);
  }
  return texts;
}

}  // namespace oairt::sim
