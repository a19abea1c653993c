#include "schema_check.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string_view>

namespace oairt::test {
namespace {

// Members that are null in the service's own examples though their schemas do not say so.
constexpr std::array<std::string_view, 8> kNullInExamples = {
    "transcription", "include", "status_details",  "usage",
    "transcript",    "param",   "conversation_id", "noise_reduction"};

bool has_type(const Json &value, const std::string &type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_bool();
  if (type == "integer") return value.is_integer();
  if (type == "number") return value.is_number();
  return type == "null" && value.is_null();
}

bool is_of_type(const Json &value, const Json &type) {
  if (type.is_string()) return has_type(value, type.as_string());
  return std::any_of(type.items().begin(), type.items().end(),
                     [&](const Json &one) { return has_type(value, one.as_string()); });
}

std::string last_name(const std::string &path) {
  return path.substr(path.rfind('.') == std::string::npos ? 0 : path.rfind('.') + 1);
}

std::optional<Json> load(const std::string &path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  std::stringstream text;
  text << file.rdbuf();
  auto json = Json::parse(text.str());
  if (!json) return std::nullopt;
  return json.value();
}

}  // namespace

const SchemaCheck *SchemaCheck::shared() {
  static const SchemaCheck *checker = []() -> const SchemaCheck * {
    const char *given = std::getenv("OAIRT_REALTIME_SCHEMA");
    const char *source = std::getenv("OAIRT_SOURCE_ROOT");
    std::string path = given != nullptr ? given
                       : source != nullptr
                           ? std::string(source) + "/../shared/reference/realtime-schema.json"
                           : "";
    auto json = load(path);
    if (json) return new SchemaCheck(std::move(*json));
    std::printf("schema check skipped: no readable schema at '%s' (set OAIRT_REALTIME_SCHEMA)\n",
                path.c_str());
    return nullptr;
  }();
  return checker;
}

const Json &SchemaCheck::resolve(const Json &schema) const {
  const std::string &ref = schema["$ref"].as_string();
  const std::string prefix = "#/components/schemas/";
  if (!ref.starts_with(prefix)) return schema;
  return resolve(root_.at("components.schemas")[ref.substr(prefix.size())]);
}

const Json *SchemaCheck::event_schema(const std::string &type) const {
  const Json &events = root_.at("components.schemas.RealtimeServerEvent");
  for (const auto &choice : events["anyOf"].items()) {
    const Json &schema = resolve(choice);
    const Json &types = schema.at("properties.type");
    if (types["const"].as_string() == type) return &schema;
    for (const auto &value : types["enum"].items()) {
      if (value.as_string() == type) return &schema;
    }
  }
  return nullptr;
}

std::vector<std::string> SchemaCheck::check_server_event(const Json &event) const {
  const std::string &type = event["type"].as_string();
  const Json *schema = event_schema(type);
  if (schema == nullptr) return {"no schema for the event '" + type + "'"};
  Errors errors;
  check(event, *schema, type, errors);
  for (const auto &[name, value] : event.members()) {
    if (!(*schema)["properties"].has(name) && name != "obfuscation") {
      errors.push_back(type + "." + name + ": the schema has no such member");
    }
  }
  return errors;
}

std::vector<std::string> SchemaCheck::check_as(const std::string &schema_name,
                                               const Json &value) const {
  Errors errors;
  check(value, root_.at("components.schemas")[schema_name], schema_name, errors);
  return errors;
}

bool SchemaCheck::allows_null(const Json &schema) const {
  if (schema["nullable"].as_bool()) return true;
  return schema.has("default") && schema["default"].is_null();
}

void SchemaCheck::check(const Json &value, const Json &unresolved, const std::string &path,
                        Errors &errors) const {
  const Json &schema = resolve(unresolved);
  if (value.is_null()) {
    auto known = std::find(kNullInExamples.begin(), kNullInExamples.end(), last_name(path));
    if (known != kNullInExamples.end() || allows_null(schema) || allows_null(unresolved)) return;
  }
  if (schema.has("type") && !is_of_type(value, schema["type"])) {
    errors.push_back(path + ": not of type " + schema["type"].dump());
    return;
  }
  if (schema.has("enum")) {
    const auto &values = schema["enum"].items();
    if (std::find(values.begin(), values.end(), value) == values.end()) {
      errors.push_back(path + ": " + value.dump() + " is none of " + schema["enum"].dump());
    }
  }
  if (schema.has("const") && schema["const"] != value) {
    errors.push_back(path + ": is not " + schema["const"].dump());
  }
  if (value.is_number()) {
    if (schema.has("minimum") && value.as_double() < schema["minimum"].as_double()) {
      errors.push_back(path + ": below the minimum");
    }
    if (schema.has("maximum") && value.as_double() > schema["maximum"].as_double()) {
      errors.push_back(path + ": above the maximum");
    }
  }
  if (schema.has("anyOf")) check_any(value, schema["anyOf"], path, errors);
  // The published alternatives overlap (any string, or one of these): one match is enough.
  if (schema.has("oneOf")) check_any(value, schema["oneOf"], path, errors);
  for (const auto &part : schema["allOf"].items()) check(value, part, path, errors);
  if (value.is_object()) check_object(value, schema, path, errors);
  if (value.is_array() && schema.has("items")) {
    for (std::size_t i = 0; i < value.items().size(); ++i) {
      check(value.items()[i], schema["items"], path + "[" + std::to_string(i) + "]", errors);
    }
  }
}

void SchemaCheck::check_any(const Json &value, const Json &choices, const std::string &path,
                            Errors &errors) const {
  Errors best;
  for (std::size_t i = 0; i < choices.items().size(); ++i) {
    Errors found;
    check(value, choices.items()[i], path, found);
    if (found.empty()) return;
    if (i == 0 || found.size() < best.size()) best = found;
  }
  errors.push_back(path + ": fits none of " + std::to_string(choices.items().size()) +
                   " alternatives, e.g.:");
  errors.insert(errors.end(), best.begin(), best.end());
}

void SchemaCheck::check_object(const Json &value, const Json &schema, const std::string &path,
                               Errors &errors) const {
  for (const auto &name : schema["required"].items()) {
    if (!value.has(name.as_string())) {
      errors.push_back(path + ": lacks " + name.as_string());
    }
  }
  const Json &properties = schema["properties"];
  const Json &others = schema["additionalProperties"];
  for (const auto &[name, member] : value.members()) {
    if (properties.has(name)) {
      check(member, properties[name], path + "." + name, errors);
    } else if (others.is_bool() && !others.as_bool()) {
      errors.push_back(path + "." + name + ": not allowed");
    } else if (others.is_object()) {
      check(member, others, path + "." + name, errors);
    }
  }
}

}  // namespace oairt::test
