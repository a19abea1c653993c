#include "conversation/item_content.h"

#include "conversation/text.h"

namespace oairt {
namespace {

using Kind = ConversationItem::Kind;

constexpr std::size_t kMaxParts = 64;

std::string words_of(const Json &part) {
  const Json &text = part["text"].is_string() ? part["text"] : part["transcript"];
  return std::string(first_bytes(text.as_string(), kMaxTextBytes));
}

// Both the names of today (input_audio, output_audio) and the old one (audio).
bool is_audio(const std::string &type) {
  return type == "input_audio" || type == "output_audio" || type == "audio";
}

void read_part(const Json &part, ItemContent &content) {
  const std::string &type = part["type"].as_string();
  content.parts.emplace_back();
  if (type == "input_image") {
    const std::string &url = part["image_url"].as_string();
    content.images.push_back(url.empty() ? kImageNote : url);
    return;
  }
  content.parts.back() = words_of(part);
  if (is_audio(type)) {
    content.spoken = true;
    if (content.parts.back().empty()) content.transcript_missing = true;
  }
}

std::string role_of(const std::string &role) {
  if (role == "developer") return "system";
  return role == "user" || role == "assistant" || role == "system" ? role : "";
}

}  // namespace

std::string ItemContent::text() const {
  std::string text;
  for (const auto &part : parts) text = join_words(text, part);
  return text;
}

bool ItemContent::says_nothing() const {
  return text().empty() && images.empty() && arguments.empty() && output.empty();
}

ConversationItem::Status end_status(const Json &item) {
  return item["status"].as_string() == "incomplete" ? ConversationItem::Status::Interrupted
                                                    : ConversationItem::Status::Completed;
}

ItemContent read_item(const Json &item) {
  ItemContent content;
  const std::string &type = item["type"].as_string();
  content.in_progress = item["status"].as_string() == "in_progress";
  if (type == "function_call" || type == "function_call_output") {
    content.kind = type == "function_call" ? Kind::FunctionCall : Kind::FunctionCallOutput;
    content.name = item["name"].as_string();
    content.call_id = item["call_id"].as_string();
    content.arguments = std::string(first_bytes(item["arguments"].as_string(), kMaxTextBytes));
    content.output = std::string(first_bytes(item["output"].as_string(), kMaxTextBytes));
    return content;
  }
  std::string role = role_of(item["role"].as_string());
  bool message = type == "message" || (type.empty() && !role.empty());
  if (!message) return content;
  content.role = std::move(role);
  content.kind = Kind::Message;
  for (const auto &part : item["content"].items()) {
    if (content.parts.size() == kMaxParts) break;
    read_part(part, content);
  }
  return content;
}

}  // namespace oairt
