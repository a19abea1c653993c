// Functions that the model calls, with real elements: several at once, slow ones, late ones, and
// calls that are lost while a function runs.
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "support/check.h"
#include "support/pipeline.h"
#include "support/simulator_process.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

constexpr const char *kTools =
    R"([{"type":"function","name":"quick"},{"type":"function","name":"slow"}])";

struct Called {
  std::string name, call_id, arguments;
};

std::mutex called_lock;
std::vector<Called> called_so_far;

void on_call(GstElement *, const char *name, const char *call_id, const char *arguments, gpointer) {
  std::lock_guard guard(called_lock);
  called_so_far.push_back({name, call_id, arguments});
}

std::vector<Called> called() {
  std::lock_guard guard(called_lock);
  return called_so_far;
}

std::string kiosk(const SimulatorProcess &simulator, const std::string &more = "") {
  return "openairealtimesrc name=b base-url=" + simulator.base_url() +
         " api-key=" + SimulatorProcess::kApiKey + " " + more + " ! fakesink sync=false";
}

// A conversation in which the model has called, and nobody has answered yet.
void ask(Pipeline &p, std::size_t calls) {
  g_object_set(p.get("b"), "tools", kTools, nullptr);
  g_signal_connect(p.get("b"), "function-call", G_CALLBACK(on_call), nullptr);
  p.record("b");
  p.play();
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  p.send_text("b", "Do it.");
  fail_unless(p.wait([&] { return called().size() == calls; }), "%s", p.describe().c_str());
  fail_unless(p.wait_for_message("openai-realtime/function-call", calls), "%s",
              p.describe().c_str());
  fail_unless_equals_int(p.messages("openai-realtime/function-call").size(), calls);
}

bool submit(Pipeline &p, const std::string &call_id, const std::string &output) {
  gboolean taken = FALSE;
  g_signal_emit_by_name(p.get("b"), "submit-tool-output", call_id.c_str(), output.c_str(), &taken);
  return taken != FALSE;
}

std::size_t events(SimulatorProcess &simulator, const std::string &type,
                   const std::string &item_type = "") {
  std::size_t count = 0;
  for (const Json &line : simulator.log("event-in")) {
    const Json &event = line["event"];
    count += event["type"].as_string() == type &&
             (item_type.empty() || event.at("item.type").as_string() == item_type);
  }
  return count;
}

void finish(Pipeline &p, std::size_t answers, const std::string &words) {
  fail_unless(p.wait([&] {
    auto text = p.transcript("assistant");
    return text.find(words) != std::string::npos;
  }),
              "no \"%s\": %s", words.c_str(), p.describe().c_str());
  // Time for an answer too many to begin.
  TimePoint until = Clock::now() + milliseconds(700);
  p.wait([&] { return Clock::now() > until; });
  fail_unless_equals_int(p.messages("openai-realtime/response-started").size(), answers);
  fail_unless(p.messages("openai-realtime/error").empty(), "%s", p.describe().c_str());
  p.assert_continuous();
}

// The fault ends the call while the function runs; the answer reaches the next one, once.
void lose_call_while_it_runs(const std::string &action, bool answer_during_outage) {
  SimulatorProcess simulator({"--call-tool", "slow:{\"n\":7}", "--voice", "tone"});
  Pipeline p(kiosk(simulator));
  ask(p, 1);
  simulator.control("/simulator/sessions/*/" + action, Json::object({{"value", ""}}));
  if (answer_during_outage) {
    fail_unless(p.wait_for_message("openai-realtime/connection-state", 3), "%s",
                p.describe().c_str());
    fail_unless(submit(p, called()[0].call_id, "late but here"));
  }
  fail_unless(p.wait_for_message("openai-realtime/recovery"), "%s", p.describe().c_str());
  if (!answer_during_outage) {
    // Nobody asks the model again while the function runs.
    TimePoint until = Clock::now() + milliseconds(500);
    p.wait([&] { return Clock::now() > until; });
    fail_unless_equals_int(p.messages("openai-realtime/response-started").size(), 1);
    fail_unless(submit(p, called()[0].call_id, "late but here"));
  }
  finish(p, 2, "late but here");
  fail_unless_equals_int(events(simulator, "conversation.item.create", "function_call_output"), 1);
  fail_unless_equals_int(called().size(), 1);
  fail_if(submit(p, called()[0].call_id, "again"));
}

}  // namespace

GST_START_TEST(two_calls_of_one_response_are_answered_together) {
  SimulatorProcess simulator({"--call-tool", "quick:{}", "--call-tool", "+slow:{\"n\":1}"});
  Pipeline p(kiosk(simulator));
  ask(p, 2);
  assert_text(called()[1].arguments, "{\"n\":1}");
  fail_unless(submit(p, called()[0].call_id, "one"));
  fail_unless(p.wait(
      [&] { return events(simulator, "conversation.item.create", "function_call_output") == 1; }));
  TimePoint until = Clock::now() + milliseconds(400);
  p.wait([&] { return Clock::now() > until; });
  fail_unless_equals_int(events(simulator, "response.create"), 1);
  fail_unless(submit(p, called()[1].call_id, "two"));
  finish(p, 2, "two");
  fail_unless_equals_int(events(simulator, "response.create"), 2);
}
GST_END_TEST

