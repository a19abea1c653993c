#include "signalling/ice_restart.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "http/credential.h"
#include "http/redact.h"
#include "http/url.h"

OAIRT_LOG_USE(signalling)

namespace oairt {
namespace {

constexpr const char *kWhat = "The ICE restart";
constexpr const char *kType = "application/trickle-ice-sdpfrag";
constexpr std::size_t kLongestEtag = 256;
constexpr unsigned kPreconditionFailed = 412;

// The server's own words stay out: they may repeat the fragment, and that holds a password.
std::string describe(const HttpResponse &response) {
  std::string text =
      "HTTP " + std::to_string(response.status) + ", " +
      (response.content_type.empty() ? "no content type" : redact(response.content_type, {}, 64)) +
      ", " + std::to_string(response.body.size()) + " bytes";
  std::string id = response.header("x-request-id");
  if (!id.empty()) text += " (request " + redact(id, {}, 64) + ")";
  return text;
}

Error protocol_error(const std::string &host, const std::string &reason,
                     const HttpResponse &response) {
  Error error;
  error.code = ErrorCode::Protocol;
  error.message = std::string(kWhat) + " was answered by " + host + " with " + reason +
                  ". The call goes on without it.";
  error.detail = describe(response);
  return error;
}

Error refusal(const std::string &url, const HttpResponse &response) {
  Error error = error_from_response(kWhat, url, response);
  error.detail = describe(response);
  // One that is busy, or has trouble of its own, may do it the next time; 501 and 505 are none.
  bool later = error.code == ErrorCode::Busy || error.code == ErrorCode::Network;
  if (later) {
    error.code = ErrorCode::Busy;
  } else if (error.code == ErrorCode::Config || error.code == ErrorCode::Protocol) {
    error.code = ErrorCode::Config;
    error.message = shown_host(url) + " does not restart ICE for this call (" +
                    std::to_string(response.status) + "). The call goes on without it.";
  }
  error.service_code.clear();
  return error;
}

bool has_line(std::string_view text, std::string_view begin) {
  for (std::size_t at = text.find(begin); at != std::string_view::npos;
       at = text.find(begin, at + 1)) {
    if (at == 0 || text[at - 1] == '\n') return true;
  }
  return false;
}

// It goes into a request header later on.
std::string usable_etag(const HttpResponse &response) {
  std::string etag = response.header("ETag");
  bool usable = etag.size() <= kLongestEtag &&
                std::all_of(etag.begin(), etag.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  return usable ? etag : std::string();
}

}  // namespace

Result<Signalling::Restarted> read_restart(const std::string &url, HttpResponse response) {
  std::string host = shown_host(url);
  // 204: taken for more candidates of the session that it has.
  if (response.status != 200) return refusal(url, response);
  if (response.content_type != kType) {
    return protocol_error(host, "something that is no ICE fragment", response);
  }
  if (response.body.empty()) return protocol_error(host, "nothing", response);
  if (response.body.size() > kMaxIceFragment) {
    return protocol_error(host, "an ICE fragment of more than 64 KiB", response);
  }
  if (!has_line(response.body, "a=ice-ufrag:") || !has_line(response.body, "a=ice-pwd:")) {
    return protocol_error(host, "an ICE fragment without credentials", response);
  }
  return Signalling::Restarted{std::move(response.body), usable_etag(response)};
}

IceRestart::IceRestart(EventLoop &loop, std::shared_ptr<HttpClient> http, HttpRequest request,
                       std::string etag, Signalling::RestartCallback callback)
    : loop_(loop),
      http_(std::move(http)),
      request_(std::move(request)),
      fragment_(request_.body),
      etag_(std::move(etag)),
      callback_(std::move(callback)),
      deadline_(Clock::now() + request_.timeout) {
  loop_.assert_in_loop();
  wipe(request_.body);
  request_.method = "PATCH";
  request_.content_type = kType;
  request_.headers.push_back({"Accept", Secret(kType)});
  send("*");  // whatever ICE session it has by now: RFC 9725 demands this of a restart
}

IceRestart::~IceRestart() = default;

void IceRestart::send(const std::string &if_match) {
  HttpRequest request = request_;
  request.headers.push_back({"If-Match", Secret(if_match)});
  request.body = std::string(fragment_.reveal());
  request.timeout = std::max<Duration>(deadline_ - Clock::now(), milliseconds(1));
  call_ = http_->send(std::move(request),
                      [this](Result<HttpResponse> response) { handle(std::move(response)); });
}

void IceRestart::handle(Result<HttpResponse> response) {
  auto call = std::move(call_);
  if (!response.ok()) {
    finish(response.error());
    return;
  }
  HttpResponse answer = std::move(response).value();
  if (answer.status == kPreconditionFailed && !std::exchange(again_, true)) {
    // Not every server knows what "*" means: it gets the tag of the ICE session.
    std::string current = usable_etag(answer);
    if (current.empty()) current = etag_;
    LOG_DEBUG("the ICE restart is sent again with the call's ETag");
    send(current);
    return;
  }
  Result<Signalling::Restarted> result = read_restart(request_.url, std::move(answer));
  finish(std::move(result));
}

void IceRestart::finish(Result<Signalling::Restarted> result) {
  auto callback = std::move(callback_);
  callback(std::move(result));
}

}  // namespace oairt
