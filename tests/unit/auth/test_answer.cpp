#include "auth/token_answer.h"
#include "support/check.h"

using namespace oairt;  // NOLINT: a test reads better without the prefix

using std::chrono::seconds;

namespace {

constexpr int64_t kServer_s = 1795356000;  // Sun, 22 Nov 2026 14:00:00 GMT
const char kDate[] = "Sun, 22 Nov 2026 14:00:00 GMT";

HttpResponse response(std::string body, std::string type = "application/json") {
  HttpResponse made;
  made.status = 200;
  made.content_type = std::move(type);
  made.body = std::move(body);
  return made;
}

AnswerTime time_of(int64_t wall_clock_s, std::optional<seconds> lifetime = {}) {
  return {TimePoint() + std::chrono::hours(1), wall_clock_s, lifetime};
}

Result<Token> read(const HttpResponse &answer, std::optional<seconds> lifetime = {}) {
  return read_token_answer(answer, time_of(kServer_s, lifetime), "The token server");
}

int64_t life_s(const Result<Token> &token) {
  fail_unless(token.ok(), "%s", token.ok() ? "" : token.error().message.c_str());
  if (!token.value().expires) return -1;
  return std::chrono::duration_cast<seconds>(*token.value().expires - time_of(0).now).count();
}

}  // namespace

GST_START_TEST(every_shape_of_a_token_answer_is_read) {
  struct Case {
    const char *body, *type, *value;
    int64_t life_s;
  };
  for (Case c : {
           Case{R"({"value":"ek_1","expires_at":1795356600,"session":{"expires_at":0}})",
                "application/json", "ek_1", 600},
           Case{R"({"client_secret":{"value":"ek_2","expires_at":1795356060}})", "application/json",
                "ek_2", 60},
           Case{R"({"client_secret":"ek_3"})", "text/html", "ek_3", -1},
           Case{R"({"token":"abc.def"})", "application/json", "abc.def", -1},
           Case{R"({"token":"ek_4","expires_at":1795356060.7})", "", "ek_4", 60},
           Case{R"({"value":null,"token":"ek_5","expires_at":null})", "", "ek_5", -1},
           Case{"ek_6", "text/plain", "ek_6", -1},
           Case{"  ek_7\r\n", "text/plain", "ek_7", -1},
           Case{"ek_8", "", "ek_8", -1},
           Case{R"({"value":"  ek_9\n"})", "", "ek_9", -1},
       }) {
    Result<Token> token = read(response(c.body, c.type));
    fail_unless(token.ok(), "%s: %s", c.body, token.ok() ? "" : token.error().message.c_str());
    assert_text(std::string(token->value.reveal()), c.value);
    fail_unless(life_s(token) == c.life_s, "%s: %d s", c.body, static_cast<int>(life_s(token)));
    fail_unless(token->ephemeral == (std::string(c.value).rfind("ek_", 0) == 0));
  }
}
GST_END_TEST

GST_START_TEST(what_is_no_token_is_an_error_that_repeats_nothing_of_it) {
  for (const char *body : {"", "   ", "{}", "{\"value\":\"\"}", "{\"value\":\"hu sh\"}",
                           "{\"value\":17}", "{\"value\":\"hus\\u00e9h\"}", "{\"value\":\"hush",
                           "{\"value\":{\"value\":{}}}", "hu sh", "hush\nhush", "\"hush\"x y"}) {
    for (const char *type : {"application/json", "text/plain"}) {
      Result<Token> token = read(response(body, type));
      fail_if(token.ok(), "%s", body);
      fail_unless(token.error().code == ErrorCode::Protocol);
      assert_contains(token.error().message, "The token server");
      std::string text = token.error().message + token.error().detail;
      fail_if(text.find("hus") != std::string::npos, "%s", text.c_str());
      fail_if(text.find("hu s") != std::string::npos, "%s", text.c_str());
    }
  }
  fail_if(read(response("<html>", "text/html")).ok());
  fail_if(read(response("hush", "application/json")).ok());
  fail_if(read(response(std::string(9000, 'x'), "text/plain")).ok());
}
GST_END_TEST

GST_START_TEST(a_life_is_measured_by_the_servers_clock_and_never_longer_than_asked_for) {
  struct Case {
    int64_t wall_clock_s;
    const char *date;
    int64_t expires_at;
    int lifetime_s;  // 0: not asked for
    int64_t life_s;
  };
  for (Case c : {
           Case{kServer_s, "", kServer_s + 600, 600, 600},
           Case{0, kDate, kServer_s + 600, 600, 600},                    // our clock starts in 1970
           Case{kServer_s + 9999999, kDate, kServer_s + 600, 600, 600},  // or is far ahead
           Case{0, "", kServer_s + 600, 600, 600},  // no Date: what was asked for
           Case{kServer_s + 9999999, "", kServer_s + 600, 600, 600},
           Case{kServer_s + 100, "", kServer_s + 600, 600, 500},
           Case{kServer_s, kDate, kServer_s + 10, 600, 10},
           Case{kServer_s, kDate, kServer_s, 600, 600},
           Case{kServer_s, kDate, kServer_s + 999999, 0, 7200},
           Case{kServer_s, kDate, INT64_MAX, 0, 7200},
           Case{kServer_s + 9999999, "", kServer_s + 600, 0, 60},
           Case{kServer_s, "garbage", kServer_s + 600, 0, 600},
           Case{0, kDate, kServer_s + 100, 600, 100},
           Case{kServer_s + 9999999, kDate, kServer_s + 100, 0, 100},
       }) {
    HttpResponse answer =
        response("{\"value\":\"ek_1\",\"expires_at\":" + std::to_string(c.expires_at) + "}");
    answer.headers = {{"Date", c.date}};
    std::optional<seconds> lifetime;
    if (c.lifetime_s != 0) lifetime = seconds(c.lifetime_s);
    Result<Token> token =
        read_token_answer(answer, time_of(c.wall_clock_s, lifetime), "The token server");
    fail_unless(life_s(token) == c.life_s, "%s: %d s", answer.body.c_str(),
                static_cast<int>(life_s(token)));
  }
}
GST_END_TEST

GST_START_TEST(a_token_server_that_hands_out_expired_tokens_is_told_so) {
  HttpResponse answer =
      response("{\"value\":\"ek_1\",\"expires_at\":" + std::to_string(kServer_s - 1) + "}");
  answer.headers = {{"Date", kDate}};
  Result<Token> token = read(answer);
  fail_if(token.ok());
  assert_contains(token.error().message, "expired already");
}
GST_END_TEST

OAIRT_TEST_MAIN(answer, every_shape_of_a_token_answer_is_read,
                what_is_no_token_is_an_error_that_repeats_nothing_of_it,
                a_life_is_measured_by_the_servers_clock_and_never_longer_than_asked_for,
                a_token_server_that_hands_out_expired_tokens_is_told_so)
