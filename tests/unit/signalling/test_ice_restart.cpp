#include "signalling/ice_restart.h"
#include "support/http_bench.h"

using namespace oairt;        // NOLINT: a test reads better without the prefix
using namespace oairt::test;  // NOLINT

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const char kType[] = "application/trickle-ice-sdpfrag";
const char kOurs[] = "a=ice-ufrag:hidden-ufrag\r\na=ice-pwd:hidden/password/of/ours\r\n";
const char kTheirs[] =
    "a=ice-lite\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:hidden-theirs\r\n"
    "a=ice-pwd:hidden/password/of/theirs\r\na=candidate:1 1 udp 1 192.0.2.1 3478 typ host\r\n";

ServedReply restarted() {
  ServedReply reply;
  reply.content_type = kType;
  reply.body = kTheirs;
  reply.headers = {{"ETag", "\"two\""}};
  return reply;
}

ServedReply refused(unsigned status, const char *body = "") {
  ServedReply reply;
  reply.status = status;
  reply.body = body;
  return reply;
}

class RestartBench {
 public:
  explicit RestartBench(const std::string &resource) {
    call.call_id = "rtc_1";
    call.resource = resource;
    call.etag = "\"one\"";
    run_in(loop_, [&] {
      http_ = HttpClient::create(loop_, {});
      SignallingOptions options;
      options.base_url = "http://127.0.0.1:1/v1";
      signalling_ = make_http_signalling(loop_, http_, options);
      return true;
    });
  }
  explicit RestartBench(const HttpFixture &server)
      : RestartBench(server.url("/v1/realtime/calls/rtc_1?shard=7")) {}
  ~RestartBench() { drop(); }
  Awaited<Result<Signalling::Restarted>> start(Duration timeout = seconds(10)) {
    Awaited<Result<Signalling::Restarted>> restarted;
    int calls_inside = run_in(loop_, [&] {
      signalling_->restart_ice(Secret("ek_hidden"), call, kOurs, timeout, restarted.callback());
      return restarted.calls();
    });
    fail_unless_equals_int(calls_inside, 0);
    return restarted;
  }
  Result<Signalling::Restarted> restart(Duration timeout = seconds(10)) {
    auto result = start(timeout).wait();
    fail_unless(result.has_value(), "no answer at all");
    return *result;
  }
  Error error(Duration timeout = seconds(10)) {
    auto result = restart(timeout);
    fail_if(result.ok(), "a restart where an error was due");
    return result.error();
  }
  void in_loop(const std::function<void(Signalling &)> &task) {
    run_in(loop_, [&] { return task(*signalling_), true; });
  }
  void drop() {
    run_in(loop_, [&] { return signalling_.reset(), http_.reset(), true; });
  }
  Answer call;

 private:
  EventLoop loop_{"test-loop"};
  std::shared_ptr<HttpClient> http_;
  std::unique_ptr<Signalling> signalling_;
};

std::string code_of(const Error &error) { return to_string(error.code); }

}  // namespace

GST_START_TEST(a_restart_is_a_patch_of_the_call_and_gives_the_new_fragment_and_tag) {
  HttpFixture server([](const ServedRequest &) { return restarted(); });
  RestartBench bench(server);
  auto result = bench.restart();
  fail_unless(result.ok());
  assert_text(result->fragment, kTheirs);
  assert_text(result->etag, "\"two\"");
  ServedRequest request = server.requests().at(0);
  assert_text(request.method, "PATCH");
  assert_text(request.path + "?" + request.query, "/v1/realtime/calls/rtc_1?shard=7");
  assert_text(request.header("Authorization"), "Bearer ek_hidden");
  assert_text(request.header("Content-Type"), kType);
  assert_text(request.header("If-Match"), "*");
  assert_text(request.body, kOurs);
  fail_unless_equals_int(static_cast<int>(server.requests().size()), 1);
}
GST_END_TEST

GST_START_TEST(a_server_that_does_not_know_the_star_gets_the_tag_once) {
  for (bool told : {false, true}) {
    HttpFixture server([told](const ServedRequest &request) {
      if (request.header("If-Match") == (told ? "\"told\"" : "\"one\"")) return restarted();
      ServedReply reply = refused(412);
      if (told) reply.headers = {{"ETag", "\"told\""}};
      return reply;
    });
    RestartBench bench(server);
    fail_unless(bench.restart().ok());
    fail_unless_equals_int(static_cast<int>(server.requests().size()), 2);
    assert_text(server.requests().at(1).body, kOurs);
    assert_text(server.requests().at(1).header("Authorization"), "Bearer ek_hidden");
  }
  HttpFixture stubborn([](const ServedRequest &) { return refused(412); });
  RestartBench bench(stubborn);
  assert_text(code_of(bench.error()), "config");
  fail_unless_equals_int(static_cast<int>(stubborn.requests().size()), 2);
}
GST_END_TEST

