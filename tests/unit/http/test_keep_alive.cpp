#include <thread>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/lock.h"
#include "support/http_bench.h"

using namespace oairt;        // NOLINT: a test reads better without the prefix
using namespace oairt::test;  // NOLINT

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const char kAnswer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

// Sends `second` from within the callback of `first`, as the offer follows the token.
void send_in_a_row(ClientBench &bench, const std::string &first, const std::string &second) {
  Awaited<Result<HttpResponse>> answer;
  std::unique_ptr<HttpCall> call, next;
  run_in(bench.loop(), [&] {
    call = bench.client().send(ClientBench::request(first), [&](Result<HttpResponse> response) {
      fail_unless(response.ok());
      next = bench.client().send(ClientBench::request(second), answer.callback());
    });
    return true;
  });
  auto result = answer.wait();
  fail_unless(result.has_value() && result->ok());
  run_in(bench.loop(), [&] { return call.reset(), next.reset(), true; });
}

// A port at which every SYN is lost until it hears: its queue is full.
class DeafPort {
 public:
  DeafPort() {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    filler_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto *address = reinterpret_cast<sockaddr *>(&address_);
    fail_unless(bind(listener_, address, sizeof(address_)) == 0 && listen(listener_, 0) == 0);
    socklen_t size = sizeof(address_);
    getsockname(listener_, address, &size);
    fail_unless(connect(filler_, address, sizeof(address_)) == 0);
  }
  ~DeafPort() {
    shutdown(listener_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    close(listener_);
  }

  void hear() {
    close(filler_);
    listen(listener_, 16);
    thread_ = std::thread([this] {
      for (int socket; (socket = accept(listener_, nullptr, nullptr)) >= 0; close(socket)) {
        std::string request = read_request(socket);
        if (request.empty()) continue;
        {
          LockGuard lock(mutex_);
          served_ += request;
        }
        write_all(socket, kAnswer);
      }
    });
  }
  std::string url(const std::string &path) const {
    return "http://127.0.0.1:" + std::to_string(ntohs(address_.sin_port)) + path;
  }
  std::string served() {
    LockGuard lock(mutex_);
    return served_;
  }

 private:
  int listener_ = -1, filler_ = -1;
  sockaddr_in address_{};
  Mutex mutex_;
  std::string served_ OAIRT_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace

GST_START_TEST(a_post_made_in_the_callback_of_another_takes_the_same_connection) {
  HttpFixture server([](const ServedRequest &) { return ServedReply(); });
  ClientBench bench;
  send_in_a_row(bench, server.url("/1"), server.url("/2"));
  fail_unless(bench.post(server.url("/3")).ok());
  fail_unless_equals_int(server.requests().size(), 3);
  fail_unless_equals_int(server.connections(), 1);
}
GST_END_TEST

GST_START_TEST(over_tls_too) {
  CertificateMaker maker;
  Certificate certificate = maker.make("IP:127.0.0.1");
  HttpFixture server([](const ServedRequest &) { return ServedReply(); }, &certificate);
  HttpOptions options;
  options.ca_file = certificate.certificate_file;
  ClientBench bench(options);
  send_in_a_row(bench, server.url("/1"), server.url("/2"));
  fail_unless_equals_int(server.connections(), 1);
}
GST_END_TEST

GST_START_TEST(a_kept_alive_connection_that_is_reset_at_the_second_request_is_replaced_once) {
  for (bool reset : {true, false}) {
    std::atomic<int> served{0};
    RawServer server([&](int socket, int index) {
      read_request(socket);
      write_all(socket, kAnswer);
      ++served;
      if (index == 0) read_request(socket);  // and leaves the second without an answer
      if (reset) reset_connection(socket);
    });
    ClientBench bench;
    fail_unless(bench.post(server.url("/1")).ok());
    auto answer = bench.post(server.url("/2"));
    fail_unless(answer.ok(), "%s", answer.ok() ? "" : answer.error().message.c_str());
    fail_unless_equals_int(served, 2);
    fail_unless_equals_int(server.connections(), 2);
  }
}
GST_END_TEST

GST_START_TEST(what_was_answered_in_part_is_not_repeated) {
  RawServer server([&](int socket, int) {
    read_request(socket);
    write_all(socket, kAnswer);
    read_request(socket);
    write_all(socket, "HTTP/1.1 20");
  });
  ClientBench bench;
  fail_unless(bench.post(server.url("/1")).ok());
  Error error = bench.error_of(ClientBench::request(server.url("/2")));
  fail_unless(error.code == ErrorCode::Network);
  fail_unless_equals_int(server.connections(), 1);
}
GST_END_TEST

GST_START_TEST(a_second_failure_is_reported_and_not_tried_a_third_time) {
  RawServer server([&](int socket, int index) {
    read_request(socket);
    if (index == 0) {
      write_all(socket, kAnswer);
      read_request(socket);
    }
    reset_connection(socket);
  });
  ClientBench bench;
  fail_unless(bench.post(server.url("/1")).ok());
  bench.error_of(ClientBench::request(server.url("/2")));
  fail_unless_equals_int(server.connections(), 2);
}
GST_END_TEST

GST_START_TEST(after_a_change_of_network_no_idle_connection_is_used) {
  HttpFixture server([](const ServedRequest &) { return ServedReply(); });
  ClientBench bench;
  fail_unless(bench.post(server.url("/1")).ok());
  run_in(bench.loop(), [&] { return bench.client().network_changed(), true; });
  fail_unless(bench.post(server.url("/2")).ok());
  fail_unless_equals_int(server.connections(), 2);
}
GST_END_TEST

GST_START_TEST(a_change_of_network_does_not_end_a_request_under_way) {
  HttpFixture server([](const ServedRequest &) {
    ServedReply reply;
    reply.delay = milliseconds(100);
    return reply;
  });
  ClientBench bench;
  Awaited<Result<HttpResponse>> answer;
  std::unique_ptr<HttpCall> call;
  run_in(bench.loop(), [&] {
    call = bench.client().send(ClientBench::request(server.url("/1")), answer.callback());
    bench.client().network_changed();
    return true;
  });
  auto result = answer.wait();
  fail_unless(result.has_value() && result->ok());
  run_in(bench.loop(), [&] { return call.reset(), true; });
}
GST_END_TEST

GST_START_TEST(a_warm_connection_is_taken_by_the_first_request) {
  std::atomic<int> served{0};
  RawServer server([&](int socket, int) {
    while (!read_request(socket).empty()) {
      write_all(socket, kAnswer);
      ++served;
    }
  });
  {
    ClientBench bench;
    run_in(bench.loop(), [&] { return bench.client().warm_up(server.url("/")), true; });
    fail_unless(wait_for([&] { return server.connections() == 1; }));
    fail_unless_equals_int(served, 0);
    fail_unless(bench.post(server.url("/1")).ok());
    fail_unless_equals_int(server.connections(), 1);
  }
}
GST_END_TEST

GST_START_TEST(warming_up_what_cannot_be_reached_harms_nothing) {
  HttpFixture server([](const ServedRequest &) { return ServedReply(); });
  ClientBench bench;
  run_in(bench.loop(), [&] {
    for (const char *url : {"", "nonsense", "http://example.com", "http://127.0.0.1:1/",
                            "https://no-such-host.invalid/"}) {
      bench.client().warm_up(url);
    }
    return true;
  });
  fail_unless(bench.post(server.url("/")).ok());
}
GST_END_TEST

GST_START_TEST(a_request_does_not_wait_for_a_connection_that_was_begun_in_an_outage) {
  for (bool ahead : {false, true}) {
    DeafPort port;
    ClientBench bench;
    Awaited<Result<HttpResponse>> first, second;
    std::unique_ptr<HttpCall> calls[2];
    auto send = [&](int index, const char *path, auto &answer) {
      run_in(bench.loop(), [&] {
        calls[index] = bench.client().send(ClientBench::request(port.url(path)), answer.callback());
        return true;
      });
    };
    if (ahead) {
      run_in(bench.loop(), [&] { return bench.client().warm_up(port.url("/")), true; });
    } else {
      send(0, "/1", first);
    }
    TimePoint heard = Clock::now() + milliseconds(ahead ? 1200 : 400);
    wait_for([&] { return Clock::now() >= heard; });
    port.hear();
    send(1, "/2", second);
    auto answer = second.wait();
    fail_unless(answer.has_value() && answer->ok());
    fail_unless(Clock::now() - heard < milliseconds(700));  // a SYN follows after a second or two
    fail_unless(port.served().rfind("POST /2", 0) == 0, "%s", port.served().c_str());
    if (!ahead) {  // it is not given up for that
      answer = first.wait();
      fail_unless(answer.has_value() && answer->ok());
    }
    run_in(bench.loop(), [&] { return calls[0].reset(), calls[1].reset(), true; });
  }
}
GST_END_TEST

GST_START_TEST(many_requests_at_once_are_all_answered) {
  HttpFixture server([](const ServedRequest &) {
    ServedReply reply;
    reply.delay = milliseconds(5);
    return reply;
  });
  ClientBench bench;
  std::atomic<int> answered{0};
  std::vector<std::unique_ptr<HttpCall>> calls;
  run_in(bench.loop(), [&] {
    for (int i = 0; i < 40; ++i) {
      calls.push_back(bench.client().send(ClientBench::request(server.url("/")),
                                          [&](Result<HttpResponse> r) { answered += r.ok(); }));
    }
    return true;
  });
  fail_unless(wait_for([&] { return answered == 40; }));
  run_in(bench.loop(), [&] { return calls.clear(), true; });
}
GST_END_TEST

OAIRT_TEST_MAIN(keep_alive, a_post_made_in_the_callback_of_another_takes_the_same_connection,
                over_tls_too,
                a_kept_alive_connection_that_is_reset_at_the_second_request_is_replaced_once,
                what_was_answered_in_part_is_not_repeated,
                a_second_failure_is_reported_and_not_tried_a_third_time,
                after_a_change_of_network_no_idle_connection_is_used,
                a_change_of_network_does_not_end_a_request_under_way,
                a_warm_connection_is_taken_by_the_first_request,
                warming_up_what_cannot_be_reached_harms_nothing,
                a_request_does_not_wait_for_a_connection_that_was_begun_in_an_outage,
                many_requests_at_once_are_all_answered)
