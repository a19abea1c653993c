#include "stage.h"

using namespace oairt;        // NOLINT: a test reads better without the prefix
using namespace oairt::test;  // NOLINT

namespace {

struct Refused {
  const char *event;
  const char *error;  // code|param|event_id
};

void expect_refusals(Stage &stage, std::initializer_list<Refused> cases) {
  for (const auto &[event, error] : cases) {
    stage.forget();
    stage.client(event);
    fail_unless_equals_int(static_cast<int>(stage.events.size()), 1);
    std::string got = stage.error();
    fail_unless(got == error, "%s: expected %s, got %s", event, error, got.c_str());
  }
}

std::string item(const std::string &rest) {
  return R"({"type":"conversation.item.create","event_id":"c","item":{)" + rest + "}}";
}

std::string ids(const Stage &stage) {
  std::string list;
  Json state = stage.session.state();
  for (const auto &entry : state["items"].items()) {
    list += (list.empty() ? "" : " ") + entry["id"].as_string();
  }
  return list;
}

void add_user_text(Stage &stage, const std::string &id, const std::string &text) {
  stage.client(item(R"("id":")" + id +
                    R"(","type":"message","role":"user","content":[{"type":"input_text","text":")" +
                    text + R"("}])"));
}

}  // namespace

GST_START_TEST(an_update_is_merged_deeply_and_answered_in_full) {
  Stage stage;
  stage.open();
  stage.client(
      R"({"type":"session.update","session":{"type":"realtime","instructions":"Be brief.","audio":{"input":{"noise_reduction":{"type":"near_field"},"transcription":{"model":"whisper-1"}}}}})");
  stage.client(
      R"({"type":"session.update","session":{"type":"realtime","audio":{"input":{"noise_reduction":null,"turn_detection":{"type":"server_vad","threshold":0.7}},"output":{"speed":1.2}}}})");
  const Json &session = stage.last("session.updated")["session"];
  assert_text(session["instructions"].as_string(), "Be brief.");
  assert_text(session.at("audio.input.transcription.model").as_string(), "whisper-1");
  fail_unless(session.at("audio.input.noise_reduction").is_null());
  fail_unless(session.at("audio.input.turn_detection.threshold").as_double() == 0.7);
  fail_unless_equals_int(
      static_cast<int>(session.at("audio.input.turn_detection.prefix_padding_ms").as_int()), 300);
  assert_text(session.at("audio.output.voice").as_string(), "marin");
  stage.client(
      R"({"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":{"type":"semantic_vad","eagerness":"low"}}}}})");
  const Json &semantic = stage.last("session.updated").at("session.audio.input.turn_detection");
  assert_text(semantic["eagerness"].as_string(), "low");
  fail_unless(!semantic.has("threshold"));
  stage.client(
      R"({"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":null}}}})");
  fail_unless(stage.last("session.updated").at("session.audio.input.turn_detection").is_null());
}
GST_END_TEST

GST_START_TEST(a_tool_choice_is_replaced_not_merged) {
  Stage stage;
  stage.open();
  stage.client(
      R"({"type":"session.update","session":{"type":"realtime","tool_choice":{"type":"function","name":"a"}}})");
  stage.client(
      R"({"type":"session.update","session":{"type":"realtime","tool_choice":{"type":"mcp","server_label":"s"}}})");
  fail_unless(!stage.last("session.updated").at("session.tool_choice").has("name"));
}
GST_END_TEST

GST_START_TEST(updates_are_refused_as_a_whole_in_the_services_words) {
  Stage stage;
  stage.open();
  expect_refusals(
      stage,
      {{R"({"type":"session.update","event_id":"a","session":{"instructions":"x"}})",
        "missing_required_parameter|session.type|a"},
       {R"({"type":"session.update","event_id":"b","session":{"type":"realtime","modalities":["text"]}})",
        "unknown_parameter|session.modalities|b"},
       {R"({"type":"session.update","session":{"type":"realtime","audio":{"input":{"foo":1}}}})",
        "unknown_parameter|session.audio.input.foo|"},
       {R"({"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":{"type":"server_vad","threshold":2}}}}})",
        "invalid_value|session.audio.input.turn_detection.threshold|"},
       {R"({"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":{"type":"semantic_vad","threshold":0.5}}}}})",
        "unknown_parameter|session.audio.input.turn_detection.threshold|"},
       {R"({"type":"session.update","session":{"type":"realtime","audio":{"output":{"voice":"robot"}}}})",
        "invalid_value|session.audio.output.voice|"},
       {R"({"type":"session.update","session":{"type":"realtime","audio":{"output":{"speed":"fast"}}}})",
        "invalid_type|session.audio.output.speed|"},
       {R"({"type":"session.update","session":{"type":"realtime","output_modalities":["audio","text"]}})",
        "invalid_value|session.output_modalities|"},
       {R"({"type":"session.update","session":{"type":"realtime","max_output_tokens":5000}})",
        "invalid_value|session.max_output_tokens|"},
       {R"({"type":"session.update","session":{"type":"realtime","model":"gpt-realtime"}})",
        "invalid_value|session.model|"},
       {R"({"type":"session.update","session":{"type":"transcription"}})",
        "invalid_value|session.type|"},
       {R"({"type":"session.update","session":{"type":"realtime","tools":[{"type":"function"}]}})",
        "missing_required_parameter|session.tools[0].name|"},
       {R"({"type":"session.update","session":{"type":"realtime","instructions":"new","tool_choice":"maybe"}})",
        "invalid_value|session.tool_choice|"}});
  fail_unless(stage.session.state().at("config.instructions").as_string() != "new");
}
GST_END_TEST

