#include <condition_variable>
#include <mutex>

#include "auth/renewal.h"
#include "support/http_bench.h"

using namespace oairt;        // NOLINT: a test reads better without the prefix
using namespace oairt::test;  // NOLINT

using std::chrono::seconds;

namespace {

const char kServers[] =
    R"({"iceServers":[{"urls":["turn:a.example"],"username":"hidden-user","credential":"hidden-password"}],"ttl":600})";

// What a source called back with, in order.
class SourceBench {
 public:
  SourceBench() {
    in([&] { http = HttpClient::create(loop, {}); });
  }
  ~SourceBench() {
    in([&] { source.reset(), http.reset(); });
  }
  template <typename Task>
  void in(Task task) {
    run_in(loop, [&] { return task(), true; });
  }
  void start(std::unique_ptr<IceServerSource> made) {
    in([&] {
      source = std::move(made);
      source->start([this](Result<RelayCredentials> result) {
        heard.push_back(std::move(result));
        times.push_back(Clock::now());
      });
      fail_unless(heard.empty(), "called back inline");
    });
  }
  void start_url(const std::string &url, std::vector<HttpHeader> headers = {}) {
    std::unique_ptr<IceServerSource> made;
    in([&] {
      made = make_ice_servers_url_source(loop, http, {url, std::move(headers), seconds(10)});
    });
    start(std::move(made));
  }
  std::size_t count() {
    return run_in(loop, [&] { return heard.size(); });
  }
  Result<RelayCredentials> at(std::size_t index) {
    fail_unless(wait_for([&] { return count() > index; }), "nothing came");
    return run_in(loop, [&] { return heard.at(index); });
  }
  Error error() {
    auto result = at(0);
    fail_if(result.ok(), "servers where an error was due");
    return result.error();
  }

  EventLoop loop{"test-loop"};
  std::shared_ptr<HttpClient> http;
  std::unique_ptr<IceServerSource> source;
  std::vector<Result<RelayCredentials>> heard;
  std::vector<TimePoint> times;
};

std::string first_turn(const Result<RelayCredentials> &result) {
  if (!result.ok()) return "error: " + result.error().message;
  if (result->turn_servers.empty()) return "none";
  return std::string(result->turn_servers[0].reveal());
}

// Answers at once, from a list: a lifetime, or a negative number for a failure.
struct ListFetcher : IceServerFetcher {
  ListFetcher(EventLoop &of, std::vector<int> list) : loop(of), lives_ms(std::move(list)) {}
  void fetch(IceServerSource::Callback callback) override {
    int life_ms = next < lives_ms.size() ? lives_ms[next] : 1000000;
    ++next;
    loop.post([life_ms, callback, alive = std::weak_ptr<char>(alive)] {
      if (alive.expired()) return;
      if (life_ms < 0) {
        Error error;
        error.message = "no";
        callback(std::move(error));
        return;
      }
      RelayCredentials set;
      set.lifetime = milliseconds(life_ms);
      callback(std::move(set));
    });
  }
  EventLoop &loop;
  std::vector<int> lives_ms;
  std::size_t next = 0;
  std::shared_ptr<char> alive = std::make_shared<char>();
};

}  // namespace

GST_START_TEST(the_moments_of_renewal_and_retry_are_those_of_the_contract) {
  RenewalTimes times;
  const std::pair<int, int> lives[] = {{86400, 77760}, {3600, 3240}, {600, 540}, {300, 270},
                                       {100, 70},      {60, 30},     {36, 6},    {35, 5},
                                       {10, 5},        {1, 5},       {0, 3240}};
  for (const auto &[life, delay] : lives) {
    fail_unless(renewal_delay(seconds(life), times) == seconds(delay), "life of %d s", life);
  }
  const int pauses[] = {5, 10, 20, 40, 80, 160, 300, 300};
  for (int i = 0; i < 8; ++i) {
    fail_unless(retry_delay(i, std::nullopt, times) == seconds(pauses[i]), "failure %d", i);
  }
  fail_unless(retry_delay(1000000, std::nullopt, times) == seconds(300));
  fail_unless(retry_delay(0, milliseconds(60000), times) == seconds(60));
  fail_unless(retry_delay(3, milliseconds(1000), times) == seconds(40));
}
GST_END_TEST

