#include <algorithm>

#include "stage.h"

using namespace oairt;        // NOLINT: a test reads better without the prefix
using namespace oairt::test;  // NOLINT

namespace {

Json semantic() {
  auto json = Json::parse(
      R"({"type":"realtime","audio":{"input":{"turn_detection":{"type":"semantic_vad"}}}})");
  return json.value();
}

Json manual() {
  auto json = Json::parse(R"({"type":"realtime","audio":{"input":{"turn_detection":null}}})");
  return json.value();
}

std::string joined(const Stage &stage, const std::string &type, const char *member) {
  std::string text;
  for (const auto &event : stage.events) {
    if (event["type"].as_string() == type) text += event[member].as_string();
  }
  return text;
}

std::size_t place(const Stage &stage, const std::string &type) {
  auto types = stage.types();
  return static_cast<std::size_t>(std::find(types.begin(), types.end(), type) - types.begin());
}

const char *kTurn =
    "input_audio_buffer.speech_started input_audio_buffer.speech_stopped "
    "input_audio_buffer.committed conversation.item.added conversation.item.done response.created "
    "response.output_item.added conversation.item.added response.content_part.added "
    "response.output_audio_transcript.delta output_audio_buffer.started "
    "response.output_audio_transcript.delta response.output_audio.done "
    "response.output_audio_transcript.done response.content_part.done conversation.item.done "
    "response.output_item.done response.done output_audio_buffer.stopped";

}  // namespace

GST_START_TEST(a_session_opens_with_its_full_configuration) {
  Stage stage;
  stage.session.open(stage.now, 1756320000);
  assert_text(stage.story(), "session.created conversation.created");
  const Json &session = stage.last("session.created")["session"];
  fail_unless(session["expires_at"].as_int() == 1756323600);
  assert_text(session.at("audio.input.turn_detection.type").as_string(), "server_vad");
  assert_text(session["model"].as_string(), "gpt-realtime-2.1");
}
GST_END_TEST

GST_START_TEST(a_spoken_turn_has_the_services_order) {
  Stage stage;
  stage.open();
  stage.be_quiet(1000);
  stage.say_something(1500);
  stage.be_quiet(600);
  stage.wait_for_event("output_audio_buffer.stopped");
  assert_text(stage.story(), kTurn);
  fail_unless_equals_int(stage.last("input_audio_buffer.speech_started")["audio_start_ms"].as_int(),
                         700);
  fail_unless_equals_int(stage.last("input_audio_buffer.speech_stopped")["audio_end_ms"].as_int(),
                         3000);
  assert_text(joined(stage, "response.output_audio_transcript.delta", "delta"),
              "I heard 1.5 seconds of speech. This is answer number 1.");
  assert_text(stage.last("response.output_audio_transcript.done")["transcript"].as_string(),
              "I heard 1.5 seconds of speech. This is answer number 1.");
  const Json &response = stage.last("response.done")["response"];
  assert_text(response["status"].as_string(), "completed");
  fail_unless(response.at("usage.output_token_details.audio_tokens").as_int() > 0);
  fail_unless_equals_int(stage.count("rate_limits.updated"), 1);
}
GST_END_TEST

GST_START_TEST(an_interruption_after_response_done_clears_and_truncates) {
  Stage stage;
  stage.script.answers = {"one two three four five six seven eight"};  // 2 s
  stage.open();
  stage.client(R"({"type":"response.create"})");
  stage.wait_for_event("response.done");
  stage.pass(500);
  stage.forget();
  stage.say_something(100);
  auto types = stage.types();
  fail_unless_equals_int(static_cast<int>(types.size()), 3);
  assert_text(types[0], "input_audio_buffer.speech_started");
  fail_unless_equals_int(stage.count("output_audio_buffer.cleared"), 1);
  auto heard_ms = stage.last("conversation.item.truncated")["audio_end_ms"].as_int();
  fail_unless(heard_ms > 500 && heard_ms < 1500, "%d", static_cast<int>(heard_ms));
  stage.be_quiet(400);
  fail_unless_equals_int(stage.count("output_audio_buffer.stopped"), 0);
}
GST_END_TEST

