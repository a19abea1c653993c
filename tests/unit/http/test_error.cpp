#include "http/credential.h"
#include "http/http_client.h"
#include "http/redact.h"
#include "http/url.h"
#include "support/check.h"

using namespace oairt;  // NOLINT: a test reads better without the prefix

using std::chrono::milliseconds;

namespace {

const char kUrl[] = "https://api.openai.com/v1/realtime/calls?secret=query";

HttpResponse response(unsigned status, std::string body, std::string type = "application/json") {
  HttpResponse made;
  made.status = status;
  made.content_type = std::move(type);
  made.body = std::move(body);
  return made;
}

std::string error_body(const char *type, const char *code, const char *message = "m") {
  return std::string("{\"error\":{\"message\":\"") + message + "\",\"type\":\"" + type +
         "\",\"param\":null,\"code\":" +
         (code != nullptr ? std::string("\"") + code + "\"" : "null") + "}}";
}

Error error_of(const HttpResponse &answer, const Secret &credential = {}) {
  return error_from_response("The call", kUrl, answer, credential);
}

}  // namespace

GST_START_TEST(each_refusal_has_the_code_that_says_what_to_do) {
  struct Case {
    unsigned status;
    std::string body;
    ErrorCode code;
    const char *words;
  };
  const Case kCases[] = {
      {401, error_body("invalid_request_error", "invalid_api_key"), ErrorCode::Auth, "api-key"},
      {401, "", ErrorCode::Auth, "expired"},
      {400, error_body("invalid_request_error", "invalid_offer"), ErrorCode::Config,
       "invalid_offer"},
      {400, error_body("invalid_request_error", "beta_api_shape_disabled"), ErrorCode::Config,
       "beta_api_shape_disabled"},
      {400, error_body("", ""), ErrorCode::Config, "400"},
      {403, error_body("x", "unsupported_country_region_territory"), ErrorCode::Config, "country"},
      {403, error_body("x", "account_deactivated"), ErrorCode::Auth, "key"},
      {404, error_body("invalid_request_error", "model_not_found"), ErrorCode::Config,
       "Check model"},
      {404, "<html>", ErrorCode::Config, "base-url"},
      {405, error_body("", nullptr), ErrorCode::Config, "base-url"},
      {413, "", ErrorCode::Config, "413"},
      {402, "", ErrorCode::Quota, "billing"},
      {429, error_body("insufficient_quota", nullptr), ErrorCode::Quota, "credit"},
      {429, error_body("x", "credit_balance_exhausted"), ErrorCode::Quota, "credit"},
      {403, error_body("x", "billing_hard_limit_reached"), ErrorCode::Quota, "credit"},
      {429, error_body("rate_limit_error", "rate_limit_exceeded"), ErrorCode::Busy, "later"},
      {429, "", ErrorCode::Busy, "429"},
      {503, error_body("service_unavailable_error", "server_is_overloaded"), ErrorCode::Busy,
       "503"},
      {503, "<html>", ErrorCode::Busy, "503"},
      {500, error_body("server_error", nullptr), ErrorCode::Network, "500"},
      {502, "<html>", ErrorCode::Network, "502"},
      {504, "", ErrorCode::Network, "504"},
      {520, "", ErrorCode::Network, "520"},
      {408, "", ErrorCode::Network, "408"},
      {501, "", ErrorCode::Config, "501"},
      {301, "", ErrorCode::Config, "301"},
      {202, "", ErrorCode::Protocol, "202"},
      {401, R"({"statusCode":401,"message":"Access denied"})", ErrorCode::Auth, "key"},
      {400, R"({"error":"some text"})", ErrorCode::Config, "400"},
      {400, "[[[[", ErrorCode::Config, "400"},
      {400, R"({"error":{"code":429,"type":{},"message":[]}})", ErrorCode::Config, "400"},
  };
  for (const Case &c : kCases) {
    Error error = error_of(response(c.status, c.body));
    fail_unless(error.code == c.code, "%u %s: %s, %s", c.status, c.body.c_str(),
                to_string(error.code), error.message.c_str());
    assert_contains(error.message, c.words);
    assert_contains(error.message, "The call ");
    assert_contains(error.message, "api.openai.com");
    assert_contains(error.detail, "HTTP " + std::to_string(c.status));
    fail_if((error.message + error.detail).find("secret") != std::string::npos);
  }
}
GST_END_TEST

