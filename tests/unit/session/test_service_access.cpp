// What is opened before a call: one connection, that the call then takes.
#include "session/service_access.h"
#include "support/http_bench.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

const char kAnswer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

struct Bench {
  Bench() {
    run_in(loop, [this] {
      access = std::make_unique<ServiceAccess>(
          loop, std::weak_ptr<CoreOutput>(), [](const std::vector<Secret> &) {},
          [](const Error &) {});
      return true;
    });
  }
  ~Bench() {
    run_in(loop, [this] { return access.reset(), true; });
  }
  using Settings = std::shared_ptr<const Config>;
  static Settings config(const std::string &base_url, const char *key) {
    auto config = std::make_shared<Config>();
    config->base_url = base_url;
    config->ephemeral_key = Secret(key);
    return config;
  }
  void connect_ahead(const Settings &config) {
    run_in(loop, [&] { return access->connect_ahead(*config), true; });
  }
  bool post(const Settings &config) {
    Awaited<Result<HttpResponse>> answer;
    std::unique_ptr<HttpCall> call;
    run_in(loop, [&] {
      access->prepare(config);
      call = access->http()->send(ClientBench::request(config->base_url), answer.callback());
      return true;
    });
    auto result = answer.wait();
    run_in(loop, [&] { return call.reset(), true; });
    return result.has_value() && result->ok();
  }

  EventLoop loop{"test"};
  std::unique_ptr<ServiceAccess> access;
};

void serve(int socket, int) {
  while (!read_request(socket).empty()) write_all(socket, kAnswer);
}

}  // namespace

GST_START_TEST(a_call_takes_the_connection_that_was_opened_ahead) {
  RawServer server(&serve);
  {
    Bench bench;
    auto config = Bench::config(server.url("/v1"), "ek_test");
    for (int i = 0; i < 3; ++i) bench.connect_ahead(config);
    fail_unless(wait_for([&] { return server.connections() == 1; }));
    fail_unless(bench.post(config));
    bench.connect_ahead(config);
    fail_unless(bench.post(config));
    fail_unless_equals_int(server.connections(), 1);
  }
}
GST_END_TEST

GST_START_TEST(nothing_is_opened_without_a_credential) {
  g_unsetenv("OPENAI_API_KEY");
  RawServer server(&serve);
  {
    Bench bench;
    bench.connect_ahead(Bench::config(server.url("/v1"), ""));
    auto config = Bench::config(server.url("/v1"), "ek_test");
    fail_unless(bench.post(config));
    fail_unless_equals_int(server.connections(), 1);
  }
}
GST_END_TEST

GST_START_TEST(a_connection_to_another_server_is_not_taken) {
  RawServer old_server(&serve), server(&serve);
  {
    Bench bench;
    bench.connect_ahead(Bench::config(old_server.url("/v1"), "ek_test"));
    fail_unless(wait_for([&] { return old_server.connections() == 1; }));
    fail_unless(bench.post(Bench::config(server.url("/v1"), "ek_test")));
    fail_unless_equals_int(server.connections(), 1);
    fail_unless_equals_int(old_server.connections(), 1);
  }
}
GST_END_TEST

OAIRT_TEST_MAIN(session_service_access, a_call_takes_the_connection_that_was_opened_ahead,
                nothing_is_opened_without_a_credential, a_connection_to_another_server_is_not_taken)
