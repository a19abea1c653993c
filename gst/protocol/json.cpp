#include "protocol/json.h"

#include <algorithm>
#include <cmath>

#include <json-glib/json-glib.h>

#include "base/ref.h"

namespace oairt {
namespace {

const Json kNull;
const std::string kEmptyString;
const Json::Array kEmptyArray;
const Json::Object kEmptyObject;

// The parser recurses: what nests too deeply must not reach it.
bool nests_deeper_than(std::string_view text, std::size_t limit) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > limit) return true;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

Json from_node(JsonNode *node);

Json from_value(JsonNode *node) {
  switch (json_node_get_value_type(node)) {
    case G_TYPE_BOOLEAN:
      return Json(json_node_get_boolean(node) != FALSE);
    case G_TYPE_INT64:
      return Json(static_cast<int64_t>(json_node_get_int(node)));
    case G_TYPE_DOUBLE:
      return Json(json_node_get_double(node));
    case G_TYPE_STRING:
      return Json(std::string(json_node_get_string(node)));
    default:
      return Json();
  }
}

Json from_node(JsonNode *node) {
  switch (json_node_get_node_type(node)) {
    case JSON_NODE_OBJECT: {
      Json object = Json::object();
      JsonObjectIter iter;
      const gchar *name = nullptr;
      JsonNode *member = nullptr;
      json_object_iter_init_ordered(&iter, json_node_get_object(node));
      while (json_object_iter_next_ordered(&iter, &name, &member)) {
        object.set(name, from_node(member));
      }
      return object;
    }
    case JSON_NODE_ARRAY: {
      Json array = Json::array();
      JsonArray *items = json_node_get_array(node);
      for (guint i = 0; i < json_array_get_length(items); ++i) {
        array.push_back(from_node(json_array_get_element(items, i)));
      }
      return array;
    }
    case JSON_NODE_VALUE:
      return from_value(node);
    default:
      return Json();
  }
}

JsonNode *to_node(const Json &json) {
  if (json.is_object()) {
    JsonObject *object = json_object_new();
    for (const auto &[name, value] : json.members()) {
      json_object_set_member(object, name.c_str(), to_node(value));
    }
    JsonNode *node = json_node_new(JSON_NODE_OBJECT);
    json_node_take_object(node, object);
    return node;
  }
  if (json.is_array()) {
    JsonArray *array = json_array_new();
    for (const auto &item : json.items()) json_array_add_element(array, to_node(item));
    JsonNode *node = json_node_new(JSON_NODE_ARRAY);
    json_node_take_array(node, array);
    return node;
  }
  if (json.is_null()) return json_node_new(JSON_NODE_NULL);
  JsonNode *node = json_node_alloc();
  if (json.is_bool()) return json_node_init_boolean(node, json.as_bool());
  if (json.is_integer()) return json_node_init_int(node, json.as_int());
  if (json.is_number()) return json_node_init_double(node, json.as_double());
  return json_node_init_string(node, json.as_string().c_str());
}

}  // namespace

Json Json::object(std::initializer_list<Member> members) {
  Json json;
  json.value_ = Object(members);
  return json;
}

Json Json::array(Array items) {
  Json json;
  json.value_ = std::move(items);
  return json;
}

Result<Json> Json::parse(std::string_view text) {
  if (text.size() > kMaxText) {
    return Error{ErrorCode::Protocol, "The JSON text is too large.", {}, {}, {}};
  }
  if (text.find('\0') != std::string_view::npos ||
      !g_utf8_validate(text.data(), text.size(), nullptr)) {
    return Error{ErrorCode::Protocol, "The JSON text is not UTF-8.", {}, {}, {}};
  }
  if (nests_deeper_than(text, kMaxDepth)) {
    return Error{ErrorCode::Protocol, "The JSON text nests too deeply.", {}, {}, {}};
  }
  auto parser = Ref<JsonParser>::adopt(json_parser_new());
  GError *raw_error = nullptr;
  if (!json_parser_load_from_data(parser.get(), text.data(), text.size(), &raw_error)) {
    UniqueError error(raw_error);
    // json-glib quotes the offending text, which may be somebody's words: only the place is told.
    std::string place = error->message;
    place = place.substr(0, place.find(": "));
    return Error{ErrorCode::Protocol, "The text is not valid JSON.", place, {}, {}};
  }
  JsonNode *root = json_parser_get_root(parser.get());
  if (root == nullptr) {
    return Error{ErrorCode::Protocol, "The text is not valid JSON.", "it is empty", {}, {}};
  }
  return from_node(root);
}

std::string Json::dump() const {
  auto generator = Ref<JsonGenerator>::adopt(json_generator_new());
  JsonNode *root = to_node(*this);
  json_generator_set_root(generator.get(), root);
  json_node_unref(root);
  gsize length = 0;
  Unique<gchar, g_free> text(json_generator_to_data(generator.get(), &length));
  return std::string(text.get(), length);
}

bool Json::as_bool(bool otherwise) const {
  const bool *value = std::get_if<bool>(&value_);
  return value != nullptr ? *value : otherwise;
}

int64_t Json::as_int(int64_t otherwise) const {
  if (const auto *value = std::get_if<int64_t>(&value_)) return *value;
  const auto *real = std::get_if<double>(&value_);
  if (real == nullptr || !(std::abs(*real) < 9e18)) return otherwise;
  return static_cast<int64_t>(*real);
}

double Json::as_double(double otherwise) const {
  if (const auto *value = std::get_if<double>(&value_)) return *value;
  const auto *whole = std::get_if<int64_t>(&value_);
  return whole != nullptr ? static_cast<double>(*whole) : otherwise;
}

const std::string &Json::as_string() const {
  const auto *value = std::get_if<std::string>(&value_);
  return value != nullptr ? *value : kEmptyString;
}

const Json::Array &Json::items() const {
  const auto *value = std::get_if<Array>(&value_);
  return value != nullptr ? *value : kEmptyArray;
}

const Json::Object &Json::members() const {
  const auto *value = std::get_if<Object>(&value_);
  return value != nullptr ? *value : kEmptyObject;
}

const Json &Json::operator[](std::string_view key) const {
  for (const auto &[name, value] : members()) {
    if (name == key) return value;
  }
  return kNull;
}

const Json &Json::at(std::string_view dotted_path) const {
  const Json *json = this;
  while (true) {
    auto dot = dotted_path.find('.');
    json = &(*json)[dotted_path.substr(0, dot)];
    if (dot == std::string_view::npos) return *json;
    dotted_path.remove_prefix(dot + 1);
  }
}

bool Json::has(std::string_view key) const {
  return std::any_of(members().begin(), members().end(),
                     [key](const Member &member) { return member.first == key; });
}

Json &Json::set(std::string_view key, Json value) {
  member(key) = std::move(value);
  return *this;
}

Json &Json::member(std::string_view key) {
  if (!is_object()) value_ = Object{};
  auto &object = std::get<Object>(value_);
  for (auto &[name, value] : object) {
    if (name == key) return value;
  }
  return object.emplace_back(std::string(key), Json()).second;
}

void Json::erase(std::string_view key) {
  if (auto *object = std::get_if<Object>(&value_)) {
    std::erase_if(*object, [key](const Member &member) { return member.first == key; });
  }
}

void Json::push_back(Json item) {
  if (!is_array()) value_ = Array{};
  std::get<Array>(value_).push_back(std::move(item));
}

void Json::merge(const Json &patch) {
  if (!patch.is_object() || !is_object()) {
    *this = patch;
    return;
  }
  for (const auto &[name, value] : patch.members()) member(name).merge(value);
}

}  // namespace oairt
