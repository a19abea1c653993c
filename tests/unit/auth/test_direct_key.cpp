// Servers that make no short-lived keys, and those that only refuse this one.
#include "auth/token_provider.h"
#include "support/http_bench.h"

using namespace oairt;        // NOLINT: a test reads better without the prefix
using namespace oairt::test;  // NOLINT

namespace {

Result<Token> fetch(const HttpFixture &server) {
  EventLoop loop{"test-loop"};
  MintOptions options;
  options.base_url = server.url("/v1");
  options.api_key = Secret("sk-project-1");
  options.timeout = std::chrono::seconds(5);
  std::unique_ptr<TokenProvider> provider;
  Awaited<Result<Token>> token;
  run_in(loop, [&] {
    provider = make_mint_provider(HttpClient::create(loop, {}), options);
    provider->fetch(token.callback());
    return true;
  });
  auto answer = token.wait();
  run_in(loop, [&] { return provider.reset(), true; });
  fail_unless(answer.has_value(), "no answer at all");
  return *answer;
}

}  // namespace

GST_START_TEST(where_nothing_is_minted_the_key_itself_will_do) {
  struct Case {
    unsigned status;
    const char *body;
    bool direct;
  };
  for (const Case &c : {
           Case{404, "Not Found", true},
           Case{404, R"({"error":{"message":"no such path","code":null}})", true},
           Case{404, R"({"detail":"Not Found"})", true},
           Case{405, "", true},
           Case{501, "", true},
           Case{404, R"({"error":{"message":"no","code":"model_not_found"}})", false},
           Case{404, R"({"error":{"message":"no","code":"DeploymentNotFound"}})", false},
           Case{403, "", false},
           Case{500, "", false},
       }) {
    LogCapture log;
    HttpFixture server([&c](const ServedRequest &) {
      ServedReply reply;
      reply.status = c.status;
      reply.body = c.body;
      return reply;
    });
    Result<Token> token = fetch(server);
    fail_unless(token.ok() == c.direct, "%u %s", c.status, c.body);
    fail_if(log.text().find("sk-project") != std::string::npos);
    if (!c.direct) continue;
    assert_text(std::string(token->value.reveal()), "sk-project-1");
    fail_unless(!token->ephemeral && !token->expires);
  }
}
GST_END_TEST

OAIRT_TEST_MAIN(direct_key, where_nothing_is_minted_the_key_itself_will_do)