GST_START_TEST(an_interruption_of_the_generation_cancels_the_response) {
  auto settings = Stage::quiet_settings();
  settings.generation_speed = 1;
  Stage stage(Json(), settings);
  stage.script.answers = {"one two three four five six seven eight"};
  stage.open();
  stage.client(R"({"type":"response.create"})");
  stage.wait_for_event("output_audio_buffer.started");
  stage.pass(700);
  stage.forget();
  stage.say_something(100);
  const Json &response = stage.last("response.done")["response"];
  assert_text(response["status"].as_string(), "cancelled");
  assert_text(response.at("status_details.reason").as_string(), "turn_detected");
  fail_unless_equals_int(stage.count("output_audio_buffer.cleared"), 1);
  fail_unless_equals_int(stage.count("conversation.item.truncated"), 1);
  auto started = place(stage, "input_audio_buffer.speech_started");
  fail_unless(started < place(stage, "response.output_audio.done"));
  fail_unless(started < place(stage, "output_audio_buffer.cleared"));
  std::string said = stage.last("response.output_audio_transcript.done")["transcript"].as_string();
  fail_unless(said.starts_with("one two") && said.find("eight") == std::string::npos);
}
GST_END_TEST

GST_START_TEST(the_order_of_an_interruption_differs_from_one_to_the_next) {
  auto settings = Stage::quiet_settings();
  settings.generation_speed = 1;
  Stage stage(Json(), settings);
  stage.script.answers = {"one two three four five six seven eight"};
  stage.open();
  std::set<std::string> orders;
  for (int i = 0; i < 12; ++i) {
    stage.client(R"({"type":"response.create"})");
    stage.wait_for_event("output_audio_buffer.started");
    stage.forget();
    stage.session.force_speech(true, stage.now);
    orders.insert(stage.story());
    stage.client(R"({"type":"input_audio_buffer.clear"})");
    stage.forget();
  }
  fail_unless(orders.size() >= 3, "only %d orders", static_cast<int>(orders.size()));
}
GST_END_TEST

GST_START_TEST(turn_detection_decides_when_a_turn_ends) {
  Stage eager;
  eager.open();
  eager.say_something(500);
  eager.be_quiet(480);
  fail_unless_equals_int(eager.count("input_audio_buffer.speech_stopped"), 0);
  eager.be_quiet(40);
  fail_unless_equals_int(eager.count("input_audio_buffer.speech_stopped"), 1);

  Stage patient(semantic());
  patient.open();
  patient.say_something(500);
  patient.be_quiet(1100);
  fail_unless_equals_int(patient.count("input_audio_buffer.speech_stopped"), 0);
  patient.be_quiet(200);
  fail_unless_equals_int(patient.count("input_audio_buffer.speech_stopped"), 1);
}
GST_END_TEST

GST_START_TEST(without_turn_detection_the_client_commits) {
  Stage stage(manual());
  stage.open();
  stage.client(R"({"type":"input_audio_buffer.commit","event_id":"c1"})");
  assert_text(stage.error(), "input_audio_buffer_commit_empty||c1");
  stage.forget();
  stage.say_something(1000);
  stage.be_quiet(2000);
  assert_text(stage.story(), "");
  stage.client(R"({"type":"input_audio_buffer.commit"})");
  assert_text(stage.story(),
              "input_audio_buffer.committed conversation.item.added conversation.item.done");
  stage.client(R"({"type":"response.create"})");
  stage.wait_for_event("response.done");
  assert_text(joined(stage, "response.output_audio_transcript.delta", "delta"),
              "I heard 1.0 seconds of speech. This is answer number 1.");
  stage.forget();
  stage.say_something(1000);
  stage.client(R"({"type":"input_audio_buffer.clear"})");
  stage.client(R"({"type":"input_audio_buffer.commit"})");
  assert_text(stage.error(), "input_audio_buffer_commit_empty||");
}
GST_END_TEST

GST_START_TEST(create_response_and_interrupt_response_can_be_off) {
  Stage stage;
  stage.script.answers = {"one two three four five six seven eight"};
  stage.open();
  stage.client(
      R"({"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":{"type":"server_vad","create_response":false,"interrupt_response":false}}}}})");
  stage.client(R"({"type":"response.create"})");
  stage.wait_for_event("response.done");
  stage.forget();
  stage.say_something(300);
  stage.be_quiet(1000);
  fail_unless_equals_int(stage.count("output_audio_buffer.cleared"), 0);
  fail_unless_equals_int(stage.count("response.created"), 0);
  fail_unless_equals_int(stage.count("input_audio_buffer.committed"), 1);
}
GST_END_TEST

