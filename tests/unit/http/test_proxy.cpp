#include "support/http_bench.h"

using namespace oairt;        // NOLINT: a test reads better without the prefix
using namespace oairt::test;  // NOLINT

namespace {

HttpOptions through(const std::string &proxy) {
  HttpOptions options;
  options.proxy = proxy;
  options.allow_insecure_http = true;
  return options;
}

std::string address(const RawServer &server) {
  return "127.0.0.1:" + std::to_string(server.port());
}

}  // namespace

GST_START_TEST(the_proxy_is_asked_for_other_hosts_and_not_for_loopback) {
  Mutex mutex;
  std::string seen;
  RawServer proxy([&](int socket, int) {
    std::string request = read_request(socket);
    {
      LockGuard lock(mutex);
      seen = request;
    }
    write_all(socket, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  });
  HttpFixture local([](const ServedRequest &) { return ServedReply(); });
  ClientBench bench(through("http://" + address(proxy)));
  fail_unless(bench.post(local.url("/")).ok());
  fail_unless_equals_int(proxy.connections(), 0);
  fail_unless(bench.post("http://service.invalid/v1/calls").ok());
  fail_unless_equals_int(proxy.connections(), 1);
  LockGuard lock(mutex);
  assert_contains(seen, "POST http://service.invalid/v1/calls HTTP/1.1");
}
GST_END_TEST

GST_START_TEST(https_goes_through_a_tunnel_and_its_refusal_is_not_taken_for_the_servers) {
  struct Case {
    const char *status;
    ErrorCode code;
    const char *words;
  };
  for (Case c :
       {Case{"407 Proxy Authentication Required", ErrorCode::Config, "user name and password"},
        Case{"403 Forbidden", ErrorCode::Config, "(status 403)"},
        Case{"502 Bad Gateway", ErrorCode::Network, "(status 502)"}}) {
    Mutex mutex;
    std::string seen;
    RawServer proxy([&](int socket, int) {
      std::string request = read_request(socket);
      {
        LockGuard lock(mutex);
        seen = request;
      }
      write_all(socket, std::string("HTTP/1.1 ") + c.status + "\r\nContent-Length: 0\r\n\r\n");
    });
    ClientBench bench(through("http://" + address(proxy)));
    HttpRequest request = ClientBench::request("https://service.invalid/v1/calls");
    request.headers = {{"Authorization", Secret("Bearer sk-1")}};
    Error error = bench.error_of(std::move(request));
    fail_unless(error.code == c.code, "%s: %s", c.status, error.message.c_str());
    assert_contains(error.message, "proxy");
    assert_contains(error.message, c.words);
    LockGuard lock(mutex);
    assert_contains(seen, "CONNECT service.invalid:443 HTTP/1.1");
    fail_if(seen.find("sk-1") != std::string::npos);
  }
}
GST_END_TEST

GST_START_TEST(a_name_and_password_in_the_proxy_uri_are_offered_to_the_proxy) {
  Mutex mutex;
  std::string seen;
  RawServer proxy([&](int socket, int) {
    for (int i = 0; i < 2; ++i) {
      std::string request = read_request(socket);
      if (request.empty()) return;
      bool authorised = request.find("Proxy-Authorization: Basic dTpw") != std::string::npos;
      {
        LockGuard lock(mutex);
        seen += request;
      }
      write_all(socket, authorised ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
                                   : "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic "
                                     "realm=\"x\"\r\nContent-Length: 0\r\n\r\n");
    }
  });
  ClientBench bench(through("http://u:p@" + address(proxy)));
  auto answer = bench.post("http://service.invalid/");
  fail_unless(answer.ok(), "%s", answer.ok() ? "" : answer.error().message.c_str());
  fail_unless_equals_int(answer->status, 200);
}
GST_END_TEST

GST_START_TEST(a_proxy_that_is_not_there_or_not_a_uri_is_told) {
  ClientBench gone(through("http://127.0.0.1:1"));
  fail_unless(gone.error_of(ClientBench::request("https://service.invalid/")).code ==
              ErrorCode::Network);
  for (const char *text : {"nonsense", "ftp://user:hunter2@h", "http://"}) {
    ClientBench bench(through(text));
    Error error = bench.error_of(ClientBench::request("https://service.invalid/"));
    fail_unless(error.code == ErrorCode::Config, "%s", text);
    assert_contains(error.message, "proxy");
    fail_if(all_of(error).find("hunter2") != std::string::npos);
  }
}
GST_END_TEST

OAIRT_TEST_MAIN(proxy, the_proxy_is_asked_for_other_hosts_and_not_for_loopback,
                https_goes_through_a_tunnel_and_its_refusal_is_not_taken_for_the_servers,
                a_name_and_password_in_the_proxy_uri_are_offered_to_the_proxy,
                a_proxy_that_is_not_there_or_not_a_uri_is_told)
