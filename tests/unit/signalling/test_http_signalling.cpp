#include "signalling/signalling.h"
#include "support/http_bench.h"

using namespace oairt;        // NOLINT: a test reads better without the prefix
using namespace oairt::test;  // NOLINT

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const char kOffer[] = "v=0\r\na=ice-pwd:hidden-ice-password\r\n";
const char kAnswer[] = "v=0\r\na=ice-pwd:hidden-answer-password\r\n";

ServedReply created(const ServedRequest &request) {
  ServedReply reply;
  if (request.path.find("/hangup") != std::string::npos) return reply;
  reply.status = 201;
  reply.content_type = "application/sdp";
  reply.body = kAnswer;
  reply.headers = {{"Location", "/v1/realtime/calls/rtc_u1_1"}, {"x-request-id", "req_7"}};
  return reply;
}

Token token_of(const char *value) {
  Token token;
  token.value = Secret(value);
  token.ephemeral = token.value.reveal().substr(0, 3) == "ek_";
  return token;
}

class SignallingBench {
 public:
  explicit SignallingBench(SignallingOptions options) {
    run_in(loop_, [&] {
      http_ = HttpClient::create(loop_, {});
      signalling_ = make_http_signalling(loop_, http_, std::move(options));
      return true;
    });
  }
  explicit SignallingBench(const HttpFixture &server) : SignallingBench(options_for(server)) {}
  ~SignallingBench() { drop(); }
  static SignallingOptions options_for(const HttpFixture &server) {
    SignallingOptions options;
    options.base_url = server.url("/v1");
    options.timeout = seconds(5);
    return options;
  }
  Awaited<Result<Answer>> start(const char *key, const std::string &session = {}) {
    Awaited<Result<Answer>> answer;
    int calls_inside = run_in(loop_, [&] {
      signalling_->post_offer(token_of(key), kOffer, session, answer.callback());
      return answer.calls();
    });
    fail_unless_equals_int(calls_inside, 0);
    return answer;
  }
  Result<Answer> post(const char *key, const std::string &session = {}) {
    auto answer = start(key, session).wait();
    fail_unless(answer.has_value(), "no answer at all");
    return *answer;
  }
  std::shared_ptr<std::atomic<int>> hang_up(const char *key, const Answer &call) {
    auto done = std::make_shared<std::atomic<int>>(0);
    int inside = run_in(loop_, [&] {
      signalling_->hang_up(Secret(key), call, [done] { ++*done; });
      return done->load();
    });
    fail_unless_equals_int(inside, 0);
    return done;
  }
  void cancel() {
    run_in(loop_, [&] { return signalling_->cancel(), true; });
  }
  void drop() {
    run_in(loop_, [&] { return signalling_.reset(), http_.reset(), true; });
  }

 private:
  EventLoop loop_{"test-loop"};
  std::shared_ptr<HttpClient> http_;
  std::unique_ptr<Signalling> signalling_;
};

}  // namespace

GST_START_TEST(an_ephemeral_key_posts_the_bare_offer) {
  HttpFixture server(&created);
  SignallingOptions options = SignallingBench::options_for(server);
  options.base_url += "/";
  options.safety_identifier = "visitor";
  SignallingBench bench(options);
  Result<Answer> answer = bench.post("ek_1", R"({"type":"realtime"})");
  fail_unless(answer.ok());
  assert_text(answer->sdp, kAnswer);
  assert_text(answer->call_id, "rtc_u1_1");
  assert_text(answer->resource, server.url("/v1/realtime/calls/rtc_u1_1"));
  assert_text(answer->request_id, "req_7");
  ServedRequest request = server.requests().at(0);
  assert_text(request.method, "POST");
  assert_text(request.path, "/v1/realtime/calls");
  assert_text(request.query, "");
  assert_text(request.header("Authorization"), "Bearer ek_1");
  assert_text(request.header("Content-Type"), "application/sdp");
  assert_text(request.header("OpenAI-Safety-Identifier"), "");
  assert_text(request.body, kOffer);
}
GST_END_TEST

GST_START_TEST(a_channel_that_both_sides_know_is_told_in_the_query) {
  HttpFixture server(&created);
  std::vector<std::pair<std::string, std::string>> cases = {
      {"", "dcid=4"}, {"/", "dcid=4"}, {"?deployment=x", "deployment=x&dcid=4"}};
  for (const auto &[end, query] : cases) {
    SignallingOptions options = SignallingBench::options_for(server);
    options.base_url += end;
    options.event_stream = 4;
    SignallingBench bench(options);
    Result<Answer> answer = bench.post("ek_1", R"({"type":"realtime"})");
    fail_unless(answer.ok());
    assert_text(answer->resource, server.url("/v1/realtime/calls/rtc_u1_1"));
    ServedRequest request = server.requests().back();
    assert_text(request.path, "/v1/realtime/calls");
    assert_text(request.query, query);
    assert_text(request.body, kOffer);
  }
}
GST_END_TEST