GST_START_TEST(silence_after_an_answer_can_trigger_a_turn) {
  Stage stage;
  stage.open();
  stage.client(
      R"({"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":{"type":"server_vad","idle_timeout_ms":5000}}}}})");
  stage.client(R"({"type":"response.create"})");
  stage.wait_for_event("output_audio_buffer.stopped");
  stage.forget();
  stage.be_quiet(4900);
  assert_text(stage.story(), "");
  stage.be_quiet(200);
  const Json &timeout = stage.last("input_audio_buffer.timeout_triggered");
  auto length_ms = timeout["audio_end_ms"].as_int() - timeout["audio_start_ms"].as_int();
  fail_unless(length_ms > 4800 && length_ms <= 5000);
  fail_unless_equals_int(stage.count("response.created"), 1);
}
GST_END_TEST

GST_START_TEST(transcripts_come_late_and_only_if_wanted) {
  Stage stage;
  stage.script.heard = {"Hello, can you hear me?", "And now?"};
  stage.open();
  stage.say_something(500);
  stage.be_quiet(600);
  stage.wait_for_event("output_audio_buffer.stopped");
  fail_unless(stage.story().find("transcription") == std::string::npos);
  stage.client(
      R"({"type":"session.update","session":{"type":"realtime","audio":{"input":{"transcription":{"model":"gpt-4o-mini-transcribe"}}}}})");
  stage.order("transcription_late", "5");
  stage.say_something(500);
  stage.be_quiet(600);
  stage.forget();
  stage.pass(4000);
  fail_unless(stage.story().find("transcription") == std::string::npos);
  stage.wait_for_event("conversation.item.input_audio_transcription.completed");
  assert_text(joined(stage, "conversation.item.input_audio_transcription.delta", "delta"),
              "And now?");
  stage.order("transcription_failed");
  stage.say_something(500);
  stage.be_quiet(600);
  stage.wait_for_event("conversation.item.input_audio_transcription.failed");
}
GST_END_TEST

GST_START_TEST(the_whole_turn_is_kept_for_the_echo) {
  auto settings = Stage::quiet_settings();
  settings.keep_user_audio = true;
  Stage stage(Json(), settings);
  stage.open();
  stage.be_quiet(3000);
  stage.say_something(1000);
  stage.be_quiet(600);
  stage.wait_for_event("response.created");
  auto kept_ms = stage.speeches.at(0).user_pcm.size() * 1000 / sim::kSampleRate;
  fail_unless(kept_ms >= 1700 && kept_ms <= 2100, "%d ms", static_cast<int>(kept_ms));
}
GST_END_TEST

GST_START_TEST(a_transcription_session_never_answers) {
  auto config = Json::parse(
      R"({"type":"transcription","audio":{"input":{"transcription":{"model":"gpt-4o-transcribe"}}}})");
  Stage stage(config.value());
  stage.open();
  stage.say_something(500);
  stage.be_quiet(600);
  stage.wait_for_event("conversation.item.input_audio_transcription.completed");
  stage.pass(1000);
  fail_unless_equals_int(stage.count("response.created"), 0);
  stage.client(R"({"type":"response.create","event_id":"r"})");
  assert_text(stage.error(), "||r");
}
GST_END_TEST

OAIRT_TEST_MAIN(simulator_turns, a_session_opens_with_its_full_configuration,
                a_spoken_turn_has_the_services_order,
                an_interruption_after_response_done_clears_and_truncates,
                an_interruption_of_the_generation_cancels_the_response,
                the_order_of_an_interruption_differs_from_one_to_the_next,
                turn_detection_decides_when_a_turn_ends, without_turn_detection_the_client_commits,
                create_response_and_interrupt_response_can_be_off,
                silence_after_an_answer_can_trigger_a_turn,
                transcripts_come_late_and_only_if_wanted, the_whole_turn_is_kept_for_the_echo,
                a_transcription_session_never_answers)