GST_START_TEST(each_set_is_handed_on_and_failures_are_told_and_tried_again) {
  SourceBench bench;
  RenewalTimes times;
  times.least_left = milliseconds(30);
  times.soonest = milliseconds(1);
  times.first_pause = milliseconds(10);
  times.longest_pause = seconds(60);
  // A set of 130 ms, seven failures in a row, a set of 90 ms, one failure, then a lasting one.
  std::vector<int> lives{130, -1, -1, -1, -1, -1, -1, -1, 90, -1};
  bench.start(make_renewing_source(
      bench.loop, std::make_unique<ListFetcher>(bench.loop, std::move(lives)), times));
  fail_unless(wait_for([&] { return bench.count() == 11; }));
  const int pauses_ms[] = {100, 10, 20, 40, 80, 160, 320, 640, 60, 10};
  for (std::size_t i = 0; i < 11; ++i) {
    fail_unless(bench.heard[i].ok() == (i == 0 || i == 8 || i == 10));
    if (i == 10) break;
    Duration pause = bench.times[i + 1] - bench.times[i];
    fail_unless(pause >= milliseconds(pauses_ms[i] - 1), "pause %zu: %.1f ms", i, to_ms(pause));
  }
  fail_unless(bench.times[10] - bench.times[9] < milliseconds(1000), "old failures count");
}
GST_END_TEST

GST_START_TEST(a_source_that_is_gone_does_not_call_back) {
  SourceBench bench;
  RenewalTimes times;
  times.least_left = times.soonest = milliseconds(5);
  bench.start(make_renewing_source(
      bench.loop, std::make_unique<ListFetcher>(bench.loop, std::vector<int>(1000, 10)), times));
  fail_unless(wait_for([&] { return bench.count() >= 3; }));
  bench.in([&] { bench.source.reset(); });
  std::size_t count = bench.count();
  Awaited<bool> later;
  bench.in(
      [&] { bench.loop.call_after(milliseconds(40), [done = later.callback()] { done(true); }); });
  fail_unless(later.wait().has_value());
  fail_unless(bench.count() == count);
}
GST_END_TEST

GST_START_TEST(the_callback_may_end_the_source) {
  HttpFixture server([](const ServedRequest &) {
    ServedReply reply;
    reply.body = kServers;
    return reply;
  });
  SourceBench bench;
  Awaited<bool> ended;
  bench.in([&] {
    bench.source =
        make_ice_servers_url_source(bench.loop, bench.http, {server.url("/ice"), {}, seconds(10)});
    bench.source->start([&, done = ended.callback()](Result<RelayCredentials> result) {
      bench.source.reset();
      done(result.ok());
    });
  });
  fail_unless(ended.wait() == true);
}
GST_END_TEST

GST_START_TEST(the_url_is_asked_with_its_headers) {
  for (unsigned status : {200u, 201u}) {
    HttpFixture server([status](const ServedRequest &) {
      ServedReply reply;
      reply.status = status;
      reply.body = kServers;
      return reply;
    });
    SourceBench bench;
    bench.start_url(server.url("/ice?site=7"), {{"X-Site", Secret("seven")}});
    auto result = bench.at(0);
    assert_text(first_turn(result), "turn://hidden-user:hidden-password@a.example");
    fail_unless(result->lifetime == seconds(600));
    ServedRequest request = server.requests().at(0);
    assert_text(request.method + " " + request.path + "?" + request.query, "GET /ice?site=7");
    assert_text(request.header("X-Site"), "seven");
  }
}
GST_END_TEST

GST_START_TEST(a_server_that_wants_a_post_gets_one) {
  HttpFixture server([](const ServedRequest &request) {
    ServedReply reply;
    reply.status = request.method == "POST" ? 200 : 405;
    reply.body = kServers;
    return reply;
  });
  SourceBench bench;
  bench.start_url(server.url("/ice"));
  fail_unless(bench.at(0).ok());
  assert_text(server.requests().at(1).body, "{}");
  assert_text(server.requests().at(1).header("Content-Type"), "application/json");
  HttpFixture never([](const ServedRequest &) {
    ServedReply reply;
    reply.status = 405;
    return reply;
  });
  SourceBench refused;
  refused.start_url(never.url("/ice"));
  fail_unless(refused.error().code == ErrorCode::Config);
  fail_unless_equals_int(static_cast<int>(never.requests().size()), 2);
}
GST_END_TEST