GST_START_TEST(html_is_said_to_be_no_json) {
  Error error = error_of(response(404, "<html>x</html>", "text/html"));
  assert_contains(error.detail, "the answer is text/html, not JSON: is base-url right?");
  error = error_of(response(502, "<html>x</html>", "text/html"));
  assert_contains(error.detail, "the answer is text/html, not JSON");
}
GST_END_TEST

GST_START_TEST(a_redirect_names_where_it_would_lead_and_no_path) {
  HttpResponse moved = response(308, "");
  moved.headers = {{"location", "https://other.example/v1?token=secret"}};
  Error error = error_of(moved);
  assert_contains(error.message, "redirected by api.openai.com (308) to other.example");
  fail_if(error.message.find("secret") != std::string::npos);
}
GST_END_TEST

GST_START_TEST(the_services_own_words_code_and_request_id_are_in_the_detail) {
  HttpResponse answer = response(
      400,
      R"({"error":{"message":"Bad\nvoice.","type":"invalid_request_error","param":"session.audio.output.voice","code":"invalid_value"}})");
  answer.headers = {{"X-Request-Id", "req_0123456789abcdef0123456789abcdef"}};
  Error error = error_of(answer);
  assert_text(error.service_code, "invalid_value");
  assert_text(error.detail,
              "HTTP 400, invalid_request_error, invalid_value, session.audio.output.voice: Bad "
              "voice. (request req_0123456789abcdef0123456789abcdef)");
  assert_contains(error.message, "session.audio.output.voice");
}
GST_END_TEST

GST_START_TEST(retry_after_is_read_in_seconds_milliseconds_and_as_a_date) {
  struct Case {
    const char *name, *value;
    int64_t expected_ms;  // -1: none
  };
  const Case kCases[] = {
      {"Retry-After", "7", 7000},
      {"retry-after", "0", 0},
      {"Retry-After-Ms", "250", 250},
      {"Retry-After", "Sun, 22 Nov 2026 14:00:30 GMT", 30000},
      {"Retry-After", "Sun, 22 Nov 2026 13:00:00 GMT", 0},
      {"Retry-After", "999999999", 3600000},
      {"Retry-After", "99999999999999999999999", -1},
      {"Retry-After", "-5", -1},
      {"Retry-After", "soon", -1},
      {"Retry-After", "", -1},
  };
  for (const Case &c : kCases) {
    HttpResponse answer = response(429, "");
    answer.headers = {{"Date", "Sun, 22 Nov 2026 14:00:00 GMT"}, {c.name, c.value}};
    Error error = error_of(answer);
    int64_t actual = error.retry_after ? error.retry_after->count() : -1;
    fail_unless(actual == c.expected_ms, "%s: %" G_GINT64_FORMAT, c.value, actual);
  }
  HttpResponse refused = response(401, "");
  refused.headers = {{"Retry-After", "7"}};
  fail_if(error_of(refused).retry_after.has_value());
}
GST_END_TEST

GST_START_TEST(a_key_that_the_service_echoes_is_masked) {
  struct Case {
    const char *text, *hidden;
  };
  Secret credential("my+odd=credential");
  for (Case c :
       {Case{"Incorrect API key provided: sk-proj-abcDEF123. You can", "abcDEF"},
        Case{"key sk-pro********************1234.", "1234"},
        Case{"(ek_68af296e8e408191a1120ab6383263c2)", "68af"},
        Case{"given my+odd=credential here", "odd"}, Case{"header Bearer abc.def", "abc.def"},
        Case{"key 0123456789abcdef0123456789abcdef", "89ab"},
        Case{"jwt eyJhbGciOi.eyJzdWIi.c2ln", "eyJ"}, Case{"url=https://h/?k=sk-abc&x", "sk-abc"},
        Case{"partly my****23 shown", "23"}}) {
    std::string text = redact(c.text, credential);
    fail_if(text.find(c.hidden) != std::string::npos, "%s", text.c_str());
    assert_contains(text, "[hidden]");
    Error error = error_of(response(401, error_body("t", "c", c.text)), credential);
    fail_if(error.detail.find(c.hidden) != std::string::npos, "%s", error.detail.c_str());
  }
}
GST_END_TEST

