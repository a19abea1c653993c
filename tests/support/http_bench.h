// A client on a loop of its own, as the tests of this folder use it.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/event_loop.h"
#include "http/http_client.h"
#include "support/check.h"
#include "support/http_fixture.h"
#include "support/loop_run.h"

namespace oairt::test {

class ClientBench {
 public:
  explicit ClientBench(HttpOptions options = {}) {
    run_in(loop_, [&] {
      client_ = HttpClient::create(loop_, std::move(options));
      return true;
    });
  }
  ~ClientBench() {
    run_in(loop_, [&] {
      client_.reset();
      return true;
    });
  }

  static HttpRequest request(std::string url, Duration timeout = std::chrono::seconds(10)) {
    HttpRequest request;
    request.url = std::move(url);
    request.timeout = timeout;
    return request;
  }

  // Sends and waits for the answer.
  Result<HttpResponse> send(HttpRequest request) {
    Awaited<Result<HttpResponse>> answer;
    auto call = run_in(loop_, [&] { return client_->send(std::move(request), answer.callback()); });
    auto result = answer.wait();
    fail_unless(result.has_value(), "no answer at all");
    run_in(loop_, [&] {
      call.reset();
      return true;
    });
    return std::move(*result);
  }
  Result<HttpResponse> post(const std::string &url) { return send(request(url)); }
  Error error_of(HttpRequest request) {
    auto result = send(std::move(request));
    fail_if(result.ok(), "answered %u where an error was due",
            result.ok() ? result.value().status : 0);
    return result.error();
  }

  EventLoop &loop() { return loop_; }
  HttpClient &client() { return *client_; }

 private:
  EventLoop loop_{"test-loop"};
  std::shared_ptr<HttpClient> client_;
};

inline std::string all_of(const Error &error) {
  return error.message + " | " + error.detail + " | " + error.service_code;
}

}  // namespace oairt::test