GST_START_TEST(reasoning_is_for_models_that_reason) {
  auto old_model = Json::parse(R"({"type":"realtime","model":"gpt-realtime"})");
  Stage stage(old_model.value());
  stage.open();
  expect_refusals(
      stage,
      {{R"({"type":"session.update","session":{"type":"realtime","reasoning":{"effort":"low"}}})",
        "invalid_value|session.reasoning|"}});
  fail_unless_equals_int(
      static_cast<int>(stage.session.state()
                           .at("config.audio.input.turn_detection.silence_duration_ms")
                           .as_int()),
      200);
}
GST_END_TEST

GST_START_TEST(the_voice_is_fixed_once_it_was_heard) {
  Stage stage;
  stage.open();
  const char *change =
      R"({"type":"session.update","session":{"type":"realtime","instructions":"new","audio":{"output":{"voice":"cedar"}}}})";
  stage.client(change);
  stage.last("session.updated");
  stage.client(R"({"type":"response.create"})");
  stage.wait_for_event("response.done");
  stage.forget();
  stage.client(change);
  stage.last("session.updated");
  expect_refusals(
      stage,
      {{R"({"type":"session.update","session":{"type":"realtime","instructions":"newer","audio":{"output":{"voice":"alloy"}}}})",
        "cannot_update_voice|session.audio.output.voice|"}});
  assert_text(stage.session.state().at("config.instructions").as_string(), "new");
}
GST_END_TEST

GST_START_TEST(hostile_messages_get_an_error_and_the_session_lives) {
  Stage stage;
  stage.open();
  expect_refusals(stage, {{"{", "invalid_json||"},
                          {"[1]", "invalid_json||"},
                          {R"({"event_id":"x"})", "invalid_event||x"},
                          {R"({"type":"session.destroy","event_id":"y"})", "invalid_value|type|y"},
                          {R"({"type":"session.update"})", "missing_required_parameter|session|"}});
  stage.client(R"({"type":"session.update","session":{"type":"realtime"}})");
  stage.last("session.updated");
}
GST_END_TEST

GST_START_TEST(items_keep_their_chain) {
  Stage stage;
  stage.open();
  add_user_text(stage, "a", "one");
  assert_text(stage.story(), "conversation.item.added conversation.item.done");
  fail_unless(stage.last("conversation.item.added")["previous_item_id"].is_null());
  add_user_text(stage, "b", "two");
  assert_text(stage.last("conversation.item.done")["previous_item_id"].as_string(), "a");
  stage.client(
      R"({"type":"conversation.item.create","previous_item_id":"root","item":{"id":"first","type":"message","role":"system","content":[{"type":"input_text","text":"s"}]}})");
  stage.client(
      R"({"type":"conversation.item.create","previous_item_id":"a","item":{"id":"mid","type":"message","role":"assistant","content":[{"type":"output_text","text":"t"}]}})");
  assert_text(ids(stage), "first a mid b");
  stage.client(R"({"type":"conversation.item.delete","item_id":"mid"})");
  assert_text(stage.last("conversation.item.deleted")["item_id"].as_string(), "mid");
  add_user_text(stage, "c", "three");
  assert_text(stage.last("conversation.item.added")["previous_item_id"].as_string(), "b");
  stage.client(R"({"type":"conversation.item.retrieve","item_id":"c"})");
  assert_text(
      stage.last("conversation.item.retrieved").at("item.content").items()[0]["text"].as_string(),
      "three");
}
GST_END_TEST

