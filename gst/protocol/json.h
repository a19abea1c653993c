// A JSON value: built, read and merged as plain data; text in and out through json-glib.
// Thread-safe as any value. Reading is total: a missing or mistyped member is a default, not a
// crash. Never trusts its input: depth and size are bounded before the parser sees it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace oairt {

class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;  // order of insertion is kept

  static constexpr std::size_t kMaxDepth = 64;
  static constexpr std::size_t kMaxText = 16 << 20;

  Json() = default;  // null
  Json(std::nullptr_t) {}
  Json(bool value) : value_(value) {}
  Json(int value) : value_(static_cast<int64_t>(value)) {}
  Json(unsigned value) : value_(static_cast<int64_t>(value)) {}
  Json(int64_t value) : value_(value) {}
  Json(uint64_t value) : value_(static_cast<int64_t>(value)) {}
  Json(double value) : value_(value) {}
  Json(const char *value) : value_(std::string(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(std::string value) : value_(std::move(value)) {}
  // Json::object({{"type", "error"}, {"code", nullptr}})
  static Json object(std::initializer_list<Member> members = {});
  static Json array(Array items = {});

  static Result<Json> parse(std::string_view text);
  std::string dump() const;

  bool is_null() const { return std::holds_alternative<std::nullptr_t>(value_); }
  bool is_bool() const { return std::holds_alternative<bool>(value_); }
  bool is_integer() const { return std::holds_alternative<int64_t>(value_); }
  bool is_number() const { return is_integer() || std::holds_alternative<double>(value_); }
  bool is_string() const { return std::holds_alternative<std::string>(value_); }
  bool is_array() const { return std::holds_alternative<Array>(value_); }
  bool is_object() const { return std::holds_alternative<Object>(value_); }

  bool as_bool(bool otherwise = false) const;
  int64_t as_int(int64_t otherwise = 0) const;  // a double is truncated
  double as_double(double otherwise = 0) const;
  const std::string &as_string() const;  // "" if it is none
  const Array &items() const;            // empty if it is none
  const Object &members() const;         // empty if it is none

  // Member access: a missing member reads as null; at() with a path "a.b.c" goes deep.
  const Json &operator[](std::string_view key) const;
  const Json &at(std::string_view dotted_path) const;
  bool has(std::string_view key) const;
  // Makes this an object if it is none, and the member if it is missing.
  Json &set(std::string_view key, Json value);
  Json &member(std::string_view key);
  void erase(std::string_view key);
  void push_back(Json item);
  Array *mutable_items() { return std::get_if<Array>(&value_); }

  // Objects are merged member by member, all else is replaced (RFC 7396 without its deletion:
  // null is a value here, as in session.update).
  void merge(const Json &patch);

  bool operator==(const Json &other) const = default;

 private:
  std::variant<std::nullptr_t, bool, int64_t, double, std::string, Array, Object> value_ = nullptr;
};

}  // namespace oairt
