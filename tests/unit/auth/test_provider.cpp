#include <condition_variable>
#include <mutex>

#include "auth/token_provider.h"
#include "protocol/json.h"
#include "support/http_bench.h"

using namespace oairt;        // NOLINT: a test reads better without the prefix
using namespace oairt::test;  // NOLINT

namespace {

using MakeProvider = std::function<std::unique_ptr<TokenProvider>(std::shared_ptr<HttpClient>)>;

// One loop, one client; providers live and die in the loop.
class AuthBench {
 public:
  AuthBench() {
    run_in(loop_, [&] { return http_ = HttpClient::create(loop_, {}), true; });
  }
  ~AuthBench() {
    run_in(loop_, [&] { return provider_.reset(), http_.reset(), true; });
  }
  EventLoop &loop() { return loop_; }
  void set(const MakeProvider &make) {
    run_in(loop_, [&] { return provider_ = make(http_), true; });
  }
  void drop() {
    run_in(loop_, [&] { return provider_.reset(), true; });
  }
  Awaited<Result<Token>> start() {
    Awaited<Result<Token>> token;
    int calls_inside =
        run_in(loop_, [&] { return provider_->fetch(token.callback()), token.calls(); });
    fail_unless_equals_int(calls_inside, 0);
    return token;
  }
  Result<Token> fetch() {
    auto token = start().wait();
    fail_unless(token.has_value(), "no answer at all");
    return *token;
  }
  Error error() {
    Result<Token> token = fetch();
    fail_if(token.ok());
    return token.error();
  }

 private:
  EventLoop loop_{"test-loop"};
  std::shared_ptr<HttpClient> http_;
  std::unique_ptr<TokenProvider> provider_;
};

MintOptions mint_options(const HttpFixture &server) {
  MintOptions options;
  options.base_url = server.url("/v1");
  options.api_key = Secret("sk-project-1");
  options.timeout = std::chrono::seconds(5);
  return options;
}

void use_mint(AuthBench &bench, const MintOptions &options) {
  bench.set([&](std::shared_ptr<HttpClient> http) { return make_mint_provider(http, options); });
}

std::string text(const Result<Token> &token) {
  return token.ok() ? std::string(token.value().value.reveal()) : token.error().message;
}

ServedReply minted(const ServedRequest &) {
  ServedReply reply;
  reply.body = "{\"value\":\"ek_minted\",\"expires_at\":" +
               std::to_string(g_get_real_time() / G_USEC_PER_SEC + 600) + ",\"session\":{}}";
  return reply;
}

}  // namespace

GST_START_TEST(minting_sends_what_the_service_documents) {
  HttpFixture server(&minted);
  AuthBench bench;
  MintOptions options = mint_options(server);
  options.base_url += "/";
  options.safety_identifier = "visitor-1";
  options.session_json = R"({"type":"realtime","model":"gpt-realtime-2.1"})";
  use_mint(bench, options);
  Result<Token> token = bench.fetch();
  assert_text(text(token), "ek_minted");
  fail_unless(token->ephemeral);
  double life_ms = to_ms(*token->expires - Clock::now());
  fail_unless(life_ms > 590000 && life_ms <= 600000, "%f", life_ms);
  ServedRequest request = server.requests().at(0);
  assert_text(request.method, "POST");
  assert_text(request.path, "/v1/realtime/client_secrets");
  assert_text(request.header("Authorization"), "Bearer sk-project-1");
  assert_text(request.header("OpenAI-Safety-Identifier"), "visitor-1");
  assert_text(request.header("Content-Type"), "application/json");
  assert_text(request.header("OpenAI-Beta"), "");
  Result<Json> body = Json::parse(request.body);
  fail_unless(body.ok());
  assert_text(body->at("expires_after.anchor").as_string(), "created_at");
  fail_unless_equals_int(body->at("expires_after.seconds").as_int(), 600);
  assert_text(body->at("session.model").as_string(), "gpt-realtime-2.1");
}
GST_END_TEST

GST_START_TEST(minting_at_azure_uses_its_header_and_a_life_is_kept_in_bounds) {
  HttpFixture server(&minted);
  AuthBench bench;
  for (int lifetime_s : {1, 86400}) {
    MintOptions options = mint_options(server);
    options.azure = true;
    options.api_key = Secret("0123abcd\n");  // as read from a file
    options.lifetime_s = lifetime_s;
    use_mint(bench, options);
    fail_unless(bench.fetch().ok());
  }
  ServedRequest request = server.requests().at(0);
  assert_text(request.header("api-key"), "0123abcd");
  assert_text(request.header("Authorization"), "");
  fail_unless_equals_int(Json::parse(request.body)->at("expires_after.seconds").as_int(), 10);
  fail_if(Json::parse(request.body)->has("session"));
  fail_unless_equals_int(
      Json::parse(server.requests().at(1).body)->at("expires_after.seconds").as_int(), 7200);
}
GST_END_TEST

