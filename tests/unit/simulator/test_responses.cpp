#include "stage.h"

using namespace oairt;        // NOLINT: a test reads better without the prefix
using namespace oairt::test;  // NOLINT

namespace {

const char *kTools =
    R"({"type":"session.update","session":{"type":"realtime","tools":[{"type":"function","name":"get_weather","parameters":{"type":"object"}}]}})";

void ask(Stage &stage, const std::string &text) {
  stage.client(
      R"({"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":")" +
      text + R"("}]}})");
  stage.client(R"({"type":"response.create"})");
  stage.wait_for_event("response.done");
}

std::string answer(Stage &stage) {
  return stage.last("response.output_audio_transcript.done")["transcript"].as_string();
}

std::string status(Stage &stage) {
  const Json &response = stage.last("response.done")["response"];
  return response["status"].as_string() + "|" + response.at("status_details.reason").as_string() +
         "|" + response.at("status_details.error.code").as_string();
}

}  // namespace

GST_START_TEST(answers_quote_texts_and_recall_the_history) {
  Stage stage;
  stage.open();
  ask(stage, "Hello there");
  assert_text(answer(stage), "You wrote: \"Hello there\". This is answer number 1.");
  stage.script.heard = {"My name is Ada.", "Do you remember my name?"};
  for (int turn = 0; turn < 2; ++turn) {
    stage.wait_for_event("output_audio_buffer.stopped");
    stage.forget();
    stage.say_something(500);
    stage.be_quiet(600);
    stage.wait_for_event("response.done");
  }
  assert_text(answer(stage), "You said before: Hello there; My name is Ada.");
  stage.script.answers = {"Yes.", "No."};
  for (const char *expected : {"Yes.", "No.", "Yes."}) {
    stage.wait_for_event("output_audio_buffer.stopped");
    stage.forget();
    ask(stage, "Well?");
    assert_text(answer(stage), expected);
  }
}
GST_END_TEST

GST_START_TEST(only_one_response_of_the_conversation_runs_at_a_time) {
  Stage stage;
  stage.open();
  stage.client(R"({"type":"response.cancel","event_id":"idle"})");
  assert_text(stage.error(), "response_cancel_not_active||idle");
  stage.forget();
  stage.client(R"({"type":"response.create"})");
  std::string id = stage.last("response.created").at("response.id").as_string();
  stage.client(R"({"type":"response.create","event_id":"busy"})");
  assert_text(stage.error(), "conversation_already_has_active_response||busy");
  assert_contains(stage.message(), id);
  stage.client(
      R"({"type":"response.create","response":{"conversation":"none","output_modalities":["text"],"metadata":{"topic":"a"},"input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"Classify."}]}]}})");
  stage.wait_for_event("response.output_text.done");
  assert_text(stage.last("response.output_text.done")["text"].as_string(),
              "You wrote: \"Classify.\". This is answer number 2.");
  stage.pass(2000);
  Json state = stage.session.state();
  fail_unless_equals_int(static_cast<int>(state["items"].items().size()), 1);
  fail_unless_equals_int(stage.count("response.done"), 2);
}
GST_END_TEST

GST_START_TEST(a_cancelled_response_plays_out_what_it_has_until_it_is_cleared) {
  auto settings = Stage::quiet_settings();
  settings.generation_speed = 2;
  Stage stage(Json(), settings);
  stage.script.answers = {"one two three four five six seven eight"};
  stage.open();
  stage.client(R"({"type":"response.create"})");
  stage.wait_for_event("output_audio_buffer.started");
  stage.pass(400);
  stage.client(R"({"type":"response.cancel"})");
  assert_text(status(stage), "cancelled|client_cancelled|");
  fail_unless_equals_int(stage.count("output_audio_buffer.stopped"), 0);
  stage.wait_for_event("output_audio_buffer.stopped");
  stage.forget();

  stage.client(R"({"type":"response.create"})");
  stage.wait_for_event("output_audio_buffer.started");
  stage.client(R"({"type":"response.cancel"})");
  stage.client(R"({"type":"output_audio_buffer.clear"})");
  stage.last("output_audio_buffer.cleared");
  stage.pass(3000);
  fail_unless_equals_int(stage.count("output_audio_buffer.stopped"), 0);
}
GST_END_TEST

GST_START_TEST(a_text_session_writes) {
  auto config = Json::parse(R"({"type":"realtime","output_modalities":["text"]})");
  Stage stage(config.value());
  stage.open();
  ask(stage, "Hi");
  assert_text(stage.last("response.output_text.done")["text"].as_string(),
              "You wrote: \"Hi\". This is answer number 1.");
  fail_unless(stage.speeches.empty());
  fail_unless_equals_int(stage.count("output_audio_buffer.started"), 0);
}
GST_END_TEST

GST_START_TEST(two_functions_are_called_in_one_response) {
  Stage stage;
  stage.script.tool_calls = {{"get_weather", "{}"}, {"get_weather", R"({"b":1})", true}};
  stage.open();
  stage.client(kTools);
  ask(stage, "Weather?");
  fail_unless_equals_int(stage.count("response.function_call_arguments.done"), 2);
  fail_unless_equals_int(stage.count("response.output_item.done"), 2);
  const Json &response = stage.last("response.done")["response"];
  fail_unless_equals_int(response["output"].items().size(), 2);
  assert_text(response["output"].items()[1]["arguments"].as_string(), R"({"b":1})");
}
GST_END_TEST

