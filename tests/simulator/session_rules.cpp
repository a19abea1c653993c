#include "session_rules.h"

#include <cstdio>
#include <functional>
#include <utility>
#include <vector>

namespace oairt::sim {
namespace {

enum Kind : unsigned {
  kString = 1,
  kNumber = 2,
  kInteger = 4,
  kBoolean = 8,
  kObject = 16,
  kArray = 32,
  kNull = 64,
  kAny = 127,
};

struct Rule;
using Members = std::vector<std::pair<std::string, Rule>>;
using Check = Refusal (*)(const Json &value, const std::string &path);

struct Rule {
  unsigned kinds = kAny;
  std::vector<std::string> values = {};  // of a string; empty: any
  double low = 0, high = 0;              // of a number; equal: any
  Members members = {};                  // of an object; empty: any
  std::vector<Rule> items = {};          // of an array: none or one rule for all of them
  Check check = nullptr;                 // what a table cannot say
};

struct KindName {
  Kind kind;
  const char *name;
};
constexpr KindName kKindNames[] = {{kString, "a string"},    {kNumber, "a decimal"},
                                   {kInteger, "an integer"}, {kBoolean, "a boolean"},
                                   {kObject, "an object"},   {kArray, "an array"},
                                   {kNull, "null"}};

unsigned kind_of(const Json &value) {
  if (value.is_null()) return kNull;
  if (value.is_bool()) return kBoolean;
  if (value.is_integer()) return kInteger | kNumber;
  if (value.is_number()) return kNumber;
  if (value.is_string()) return kString;
  return value.is_array() ? kArray : kObject;
}

std::string kinds_text(unsigned kinds) {
  std::string text;
  for (const auto &[kind, name] : kKindNames) {
    if ((kinds & kind) != 0) text += (text.empty() ? "" : " or ") + std::string(name);
  }
  return text;
}

std::string number_text(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", number);
  return text;
}

Refusal check_choice(const Rule &rule, const std::string &value, const std::string &path) {
  std::string list;
  for (std::size_t i = 0; i < rule.values.size(); ++i) {
    if (rule.values[i] == value) return std::nullopt;
    bool last = i + 1 == rule.values.size();
    list += (i == 0 ? "" : last ? (i == 1 ? " and " : ", and ") : ", ");
    list += "'" + rule.values[i] + "'";
  }
  return invalid_value(path, "Invalid value: '" + value + "'. Supported values are: " + list + ".");
}

Refusal check(const Rule &rule, const Json &value, const std::string &path) {
  if ((kind_of(value) & rule.kinds) == 0) {
    return invalid_type(path, kinds_text(rule.kinds), value);
  }
  if (value.is_string() && !rule.values.empty()) {
    if (auto refusal = check_choice(rule, value.as_string(), path)) return refusal;
  }
  if (value.is_number() && rule.low != rule.high &&
      (value.as_double() < rule.low || value.as_double() > rule.high)) {
    return invalid_value(path, "Invalid value: " + number_text(value.as_double()) +
                                   ". Expected a value between " + number_text(rule.low) + " and " +
                                   number_text(rule.high) + ".");
  }
  for (const auto &[name, member] : value.members()) {
    if (rule.members.empty()) break;
    const Rule *found = nullptr;
    for (const auto &[known, known_rule] : rule.members) {
      if (known == name) found = &known_rule;
    }
    if (found == nullptr) return unknown_parameter(path + "." + name);
    if (auto refusal = check(*found, member, path + "." + name)) return refusal;
  }
  for (std::size_t i = 0; i < value.items().size() && !rule.items.empty(); ++i) {
    auto item_path = path + "[" + std::to_string(i) + "]";
    if (auto refusal = check(rule.items[0], value.items()[i], item_path)) return refusal;
  }
  return rule.check != nullptr ? rule.check(value, path) : std::nullopt;
}

Refusal check_turn_detection(const Json &value, const std::string &path) {
  static const Rule server_vad{
      .kinds = kObject,
      .members = {{"type", {.kinds = kString}},
                  {"threshold", {.kinds = kNumber, .high = 1}},
                  {"prefix_padding_ms", {.kinds = kInteger, .high = 1e5}},
                  {"silence_duration_ms", {.kinds = kInteger, .high = 1e5}},
                  {"create_response", {.kinds = kBoolean}},
                  {"interrupt_response", {.kinds = kBoolean}},
                  {"idle_timeout_ms", {.kinds = kInteger | kNull, .low = 5000, .high = 30000}}}};
  static const Rule semantic_vad{
      .kinds = kObject,
      .members = {{"type", {.kinds = kString}},
                  {"eagerness", {.kinds = kString, .values = {"low", "medium", "high", "auto"}}},
                  {"create_response", {.kinds = kBoolean}},
                  {"interrupt_response", {.kinds = kBoolean}}}};
  static const Rule type{.kinds = kString, .values = {"server_vad", "semantic_vad"}};
  if (value.is_null()) return std::nullopt;
  if (!value.has("type")) return missing_parameter(path + ".type");
  if (auto refusal = check(type, value["type"], path + ".type")) return refusal;
  return check(value["type"].as_string() == "server_vad" ? server_vad : semantic_vad, value, path);
}

Refusal check_modalities(const Json &value, const std::string &path) {
  if (value.items().size() != 1) {
    return invalid_value(path,
                         "Invalid modalities. Supported combinations are: ['text'] and "
                         "['audio'].");
  }
  return std::nullopt;
}

Refusal check_tool(const Json &value, const std::string &path) {
  static const Rule type{.kinds = kString, .values = {"function", "mcp"}};
  static const Rule function{.kinds = kObject,
                             .members = {{"type", {.kinds = kString}},
                                         {"name", {.kinds = kString}},
                                         {"description", {.kinds = kString | kNull}},
                                         {"parameters", {.kinds = kObject | kNull}},
                                         {"strict", {.kinds = kBoolean | kNull}},
                                         {"defer_loading", {.kinds = kBoolean}}}};
  if (!value.has("type")) return missing_parameter(path + ".type");
  if (auto refusal = check(type, value["type"], path + ".type")) return refusal;
  const char *needed = value["type"].as_string() == "function" ? "name" : "server_label";
  if (!value.has(needed)) return missing_parameter(path + "." + needed);
  return value["type"].as_string() == "function" ? check(function, value, path) : std::nullopt;
}

Refusal check_max_tokens(const Json &value, const std::string &path) {
  static const Rule whole{.kinds = kInteger, .low = 1, .high = 4096};
  static const Rule infinite{.kinds = kString, .values = {"inf"}};
  return check(value.is_string() ? infinite : whole, value, path);
}

Refusal check_voice(const Json &value, const std::string &path) {
  static const Rule known{.kinds = kString,
                          .values = {"alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer",
                                     "verse", "marin", "cedar"}};
  static const Rule custom{.kinds = kObject, .members = {{"id", {.kinds = kString}}}};
  if (value.is_object() && !value.has("id")) return missing_parameter(path + ".id");
  return check(value.is_object() ? custom : known, value, path);
}

Refusal check_tool_choice(const Json &value, const std::string &path) {
  static const Rule mode{.kinds = kString, .values = {"none", "auto", "required"}};
  static const Rule tool{.kinds = kObject,
                         .members = {{"type", {.kinds = kString, .values = {"function", "mcp"}}},
                                     {"name", {.kinds = kString | kNull}},
                                     {"server_label", {.kinds = kString}}}};
  if (value.is_object() && !value.has("type")) return missing_parameter(path + ".type");
  return check(value.is_object() ? tool : mode, value, path);
}

Refusal check_truncation(const Json &value, const std::string &path) {
  static const Rule mode{.kinds = kString, .values = {"auto", "disabled"}};
  static const Rule ratio{
      .kinds = kObject,
      .members = {{"type", {.kinds = kString, .values = {"retention_ratio"}}},
                  {"retention_ratio", {.kinds = kNumber, .high = 1}},
                  {"token_limits",
                   {.kinds = kObject,
                    .members = {{"post_instructions", {.kinds = kInteger, .high = 1e9}}}}}}};
  if (value.is_object() && !value.has("retention_ratio")) {
    return missing_parameter(path + ".retention_ratio");
  }
  return check(value.is_object() ? ratio : mode, value, path);
}

Refusal check_metadata(const Json &value, const std::string &path) {
  if (value.members().size() > 16) {
    return invalid_value(path, "Invalid '" + path +
                                   "': too many properties. Expected an object "
                                   "with at most 16 properties.");
  }
  for (const auto &[name, member] : value.members()) {
    if (!member.is_string()) return invalid_type(path + "." + name, "a string", member);
    if (name.size() > 64) return too_long(path + "." + name, 64, name.size());
    if (member.as_string().size() > 512) {
      return too_long(path + "." + name, 512, member.as_string().size());
    }
  }
  return std::nullopt;
}

Rule format_rule() {
  return {
      .kinds = kObject,
      .members = {{"type", {.kinds = kString, .values = {"audio/pcm", "audio/pcmu", "audio/pcma"}}},
                  {"rate", {.kinds = kInteger, .low = 24000, .high = 24000.5}}}};
}

Rule input_rule() {
  Rule transcription{
      .kinds = kObject | kNull,
      .members = {
          {"model", {.kinds = kString}},
          {"language", {.kinds = kString | kNull}},
          {"languages", {.kinds = kArray, .items = {{.kinds = kString}}}},
          {"prompt", {.kinds = kString | kNull}},
          {"keywords", {.kinds = kArray, .items = {{.kinds = kString}}}},
          {"delay", {.kinds = kString, .values = {"minimal", "low", "medium", "high", "xhigh"}}}}};
  Rule noise_reduction{
      .kinds = kObject | kNull,
      .members = {{"type", {.kinds = kString, .values = {"near_field", "far_field"}}}}};
  return {
      .kinds = kObject,
      .members = {{"format", format_rule()},
                  {"transcription", transcription},
                  {"noise_reduction", noise_reduction},
                  {"turn_detection", {.kinds = kObject | kNull, .check = check_turn_detection}}}};
}

Rule output_rule() {
  return {.kinds = kObject,
          .members = {{"format", format_rule()},
                      {"voice", {.kinds = kString | kObject, .check = check_voice}},
                      {"speed", {.kinds = kNumber, .low = 0.25, .high = 1.5}}}};
}

Rule include_rule() {
  return {.kinds = kArray | kNull,
          .items = {{.kinds = kString, .values = {"item.input_audio_transcription.logprobs"}}}};
}

// What a session and a response have in common.
Members model_members() {
  return {{"output_modalities",
           {.kinds = kArray,
            .items = {{.kinds = kString, .values = {"text", "audio"}}},
            .check = check_modalities}},
          {"instructions", {.kinds = kString}},
          {"tools", {.kinds = kArray, .items = {{.kinds = kObject, .check = check_tool}}}},
          {"tool_choice", {.kinds = kString | kObject, .check = check_tool_choice}},
          {"parallel_tool_calls", {.kinds = kBoolean}},
          {"reasoning",
           {.kinds = kObject | kNull,
            .members = {{"effort",
                         {.kinds = kString,
                          .values = {"minimal", "low", "medium", "high", "xhigh"}}}}}},
          {"max_output_tokens", {.kinds = kInteger | kString, .check = check_max_tokens}},
          {"prompt", {.kinds = kObject | kNull}}};
}

Rule realtime_rule() {
  Rule rule{.kinds = kObject, .members = model_members()};
  rule.members.insert(
      rule.members.end(),
      {{"type", {.kinds = kString, .values = {"realtime"}}},
       {"model", {.kinds = kString}},
       {"audio",
        {.kinds = kObject, .members = {{"input", input_rule()}, {"output", output_rule()}}}},
       {"include", include_rule()},
       {"tracing", {.kinds = kString | kObject | kNull}},
       {"truncation", {.kinds = kString | kObject, .check = check_truncation}}});
  return rule;
}

}  // namespace

Refusal check_realtime_session(const Json &session, const std::string &path) {
  static const Rule rule = realtime_rule();
  return check(rule, session, path);
}

Refusal check_transcription_session(const Json &session, const std::string &path) {
  static const Rule rule{
      .kinds = kObject,
      .members = {{"type", {.kinds = kString, .values = {"transcription"}}},
                  {"audio", {.kinds = kObject, .members = {{"input", input_rule()}}}},
                  {"include", include_rule()}}};
  return check(rule, session, path);
}

Refusal check_response_params(const Json &response, const std::string &path) {
  static const Rule rule = [] {
    Rule result{.kinds = kObject, .members = model_members()};
    result.members.insert(result.members.end(),
                          {{"audio", {.kinds = kObject, .members = {{"output", output_rule()}}}},
                           {"conversation", {.kinds = kString, .values = {"auto", "none"}}},
                           {"metadata", {.kinds = kObject | kNull, .check = check_metadata}},
                           {"input", {.kinds = kArray, .items = {{.kinds = kObject}}}}});
    return result;
  }();
  return check(rule, response, path);
}

Refusal check_expires_after(const Json &expires_after, const std::string &path) {
  static const Rule rule{.kinds = kObject,
                         .members = {{"anchor", {.kinds = kString, .values = {"created_at"}}},
                                     {"seconds", {.kinds = kInteger, .low = 10, .high = 7200}}}};
  return check(rule, expires_after, path);
}

Refusal check_client_secret_request(const Json &request) {
  if (!request.is_object()) {
    return ApiError{"", "We could not parse the JSON body of your request.", ""};
  }
  for (const auto &[name, value] : request.members()) {
    if (name != "expires_after" && name != "session") return unknown_parameter(name);
  }
  if (!request.has("expires_after")) return std::nullopt;
  return check_expires_after(request["expires_after"], "expires_after");
}

}  // namespace oairt::sim
