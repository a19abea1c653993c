#include <sys/socket.h>

#include "support/http_bench.h"

using namespace oairt;        // NOLINT: a test reads better without the prefix
using namespace oairt::test;  // NOLINT

using std::chrono::milliseconds;
using std::chrono::seconds;

GST_START_TEST(a_request_arrives_as_it_was_given_and_the_answer_comes_back) {
  HttpFixture server([](const ServedRequest &) {
    ServedReply reply;
    reply.status = 201;
    reply.content_type = "Application/SDP; charset=utf-8";
    reply.body = "v=0\r\n";
    reply.headers = {{"X-Request-Id", "req_1"}, {"Location", "/v1/calls/rtc_1"}};
    return reply;
  });
  ClientBench bench;
  HttpRequest request = ClientBench::request(server.url("/v1/calls?x=1"));
  request.headers = {{"Authorization", Secret("Bearer sk-1")},
                     {"OpenAI-Safety-Identifier", Secret("u")}};
  request.content_type = "application/sdp";
  request.body = std::string("v=0\r\n\0tail", 10);
  auto answer = bench.send(std::move(request));
  fail_unless(answer.ok());
  fail_unless_equals_int(answer->status, 201);
  assert_text(answer->content_type, "application/sdp");
  assert_text(answer->body, "v=0\r\n");
  assert_text(answer->header("x-request-ID"), "req_1");
  assert_text(answer->header("missing"), "");
  ServedRequest served = server.requests().at(0);
  assert_text(served.method, "POST");
  assert_text(served.path, "/v1/calls");
  assert_text(served.query, "x=1");
  assert_text(served.header("Authorization"), "Bearer sk-1");
  assert_text(served.header("OpenAI-Safety-Identifier"), "u");
  assert_text(served.header("Content-Type"), "application/sdp");
  assert_text(served.header("Cookie"), "");
  fail_unless(served.body == std::string("v=0\r\n\0tail", 10));
}
GST_END_TEST

GST_START_TEST(any_status_is_a_response_and_no_redirect_is_followed) {
  for (unsigned status : {200u, 204u, 301u, 307u, 308u, 400u, 401u, 404u, 429u, 500u, 503u}) {
    HttpFixture server([status](const ServedRequest &) {
      ServedReply reply;
      reply.status = status;
      reply.headers = {{"Location", "/elsewhere"}, {"WWW-Authenticate", "Basic realm=\"x\""}};
      return reply;
    });
    ClientBench bench;
    auto answer = bench.post(server.url("/"));
    fail_unless(answer.ok(), "status %u", status);
    fail_unless_equals_int(answer->status, status);
    fail_unless_equals_int(server.requests().size(), 1);
  }
}
GST_END_TEST

GST_START_TEST(the_callback_never_runs_inline) {
  HttpFixture server([](const ServedRequest &) { return ServedReply(); });
  ClientBench bench;
  for (std::string url : {server.url("/"), std::string("nonsense"), std::string()}) {
    Awaited<Result<HttpResponse>> answer;
    std::unique_ptr<HttpCall> call;
    int calls_inside = run_in(bench.loop(), [&] {
      call = bench.client().send(ClientBench::request(url), answer.callback());
      return answer.calls();
    });
    fail_unless_equals_int(calls_inside, 0);
    fail_unless(answer.wait().has_value());
    run_in(bench.loop(), [&] { return call.reset(), true; });
    fail_unless_equals_int(answer.calls(), 1);
  }
}
GST_END_TEST

GST_START_TEST(a_call_that_goes_out_of_scope_is_not_called_back_and_its_connection_closed) {
  std::atomic<bool> closed{false};
  RawServer server([&](int socket, int) {
    read_request(socket);
    std::atomic<bool> never{false};
    wait_until_closed(socket, never);
    closed = true;
  });
  ClientBench bench;
  Awaited<Result<HttpResponse>> answer;
  std::unique_ptr<HttpCall> call;
  run_in(bench.loop(), [&] {
    call = bench.client().send(ClientBench::request(server.url("/")), answer.callback());
    return true;
  });
  fail_unless(wait_for([&] { return server.connections() == 1; }));
  run_in(bench.loop(), [&] { return call.reset(), true; });
  fail_unless(wait_for([&] { return closed.load(); }));
  fail_unless_equals_int(answer.calls(), 0);
}
GST_END_TEST