GST_START_TEST(what_a_server_does_not_do_is_told_from_what_it_may_do_later) {
  struct Case {
    unsigned status;
    const char *code;
  };
  for (Case c : {Case{204, "config"}, Case{202, "config"}, Case{302, "config"}, Case{400, "config"},
                 Case{404, "config"}, Case{405, "config"}, Case{410, "config"}, Case{415, "config"},
                 Case{422, "config"}, Case{428, "config"}, Case{501, "config"}, Case{401, "auth"},
                 Case{409, "busy"}, Case{429, "busy"}, Case{500, "busy"}, Case{502, "busy"},
                 Case{503, "busy"}}) {
    HttpFixture server([c](const ServedRequest &) {
      ServedReply reply = refused(
          c.status,
          R"({"error":{"message":"no a=ice-pwd:hidden/password/of/ours","code":"hidden"}})");
      reply.headers = {{"Retry-After", "3"}, {"x-request-id", "req_9"}};
      if (c.status == 204) reply.body.clear();
      return reply;
    });
    RestartBench bench(server);
    Error error = bench.error();
    fail_unless(code_of(error) == c.code, "%u is %s", c.status, code_of(error).c_str());
    fail_unless(error.retry_after.has_value() == (code_of(error) == "busy"));
    if (error.retry_after) fail_unless(*error.retry_after == seconds(3));
    assert_contains(error.message, "127.0.0.1");
    assert_contains(error.detail, "HTTP " + std::to_string(c.status));
    assert_contains(error.detail, "req_9");
    fail_if(all_of(error).find("hidden") != std::string::npos);
    fail_unless_equals_int(static_cast<int>(server.requests().size()), 1);
  }
}
GST_END_TEST

GST_START_TEST(a_call_without_a_tag_or_a_resource_is_not_asked_for) {
  HttpFixture server([](const ServedRequest &) { return restarted(); });
  RestartBench untagged(server);
  untagged.call.etag.clear();
  assert_text(code_of(untagged.error()), "config");
  RestartBench lost("");
  assert_text(code_of(lost.error()), "config");
  Awaited<Result<Signalling::Restarted>> cancelled;
  lost.in_loop([&](Signalling &signalling) {
    signalling.restart_ice(Secret("ek_1"), lost.call, kOurs, seconds(1), cancelled.callback());
    signalling.cancel();
  });
  lost.in_loop([](Signalling &) {});  // what was posted has run
  fail_unless_equals_int(cancelled.calls(), 0);
  fail_unless_equals_int(static_cast<int>(server.requests().size()), 0);
}
GST_END_TEST

GST_START_TEST(what_is_no_fragment_is_not_taken) {
  std::string large = kTheirs;
  while (large.size() <= kMaxIceFragment) large += "a=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\n";
  struct Case {
    const char *type;
    std::string body;
  };
  for (const Case &c :
       {Case{"text/html", kTheirs}, Case{"text/plain", kTheirs}, Case{"application/sdp", kTheirs},
        Case{kType, ""}, Case{kType, large}, Case{kType, "<html>log in</html>"},
        Case{kType, "a=ice-ufrag:hidden-theirs\r\n"},
        Case{kType, "x a=ice-ufrag:hidden-theirs a=ice-pwd:hidden/password/of/theirs\r\n"}}) {
    HttpFixture server([&c](const ServedRequest &) {
      ServedReply reply = restarted();
      reply.content_type = c.type;
      reply.body = c.body;
      return reply;
    });
    RestartBench bench(server);
    Error error = bench.error();
    assert_text(code_of(error), "protocol");
    fail_if(all_of(error).find("hidden") != std::string::npos);
  }
}
GST_END_TEST

GST_START_TEST(a_tag_that_cannot_be_sent_back_is_not_kept) {
  for (const std::string &etag : {std::string(), std::string(300, 'x'), std::string("\"a b\"")}) {
    HttpResponse response;
    response.status = 200;
    response.content_type = kType;
    response.body = kTheirs;
    if (!etag.empty()) response.headers.emplace_back("ETag", etag);
    auto result = read_restart("https://127.0.0.1/calls/1", response);
    fail_unless(result.ok());
    assert_text(result->etag, "");
  }
}
GST_END_TEST