GST_START_TEST(a_mint_that_cannot_be_sent_says_which_setting_is_wrong) {
  HttpFixture server(&minted);
  AuthBench bench;
  MintOptions options = mint_options(server);
  options.session_json = "[secret";
  use_mint(bench, options);
  Error error = bench.error();
  fail_unless(error.code == ErrorCode::Config);
  assert_contains(error.message, "session-config");
  options.session_json = "";
  options.api_key = Secret("");
  use_mint(bench, options);
  error = bench.error();
  fail_unless(error.code == ErrorCode::Config);
  assert_contains(error.message, "api-key");
  fail_unless_equals_int(server.requests().size(), 0);
}
GST_END_TEST

GST_START_TEST(a_refused_mint_has_the_services_reason_and_never_the_key) {
  LogCapture log;
  HttpFixture server([](const ServedRequest &request) {
    ServedReply reply;
    reply.status = 401;
    std::string key = request.header("Authorization").substr(7);
    reply.body = "{\"error\":{\"message\":\"Incorrect API key provided: " + key +
                 ".\",\"type\":\"invalid_request_error\",\"code\":\"invalid_api_key\"}}";
    reply.headers = {{"x-request-id", "req_9"}};
    return reply;
  });
  AuthBench bench;
  for (const char *key : {"sk-project-1", "odd:credential"}) {
    MintOptions options = mint_options(server);
    options.api_key = Secret(key);
    use_mint(bench, options);
    Error error = bench.error();
    fail_unless(error.code == ErrorCode::Auth);
    assert_text(error.service_code, "invalid_api_key");
    assert_contains(error.detail, "Incorrect API key provided: [hidden]");
    assert_contains(error.detail, "req_9");
    fail_if(all_of(error).find(key) != std::string::npos);
    fail_if(log.text().find(key) != std::string::npos);
  }
}
GST_END_TEST

GST_START_TEST(a_token_server_is_asked_with_its_headers_and_the_session) {
  HttpFixture server([](const ServedRequest &) {
    ServedReply reply;
    reply.content_type = "text/plain";
    reply.body = "ek_plain\n";
    return reply;
  });
  AuthBench bench;
  TokenUrlOptions options;
  options.url = server.url("/token?site=1");
  options.headers = {{"X-Kiosk", Secret("7")}, {"Authorization", Secret("Bearer site-token")}};
  options.session_json = R"({"type":"realtime"})";
  bench.set(
      [&](std::shared_ptr<HttpClient> http) { return make_token_url_provider(http, options); });
  assert_text(text(bench.fetch()), "ek_plain");
  ServedRequest request = server.requests().at(0);
  assert_text(request.path, "/token");
  assert_text(request.query, "site=1");
  assert_text(request.header("X-Kiosk"), "7");
  assert_text(request.header("Authorization"), "Bearer site-token");
  assert_text(Json::parse(request.body)->at("session.type").as_string(), "realtime");
}
GST_END_TEST

GST_START_TEST(a_refusing_token_server_that_echoes_its_credential_does_not_leak_it) {
  HttpFixture server([](const ServedRequest &) {
    ServedReply reply;
    reply.status = 403;
    reply.body = R"({"message":"no access for site.token"})";
    return reply;
  });
  AuthBench bench;
  TokenUrlOptions options;
  options.url = server.url("/token?site=1");
  options.headers = {{"authorization", Secret("Bearer site.token")}};
  bench.set(
      [&](std::shared_ptr<HttpClient> http) { return make_token_url_provider(http, options); });
  Error error = bench.error();
  fail_unless(error.code == ErrorCode::Config);
  assert_contains(error.message, "token-url");
  assert_contains(error.detail, "no access for [hidden]");
  fail_if(all_of(error).find("site=1") != std::string::npos);
}
GST_END_TEST

GST_START_TEST(a_given_key_is_handed_out_as_it_is_and_checked) {
  AuthBench bench;
  struct Case {
    const char *key;
    bool ok, ephemeral;
  };
  for (Case c : {Case{"ek_given", true, true}, Case{"sk-given\n", true, false},
                 Case{"", false, false}, Case{"two words", false, false}}) {
    bench.set([&](std::shared_ptr<HttpClient>) {
      return make_static_provider(bench.loop(), Secret(c.key));
    });
    Result<Token> token = bench.fetch();
    fail_unless_equals_int(token.ok(), c.ok);
    if (!c.ok) {
      fail_unless(token.error().code == ErrorCode::Config);
      fail_if(token.error().message.find("words") != std::string::npos);
      continue;
    }
    fail_unless_equals_int(token->ephemeral, c.ephemeral);
    fail_if(token->expires.has_value());
  }
}
GST_END_TEST

GST_START_TEST(the_application_is_asked_in_a_thread_of_its_own) {
  AuthBench bench;
  std::atomic<GThread *> asked{nullptr};
  bench.set([&](std::shared_ptr<HttpClient>) {
    return make_request_provider(bench.loop(), [&] {
      asked = g_thread_self();
      return Secret("ek_from_app");
    });
  });
  assert_text(text(bench.fetch()), "ek_from_app");
  fail_unless(asked != nullptr && asked != g_thread_self());
  fail_if(run_in(bench.loop(), [&] { return asked == g_thread_self(); }));
}
GST_END_TEST

