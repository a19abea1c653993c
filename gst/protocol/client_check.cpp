// What an application wants to send, checked before it leaves: by the published schemas, and by
// what the service is known to refuse. Members and kinds of items that are not known pass.
#include <array>
#include <cmath>

#include <glib.h>

#include "protocol/client_types.h"
#include "protocol/codec.h"
#include "protocol/tool_list.h"

namespace oairt {
namespace {

constexpr std::size_t kMaxEventId = 512;
constexpr std::size_t kMaxId = 32;
constexpr std::size_t kMaxInputText = 256000;
constexpr const char *kOurs = "oairt_";

// What is wrong, as a sentence; empty: nothing.
using Wrong = std::string;

enum class Is { Object, Array, String, Text, Id, Count, Boolean };

struct Member {
  std::string_view name;
  Is is;
  bool required = false;
  Wrong (*check)(const Json &value, const std::string &path) = nullptr;
};

std::string in_quotes(std::string_view path) { return "\"" + std::string(path) + "\""; }

std::size_t characters(const std::string &text) {
  return static_cast<std::size_t>(g_utf8_strlen(text.data(), static_cast<gssize>(text.size())));
}

bool is_count(const Json &value) {
  double number = value.as_double();
  return value.is_number() && number >= 0 && std::floor(number) == number;
}

Wrong check_kind(Is is, const Json &value, const std::string &path) {
  switch (is) {
    case Is::Object:
      return value.is_object() ? "" : in_quotes(path) + " must be an object.";
    case Is::Array:
      return value.is_array() ? "" : in_quotes(path) + " must be an array.";
    case Is::Boolean:
      return value.is_bool() ? "" : in_quotes(path) + " must be true or false.";
    case Is::Count:
      return is_count(value) ? "" : in_quotes(path) + " must be a whole number, 0 or more.";
    case Is::Text:
      return value.is_string() ? "" : in_quotes(path) + " must be a string.";
    case Is::String:
      return value.is_string() && !value.as_string().empty()
                 ? ""
                 : in_quotes(path) + " must be a string that is not empty.";
    case Is::Id:
      break;
  }
  if (!value.is_string() || value.as_string().empty()) {
    return in_quotes(path) + " must be a string that is not empty.";
  }
  return characters(value.as_string()) <= kMaxId
             ? ""
             : in_quotes(path) + " has more than 32 characters.";
}

template <std::size_t size>
Wrong check_members(const std::array<Member, size> &rules, const Json &json,
                    const std::string &path) {
  for (const Member &rule : rules) {
    std::string name = path.empty() ? std::string(rule.name) : path + "." + std::string(rule.name);
    const Json &value = json[rule.name];
    if (value.is_null()) {
      if (rule.required) return "The event lacks " + in_quotes(name) + ".";
      continue;
    }
    if (Wrong wrong = check_kind(rule.is, value, name); !wrong.empty()) return wrong;
    if (rule.check == nullptr) continue;
    if (Wrong wrong = rule.check(value, name); !wrong.empty()) return wrong;
  }
  return "";
}

// --- items ---

// A picture in the JSON: PNG and JPEG begin with these letters in base64.
Wrong check_image_url(const Json &value, const std::string &path) {
  std::string_view url = value.as_string();
  for (auto [prefix, magic] :
       {std::pair<std::string_view, std::string_view>{"data:image/png;base64,", "iVBORw0KGgo"},
        {"data:image/jpeg;base64,", "/9j/"}}) {
    if (!url.starts_with(prefix)) continue;
    std::string_view data = url.substr(prefix.size());
    bool base64 = data.size() % 4 == 0 && data.find_first_not_of(
                                              "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                              "0123456789+/=") == std::string_view::npos;
    return base64 && data.starts_with(magic)
               ? ""
               : in_quotes(path) + " holds no picture of the kind that it names, in base64.";
  }
  return in_quotes(path) +
         " must be a data URL of a PNG or JPEG picture (data:image/jpeg;base64,…).";
}

Wrong check_detail(const Json &value, const std::string &path) {
  const std::string &detail = value.as_string();
  bool known = detail == "auto" || detail == "low" || detail == "high";
  return known ? "" : in_quotes(path) + " must be auto, low or high.";
}

Wrong check_input_text(const Json &value, const std::string &path) {
  return characters(value.as_string()) <= kMaxInputText
             ? ""
             : in_quotes(path) + " has more than 256000 characters.";
}

constexpr std::array kTextPart = {Member{"text", Is::Text, true, check_input_text}};
constexpr std::array kAudioPart = {Member{"audio", Is::String, true},
                                   Member{"transcript", Is::Text}};
constexpr std::array kImagePart = {Member{"image_url", Is::String, true, check_image_url},
                                   Member{"detail", Is::String, false, check_detail}};

Wrong check_part(const std::string &role, const Json &part, const std::string &path) {
  constexpr std::array kType = {Member{"type", Is::String, true}};
  if (!part.is_object()) return in_quotes(path) + " must be an object.";
  if (Wrong wrong = check_members(kType, part, path); !wrong.empty()) return wrong;
  const std::string &type = part["type"].as_string();
  if (role == "assistant") {
    return type == "output_text"
               ? check_members(kTextPart, part, path)
               : in_quotes(path + ".type") + " must be output_text in a message of the assistant.";
  }
  if (type == "input_text") return check_members(kTextPart, part, path);
  if (role != "user") return in_quotes(path + ".type") + " must be input_text in a system message.";
  if (type == "input_audio") return check_members(kAudioPart, part, path);
  if (type == "input_image") return check_members(kImagePart, part, path);
  return in_quotes(path + ".type") +
         " must be input_text, input_audio or input_image in a message of the user.";
}

Wrong check_message(const Json &item, const std::string &path) {
  constexpr std::array kMembers = {Member{"role", Is::String, true},
                                   Member{"content", Is::Array, true}};
  if (Wrong wrong = check_members(kMembers, item, path); !wrong.empty()) return wrong;
  const std::string &role = item["role"].as_string();
  if (role != "user" && role != "assistant" && role != "system" && role != "developer") {
    return in_quotes(path + ".role") + " must be user, assistant, system or developer.";
  }
  const auto &parts = item["content"].items();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    std::string place = path + ".content[" + std::to_string(i) + "]";
    if (Wrong wrong = check_part(role, parts[i], place); !wrong.empty()) return wrong;
  }
  return "";
}

Wrong check_item(const Json &item, const std::string &path) {
  constexpr std::array kAny = {Member{"type", Is::String, true}, Member{"id", Is::Id}};
  constexpr std::array kCall = {Member{"name", Is::String, true}, Member{"call_id", Is::Id},
                                Member{"arguments", Is::Text, true}};
  constexpr std::array kOutput = {Member{"call_id", Is::Id, true},
                                  Member{"output", Is::Text, true}};
  constexpr std::array kApproval = {Member{"approval_request_id", Is::String, true},
                                    Member{"approve", Is::Boolean, true},
                                    Member{"reason", Is::Text}};
  if (Wrong wrong = check_members(kAny, item, path); !wrong.empty()) return wrong;
  const std::string &type = item["type"].as_string();
  if (type == "message") return check_message(item, path);
  if (type == "function_call") return check_members(kCall, item, path);
  if (type == "function_call_output") return check_members(kOutput, item, path);
  if (type == "mcp_approval_response") return check_members(kApproval, item, path);
  return "";
}

// --- what else has a form ---

Wrong check_tool_list(const Json &tools, const std::string &path) {
  auto checked = check_tools(tools);
  return checked ? "" : in_quotes(path) + " " + checked.error().message;
}

Wrong check_tokens(const Json &tokens, const std::string &path) {
  bool good = tokens.as_string() == "inf" || (is_count(tokens) && tokens.as_double() >= 1);
  return good ? "" : in_quotes(path) + " must be a whole number or \"inf\".";
}

Wrong check_session(const Json &session, const std::string &path) {
  constexpr std::array kMembers = {Member{"type", Is::String, true},
                                   Member{"instructions", Is::Text}, Member{"audio", Is::Object},
                                   Member{"output_modalities", Is::Array},
                                   Member{"tools", Is::Array, false, check_tool_list}};
  if (Wrong wrong = check_members(kMembers, session, path); !wrong.empty()) return wrong;
  const Json &tokens = session["max_output_tokens"];
  return tokens.is_null() ? "" : check_tokens(tokens, path + ".max_output_tokens");
}

Wrong check_input(const Json &input, const std::string &path) {
  constexpr std::array kReference = {Member{"id", Is::String, true}};
  for (std::size_t i = 0; i < input.items().size(); ++i) {
    const Json &item = input.items()[i];
    std::string place = path + "[" + std::to_string(i) + "]";
    if (!item.is_object()) return in_quotes(place) + " must be an object.";
    bool reference = item["type"].as_string() == "item_reference";
    Wrong wrong = reference ? check_members(kReference, item, place) : check_item(item, place);
    if (!wrong.empty()) return wrong;
  }
  return "";
}

Wrong check_response(const Json &response, const std::string &path) {
  constexpr std::array kMembers = {Member{"conversation", Is::String},
                                   Member{"instructions", Is::Text},
                                   Member{"audio", Is::Object},
                                   Member{"metadata", Is::Object},
                                   Member{"output_modalities", Is::Array},
                                   Member{"tools", Is::Array, false, check_tool_list},
                                   Member{"input", Is::Array, false, check_input}};
  if (Wrong wrong = check_members(kMembers, response, path); !wrong.empty()) return wrong;
  const Json &tokens = response["max_output_tokens"];
  return tokens.is_null() ? "" : check_tokens(tokens, path + ".max_output_tokens");
}

// --- events ---

constexpr std::size_t kMostMembers = 3;

struct Rule {
  std::string_view type;
  std::array<Member, kMostMembers> members;
};

// In place of members that a type does not have.
constexpr Member kNothing{"event_id", Is::String};

constexpr std::array kRules = {
    Rule{"session.update",
         {Member{"session", Is::Object, true, check_session}, kNothing, kNothing}},
    Rule{"conversation.item.create",
         {Member{"item", Is::Object, true, check_item}, Member{"previous_item_id", Is::String},
          kNothing}},
    Rule{"conversation.item.retrieve", {Member{"item_id", Is::String, true}, kNothing, kNothing}},
    Rule{"conversation.item.truncate",
         {Member{"item_id", Is::String, true}, Member{"content_index", Is::Count, true},
          Member{"audio_end_ms", Is::Count, true}}},
    Rule{"conversation.item.delete", {Member{"item_id", Is::String, true}, kNothing, kNothing}},
    Rule{"input_audio_buffer.append", {Member{"audio", Is::String, true}, kNothing, kNothing}},
    Rule{"response.create",
         {Member{"response", Is::Object, false, check_response}, kNothing, kNothing}},
    Rule{"response.cancel", {Member{"response_id", Is::String}, kNothing, kNothing}},
    Rule{"transcription_session.update", {Member{"session", Is::Object, true}, kNothing, kNothing}},
};

Wrong check_event_id(const Json &event_id) {
  if (event_id.is_null()) return "";
  if (!event_id.is_string()) return "\"event_id\" must be a string.";
  if (characters(event_id.as_string()) > kMaxEventId) {
    return "The event_id has more than 512 characters.";
  }
  return event_id.as_string().starts_with(kOurs)
             ? "An event_id that begins with oairt_ is ours: its answer would not be told."
             : "";
}

Wrong check_event(const Json &event) {
  if (!event.is_object()) return "The event is not a JSON object.";
  const Json &type = event["type"];
  if (!type.is_string()) return "The event has no \"type\".";
  if (!is_client_type(type.as_string())) {
    return "The service takes no event of that type from clients; it takes " + client_types_text() +
           ".";
  }
  if (Wrong wrong = check_event_id(event["event_id"]); !wrong.empty()) return wrong;
  for (const Rule &rule : kRules) {
    if (rule.type == type.as_string()) return check_members(rule.members, event, "");
  }
  return "";
}

}  // namespace

Status check_client_event(std::string_view text, std::size_t max_size) {
  auto refuse = [](std::string message) {
    return Error{ErrorCode::Config, std::move(message), {}, {}, {}};
  };
  if (text.size() > max_size) {
    return refuse("The event has " + std::to_string(text.size()) +
                  " bytes; the service takes at most " + std::to_string(max_size) + ".");
  }
  auto json = Json::parse(text);
  if (!json) {
    return refuse("The event is not valid JSON (" +
                  (json.error().detail.empty() ? json.error().message : json.error().detail) +
                  ").");
  }
  if (Wrong wrong = check_event(json.value()); !wrong.empty()) return refuse(std::move(wrong));
  return Success{};
}

}  // namespace oairt
