// error_from_response: what a refusal means for the caller.
#include <algorithm>
#include <array>
#include <optional>

#include <glib.h>

#include "http/http_client.h"
#include "http/http_date.h"
#include "http/redact.h"
#include "http/url.h"
#include "protocol/json.h"

namespace oairt {
namespace {

constexpr int64_t kMaxRetryAfter_s = 3600;
constexpr std::size_t kMaxName = 64;

// What the service says in its body; each member may be missing or empty.
struct Words {
  bool json = false;
  std::string message, type, code, param;
};

std::string name_of(const Json &value) {
  std::string text = value.is_integer() ? std::to_string(value.as_int()) : value.as_string();
  text = text.substr(0, kMaxName);
  bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return g_ascii_isalnum(c) || c == '_' || c == '-' || c == '.' || c == '[' || c == ']';
  });
  return plain && redact(text) == text ? text : "";
}

Words read_words(const HttpResponse &response) {
  Words words;
  Result<Json> parsed = Json::parse(response.body);
  if (!parsed.ok() || !parsed->is_object()) return words;
  words.json = true;
  const Json &error = (*parsed.operator->())["error"];
  const Json &from = error.is_object() ? error : parsed.value();
  words.message = error.is_string() ? error.as_string() : from["message"].as_string();
  if (words.message.empty()) words.message = from["detail"].as_string();
  words.type = name_of(from["type"]);
  words.code = name_of(from["code"]);
  words.param = name_of(from["param"]);
  return words;
}

template <std::size_t N>
bool is_one_of(const Words &words, const std::array<const char *, N> &names) {
  return std::any_of(names.begin(), names.end(),
                     [&](const char *name) { return words.code == name || words.type == name; });
}

ErrorCode classify(unsigned status, const Words &words) {
  static constexpr std::array kQuota = {"insufficient_quota", "credit_balance_exhausted",
                                        "billing_hard_limit_reached", "billing_not_active"};
  static constexpr std::array kAuth = {"invalid_api_key", "account_deactivated",
                                       "authentication_error"};
  static constexpr std::array kBusy = {"rate_limit_exceeded", "rate_limit_error", "slow_down",
                                       "server_is_overloaded", "service_unavailable_error"};
  if (status < 400) return status >= 300 ? ErrorCode::Config : ErrorCode::Protocol;
  if (status == 402 || is_one_of(words, kQuota)) return ErrorCode::Quota;
  if (status == 401 || is_one_of(words, kAuth)) return ErrorCode::Auth;
  if (status == 429 || status == 503 || is_one_of(words, kBusy)) return ErrorCode::Busy;
  if (status == 408 || status == 409 || status == 425) return ErrorCode::Network;
  // 501 and 505 do not heal: that server cannot do what we ask.
  if (status >= 500 && status != 501 && status != 505) return ErrorCode::Network;
  return ErrorCode::Config;
}

std::optional<std::chrono::milliseconds> whole_number(const std::string &text, int64_t unit_ms) {
  guint64 value = 0;
  gboolean ok = g_ascii_string_to_unsigned(text.c_str(), 10, 0, G_MAXUINT32, &value, nullptr);
  if (!ok) return std::nullopt;
  int64_t limit = kMaxRetryAfter_s * 1000;
  return std::chrono::milliseconds(std::min(static_cast<int64_t>(value) * unit_ms, limit));
}

std::optional<std::chrono::milliseconds> read_retry_after(const HttpResponse &response) {
  if (auto exact = whole_number(response.header("retry-after-ms"), 1)) return exact;
  std::string text = response.header("Retry-After");
  if (auto seconds = whole_number(text, 1000)) return seconds;
  std::optional<int64_t> date = parse_http_date(text);
  if (!date) return std::nullopt;
  // Both dates are of the server's clock; ours may be wrong.
  int64_t now =
      parse_http_date(response.header("Date")).value_or(g_get_real_time() / G_USEC_PER_SEC);
  int64_t left = std::clamp<int64_t>(*date - now, 0, kMaxRetryAfter_s);
  return std::chrono::milliseconds(left * 1000);
}

std::string config_sentence(const std::string &what, const std::string &host, unsigned status,
                            const Words &words, const HttpResponse &response) {
  std::string number = std::to_string(status);
  if (status < 400) {
    std::string location = response.header("Location");
    std::string target = location.find("://") != std::string::npos ? shown_host(location) : "";
    return what + " was redirected by " + host + " (" + number + ")" +
           (target.empty() ? "" : " to " + target) +
           ", which is not followed as it would carry the key there. Set the final URL.";
  }
  if (status == 407)
    return what + " was stopped by a proxy that wants a password (407). Check proxy.";
  if (words.code == "model_not_found") {
    return what + " was refused by " + host +
           ": the model does not exist or the account may not use it. Check model.";
  }
  if (status == 403) {
    return what + " was refused by " + host +
           " (403): it is not allowed for this account, country or network.";
  }
  std::string named = words.code.empty() ? number : number + ", " + words.code;
  if (!words.param.empty()) named += ", " + words.param;
  if (status == 404 || status == 405 || !words.json) {
    return what + " was refused by " + host + " (" + named + "). Is the URL (base-url) right?";
  }
  return what + " was refused by " + host + " (" + named + "). Check the session settings.";
}

std::string sentence(ErrorCode code, const std::string &what, const std::string &host,
                     const Words &words, const HttpResponse &response) {
  std::string number = std::to_string(response.status);
  switch (code) {
    case ErrorCode::Auth:
      return what + " was refused by " + host +
             ": the key or token is missing, wrong or expired. Check api-key, token-url or "
             "request-token.";
    case ErrorCode::Quota:
      return what + " was refused by " + host +
             ": the account has no credit or quota left. Check its billing.";
    case ErrorCode::Busy:
      return what + " was put off: " + host + " asks to come back later (" + number + ").";
    case ErrorCode::Protocol:
      return what + " was answered by " + host + " with an unexpected status (" + number +
             "). Is the URL (base-url) right?";
    case ErrorCode::Config:
      return config_sentence(what, host, response.status, words, response);
    default:
      return what + " failed: " + host + " has trouble of its own (" + number + ").";
  }
}

std::string describe(const Words &words, const HttpResponse &response, const Secret &credential) {
  std::string text = "HTTP " + std::to_string(response.status);
  for (const std::string &name : {words.type, words.code, words.param}) {
    if (!name.empty()) text += ", " + name;
  }
  if (!words.message.empty()) text += ": " + redact(words.message, credential);
  if (!words.json && !response.body.empty()) {
    std::string type = redact(response.content_type, credential, kMaxName);
    text += ": the answer is " + (type.empty() ? "of no known type" : type) + ", not JSON";
    if (response.status < 500) text += ": is base-url right?";
  }
  std::string id = response.header("x-request-id");
  if (!id.empty()) text += " (request " + redact(id, credential, kMaxName) + ")";
  return text;
}

}  // namespace

Error error_from_response(const std::string &what, const std::string &url,
                          const HttpResponse &response, const Secret &credential) {
  Words words = read_words(response);
  Error error;
  error.code = classify(response.status, words);
  error.message = sentence(error.code, what, shown_host(url), words, response);
  error.detail = describe(words, response, credential);
  error.service_code = words.code.empty() ? words.type : words.code;
  if (error.code == ErrorCode::Busy || error.code == ErrorCode::Network) {
    error.retry_after = read_retry_after(response);
  }
  return error;
}

}  // namespace oairt