GST_START_TEST(a_call_may_be_cancelled_at_once_and_from_its_own_callback) {
  HttpFixture server([](const ServedRequest &) { return ServedReply(); });
  ClientBench bench;
  Awaited<Result<HttpResponse>> at_once;
  run_in(bench.loop(), [&] {
    bench.client().send(ClientBench::request(server.url("/")), at_once.callback());
    bench.client().send(ClientBench::request("nonsense"), at_once.callback());
    return true;
  });
  std::atomic<bool> done{false};
  std::unique_ptr<HttpCall> call;
  run_in(bench.loop(), [&] {
    call = bench.client().send(ClientBench::request(server.url("/")), [&](Result<HttpResponse>) {
      call.reset();
      done = true;
    });
    return true;
  });
  fail_unless(wait_for([&] { return done.load(); }));
  fail_unless_equals_int(at_once.calls(), 0);
}
GST_END_TEST

GST_START_TEST(a_server_that_never_answers_is_given_up_in_time_and_named) {
  HttpFixture server([](const ServedRequest &) {
    ServedReply reply;
    reply.never = true;
    return reply;
  });
  ClientBench bench;
  TimePoint start = Clock::now();
  Error error =
      bench.error_of(ClientBench::request(server.url("/token?secret=1"), milliseconds(200)));
  fail_unless(Clock::now() - start < seconds(5));
  fail_unless(Clock::now() - start >= milliseconds(195));
  fail_unless(error.code == ErrorCode::Network);
  assert_contains(error.message, "127.0.0.1:" + std::to_string(server.port()));
  assert_contains(error.message, "did not answer within 0.2 s (while waiting for the answer)");
  fail_if(all_of(error).find("secret") != std::string::npos);
}
GST_END_TEST