GST_START_TEST(what_the_url_answers_wrongly_is_an_error_that_names_the_host_and_no_secret) {
  struct Case {
    unsigned status;
    const char *type, *body;
    ErrorCode code;
  };
  for (const Case &c :
       {Case{200, "text/html", "<html>hidden</html>", ErrorCode::Protocol},
        Case{200, "application/json", "", ErrorCode::Protocol},
        Case{200, "application/json", R"({"value":"hidden"})", ErrorCode::Protocol},
        Case{401, "application/json", R"({"error":"hidden-token is wrong"})", ErrorCode::Auth},
        Case{503, "text/html", "<html></html>", ErrorCode::Busy},
        Case{404, "text/html", "<html></html>", ErrorCode::Config}}) {
    HttpFixture server([&c](const ServedRequest &) {
      ServedReply reply;
      reply.status = c.status;
      reply.content_type = c.type;
      reply.body = c.body;
      return reply;
    });
    SourceBench bench;
    bench.start_url(server.url("/ice"), {{"Authorization", Secret("Bearer hidden-token")}});
    Error error = bench.error();
    fail_unless(error.code == c.code, "%u: %s", c.status, to_string(error.code));
    assert_contains(error.message, "127.0.0.1");
    assert_contains(error.detail, "HTTP " + std::to_string(c.status));
    fail_if(all_of(error).find("hidden-token") != std::string::npos);
  }
  SourceBench bench;
  bench.start_url("not a url");
  fail_unless(bench.error().code == ErrorCode::Config);
  SourceBench silent;
  silent.start_url("http://127.0.0.1:1/ice");
  fail_unless(silent.error().code == ErrorCode::Network);
}
GST_END_TEST

GST_START_TEST(the_application_answers_from_a_thread_that_it_may_block) {
  std::mutex mutex;
  std::condition_variable condition;
  bool go = false;
  GThread *asked_in = nullptr;
  SourceBench bench;
  bench.start(make_ice_servers_request_source(bench.loop, [&] {
    asked_in = g_thread_self();
    std::unique_lock lock(mutex);
    condition.wait(lock, [&] { return go; });
    return Secret(kServers);
  }));
  fail_unless(bench.count() == 0);
  {
    std::lock_guard lock(mutex);
    go = true;
  }
  condition.notify_all();
  assert_text(first_turn(bench.at(0)), "turn://hidden-user:hidden-password@a.example");
  fail_if(run_in(bench.loop, [] { return g_thread_self(); }) == asked_in);
}
GST_END_TEST

GST_START_TEST(an_application_without_servers_has_none_and_one_that_talks_nonsense_is_wrong) {
  SourceBench none;
  none.start(make_ice_servers_request_source(none.loop, [] { return Secret(); }));
  assert_text(first_turn(none.at(0)), "none");
  SourceBench wrong;
  wrong.start(make_ice_servers_request_source(wrong.loop, [] { return Secret("hidden"); }));
  Error error = wrong.error();
  fail_unless(error.code == ErrorCode::Protocol);
  assert_contains(error.message, "the application");
  fail_if(all_of(error).find("hidden") != std::string::npos);
}
GST_END_TEST

GST_START_TEST(a_question_outlives_its_source_and_loop) {
  auto released = std::make_shared<std::atomic<bool>>(false);
  auto go = std::make_shared<std::atomic<bool>>(false);
  {
    SourceBench bench;
    bench.start(make_ice_servers_request_source(bench.loop, [released, go] {
      while (!*go) g_usleep(1000);
      *released = true;
      return Secret(kServers);
    }));
  }
  *go = true;
  fail_unless(wait_for([&] { return released->load(); }));
}
GST_END_TEST

GST_START_TEST(no_log_at_any_level_holds_a_credential) {
  LogCapture log;
  HttpFixture server([](const ServedRequest &) {
    ServedReply reply;
    reply.body = kServers;
    return reply;
  });
  {
    SourceBench bench, asked;
    bench.start_url(server.url("/ice?key=hidden"),
                    {{"Authorization", Secret("Bearer hidden-token")}});
    fail_unless(bench.at(0).ok());
    asked.start(make_ice_servers_request_source(asked.loop, [] { return Secret(kServers); }));
    fail_unless(asked.at(0).ok());
  }
  assert_contains(log.text(), "1 TURN and 0 STUN servers, to be renewed in 540 s");
  fail_if(log.text().find("hidden") != std::string::npos);
}
GST_END_TEST

OAIRT_TEST_MAIN(ice_sources, the_moments_of_renewal_and_retry_are_those_of_the_contract,
                each_set_is_handed_on_and_failures_are_told_and_tried_again,
                a_source_that_is_gone_does_not_call_back, the_callback_may_end_the_source,
                the_url_is_asked_with_its_headers, a_server_that_wants_a_post_gets_one,
                what_the_url_answers_wrongly_is_an_error_that_names_the_host_and_no_secret,
                the_application_answers_from_a_thread_that_it_may_block,
                an_application_without_servers_has_none_and_one_that_talks_nonsense_is_wrong,
                a_question_outlives_its_source_and_loop, no_log_at_any_level_holds_a_credential)