GST_START_TEST(items_that_break_a_rule_are_refused) {
  Stage stage;
  stage.open();
  add_user_text(stage, "known", "x");
  std::string long_id(33, 'i');
  std::string long_text(256001, 'x');
  std::string too_long_id =
      item(R"("id":")" + long_id + R"(","type":"message","role":"user","content":[])");
  std::string too_long_text =
      item(R"("type":"message","role":"user","content":[{"type":"input_text","text":")" +
           long_text + R"("}])");
  std::string again = item(R"("id":"known","type":"message","role":"user","content":[])");
  std::string spoken = item(
      R"("type":"message","role":"assistant","content":[{"type":"output_audio","audio":"AA=="}])");
  std::string system_audio =
      item(R"("type":"message","role":"system","content":[{"type":"input_audio","audio":""}])");
  std::string no_role = item(R"("type":"message","content":[])");
  std::string no_call = item(R"("type":"function_call_output","call_id":"call_x","output":"1")");
  std::string bad_type = item(R"("type":"thought")");
  expect_refusals(
      stage,
      {{too_long_id.c_str(), "string_above_max_length|item.id|c"},
       {too_long_text.c_str(), "string_above_max_length|item.content[0].text|c"},
       {again.c_str(), "item_create_duplicate_item_id|item.id|c"},
       {spoken.c_str(), "invalid_value|item.content[0].type|c"},
       {system_audio.c_str(), "invalid_value|item.content[0].type|c"},
       {no_role.c_str(), "missing_required_parameter|item.role|c"},
       {no_call.c_str(), "invalid_tool_call_id|item.call_id|c"},
       {bad_type.c_str(), "invalid_value|item.type|c"},
       {R"({"type":"conversation.item.create","previous_item_id":"nobody","item":{"type":"message","role":"user","content":[]}})",
        "item_create_invalid_previous_item_id|previous_item_id|"},
       {R"({"type":"conversation.item.delete","item_id":"nobody"})",
        "item_delete_invalid_item_id|item_id|"},
       {R"({"type":"conversation.item.retrieve","item_id":"nobody"})",
        "item_retrieve_invalid_item_id|item_id|"},
       {R"({"type":"conversation.item.truncate","item_id":"nobody","content_index":0,"audio_end_ms":1})",
        "item_truncate_invalid_item_id|item_id|"},
       {R"({"type":"conversation.item.truncate","item_id":"known","content_index":0,"audio_end_ms":1})",
        "||"}});
  assert_text(ids(stage), "known");
}
GST_END_TEST

GST_START_TEST(assistant_audio_can_be_truncated_within_its_length) {
  Stage stage;
  stage.script.answers = {"one two three four"};  // 1 s
  stage.open();
  stage.client(R"({"type":"response.create"})");
  std::string id = stage.wait_for_event("conversation.item.done").at("item.id").as_string();
  stage.wait_for_event("output_audio_buffer.stopped");
  auto truncate = [&](int ms) {
    return R"({"type":"conversation.item.truncate","item_id":")" + id +
           R"(","content_index":0,"audio_end_ms":)" + std::to_string(ms) + "}";
  };
  std::string beyond = truncate(1001), within = truncate(400);
  expect_refusals(stage, {{beyond.c_str(), "invalid_value|audio_end_ms|"}});
  assert_text(stage.message(), "Audio content of 1000ms is already shorter than 1001ms");
  stage.client(within);
  fail_unless_equals_int(
      static_cast<int>(stage.last("conversation.item.truncated")["audio_end_ms"].as_int()), 400);
}
GST_END_TEST

GST_START_TEST(a_session_expires_with_an_error) {
  auto settings = Stage::quiet_settings();
  settings.max_age_s = 120;
  Stage stage(Json(), settings);
  stage.open();
  stage.pass(119900);
  fail_unless(!stage.expired);
  stage.pass(200);
  fail_unless(stage.expired);
  assert_text(stage.error(), "session_expired||");
  assert_text(stage.message(), "Your session hit the maximum duration of 2 minutes.");
}
GST_END_TEST

GST_START_TEST(strangers_and_padding_are_sprinkled_in) {
  sim::SessionSettings settings;
  Stage stage(Json(), settings);
  stage.open();
  for (int i = 0; i < 20; ++i) {
    stage.client(R"({"type":"response.create"})");
    stage.wait_for_event("output_audio_buffer.stopped");
    if (i < 19) stage.forget();
  }
  fail_unless(
      !stage.last("response.output_audio_transcript.delta")["obfuscation"].as_string().empty());
  for (int i = 0; i < 200 && stage.count("session.weather.observed") == 0; ++i) {
    stage.client(R"({"type":"session.update","session":{"type":"realtime"}})");
  }
  stage.last("session.weather.observed");
}
GST_END_TEST

OAIRT_TEST_MAIN(simulator_session, a_tool_choice_is_replaced_not_merged,
                an_update_is_merged_deeply_and_answered_in_full,
                updates_are_refused_as_a_whole_in_the_services_words,
                reasoning_is_for_models_that_reason, the_voice_is_fixed_once_it_was_heard,
                hostile_messages_get_an_error_and_the_session_lives, items_keep_their_chain,
                items_that_break_a_rule_are_refused,
                assistant_audio_can_be_truncated_within_its_length, a_session_expires_with_an_error,
                strangers_and_padding_are_sprinkled_in)