GST_START_TEST(the_time_limit_covers_a_body_that_trickles) {
  RawServer server([](int socket, int) {
    read_request(socket);
    write_all(socket, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    for (int i = 0; i < 200; ++i) {
      write_all(socket, "x");
      if (send(socket, "x", 1, MSG_NOSIGNAL) < 0) return;
      g_usleep(10000);
    }
  });
  ClientBench bench;
  TimePoint start = Clock::now();
  Error error = bench.error_of(ClientBench::request(server.url("/"), milliseconds(300)));
  fail_unless(Clock::now() - start < seconds(1));
  assert_contains(error.message, "while reading the answer");
}
GST_END_TEST

GST_START_TEST(an_answer_of_more_than_1_mib_is_refused_with_and_without_its_length) {
  std::atomic<bool> chunked{false};
  RawServer server([&](int socket, int) {
    read_request(socket);
    std::string chunk(65536, 'x');
    write_all(socket, chunked ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                              : "HTTP/1.1 200 OK\r\nContent-Length: 4294967296\r\n\r\n");
    for (int i = 0; i < 64; ++i)
      write_all(socket, (chunked ? "10000\r\n" : "") + chunk + (chunked ? "\r\n" : ""));
  });
  ClientBench bench;
  for (bool way : {false, true}) {
    chunked = way;
    Error error = bench.error_of(ClientBench::request(server.url("/")));
    fail_unless(error.code == ErrorCode::Protocol);
    assert_contains(error.message, "larger than 1 MiB");
  }
  HttpFixture exact([](const ServedRequest &) {
    ServedReply reply;
    reply.body = std::string(HttpClient::kMaxBody, 'x');
    return reply;
  });
  auto answer = bench.post(exact.url("/"));
  fail_unless(answer.ok());
  fail_unless_equals_int(answer->body.size(), HttpClient::kMaxBody);
}
GST_END_TEST

GST_START_TEST(a_server_that_is_not_there_is_named_with_what_to_do) {
  int port = 0;
  {
    RawServer gone([](int, int) {});
    port = gone.port();
  }
  ClientBench bench;
  std::string host = "127.0.0.1:" + std::to_string(port);
  Error error = bench.error_of(ClientBench::request("http://" + host + "/?key=sk-abc"));
  fail_unless(error.code == ErrorCode::Network);
  assert_contains(error.message, host + " refused the connection");
  fail_if(all_of(error).find("sk-") != std::string::npos);
}
GST_END_TEST

GST_START_TEST(an_unknown_name_is_a_network_error) {
  ClientBench bench;
  Error error = bench.error_of(ClientBench::request("https://no-such-host.invalid/"));
  fail_unless(error.code == ErrorCode::Network);
  assert_contains(error.message, "no-such-host.invalid");
}
GST_END_TEST

GST_START_TEST(a_reset_or_a_half_answer_is_a_network_error_and_not_repeated) {
  struct Case {
    const char *bytes;
    bool reset;
  };
  for (Case c : {Case{"", true}, Case{"", false}, Case{"HTTP/1.1 200 O", true},
                 Case{"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf", false},
                 Case{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhalf", false},
                 Case{"SSH-2.0-OpenSSH_9.2\r\n", false}}) {
    RawServer server([&](int socket, int) {
      read_request(socket);
      write_all(socket, c.bytes);
      if (c.reset) reset_connection(socket);
    });
    ClientBench bench;
    Error error = bench.error_of(ClientBench::request(server.url("/")));
    fail_unless(error.code == ErrorCode::Network, "%s: %s", c.bytes, error.message.c_str());
    fail_unless_equals_int(server.connections(), 1);
  }
}
GST_END_TEST

GST_START_TEST(a_request_that_cannot_be_sent_is_a_config_error_that_says_why) {
  struct Case {
    const char *url, *reason;
  };
  ClientBench bench;
  for (Case c :
       {Case{"", "empty"}, Case{"api.openai.com/v1", "https://"}, Case{"ftp://h/", "https://"},
        Case{"https://", "host"}, Case{"https:///path", "host"}, Case{"https://h:99999/", "port"},
        Case{"https://h:x/", "port"}, Case{"https://a b/", "spaces"},
        Case{"https://h/\r\nX: y", "control"},
        Case{"https://user:hunter2@h/", "user name or password"},
        Case{"http://example.com/", "allow-insecure-http"},
        Case{"http://127.0.0.1.example.com/", "allow-insecure-http"},
        Case{"http://[::2]/", "allow-insecure-http"},
        Case{"http://10.0.0.1/", "allow-insecure-http"}}) {
    Error error = bench.error_of(ClientBench::request(c.url));
    fail_unless(error.code == ErrorCode::Config, "%s: %s", c.url, error.message.c_str());
    assert_contains(error.message, c.reason);
    fail_if(all_of(error).find("hunter2") != std::string::npos);
  }
  HttpRequest request = ClientBench::request("https://127.0.0.1/");
  request.headers = {{"X-Key", Secret("hunter2\r\nEvil: 1")}};
  Error error = bench.error_of(std::move(request));
  fail_unless(error.code == ErrorCode::Config);
  assert_contains(error.message, "X-Key");
  fail_if(all_of(error).find("hunter2") != std::string::npos);
}
GST_END_TEST

GST_START_TEST(plain_http_is_for_loopback_or_by_leave) {
  HttpFixture server([](const ServedRequest &) { return ServedReply(); });
  ClientBench bench;
  std::string port = std::to_string(server.port());
  fail_unless(bench.post("http://localhost:" + port + "/").ok());
  fail_unless(bench.post("HTTP://127.0.0.1:" + port + "/").ok());
  HttpOptions options;
  options.allow_insecure_http = true;
  ClientBench lax(options);
  // Allowed to try: what fails now is the name.
  fail_unless(lax.error_of(ClientBench::request("http://no-such-host.invalid/")).code ==
              ErrorCode::Network);
}
GST_END_TEST

GST_START_TEST(no_log_at_any_level_holds_a_header_a_body_or_a_query) {
  LogCapture log;
  RawServer resetting([](int socket, int) {
    read_request(socket);
    reset_connection(socket);
  });
  HttpFixture server([](const ServedRequest &request) {
    ServedReply reply;
    reply.status = request.path == "/bad" ? 401 : 200;
    reply.body = R"({"value":"hidden-answer"})";
    return reply;
  });
  {
    ClientBench bench;
    for (std::string base : {server.url("/good"), server.url("/bad"), resetting.url("/")}) {
      HttpRequest request = ClientBench::request(base + "?q=hidden-query");
      request.headers = {{"Authorization", Secret("Bearer hidden-header")}};
      request.body = "hidden-body";
      auto answer = bench.send(std::move(request));
      if (!answer.ok()) {
        fail_if(all_of(answer.error()).find("hidden") != std::string::npos);
      }
    }
  }
  std::string text = log.text();
  assert_contains(text, "openairealtime-http: ");
  fail_if(text.find("hidden-") != std::string::npos, "%s",
          text.substr(text.find("hidden-"), 40).c_str());
}
GST_END_TEST

OAIRT_TEST_MAIN(client, a_request_arrives_as_it_was_given_and_the_answer_comes_back,
                any_status_is_a_response_and_no_redirect_is_followed,
                the_callback_never_runs_inline,
                a_call_that_goes_out_of_scope_is_not_called_back_and_its_connection_closed,
                a_call_may_be_cancelled_at_once_and_from_its_own_callback,
                a_server_that_never_answers_is_given_up_in_time_and_named,
                the_time_limit_covers_a_body_that_trickles,
                an_answer_of_more_than_1_mib_is_refused_with_and_without_its_length,
                a_server_that_is_not_there_is_named_with_what_to_do,
                an_unknown_name_is_a_network_error,
                a_reset_or_a_half_answer_is_a_network_error_and_not_repeated,
                a_request_that_cannot_be_sent_is_a_config_error_that_says_why,
                plain_http_is_for_loopback_or_by_leave,
                no_log_at_any_level_holds_a_header_a_body_or_a_query)
