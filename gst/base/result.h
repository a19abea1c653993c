// Errors as values. Errors are named by what the caller can do about them.
// Thread-safe: plain values.
// Never carries a secret or spoken words: messages end up in logs and on the bus.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace oairt {

enum class ErrorCode {
  Auth,       // the credential was refused: another one is needed
  Config,     // a setting or request was refused: repeating it cannot help
  Quota,      // the account has run dry: repeating it cannot help
  Network,    // no answer, reset, refused, timed out: try again
  Busy,       // the service asks to come back later: honour retry_after
  Protocol,   // the other side spoke, but not what was agreed
  Security,   // the other side is not who it says it is
  Media,      // a GStreamer element failed
  Storage,    // a file or database failed
  Cancelled,  // we asked for the end ourselves
};

struct Error {
  ErrorCode code = ErrorCode::Network;
  std::string message;       // one sentence for the user: what happened and what to do
  std::string detail;        // for the engineer: where, status, the other side's own words
  std::string service_code;  // the service's error.code, e.g. "insufficient_quota"
  std::optional<std::chrono::milliseconds> retry_after;
};

const char *to_string(ErrorCode code);

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}
  bool ok() const { return content_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T &value() & { return std::get<0>(content_); }
  const T &value() const & { return std::get<0>(content_); }
  T &&value() && { return std::get<0>(std::move(content_)); }
  const Error &error() const { return std::get<1>(content_); }
  T *operator->() { return &value(); }
  const T *operator->() const { return &value(); }

 private:
  std::variant<T, Error> content_;
};

struct Success {};
using Status = Result<Success>;

}  // namespace oairt
