// A request and a reply of the simulated service, free of any HTTP library.
// Thread-safe: plain values.
// Never logged as they are: they carry keys and SDP text.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api_error.h"
#include "base/clock.h"

namespace oairt::sim {

struct Request {
  std::string method, path, query, body;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case

  std::string header(const std::string &lower_name) const {
    for (const auto &[name, value] : headers) {
      if (name == lower_name) return value;
    }
    return "";
  }
  // "application/sdp" of "application/sdp; charset=utf-8"
  std::string content_type() const;
  std::string key() const;  // of Authorization: Bearer, or Azure's api-key
};

struct Reply {
  enum class Fate { Send, Hang, Reset };
  int status = 200;
  std::string content_type = "application/json", body;
  std::vector<std::pair<std::string, std::string>> headers;
  Fate fate = Fate::Send;
  Duration delay{};

  static Reply json(int status, const Json &body) {
    return {status, "application/json", body.dump(), {}};
  }
  static Reply error(const ApiError &error) { return json(error.status, error.http_body()); }
};

// The parts of a multipart/form-data body by name; unknown ones too, file names ignored.
struct FormPart {
  std::string name, content_type, body;
};
std::optional<std::vector<FormPart>> parse_form(const std::string &content_type,
                                                const std::string &body);

// The reply of an ordered fault, e.g. "429:2"; nothing if the kind is unknown.
std::optional<Reply> error_reply(const std::string &kind);

}  // namespace oairt::sim
