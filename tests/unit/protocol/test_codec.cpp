#include "protocol/codec.h"
#include "support/check.h"

using namespace oairt;  // NOLINT: a test reads better without the prefix

namespace {

template <typename Event>
Event parse(const char *text) {
  auto event = parse_server_event(text);
  fail_unless(event.ok(), "%s", text);
  const auto *body = std::get_if<Event>(&event.value().body);
  fail_unless(body != nullptr, "wrong alternative for %s", text);
  return *body;
}

ClientEventRefusal refusal(const char *text) {
  auto event = parse_client_event(text);
  fail_unless(std::holds_alternative<ClientEventRefusal>(event), "accepted %s", text);
  return std::get<ClientEventRefusal>(event);
}

}  // namespace

GST_START_TEST(the_events_of_a_turn_are_read) {
  auto created = parse<SessionCreated>(
      R"({"type":"session.created","event_id":"event_1","session":{"id":"sess_1","model":"m","expires_at":1756324625}})");
  assert_text(created.session_id, "sess_1");
  fail_unless(created.expires_at == 1756324625);
  auto started = parse<SpeechStarted>(
      R"({"type":"input_audio_buffer.speech_started","event_id":"e","audio_start_ms":1000,"item_id":"item_u"})");
  fail_unless_equals_int(started.audio_start_ms, 1000);
  auto delta = parse<OutputTranscriptDelta>(
      R"({"type":"response.output_audio_transcript.delta","response_id":"r","item_id":"i","output_index":0,"content_index":0,"delta":"Hello","obfuscation":"xx"})");
  assert_text(delta.delta, "Hello");
  auto done = parse<ResponseDone>(
      R"({"type":"response.done","response":{"id":"r","status":"failed","status_details":{"type":"failed","error":{"type":"t","code":"insufficient_quota","message":"m"}},"usage":{"total_tokens":253},"output":[{"id":"i"}]}})");
  assert_text(done.status, "failed");
  assert_text(done.error_code, "insufficient_quota");
  fail_unless_equals_int(done.usage["total_tokens"].as_int(), 253);
  fail_unless_equals_int(done.output.size(), 1);
  auto error = parse<ServerError>(
      R"({"type":"error","event_id":"e","error":{"type":"invalid_request_error","code":null,"message":"m","param":null,"event_id":"mine"}})");
  assert_text(error.code, "");
  assert_text(error.client_event_id, "mine");
}
GST_END_TEST

GST_START_TEST(an_unknown_type_is_a_value) {
  auto event = parse_server_event(R"({"type":"response.hologram.delta","event_id":"e"})");
  fail_unless(event.ok());
  fail_unless(std::holds_alternative<OtherEvent>(event.value().body));
  assert_text(event.value().type, "response.hologram.delta");
}
GST_END_TEST

GST_START_TEST(members_of_the_wrong_type_are_defaults) {
  auto started = parse<SpeechStarted>(
      R"({"type":"input_audio_buffer.speech_started","audio_start_ms":"soon","item_id":[1]})");
  fail_unless_equals_int(started.audio_start_ms, 0);
  assert_text(started.item_id, "");
  auto limits = parse<RateLimitsUpdated>(R"({"type":"rate_limits.updated","rate_limits":"none"})");
  fail_unless(limits.rate_limits.empty());
}
GST_END_TEST

GST_START_TEST(text_that_is_no_event_is_an_error) {
  for (const char *text : {"", "[]", "1", "{}", R"({"type":1})", "{\"type\":\"x\"", "<html>"}) {
    fail_if(parse_server_event(text).ok(), "accepted %s", text);
  }
}
GST_END_TEST

GST_START_TEST(client_events_round_trip) {
  Json item = Json::object({{"type", "message"}, {"role", "user"}});
  ClientEvent event{"mine", ItemCreate{item, "root"}};
  auto parsed = parse_client_event(build_client_event(event));
  fail_unless(std::holds_alternative<ClientEvent>(parsed));
  const auto &create = std::get<ItemCreate>(std::get<ClientEvent>(parsed).body);
  assert_text(create.previous_item_id, "root");
  fail_unless(create.item == item);
  assert_text(std::get<ClientEvent>(parsed).event_id, "mine");
  assert_text(build_client_event({"", ResponseCreate{}}), R"({"type":"response.create"})");
}
GST_END_TEST

GST_START_TEST(refusals_use_the_services_words) {
  assert_text(refusal("{}").message, "The 'type' field is missing.");
  assert_text(refusal(R"({"event_id":"c"})").client_event_id, "c");
  auto unknown = refusal(R"({"type":"session.close"})");
  assert_text(unknown.code, "invalid_value");
  assert_text(unknown.param, "type");
  assert_contains(unknown.message, "'conversation.item.create'");
  assert_text(refusal(R"({"type":"session.update"})").code, "missing_required_parameter");
}
GST_END_TEST

GST_START_TEST(what_an_application_sends_is_checked_first) {
  fail_unless(check_client_event(R"({"type":"response.create"})", 100).ok());
  assert_contains(check_client_event(R"({"type":"response.create"})", 10).error().message,
                  "at most 10");
  assert_contains(check_client_event("{", 100).error().message, "not valid JSON");
  assert_contains(check_client_event("[]", 100).error().message, "not a JSON object");
  assert_contains(check_client_event("{\"a\":1}", 100).error().message, "no \"type\"");
  assert_contains(check_client_event(R"({"type":"nonsense"})", 100).error().message,
                  "'session.update'");
  assert_contains(check_client_event(R"({"type":"session.update"})", 100).error().message,
                  "lacks \"session\"");
}
GST_END_TEST

OAIRT_TEST_MAIN(codec, the_events_of_a_turn_are_read, an_unknown_type_is_a_value,
                members_of_the_wrong_type_are_defaults, text_that_is_no_event_is_an_error,
                client_events_round_trip, refusals_use_the_services_words,
                what_an_application_sends_is_checked_first)