GST_START_TEST(a_text_while_a_function_runs_is_answered_and_so_is_the_function) {
  SimulatorProcess simulator({"--call-tool", "slow:{}"});
  Pipeline p(kiosk(simulator));
  ask(p, 1);
  p.send_text("b", "Are you there?");
  fail_unless(p.wait_for_message("openai-realtime/response-started", 2), "%s",
              p.describe().c_str());
  // In the middle of that answer: it waits for its end.
  fail_unless(submit(p, called()[0].call_id, "forty-two"));
  finish(p, 3, "forty-two");
  assert_contains(p.transcript("assistant"), "Are you there?");
}
GST_END_TEST

GST_START_TEST(who_gives_no_output_in_time_is_told_and_the_model_goes_on) {
  SimulatorProcess simulator({"--call-tool", "slow:{}"});
  Pipeline p(kiosk(simulator, "tool-timeout=400"));
  ask(p, 1);
  fail_unless(p.wait_for_message("openai-realtime/function-call-timeout"), "%s",
              p.describe().c_str());
  const Posted &late = *p.messages("openai-realtime/function-call-timeout").front();
  assert_text(late.field("name"), "slow");
  assert_text(late.field("call-id"), called()[0].call_id);
  fail_if(submit(p, called()[0].call_id, "too late"));
  fail_unless(p.wait_for_message("warning"));
  assert_contains(p.messages("warning").front()->text, "too late");
  finish(p, 2, "not answered within 400 ms");
}
GST_END_TEST

GST_START_TEST(outputs_for_nobody_or_too_large_are_refused_with_the_reason) {
  SimulatorProcess simulator({"--call-tool", "slow:{}"});
  Pipeline p(kiosk(simulator));
  ask(p, 1);
  fail_if(submit(p, "call_nobody", "x"));
  fail_if(submit(p, called()[0].call_id, std::string(70000, 'x')));
  fail_if(submit(p, called()[0].call_id, "\xff\xfe"));
  fail_unless(p.wait_for_message("warning", 3));
  auto warnings = p.messages("warning");
  assert_contains(warnings[0]->text, "no call with this call_id");
  assert_contains(warnings[1]->text, "at most 65535");
  assert_contains(warnings[2]->text, "UTF-8");
  // None of that has cost the call.
  fail_unless(submit(p, called()[0].call_id, "fine"));
  finish(p, 2, "fine");
  fail_if(submit(p, called()[0].call_id, "fine"));
}
GST_END_TEST

GST_START_TEST(an_output_after_the_call_was_replaced_reaches_the_model_once) {
  lose_call_while_it_runs("close_notify", false);
}
GST_END_TEST

GST_START_TEST(an_output_while_the_call_is_replaced_reaches_the_model_once) {
  lose_call_while_it_runs("silent", true);
}
GST_END_TEST

GST_START_TEST(the_next_visitor_hears_nothing_of_the_last_ones_function) {
  SimulatorProcess simulator({"--call-tool", "slow:{}"});
  Pipeline p(kiosk(simulator));
  ask(p, 1);
  gboolean done = FALSE;
  g_signal_emit_by_name(p.get("b"), "split-session", &done);
  fail_unless(p.wait_for_message("openai-realtime/logical-session"));
  fail_if(submit(p, called()[0].call_id, "secret of the last one"));
  fail_unless(p.wait_for_message("warning"));
  assert_contains(p.messages("warning").front()->text, "is over");
  p.send_text("b", "Hello?");
  finish(p, 2, "Hello?");
  fail_unless_equals_int(events(simulator, "conversation.item.create", "function_call_output"), 0);
}
GST_END_TEST

// Whoever was called is gone with the pipeline: the question is asked again.
GST_START_TEST(a_call_that_nobody_can_answer_any_more_is_made_again) {
  SimulatorProcess simulator({"--call-tool", "slow:{}", "--call-tool", "slow:{\"again\":1}"});
  gchar *folder = g_dir_make_tmp("oairt-tools-XXXXXX", nullptr);
  std::string store = std::string("session=tools persistence=disk store=sqlite:") + folder +
                      "/store.sqlite store-key-file=" + folder + "/key";
  std::string key = std::string(folder) + "/key", digits(64, 'a');
  fail_unless(g_file_set_contents_full(key.c_str(), digits.data(), 64, G_FILE_SET_CONTENTS_NONE,
                                       0600, nullptr));
  {
    Pipeline p(kiosk(simulator, store));
    ask(p, 1);
  }
  {
    Pipeline p(kiosk(simulator, store));
    g_object_set(p.get("b"), "tools", kTools, nullptr);
    g_signal_connect(p.get("b"), "function-call", G_CALLBACK(on_call), nullptr);
    p.record("b");
    p.play();
    fail_unless(p.wait([] { return called().size() == 2; }), "%s", p.describe().c_str());
    fail_if(submit(p, called()[0].call_id, "of the old one"));
    fail_unless(submit(p, called()[1].call_id, "of the new one"));
    finish(p, 2, "of the new one");
  }
  std::filesystem::remove_all(folder);
  g_free(folder);
}
GST_END_TEST

