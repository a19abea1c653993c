#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/log.h"
#include "http/credential.h"
#include "http/url.h"
#include "signalling/answer.h"
#include "signalling/ice_restart.h"
#include "signalling/multipart.h"
#include "signalling/signalling.h"

OAIRT_LOG_DEFINE(signalling, "openairealtime-signalling", "offer, answer, hang-up")
OAIRT_LOG_USE(signalling)

namespace oairt {
namespace {

// Nobody waits for a hang-up; it must not hold up the end of a session.
constexpr Duration kHangUpTimeout = std::chrono::seconds(5);

class HttpSignalling : public Signalling {
 public:
  HttpSignalling(EventLoop &loop, std::shared_ptr<HttpClient> http, SignallingOptions options)
      : loop_(loop), http_(std::move(http)), options_(std::move(options)) {}

  void post_offer(const Token &token, const std::string &sdp, const std::string &session_json,
                  AnswerCallback callback) override {
    loop_.assert_in_loop();
    offer_.reset();
    HttpRequest request = offer_request(token, sdp, session_json);
    LOG_DEBUG("offer of %zu bytes, as %s", sdp.size(),
              request.content_type == "application/sdp" ? "SDP" : "a form");
    offer_ = http_->send(
        std::move(request), [this, url = calls_url(), credential = token.value,
                             callback = std::move(callback)](Result<HttpResponse> response) {
          auto call = std::move(offer_);
          Result<Answer> answer = response.ok()
                                      ? read_answer(url, std::move(response).value(), credential)
                                      : Result<Answer>(response.error());
          if (answer.ok()) LOG_INFO("call %s is answered", answer->call_id.c_str());
          callback(std::move(answer));  // may destroy this
        });
  }

  void cancel() override {
    offer_.reset();
    end_restart();
  }

  void restart_ice(const Secret &credential, const Answer &call, const std::string &fragment,
                   Duration timeout, RestartCallback callback) override {
    loop_.assert_in_loop();
    end_restart();
    if (call.etag.empty() || call.resource.empty()) {
      refuse_restart(std::move(callback));
      return;
    }
    HttpRequest request;
    request.url = call.resource;
    request.headers.push_back(credential_header(credential, options_.azure));
    request.timeout = timeout;
    request.body = fragment;
    LOG_DEBUG("call %s: asking for an ICE restart", call.call_id.c_str());
    restart_ = std::make_unique<IceRestart>(
        loop_, http_, std::move(request), call.etag,
        [this, id = call.call_id, callback = std::move(callback)](Result<Restarted> result) {
          auto restart = std::move(restart_);
          if (result.ok()) {
            LOG_INFO("call %s: the server restarted ICE", id.c_str());
          } else {
            LOG_INFO("call %s: no ICE restart: %s (%s)", id.c_str(), result.error().message.c_str(),
                     result.error().detail.c_str());
          }
          callback(std::move(result));  // may destroy this
        });
  }

  void hang_up(const Secret &credential, const Answer &call, std::function<void()> done) override {
    loop_.assert_in_loop();
    unsigned id = next_hang_up_++;
    if (call.resource.empty()) {
      std::weak_ptr<char> alive = alive_;
      loop_.post([alive, done = std::move(done)] {
        if (!alive.expired() && done) done();
      });
      return;
    }
    HttpRequest request;
    request.url = join_url(call.resource.substr(0, call.resource.find('?')), "hangup");
    request.headers.push_back(credential_header(credential, options_.azure));
    request.timeout = std::min(options_.timeout, kHangUpTimeout);
    hang_ups_[id] = http_->send(std::move(request),
                                [this, id, call_id = call.call_id, url = call.resource, credential,
                                 done = std::move(done)](Result<HttpResponse> response) {
                                  auto node = hang_ups_.extract(id);
                                  log_hang_up(call_id, url, response, credential);
                                  if (done) done();  // may destroy this
                                });
  }

 private:
  void end_restart() {
    restart_.reset();
    no_restart_.reset();
  }

  void refuse_restart(RestartCallback callback) {
    no_restart_ = std::make_shared<RestartCallback>(std::move(callback));
    std::weak_ptr<RestartCallback> weak = no_restart_;
    loop_.post([this, weak] {
      auto callback = weak.lock();
      if (!callback) return;
      no_restart_.reset();
      Error error;
      error.code = ErrorCode::Config;
      error.message =
          "The server offers no ICE restart for this call. The call goes on without it.";
      error.detail = "its answer had no ETag, or no Location";
      (*callback)(std::move(error));  // may destroy this
    });
  }

  std::string calls_url() const {
    std::string url = join_url(options_.base_url, "realtime/calls");
    if (!options_.event_stream) return url;
    char sign = url.find('?') == std::string::npos ? '?' : '&';
    return url + sign + "dcid=" + std::to_string(*options_.event_stream);
  }

  HttpRequest offer_request(const Token &token, const std::string &sdp,
                            const std::string &session_json) const {
    HttpRequest request;
    request.url = calls_url();
    request.headers.push_back(credential_header(token.value, options_.azure));
    request.headers.push_back({"Accept", Secret("application/sdp")});
    // An ephemeral key is bound to its user when it is made.
    if (!token.ephemeral && !options_.safety_identifier.empty()) {
      request.headers.push_back({"OpenAI-Safety-Identifier", Secret(options_.safety_identifier)});
    }
    request.timeout = options_.timeout;
    if (token.ephemeral && !options_.azure) {
      request.content_type = "application/sdp";
      request.body = sdp;
      return request;
    }
    MultipartForm form = build_offer_form(sdp, session_json);
    request.content_type = std::move(form.content_type);
    request.body = std::move(form.body);
    return request;
  }

  static void log_hang_up(const std::string &call_id, const std::string &url,
                          const Result<HttpResponse> &response, const Secret &credential) {
    const char *id = call_id.c_str();
    if (!response.ok()) {
      LOG_WARNING("call %s was not hung up: %s", id, response.error().message.c_str());
    } else if (response.value().status == 404) {
      LOG_INFO("call %s had ended already", id);
    } else if (response.value().status / 100 == 2) {
      LOG_INFO("call %s is hung up", id);
    } else {
      Error error = error_from_response("The hang-up", url, response.value(), credential);
      LOG_WARNING("call %s was not hung up: %s (%s)", id, error.message.c_str(),
                  error.detail.c_str());
    }
  }

  EventLoop &loop_;
  std::shared_ptr<HttpClient> http_;
  SignallingOptions options_;
  std::unique_ptr<HttpCall> offer_;
  std::unique_ptr<IceRestart> restart_;
  std::shared_ptr<RestartCallback> no_restart_;  // of a restart that is refused here
  std::unordered_map<unsigned, std::unique_ptr<HttpCall>> hang_ups_;
  unsigned next_hang_up_ = 1;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace

std::unique_ptr<Signalling> make_http_signalling(EventLoop &loop, std::shared_ptr<HttpClient> http,
                                                 SignallingOptions options) {
  return std::make_unique<HttpSignalling>(loop, std::move(http), std::move(options));
}

}  // namespace oairt