GST_START_TEST(a_project_key_and_azure_post_the_form) {
  struct Case {
    const char *key;
    bool azure;
    const char *header, *value;
  };
  for (Case c :
       {Case{"sk-1", false, "Authorization", "Bearer sk-1"}, Case{"abc", true, "api-key", "abc"},
        Case{"ek_1", true, "Authorization", "Bearer ek_1"}}) {
    HttpFixture server(&created);
    SignallingOptions options = SignallingBench::options_for(server);
    options.azure = c.azure;
    options.safety_identifier = "visitor";
    SignallingBench bench(options);
    fail_unless(bench.post(c.key, R"({"type":"realtime"})").ok());
    ServedRequest request = server.requests().at(0);
    assert_text(request.header(c.header), c.value);
    assert_contains(request.header("Content-Type"), "multipart/form-data; boundary=");
    assert_contains(request.body, std::string("\r\n\r\n") + kOffer + "\r\n--");
    assert_contains(request.body, "name=\"session\"");
    bool ephemeral = std::string(c.key) == "ek_1";
    assert_text(request.header("OpenAI-Safety-Identifier"), ephemeral ? "" : "visitor");
  }
}
GST_END_TEST

GST_START_TEST(a_refused_offer_says_why_with_the_request_id) {
  HttpFixture server([](const ServedRequest &) {
    ServedReply reply;
    reply.status = 400;
    reply.body =
        R"({"error":{"message":"Invalid SDP offer.","type":"invalid_request_error","param":null,"code":"invalid_offer"}})";
    reply.headers = {{"x-request-id", "req_8"}};
    return reply;
  });
  SignallingBench bench(server);
  Result<Answer> answer = bench.post("ek_1");
  fail_if(answer.ok());
  fail_unless(answer.error().code == ErrorCode::Config);
  assert_text(answer.error().service_code, "invalid_offer");
  assert_contains(answer.error().detail, "Invalid SDP offer. (request req_8)");
}
GST_END_TEST

GST_START_TEST(a_cancelled_offer_is_not_answered_and_a_new_one_takes_its_place) {
  HttpFixture server([](const ServedRequest &request) {
    ServedReply reply = created(request);
    reply.never = request.header("Authorization") == "Bearer ek_slow";
    return reply;
  });
  SignallingBench bench(server);
  auto one = bench.start("ek_slow");
  fail_unless(wait_for([&] { return server.requests().size() == 1; }));
  bench.cancel();
  auto two = bench.start("ek_slow");
  fail_unless(wait_for([&] { return server.requests().size() == 2; }));
  fail_unless(bench.post("ek_1").ok());
  auto three = bench.start("ek_slow");
  bench.drop();
  fail_unless_equals_int(one.calls() + two.calls() + three.calls(), 0);
}
GST_END_TEST

GST_START_TEST(a_call_is_hung_up_and_the_end_is_told_whatever_the_server_says) {
  for (unsigned status : {200u, 404u, 401u, 500u}) {
    HttpFixture server([status](const ServedRequest &request) {
      ServedReply reply = created(request);
      if (reply.status == 200) reply.status = status;
      return reply;
    });
    SignallingBench bench(server);
    Result<Answer> answer = bench.post("ek_1");
    fail_unless(answer.ok());
    auto done = bench.hang_up("ek_1", answer.value());
    bench.cancel();  // concerns offers only
    fail_unless(wait_for([&] { return done->load() == 1; }));
    ServedRequest request = server.requests().at(1);
    assert_text(request.method, "POST");
    assert_text(request.path, "/v1/realtime/calls/rtc_u1_1/hangup");
    assert_text(request.header("Authorization"), "Bearer ek_1");
    assert_text(request.body, "");
  }
}
GST_END_TEST

GST_START_TEST(hanging_up_without_a_server_or_a_location_ends_too) {
  Answer gone;
  gone.resource = "http://127.0.0.1:1/v1/realtime/calls/rtc_1";
  HttpFixture server(&created);
  SignallingBench bench(server);
  auto first = bench.hang_up("ek_1", gone);
  auto second = bench.hang_up("ek_1", Answer());
  fail_unless(wait_for([&] { return first->load() == 1 && second->load() == 1; }));
  fail_unless_equals_int(server.requests().size(), 0);
}
GST_END_TEST

GST_START_TEST(a_wrong_base_url_is_named) {
  SignallingOptions options;
  options.base_url = "api.openai.com/v1";
  SignallingBench bench(options);
  Result<Answer> answer = bench.post("ek_1");
  fail_if(answer.ok());
  fail_unless(answer.error().code == ErrorCode::Config);
  assert_contains(answer.error().message, "https://");
}
GST_END_TEST

GST_START_TEST(no_log_at_any_level_holds_an_sdp_or_a_credential) {
  LogCapture log;
  HttpFixture server(&created);
  {
    SignallingBench bench(server);
    Result<Answer> answer = bench.post("ek_hidden-key", R"({"instructions":"hidden-words"})");
    fail_unless(answer.ok());
    fail_unless(bench.post("sk-hidden-key", R"({"instructions":"hidden-words"})").ok());
    auto done = bench.hang_up("ek_hidden-key", answer.value());
    fail_unless(wait_for([&] { return done->load() == 1; }));
  }
  std::string text = log.text();
  assert_contains(text, "openairealtime-signalling: ");
  assert_contains(text, "rtc_u1_1");
  fail_if(text.find("hidden") != std::string::npos);
}
GST_END_TEST

OAIRT_TEST_MAIN(http_signalling, an_ephemeral_key_posts_the_bare_offer,
                a_channel_that_both_sides_know_is_told_in_the_query,
                a_project_key_and_azure_post_the_form, a_refused_offer_says_why_with_the_request_id,
                a_cancelled_offer_is_not_answered_and_a_new_one_takes_its_place,
                a_call_is_hung_up_and_the_end_is_told_whatever_the_server_says,
                hanging_up_without_a_server_or_a_location_ends_too, a_wrong_base_url_is_named,
                no_log_at_any_level_holds_an_sdp_or_a_credential)