GST_START_TEST(a_call_that_is_cut_is_not_announced) {
  SimulatorProcess simulator(
      {"--call-tool", "slow:{\"a\": \"b c d e f g h i j k l m n o p q r s t u v w x y z\"}"});
  Pipeline p(kiosk(simulator));
  g_object_set(p.get("b"), "tools", kTools, nullptr);
  g_signal_connect(p.get("b"), "function-call", G_CALLBACK(on_call), nullptr);
  p.play();
  fail_unless(p.wait_for_state("connected"));
  p.send_text("b", "Do it.");
  fail_unless(p.wait([&] {
    return !simulator.log("event-out").empty() &&
           p.messages("openai-realtime/response-started").size() == 1;
  }));
  gboolean sent = FALSE;
  g_signal_emit_by_name(p.get("b"), "send-event", R"({"type":"response.cancel"})", &sent);
  fail_unless(sent);
  fail_unless(p.wait_for_message("openai-realtime/response-done"), "%s", p.describe().c_str());
  assert_text(p.messages("openai-realtime/response-done").front()->field("status"), "cancelled");
  p.send_text("b", "Never mind.");
  fail_unless(p.wait_for_message("openai-realtime/response-done", 2), "%s", p.describe().c_str());
  fail_unless(called().empty());
}
GST_END_TEST

GST_START_TEST(texts_in_a_row_are_all_answered_without_an_error) {
  SimulatorProcess simulator({"--answer", "So much to say about that."});
  Pipeline p(kiosk(simulator));
  p.record("b");
  p.play();
  // Before the call is up as well: they are held until then.
  p.send_text("b", "One.");
  fail_unless(p.wait_for_message("openai-realtime/response-started"), "%s", p.describe().c_str());
  p.send_text("b", "Two.");
  p.send_text("b", "Three.");
  fail_unless(p.wait_for_message("openai-realtime/response-done", 2), "%s", p.describe().c_str());
  finish(p, 2, "So much");
  fail_unless_equals_int(events(simulator, "conversation.item.create", "message"), 3);
}
GST_END_TEST

GST_START_TEST(the_stream_does_not_end_while_a_function_runs) {
  SimulatorProcess simulator({"--call-tool", "slow:{}", "--voice", "tone"});
  Pipeline p(
      "appsrc name=text format=bytes caps=text/x-raw,format=utf8 ! b.text_sink openairealtimebin "
      "name=b eos-policy=after-answer tool-timeout=2000 base-url=" +
      simulator.base_url() + " api-key=" + SimulatorProcess::kApiKey + " ! fakesink sync=false");
  g_object_set(p.get("b"), "tools", kTools, nullptr);
  p.play();
  GstBuffer *buffer = gst_buffer_new_memdup("Do it.", 6);
  GstFlowReturn flow = GST_FLOW_ERROR;
  g_signal_emit_by_name(p.get("text"), "push-buffer", buffer, &flow);
  gst_buffer_unref(buffer);
  g_signal_emit_by_name(p.get("text"), "end-of-stream", &flow);
  fail_unless(p.wait_for_message("eos", 1, std::chrono::seconds(30)), "%s", p.describe().c_str());
  assert_contains(p.transcript("assistant"), "not answered within 2000 ms");
}
GST_END_TEST

GST_START_TEST(a_text_wakes_a_call_that_was_hung_up) {
  SimulatorProcess simulator;
  Pipeline p(kiosk(simulator, "idle-timeout=1 idle-action=hang-up"));
  p.play();
  fail_unless(p.wait_for_state("connected"));
  fail_unless(p.wait_for_state("idle"), "%s", p.describe().c_str());
  p.send_text("b", "Good morning.");
  fail_unless(p.wait_for_message("openai-realtime/response-done"), "%s", p.describe().c_str());
  assert_contains(p.transcript("assistant"), "Good morning.");
  fail_unless_equals_int(simulator.log("call").size(), 2);
  fail_unless(p.messages("warning").empty(), "%s", p.describe().c_str());
}
GST_END_TEST

OAIRT_TEST_MAIN(tools, two_calls_of_one_response_are_answered_together,
                a_text_while_a_function_runs_is_answered_and_so_is_the_function,
                who_gives_no_output_in_time_is_told_and_the_model_goes_on,
                outputs_for_nobody_or_too_large_are_refused_with_the_reason,
                an_output_after_the_call_was_replaced_reaches_the_model_once,
                an_output_while_the_call_is_replaced_reaches_the_model_once,
                the_next_visitor_hears_nothing_of_the_last_ones_function,
                a_call_that_nobody_can_answer_any_more_is_made_again,
                a_call_that_is_cut_is_not_announced,
                texts_in_a_row_are_all_answered_without_an_error,
                the_stream_does_not_end_while_a_function_runs, a_text_wakes_a_call_that_was_hung_up)
