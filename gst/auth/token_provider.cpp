#include "auth/token_provider.h"

#include <algorithm>

#include <glib.h>

#include "auth/token_answer.h"
#include "base/log.h"
#include "http/credential.h"
#include "http/url.h"
#include "protocol/json.h"

OAIRT_LOG_DEFINE(auth, "openairealtime-auth", "credentials")
OAIRT_LOG_USE(auth)

namespace oairt {
namespace {

constexpr int kShortestLife_s = 10;
constexpr int kLongestLife_s = 7200;

// A refusal with a code of its own concerns something else: the model, the deployment.
bool mints_nothing(const HttpResponse &response) {
  if (response.status == 405 || response.status == 501) return true;
  if (response.status != 404) return false;
  Result<Json> body = Json::parse(response.body);
  return !body.ok() || body->at("error.code").as_string().empty() ||
         body->at("error.code").as_string() == "404";
}

// A POST whose answer holds a token; what differs is the request.
class HttpTokenProvider : public TokenProvider {
 public:
  struct Plan {
    Result<HttpRequest> request;
    std::string what;    // "The token request"
    std::string source;  // "The token server"
    Secret credential;   // masked in errors
    std::optional<std::chrono::seconds> lifetime;
    bool key_will_do = false;  // where nothing is minted, the credential is the token
  };

  HttpTokenProvider(std::shared_ptr<HttpClient> http, Plan plan)
      : http_(std::move(http)), plan_(std::move(plan)) {}

  void fetch(Callback callback) override {
    call_.reset();
    // What cannot be sent is reported by way of a request that cannot be sent, so that the callback
    // never runs inline.
    bool sendable = plan_.request.ok();
    HttpRequest request = sendable ? plan_.request.value() : HttpRequest{};
    call_ = http_->send(std::move(request),
                        [this, callback = std::move(callback)](Result<HttpResponse> answer) {
                          auto call = std::move(call_);
                          Result<Token> token = read(std::move(answer));
                          callback(std::move(token));  // may destroy this
                        });
  }

 private:
  Result<Token> read(Result<HttpResponse> answer) {
    if (!plan_.request.ok()) return plan_.request.error();
    if (!answer.ok()) return answer.error();
    HttpResponse response = std::move(answer).value();
    if (plan_.key_will_do && mints_nothing(response)) {
      LOG_INFO("%s makes no short-lived keys: calls are made with the key itself",
               plan_.source.c_str());
      return make_token(plan_.credential.reveal(), plan_.source);
    }
    if (response.status != 200 && response.status != 201) {
      return error_from_response(plan_.what, plan_.request.value().url, response, plan_.credential);
    }
    AnswerTime time{Clock::now(), g_get_real_time() / G_USEC_PER_SEC, plan_.lifetime};
    Result<Token> token = read_token_answer(response, time, plan_.source);
    wipe(response.body);
    if (token.ok()) LOG_INFO("%s answered with a token", plan_.source.c_str());
    return token;
  }

  std::shared_ptr<HttpClient> http_;
  Plan plan_;
  std::unique_ptr<HttpCall> call_;
};

// The text as a JSON object; an empty one for an empty text.
Result<Json> parse_session(const std::string &text) {
  if (text.empty()) return Json::object();
  Result<Json> session = Json::parse(text);
  if (session.ok() && session->is_object()) return session;
  Error error;
  error.code = ErrorCode::Config;
  error.message = "The session settings are not a JSON object. Check session-config.";
  return error;
}

Result<HttpRequest> mint_request(const MintOptions &options, int lifetime_s) {
  Result<Token> key = make_token(options.api_key.reveal(), "The api-key property");
  if (!key.ok()) {
    Error error = key.error();
    error.code = ErrorCode::Config;
    return error;
  }
  Result<Json> session = parse_session(options.session_json);
  if (!session.ok()) return session.error();
  Json body = Json::object(
      {{"expires_after", Json::object({{"anchor", "created_at"}, {"seconds", lifetime_s}})}});
  if (!options.session_json.empty()) body.set("session", session.value());
  HttpRequest request;
  request.url = join_url(options.base_url, "realtime/client_secrets");
  request.headers.push_back(credential_header(key->value, options.azure));
  if (!options.safety_identifier.empty()) {
    request.headers.push_back({"OpenAI-Safety-Identifier", Secret(options.safety_identifier)});
  }
  request.headers.push_back({"Accept", Secret("application/json")});
  request.content_type = "application/json";
  request.body = body.dump();
  request.timeout = options.timeout;
  return request;
}

Result<HttpRequest> token_url_request(const TokenUrlOptions &options) {
  Result<Json> session = parse_session(options.session_json);
  if (!session.ok()) return session.error();
  Json body = Json::object();
  if (!options.session_json.empty()) body.set("session", session.value());
  HttpRequest request;
  request.url = options.url;
  request.headers = options.headers;
  request.headers.push_back({"Accept", Secret("application/json, text/plain")});
  request.content_type = "application/json";
  request.body = body.dump();
  request.timeout = options.timeout;
  return request;
}

}  // namespace

std::unique_ptr<TokenProvider> make_mint_provider(std::shared_ptr<HttpClient> http,
                                                  MintOptions options) {
  int lifetime_s = std::clamp(options.lifetime_s, kShortestLife_s, kLongestLife_s);
  HttpTokenProvider::Plan plan{mint_request(options, lifetime_s),
                               "The token request",
                               "The service",
                               options.api_key,
                               std::chrono::seconds(lifetime_s),
                               true};
  return std::make_unique<HttpTokenProvider>(std::move(http), std::move(plan));
}

std::unique_ptr<TokenProvider> make_token_url_provider(std::shared_ptr<HttpClient> http,
                                                       TokenUrlOptions options) {
  HttpTokenProvider::Plan plan{token_url_request(options), "The request to token-url",
                               "The token server", credential_of(options.headers), std::nullopt};
  return std::make_unique<HttpTokenProvider>(std::move(http), std::move(plan));
}

}  // namespace oairt
