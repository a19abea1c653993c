// One ICE restart over HTTP (RFC 9725, section 4.3): PATCH, what If-Match says, what the reply
// means. Thread-bound to the event loop; the callback runs there, never inline, never after the end
// of this. Never logs a fragment or a credential, and never puts a server's words about them into
// an error.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/result.h"
#include "base/secret.h"
#include "http/http_client.h"
#include "signalling/signalling.h"

namespace oairt {

constexpr std::size_t kMaxIceFragment = 64 * 1024;

// `url` is where the PATCH was sent.
Result<Signalling::Restarted> read_restart(const std::string &url, HttpResponse response);

class IceRestart {
 public:
  // `request` is the PATCH but for its If-Match; its timeout is for both attempts together.
  IceRestart(EventLoop &loop, std::shared_ptr<HttpClient> http, HttpRequest request,
             std::string etag, Signalling::RestartCallback callback);
  ~IceRestart();

 private:
  void send(const std::string &if_match);
  void handle(Result<HttpResponse> response);
  void finish(Result<Signalling::Restarted> result);  // may destroy this

  EventLoop &loop_;
  std::shared_ptr<HttpClient> http_;
  HttpRequest request_;  // without its body
  Secret fragment_;
  std::string etag_;
  Signalling::RestartCallback callback_;
  TimePoint deadline_;
  bool again_ = false;
  std::unique_ptr<HttpCall> call_;
};

}  // namespace oairt