GST_START_TEST(an_application_without_an_answer_is_asked_again_later) {
  AuthBench bench;
  bench.set([&](std::shared_ptr<HttpClient>) {
    return make_request_provider(bench.loop(), [] { return Secret(); });
  });
  Error error = bench.error();
  fail_unless(error.code == ErrorCode::Network);
  assert_contains(error.message, "request-token");
}
GST_END_TEST

namespace {

struct Gate {
  std::mutex mutex;
  std::condition_variable condition;
  bool open = false;
  std::atomic<int> waiting{0}, passed{0};
  void wait() {
    std::unique_lock<std::mutex> lock(mutex);
    ++waiting;
    condition.wait(lock, [&] { return open; });
    ++passed;
  }
  void release() {
    std::lock_guard<std::mutex> lock(mutex);
    open = true;
    condition.notify_all();
  }
};

}  // namespace

GST_START_TEST(an_application_that_blocks_costs_one_thread_and_is_forgotten_with_its_provider) {
  auto gate = std::make_shared<Gate>();
  auto ask = [gate] {
    gate->wait();
    return Secret("ek_late");
  };
  {
    AuthBench bench;
    bench.set(
        [&](std::shared_ptr<HttpClient>) { return make_request_provider(bench.loop(), ask); });
    Awaited<Result<Token>> given_up = bench.start();
    fail_unless(wait_for([&] { return gate->waiting == 1; }));
    Awaited<Result<Token>> second = bench.start();  // the session gave the first up
    gate->release();
    auto token = second.wait();
    fail_unless(token.has_value());
    assert_text(text(*token), "ek_late");
    fail_unless_equals_int(gate->waiting, 1);
    fail_unless_equals_int(given_up.calls(), 0);
  }
  auto never = std::make_shared<Gate>();
  Awaited<Result<Token>> dropped;
  {
    AuthBench bench;
    bench.set([&](std::shared_ptr<HttpClient>) {
      return make_request_provider(bench.loop(), [never] {
        never->wait();
        return Secret("ek_late");
      });
    });
    dropped = bench.start();
    fail_unless(wait_for([&] { return never->waiting == 1; }));
    bench.drop();
  }  // the loop ends while the application still thinks
  never->release();
  fail_unless(wait_for([&] { return never.use_count() == 1; }));
  fail_unless_equals_int(dropped.calls(), 0);
}
GST_END_TEST

GST_START_TEST(a_destroyed_provider_does_not_call_back) {
  HttpFixture server([](const ServedRequest &) {
    ServedReply reply;
    reply.never = true;
    return reply;
  });
  AuthBench bench;
  use_mint(bench, mint_options(server));
  Awaited<Result<Token>> minted = bench.start();
  fail_unless(wait_for([&] { return server.requests().size() == 1; }));
  bench.drop();
  Awaited<Result<Token>> given;
  run_in(bench.loop(), [&] {
    auto provider = make_static_provider(bench.loop(), Secret("ek_1"));
    provider->fetch(given.callback());
    return true;
  });
  run_in(bench.loop(), [] { return true; });
  fail_unless_equals_int(minted.calls() + given.calls(), 0);
}
GST_END_TEST

GST_START_TEST(no_log_at_any_level_holds_a_key_or_a_token) {
  LogCapture log;
  HttpFixture server(&minted);
  {
    AuthBench bench;
    use_mint(bench, mint_options(server));
    fail_unless(bench.fetch().ok());
    bench.set([&](std::shared_ptr<HttpClient>) {
      return make_request_provider(bench.loop(), [] { return Secret("ek_from_app"); });
    });
    fail_unless(bench.fetch().ok());
  }
  std::string text = log.text();
  assert_contains(text, "openairealtime-auth: ");
  for (const char *secret : {"sk-project-1", "ek_minted", "ek_from_app"}) {
    fail_if(text.find(secret) != std::string::npos, "%s", secret);
  }
}
GST_END_TEST

OAIRT_TEST_MAIN(provider, minting_sends_what_the_service_documents,
                minting_at_azure_uses_its_header_and_a_life_is_kept_in_bounds,
                a_mint_that_cannot_be_sent_says_which_setting_is_wrong,
                a_refused_mint_has_the_services_reason_and_never_the_key,
                a_token_server_is_asked_with_its_headers_and_the_session,
                a_refusing_token_server_that_echoes_its_credential_does_not_leak_it,
                a_given_key_is_handed_out_as_it_is_and_checked,
                the_application_is_asked_in_a_thread_of_its_own,
                an_application_without_an_answer_is_asked_again_later,
                an_application_that_blocks_costs_one_thread_and_is_forgotten_with_its_provider,
                a_destroyed_provider_does_not_call_back, no_log_at_any_level_holds_a_key_or_a_token)