GST_START_TEST(silence_and_resets_are_the_network) {
  HttpFixture silent([](const ServedRequest &request) {
    ServedReply reply = refused(412);
    reply.never = request.header("If-Match") != "*";
    return reply;
  });
  RestartBench bench(silent);
  TimePoint before = Clock::now();
  assert_text(code_of(bench.error(milliseconds(300))), "network");
  fail_unless(Clock::now() - before < seconds(5));
  fail_unless_equals_int(static_cast<int>(silent.requests().size()), 2);
  RawServer resetting([](int socket, int) {
    read_request(socket);
    reset_connection(socket);
  });
  RestartBench reset(resetting.url("/v1/realtime/calls/rtc_1"));
  assert_text(code_of(reset.error()), "network");
  RestartBench closed("http://127.0.0.1:1/v1/realtime/calls/rtc_1");
  assert_text(code_of(closed.error()), "network");
}
GST_END_TEST

GST_START_TEST(a_restart_that_is_given_up_is_not_answered) {
  HttpFixture server([](const ServedRequest &request) {
    ServedReply reply = restarted();
    reply.never = request.body.empty() || request.header("Authorization") == "Bearer ek_hidden";
    return reply;
  });
  RestartBench bench(server);
  auto cancelled = bench.start();
  fail_unless(wait_for([&] { return server.requests().size() == 1; }));
  bench.in_loop([](Signalling &signalling) { signalling.cancel(); });
  auto replaced = bench.start();
  fail_unless(wait_for([&] { return server.requests().size() == 2; }));
  Awaited<Result<Signalling::Restarted>> newer;
  bench.in_loop([&](Signalling &signalling) {
    signalling.restart_ice(Secret("ek_2"), bench.call, kOurs, seconds(10), newer.callback());
    // An offer for the call that is to come does not end the restart of this one.
    signalling.post_offer(Token{Secret("ek_3"), {}, true}, "v=0\r\n", "", [](Result<Answer>) {});
  });
  auto result = newer.wait();
  fail_unless(result.has_value() && result->ok());
  auto dropped = bench.start();
  fail_unless(wait_for([&] { return server.requests().size() == 4; }));
  bench.drop();
  fail_unless_equals_int(cancelled.calls() + replaced.calls() + dropped.calls(), 0);
}
GST_END_TEST

GST_START_TEST(the_callback_may_end_the_signalling) {
  HttpFixture server([](const ServedRequest &) { return restarted(); });
  for (const std::string &resource : {server.url("/calls/1"), std::string()}) {
    EventLoop loop("test-loop");
    std::shared_ptr<HttpClient> http;
    std::unique_ptr<Signalling> signalling;
    Awaited<bool> ended;
    run_in(loop, [&] {
      http = HttpClient::create(loop, {});
      signalling = make_http_signalling(loop, http, {});
      Answer call;
      call.resource = resource;
      call.etag = "\"one\"";
      auto done = ended.callback();
      signalling->restart_ice(Secret("ek_1"), call, kOurs, seconds(10),
                              [&, done](Result<Signalling::Restarted> result) {
                                signalling.reset();
                                done(result.ok());
                              });
      return true;
    });
    auto ok = ended.wait();
    fail_unless(ok.has_value() && *ok == !resource.empty());
    run_in(loop, [&] { return http.reset(), true; });
  }
}
GST_END_TEST

GST_START_TEST(no_log_at_any_level_holds_a_fragment_or_the_credential) {
  LogCapture log;
  for (unsigned status : {200u, 404u, 503u}) {
    HttpFixture server([status](const ServedRequest &) {
      ServedReply reply = restarted();
      reply.status = status;
      return reply;
    });
    RestartBench bench(server);
    fail_unless(bench.restart().ok() == (status == 200));
  }
  std::string text = log.text();
  assert_contains(text, "call rtc_1: the server restarted ICE");
  assert_contains(text, "call rtc_1: no ICE restart");
  fail_if(text.find("hidden") != std::string::npos);
}
GST_END_TEST

OAIRT_TEST_MAIN(ice_restart, a_restart_is_a_patch_of_the_call_and_gives_the_new_fragment_and_tag,
                a_server_that_does_not_know_the_star_gets_the_tag_once,
                what_a_server_does_not_do_is_told_from_what_it_may_do_later,
                a_call_without_a_tag_or_a_resource_is_not_asked_for,
                what_is_no_fragment_is_not_taken, a_tag_that_cannot_be_sent_back_is_not_kept,
                silence_and_resets_are_the_network, a_restart_that_is_given_up_is_not_answered,
                the_callback_may_end_the_signalling,
                no_log_at_any_level_holds_a_fragment_or_the_credential)
