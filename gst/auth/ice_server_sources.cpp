// Where sets of ICE servers come from: an HTTP server, or the application.
#include <utility>

#include "auth/ice_servers.h"
#include "auth/inquiry.h"
#include "auth/renewal.h"
#include "base/log.h"
#include "http/credential.h"
#include "http/redact.h"
#include "http/url.h"

OAIRT_LOG_USE(auth)

namespace oairt {
namespace {

constexpr const char *kWhat = "The request for ICE servers";
constexpr unsigned kMethodNotAllowed = 405;

class UrlFetcher : public IceServerFetcher {
 public:
  UrlFetcher(std::shared_ptr<HttpClient> http, IceServersUrlOptions options)
      : http_(std::move(http)), options_(std::move(options)) {}

  void fetch(IceServerSource::Callback callback) override {
    HttpRequest request;
    request.url = options_.url;
    request.headers = options_.headers;
    request.headers.push_back({"Accept", Secret("application/json")});
    request.timeout = options_.timeout;
    request.method = post_ ? "POST" : "GET";
    if (post_) {
      request.content_type = "application/json";
      request.body = "{}";
    }
    call_ = http_->send(std::move(request), [this, callback = std::move(callback)](
                                                Result<HttpResponse> answer) mutable {
      auto call = std::move(call_);
      if (answer.ok() && answer->status == kMethodNotAllowed && !std::exchange(post_, true)) {
        fetch(std::move(callback));  // from now on by POST
        return;
      }
      Result<RelayCredentials> result = read(std::move(answer));
      callback(std::move(result));  // may destroy this
    });
  }

 private:
  Result<RelayCredentials> read(Result<HttpResponse> answer) const {
    if (!answer.ok()) return answer.error();
    HttpResponse response = std::move(answer).value();
    if (response.status != 200 && response.status != 201) {
      return error_from_response(kWhat, options_.url, response, credential_of(options_.headers));
    }
    std::size_t size = response.body.size();
    Result<RelayCredentials> servers = parse_ice_servers(response.body);
    wipe(response.body);
    if (servers.ok()) return servers;
    Error error = servers.error();
    error.message += " It came from " + shown_host(options_.url) + ": is the URL right?";
    error.detail = "HTTP " + std::to_string(response.status) + ", " +
                   (response.content_type.empty() ? "no content type"
                                                  : redact(response.content_type, {}, 64)) +
                   ", " + std::to_string(size) + " bytes";
    return error;
  }

  std::shared_ptr<HttpClient> http_;
  IceServersUrlOptions options_;
  bool post_ = false;
  std::unique_ptr<HttpCall> call_;
};

class RequestFetcher : public IceServerFetcher {
 public:
  RequestFetcher(EventLoop &loop, std::function<Secret()> ask) : inquiry_(loop, std::move(ask)) {}

  void fetch(IceServerSource::Callback callback) override {
    LOG_INFO("asking the application for ICE servers");
    inquiry_.ask([callback = std::move(callback)](Secret answer) {
      Result<RelayCredentials> servers = read(answer);
      callback(std::move(servers));  // may destroy this
    });
  }

 private:
  static Result<RelayCredentials> read(const Secret &answer) {
    if (answer.empty()) return RelayCredentials();
    std::string json(answer.reveal());
    Result<RelayCredentials> servers = parse_ice_servers(json);
    wipe(json);
    if (servers.ok()) return servers;
    Error error = servers.error();
    error.message += " It came from the application.";
    return error;
  }

  Inquiry inquiry_;
};

}  // namespace

std::unique_ptr<IceServerSource> make_ice_servers_url_source(EventLoop &loop,
                                                             std::shared_ptr<HttpClient> http,
                                                             IceServersUrlOptions options) {
  return make_renewing_source(loop,
                              std::make_unique<UrlFetcher>(std::move(http), std::move(options)));
}

std::unique_ptr<IceServerSource> make_ice_servers_request_source(EventLoop &loop,
                                                                 std::function<Secret()> ask) {
  return make_renewing_source(loop, std::make_unique<RequestFetcher>(loop, std::move(ask)));
}

}  // namespace oairt