GST_START_TEST(pictures_are_taken_or_refused) {
  Stage stage;
  stage.open();
  auto send = [&](const std::string &url, const std::string &more = "") {
    stage.forget();
    stage.client(
        R"({"type":"conversation.item.create","item":{"type":"message","role":"user","content":)"
        R"([{"type":"input_image","image_url":")" +
        url + "\"" + more + "}]}}");
    return stage.count("conversation.item.done") == 1;
  };
  fail_unless(send("data:image/png;base64,iVBORw0KGgoAAAAN"));
  fail_unless(send("data:image/jpeg;base64,/9j/4AAQSkZJRgAB", R"(,"detail":"low")"));
  fail_if(send("data:image/jpeg;base64,iVBORw0KGgoAAAAN"));
  fail_if(send("data:image/png;base64,iVBORw0KGgo*AAAN"));
  fail_if(send("https://example.com/cat.png"));
  fail_if(send("data:image/png;base64,iVBORw0KGgoAAAAN", R"(,"detail":"huge")"));
}
GST_END_TEST

GST_START_TEST(a_function_is_called_and_its_output_answered) {
  Stage stage;
  stage.script.tool_calls = {{"get_weather", R"({"location": "Paris"})"}};
  stage.open();
  ask(stage, "Weather?");  // the session has no tools yet
  fail_unless_equals_int(stage.count("response.function_call_arguments.done"), 0);
  stage.wait_for_event("output_audio_buffer.stopped");
  stage.client(kTools);
  stage.forget();
  ask(stage, "Weather?");
  assert_text(stage.story(),
              "conversation.item.added conversation.item.done response.created "
              "response.output_item.added conversation.item.added "
              "response.function_call_arguments.delta response.function_call_arguments.done "
              "conversation.item.done response.output_item.done response.done");
  const Json &call = stage.last("response.function_call_arguments.done");
  assert_text(call["name"].as_string(), "get_weather");
  assert_text(call["arguments"].as_string(), R"({"location": "Paris"})");
  std::string call_id = call["call_id"].as_string();
  stage.pass(1000);
  fail_unless_equals_int(stage.count("response.created"), 1);  // nothing follows by itself
  stage.client(
      R"({"type":"conversation.item.create","item":{"type":"function_call_output","call_id":")" +
      call_id + R"(","output":"sunny"}})");
  stage.forget();
  stage.client(R"({"type":"response.create"})");
  stage.wait_for_event("response.done");
  assert_text(answer(stage), "The function returned sunny. This is answer number 2.");
}
GST_END_TEST

GST_START_TEST(tool_choice_can_force_or_forbid_a_call) {
  Stage stage;
  stage.open();
  stage.client(kTools);
  stage.client(R"({"type":"response.create","response":{"tool_choice":"required"}})");
  stage.wait_for_event("response.function_call_arguments.done");
  stage.wait_for_event("response.done");
  stage.forget();
  stage.script.tool_calls = {{"get_weather", "{}"}};
  stage.client(R"({"type":"response.create","response":{"tool_choice":"none"}})");
  stage.wait_for_event("response.done");
  fail_unless_equals_int(stage.count("response.function_call_arguments.done"), 0);
}
GST_END_TEST

GST_START_TEST(responses_fail_and_stay_incomplete_on_demand) {
  Stage stage;
  stage.open();
  stage.order("response_failed", "insufficient_quota");
  stage.client(R"({"type":"response.create"})");
  stage.wait_for_event("response.done");
  assert_text(status(stage), "failed||insufficient_quota");
  stage.forget();
  stage.order("response_incomplete", "content_filter");
  stage.client(R"({"type":"response.create"})");
  stage.wait_for_event("response.done");
  assert_text(status(stage), "incomplete|content_filter|");
  stage.wait_for_event("output_audio_buffer.stopped");
  stage.forget();
  stage.client(R"({"type":"response.create","response":{"max_output_tokens":10}})");
  stage.wait_for_event("response.done");
  assert_text(status(stage), "incomplete|max_output_tokens|");
  stage.wait_for_event("output_audio_buffer.stopped");
  stage.forget();
  stage.order("no_response");
  stage.client(R"({"type":"response.create"})");
  stage.pass(3000);
  assert_text(stage.story(), "");
}
GST_END_TEST

GST_START_TEST(updates_and_items_are_refused_on_demand) {
  Stage stage;
  stage.open();
  stage.order("reject_update", "invalid_value");
  stage.client(R"({"type":"session.update","event_id":"u","session":{"type":"realtime"}})");
  assert_text(stage.error(), "invalid_value||u");
  stage.forget();
  stage.order("reject_item");
  stage.client(
      R"({"type":"conversation.item.create","event_id":"i","item":{"type":"message","role":"user","content":[]}})");
  assert_text(stage.error(), "server_error||i");
}
GST_END_TEST

OAIRT_TEST_MAIN(simulator_responses, two_functions_are_called_in_one_response,
                pictures_are_taken_or_refused, answers_quote_texts_and_recall_the_history,
                only_one_response_of_the_conversation_runs_at_a_time,
                a_cancelled_response_plays_out_what_it_has_until_it_is_cleared,
                a_text_session_writes, a_function_is_called_and_its_output_answered,
                tool_choice_can_force_or_forbid_a_call,
                responses_fail_and_stay_incomplete_on_demand,
                updates_and_items_are_refused_on_demand)
