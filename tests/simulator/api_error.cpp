#include "api_error.h"

namespace oairt::sim {
namespace {

const char *kind_of(const Json &value) {
  if (value.is_null()) return "null";
  if (value.is_bool()) return "a boolean";
  if (value.is_integer()) return "an integer";
  if (value.is_number()) return "a decimal";
  if (value.is_string()) return "a string";
  return value.is_array() ? "an array" : "an object";
}

}  // namespace

Json string_or_null(const std::string &text) { return text.empty() ? Json() : Json(text); }

Json ApiError::http_body() const {
  // These two have "" where all others have null.
  bool empty_param = code == "beta_api_shape_disabled" || code == "call_id_not_found";
  return Json::object(
      {{"error", Json::object({{"message", message},
                               {"type", type},
                               {"param", empty_param ? Json("") : string_or_null(param)},
                               {"code", string_or_null(code)}})}});
}

ApiError missing_parameter(const std::string &param) {
  return {"missing_required_parameter", "Missing required parameter: '" + param + "'.", param};
}

ApiError unknown_parameter(const std::string &param) {
  return {"unknown_parameter", "Unknown parameter: '" + param + "'.", param};
}

ApiError invalid_value(const std::string &param, const std::string &message) {
  return {"invalid_value", message, param};
}

ApiError invalid_type(const std::string &param, const std::string &wanted, const Json &got) {
  return {"invalid_type",
          "Invalid type for '" + param + "': expected " + wanted + ", but got " + kind_of(got) +
              " instead.",
          param};
}

ApiError too_long(const std::string &param, std::size_t limit, std::size_t length) {
  return {"string_above_max_length",
          "Invalid '" + param + "': string too long. Expected a string with maximum length " +
              std::to_string(limit) + ", but got a string with length " + std::to_string(length) +
              " instead.",
          param};
}

}  // namespace oairt::sim