GST_START_TEST(what_is_no_key_is_left_readable) {
  for (const char *text :
       {"The model `gpt-4o-realtime-preview-2024-12-17` does not exist",
        "task-force, risk-free, week_1, a-sk", "session.audio.input.turn_detection",
        "call rtc_u1_9c6574da8b8a41a18da9308f4ad974ce", "Größe prüfen"}) {
    assert_text(redact(text), text);
  }
}
GST_END_TEST

GST_START_TEST(hostile_text_becomes_printable_and_short) {
  std::string bad("a\0b\x1b[31m\xff\xfe\r\nc", 13);
  std::string text = redact(bad);
  for (char c : text) fail_if(static_cast<unsigned char>(c) < 0x20);
  fail_unless(g_utf8_validate(text.data(), text.size(), nullptr));
  std::string wide;
  for (int i = 0; i < 5000; ++i) wide += "ü ";
  text = redact(wide);
  fail_unless(text.size() <= 303 && g_utf8_validate(text.data(), text.size(), nullptr));
  fail_unless(error_of(response(500, std::string(1 << 20, '{'))).detail.size() < 500);
  std::string code = R"({"error":{"code":"sk-abcdef","type":"a b\nc","param":"ek_1234"}})";
  Error error = error_of(response(400, code));
  fail_if((error.detail + error.message + error.service_code).find("sk-") != std::string::npos);
  fail_if((error.detail + error.message).find("ek_") != std::string::npos);
}
GST_END_TEST

GST_START_TEST(urls_are_joined_and_followed_within_their_origin_only) {
  assert_text(join_url("https://h/v1", "realtime/calls"), "https://h/v1/realtime/calls");
  assert_text(join_url("https://h/v1/", "realtime/calls"), "https://h/v1/realtime/calls");
  assert_text(join_url("https://h", "x"), "https://h/x");
  assert_text(join_url("https://h/v1?api-version=1#f", "x"), "https://h/v1/x?api-version=1");
  const char base[] = "https://h/v1/realtime/calls";
  assert_text(resolve_location(base, "/v1/realtime/calls/rtc_1"),
              "https://h/v1/realtime/calls/rtc_1");
  assert_text(resolve_location(base, "calls/rtc_1"), "https://h/v1/realtime/calls/rtc_1");
  assert_text(resolve_location(base, "https://H:443/x"), "");
  assert_text(resolve_location(base, "https://h/x"), "https://h/x");
  for (const char *elsewhere : {"https://evil/x", "http://h/x", "https://h:444/x", "//evil/x",
                                "https://h@evil/x", "javascript:1", "/a b", ""}) {
    assert_text(resolve_location(base, elsewhere), "");
  }
}
GST_END_TEST

GST_START_TEST(a_credential_becomes_the_header_that_its_service_wants) {
  struct Case {
    const char *key;
    bool azure;
    const char *name, *value;
  };
  for (Case c :
       {Case{"sk-1", false, "Authorization", "Bearer sk-1"},
        Case{"ek_1", false, "Authorization", "Bearer ek_1"}, Case{"0123", true, "api-key", "0123"},
        Case{"ek_1", true, "Authorization", "Bearer ek_1"},
        Case{"eyJ0.e30.c2", true, "Authorization", "Bearer eyJ0.e30.c2"}}) {
    HttpHeader header = credential_header(Secret(c.key), c.azure);
    assert_text(header.name, c.name);
    assert_text(std::string(header.value.reveal()), c.value);
  }
}
GST_END_TEST

OAIRT_TEST_MAIN(error, each_refusal_has_the_code_that_says_what_to_do, html_is_said_to_be_no_json,
                a_redirect_names_where_it_would_lead_and_no_path,
                the_services_own_words_code_and_request_id_are_in_the_detail,
                retry_after_is_read_in_seconds_milliseconds_and_as_a_date,
                a_key_that_the_service_echoes_is_masked, what_is_no_key_is_left_readable,
                hostile_text_becomes_printable_and_short,
                urls_are_joined_and_followed_within_their_origin_only,
                a_credential_becomes_the_header_that_its_service_wants)
