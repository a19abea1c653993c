#include "auth/token_answer.h"

#include <algorithm>
#include <cmath>

#include "http/credential.h"
#include "http/http_date.h"
#include "http/redact.h"
#include "protocol/json.h"

namespace oairt {
namespace {

using std::chrono::seconds;

constexpr std::size_t kMaxCredential = 8192;
constexpr seconds kLongestLife(7200);  // the service's own limit
// For a token that has expired by a clock that cannot be trusted: the shortest documented life.
constexpr seconds kDoubtfulLife(60);

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

Error protocol_error(std::string message, std::string detail = {}) {
  Error error;
  error.code = ErrorCode::Protocol;
  error.message = std::move(message);
  error.detail = std::move(detail);
  return error;
}

struct Found {
  const Json *value = nullptr;  // a string
  const Json *expires_at = nullptr;
};

// An object that is a secret itself ({"value", "expires_at"}), or names one.
Found find_token(const Json &answer) {
  for (const char *name : {"value", "token", "client_secret"}) {
    const Json &member = answer[name];
    if (member.is_string()) return {&member, &answer["expires_at"]};
    if (member.is_object() && member["value"].is_string()) {
      return {&member["value"],
              member["expires_at"].is_number() ? &member["expires_at"] : &answer["expires_at"]};
    }
  }
  return {};
}

// expires_at is of the server's clock, and so is its Date header: their difference holds whatever
// this machine's clock says.
Result<std::optional<TimePoint>> read_expiry(int64_t expires_at, const HttpResponse &response,
                                             const AnswerTime &time, const std::string &source) {
  seconds longest = time.lifetime.value_or(kLongestLife);
  std::optional<int64_t> date = parse_http_date(response.header("Date"));
  int64_t now_s = date.value_or(time.wall_clock_s);
  bool expired = expires_at <= now_s;
  if (expired && date && !time.lifetime) {
    return protocol_error(source +
                          " gave a token that has expired already. It must fetch a new one "
                          "for each request, or keep none for longer than it lives.");
  }
  if (expired) return std::optional(time.now + (time.lifetime ? longest : kDoubtfulLife));
  seconds left = expires_at - now_s > longest.count() ? longest : seconds(expires_at - now_s);
  return std::optional(time.now + left);
}

std::string shape_of(const HttpResponse &response) {
  return "HTTP " + std::to_string(response.status) + ", " +
         (response.content_type.empty() ? "no content type" : redact(response.content_type)) +
         ", " + std::to_string(response.body.size()) + " bytes";
}

}  // namespace

Result<Token> make_token(std::string_view value, const std::string &source) {
  value = trim(value);
  if (value.empty()) return protocol_error(source + " gave an empty key or token.");
  bool printable =
      std::all_of(value.begin(), value.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!printable || value.size() > kMaxCredential) {
    return protocol_error(source +
                          " gave something that is no key or token: it has spaces, letters "
                          "outside ASCII, or is too long.");
  }
  Token token;
  token.value = Secret(value);
  token.ephemeral = is_ephemeral_key(token.value);
  return token;
}

Result<Token> read_token_answer(const HttpResponse &response, const AnswerTime &time,
                                const std::string &source) {
  std::string_view body = trim(response.body);
  if (body.empty()) return protocol_error(source + " sent an empty answer.", shape_of(response));
  if (body.front() != '{') {
    const std::string &type = response.content_type;
    bool plain = type.empty() || type == "text/plain" || type == "application/octet-stream";
    if (plain) return make_token(body, source);
    return protocol_error(source +
                              " answered with neither JSON nor a key as text/plain. Is the "
                              "URL right?",
                          shape_of(response));
  }
  Result<Json> answer = Json::parse(body);
  if (!answer.ok()) {
    return protocol_error(source + " sent JSON that cannot be read.", shape_of(response));
  }
  Found found = find_token(answer.value());
  if (found.value == nullptr) {
    return protocol_error(source +
                              " sent JSON without a token: none of value, token, "
                              "client_secret.value is there.",
                          shape_of(response));
  }
  auto &text = const_cast<std::string &>(found.value->as_string());  // part of `answer`
  Result<Token> token = make_token(text, source);
  wipe(text);
  if (!token.ok() || !found.expires_at->is_number()) return token;
  Result<std::optional<TimePoint>> expires =
      read_expiry(found.expires_at->as_int(), response, time, source);
  if (!expires.ok()) return expires.error();
  token->expires = expires.value();
  return token;
}

}  // namespace oairt
