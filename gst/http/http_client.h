// HTTP requests for the rooms that speak to a server. The only room that knows libsoup.
// Thread-bound to the event loop; callbacks run there, never inline.
// Never logs a header, a body, or the query of a URL.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/result.h"
#include "base/secret.h"

namespace oairt {

struct HttpOptions {
  std::string ca_file;               // PEM; empty: the system's certificates
  std::string proxy;                 // URI; empty: the system's proxy settings
  bool allow_insecure_http = false;  // plain http only to loopback unless set
  std::string user_agent = "gst-openai-realtime";

  bool operator==(const HttpOptions &) const = default;
};

struct HttpHeader {
  std::string name;
  Secret value;
};

struct HttpRequest {
  std::string method = "POST";
  std::string url;
  std::vector<HttpHeader> headers;
  std::string content_type;
  std::string body;
  Duration timeout = std::chrono::seconds(15);
};

struct HttpResponse {
  unsigned status = 0;
  std::string content_type;  // without parameters, lower case
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // The first header of that name, in any case; empty if it is missing.
  std::string header(std::string_view name) const;
};

// A request under way; going out of scope cancels it and its callback is not called.
class HttpCall {
 public:
  virtual ~HttpCall() = default;
};

class HttpClient {
 public:
  static constexpr std::size_t kMaxBody = 1 << 20;  // a larger answer is an error

  using Callback = std::function<void(Result<HttpResponse>)>;
  virtual ~HttpClient() = default;
  // Any status is a response, redirects too: none is followed, since it would carry the credential
  // elsewhere. No answer, TLS refusals, time-outs and refused URLs are errors whose message names
  // host and reason.
  virtual std::unique_ptr<HttpCall> send(HttpRequest request, Callback callback) = 0;
  // Opens a connection (name, TCP, TLS) that the next request to that host takes. Best effort.
  virtual void warm_up(const std::string &) {}
  // The way to the network is another one: idle connections are not used any more.
  virtual void network_changed() {}

  static std::shared_ptr<HttpClient> create(EventLoop &loop, HttpOptions options);
};

// What a refusal means for the caller: from the status, Retry-After and the JSON error body
// (reference: the service's error guide). `what` starts the message: "The token request".
// `credential` is masked should the server echo it; keys in the service's style always are.
Error error_from_response(const std::string &what, const std::string &url,
                          const HttpResponse &response, const Secret &credential = {});

}  // namespace oairt
