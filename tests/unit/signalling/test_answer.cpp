#include "signalling/answer.h"
#include "signalling/multipart.h"
#include "support/check.h"

using namespace oairt;  // NOLINT: a test reads better without the prefix

namespace {

const char kUrl[] = "https://api.openai.com/v1/realtime/calls";

HttpResponse answer_201() {
  HttpResponse response;
  response.status = 201;
  response.content_type = "application/sdp";
  response.body = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n";
  response.headers = {{"Location", "/v1/realtime/calls/rtc_u1_9c65"}, {"X-Request-Id", "req_1"}};
  return response;
}

}  // namespace

GST_START_TEST(the_call_id_is_found_in_every_kind_of_location) {
  struct Case {
    const char *location, *id;
  };
  for (Case c :
       {Case{"/v1/realtime/calls/rtc_u1_9c65", "rtc_u1_9c65"},
        Case{"https://h/v1/realtime/calls/rtc_1?x=/rtc_2", "rtc_1"},
        Case{"/calls/rtc_1/extra/", "rtc_1"}, Case{"/rtc_1/rtc_2", "rtc_2"},
        Case{"/calls/rtc_/abc", "abc"}, Case{"/calls/rtc_", "rtc_"}, Case{"/calls/abc/", "abc"},
        Case{"rtc_1", "rtc_1"}, Case{"https://h", ""}, Case{"https://rtc_host/", ""}, Case{"/", ""},
        Case{"", ""}, Case{"?rtc_1", ""}, Case{"/calls/rtc_1#f", "rtc_1"},
        Case{"/calls/rtc_<b>", ""}, Case{"/calls/rtc_\x1b[31m", ""}}) {
    assert_text(call_id_of(c.location), c.id);
  }
}
GST_END_TEST

GST_START_TEST(an_answer_is_read_with_all_it_brings) {
  HttpResponse response = answer_201();
  response.headers.emplace_back("ETag", "\"1\"");
  Result<Answer> answer = read_answer(kUrl, response, Secret());
  fail_unless(answer.ok());
  assert_text(answer->sdp, "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n");
  assert_text(answer->call_id, "rtc_u1_9c65");
  assert_text(answer->resource, "https://api.openai.com/v1/realtime/calls/rtc_u1_9c65");
  assert_text(answer->etag, "\"1\"");
  assert_text(answer->request_id, "req_1");
}
GST_END_TEST

GST_START_TEST(a_server_may_be_lax_about_status_type_and_location) {
  HttpResponse response = answer_201();
  response.status = 200;
  response.content_type = "text/plain";
  response.headers.clear();
  Result<Answer> answer = read_answer(kUrl, response, Secret());
  fail_unless(answer.ok());
  assert_text(answer->call_id + answer->resource + answer->etag + answer->request_id, "");
}
GST_END_TEST

GST_START_TEST(a_location_at_another_origin_never_gets_the_credential) {
  for (const char *location :
       {"https://evil.example/calls/rtc_1", "http://api.openai.com/rtc_1", "//evil.example/rtc_1",
        "https://api.openai.com@evil.example/rtc_1"}) {
    HttpResponse response = answer_201();
    response.headers = {{"Location", location}};
    Result<Answer> answer = read_answer(kUrl, response, Secret());
    fail_unless(answer.ok());
    assert_text(answer->call_id, "rtc_1");
    assert_text(answer->resource, "https://api.openai.com/v1/realtime/calls/rtc_1");
  }
}
GST_END_TEST

GST_START_TEST(what_is_no_session_description_is_a_protocol_error_that_repeats_none_of_it) {
  struct Case {
    const char *type, *body;
  };
  for (Case c : {Case{"text/html", "<html>secret"}, Case{"application/sdp", ""},
                 Case{"application/sdp", "secret"}, Case{"application/json", R"({"sdp":"secret"})"},
                 Case{"", ""}}) {
    HttpResponse response = answer_201();
    response.content_type = c.type;
    response.body = c.body;
    Result<Answer> answer = read_answer(kUrl, response, Secret());
    fail_if(answer.ok());
    fail_unless(answer.error().code == ErrorCode::Protocol);
    assert_contains(answer.error().message, "api.openai.com");
    assert_contains(answer.error().detail, "req_1");
    std::string all = answer.error().message + answer.error().detail;
    fail_if(all.find("secret") != std::string::npos);
  }
  HttpResponse response = answer_201();
  response.body += std::string(kMaxAnswerSdp, 'a');
  Result<Answer> answer = read_answer(kUrl, response, Secret());
  fail_if(answer.ok());
  assert_contains(answer.error().message, "64 KiB");
  response.body.resize(kMaxAnswerSdp);
  fail_unless(read_answer(kUrl, response, Secret()).ok());
}
GST_END_TEST

GST_START_TEST(the_form_is_written_byte_for_byte_as_documented) {
  MultipartForm form = build_offer_form("v=0\r\n", R"({"type":"realtime"})");
  std::string boundary = form.content_type.substr(form.content_type.find('=') + 1);
  assert_text(form.content_type, "multipart/form-data; boundary=" + boundary);
  assert_text(form.body, "--" + boundary +
                             "\r\nContent-Disposition: form-data; name=\"sdp\"\r\n"
                             "Content-Type: application/sdp\r\n\r\n"
                             "v=0\r\n\r\n--" +
                             boundary +
                             "\r\nContent-Disposition: form-data; name=\"session\"\r\n"
                             "Content-Type: application/json\r\n\r\n"
                             "{\"type\":\"realtime\"}\r\n--" +
                             boundary + "--\r\n");
  MultipartForm alone = build_offer_form("v=0\r\n", "");
  fail_unless(alone.body.find("session") == std::string::npos);
  fail_if(alone.content_type == form.content_type);
}
GST_END_TEST

OAIRT_TEST_MAIN(answer, the_call_id_is_found_in_every_kind_of_location,
                an_answer_is_read_with_all_it_brings,
                a_server_may_be_lax_about_status_type_and_location,
                a_location_at_another_origin_never_gets_the_credential,
                what_is_no_session_description_is_a_protocol_error_that_repeats_none_of_it,
                the_form_is_written_byte_for_byte_as_documented)
