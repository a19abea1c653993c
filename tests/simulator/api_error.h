// A refusal in the service's own words: the body of an HTTP error and the heart of an error event.
// Thread-safe: plain values.
// Never carries a key or SDP text.
#pragma once

#include <optional>
#include <string>

#include "protocol/json.h"

namespace oairt::sim {

struct ApiError {
  std::string code, message, param;  // empty code or param: null on the wire
  std::string type = "invalid_request_error";
  int status = 400;  // of the HTTP answer, where there is one

  // {"error":{…}} as in HTTP answers, which have no event_id.
  Json http_body() const;
};

using Refusal = std::optional<ApiError>;  // nothing: accepted

Json string_or_null(const std::string &text);

// The service's phrasing of common refusals.
ApiError missing_parameter(const std::string &param);
ApiError unknown_parameter(const std::string &param);
ApiError invalid_value(const std::string &param, const std::string &message);
ApiError invalid_type(const std::string &param, const std::string &wanted, const Json &got);
ApiError too_long(const std::string &param, std::size_t limit, std::size_t length);

}  // namespace oairt::sim
