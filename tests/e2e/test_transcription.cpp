// Sessions that only write down what is said: a sink alone, over real sockets.
#include <string>

#include "support/check.h"
#include "support/pipeline.h"
#include "support/simulator_process.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

std::string settings(const SimulatorProcess &simulator, const std::string &more = "") {
  return " session-type=transcription base-url=" + simulator.base_url() +
         " api-key=" + SimulatorProcess::kApiKey + " " + more + " ";
}

std::string speak(double speech_s, double silence_s = 0.2) {
  return "filesrc location=" + make_speech_file(speech_s, silence_s) + " ! wavparse ";
}

// What was written down for good, and how often.
std::size_t written(Pipeline &p, const std::string &words) {
  p.pump();
  std::size_t count = 0;
  for (const Posted *message : p.messages("openai-realtime/transcript")) {
    gboolean final = FALSE;
    gst_structure_get_boolean(message->structure.get(), "final", &final);
    if (final && message->field("text") == words) ++count;
  }
  return count;
}

bool asked_for(SimulatorProcess &simulator, const std::string &type) {
  for (const Json &line : simulator.log("event-in")) {
    if (line.at("event.type").as_string() == type) return true;
  }
  return false;
}

// A microphone that can be switched on and off.
std::string microphone(const SimulatorProcess &simulator, const std::string &more = "") {
  return "audiotestsrc is-live=true ! openairealtimesink name=in mute=true " +
         settings(simulator, more);
}
void say(Pipeline &p, Duration length) {
  g_object_set(p.get("in"), "mute", FALSE, nullptr);
  TimePoint end = Clock::now() + length;
  fail_unless(p.wait([end] { return Clock::now() >= end; }));
  g_object_set(p.get("in"), "mute", TRUE, nullptr);
}

}  // namespace

GST_START_TEST(a_sink_alone_writes_down_what_is_said) {
  SimulatorProcess simulator({"--hear", "It is raining in Bergen."});
  Pipeline p(speak(1.0) + "! openairealtimesink name=in " + settings(simulator, "language=en"));
  p.play();
  fail_unless(p.wait([&] { return written(p, "It is raining in Bergen.") == 1; }), "%s",
              p.describe().c_str());
  fail_unless(p.messages("openai-realtime/transcript").size() > 1, "no deltas");
  Json session = simulator.state()["sessions"].items().at(0)["session"];
  assert_text(session["config"]["type"].as_string(), "transcription");
  // What makes no sense here is refused here, with a reason.
  for (const char *action : {"create-response", "send-text", "send-event"}) {
    gboolean done = TRUE;
    std::string name = action;
    if (name == "create-response") {
      g_signal_emit_by_name(p.get("in"), action, &done);
    } else {
      const char *text = name == "send-text" ? "Hello." : R"({"type":"response.create"})";
      g_signal_emit_by_name(p.get("in"), action, text, &done);
    }
    fail_unless(!done, "%s was taken", action);
  }
  fail_unless(p.wait_for_message("warning", 3));
  for (const Posted *warning : p.messages("warning")) {
    assert_contains(warning->text, "is not possible with session-type=transcription");
  }
  fail_unless(!asked_for(simulator, "response.create"));
  fail_unless(p.messages("openai-realtime/response-started").empty());
  fail_unless(p.messages("openai-realtime/error").empty(), "%s", p.describe().c_str());
}
GST_END_TEST

GST_START_TEST(a_source_ends_when_the_last_words_are_written) {
  SimulatorProcess simulator({"--hear", "The end.", "--transcription-delay", "1500"});
  Pipeline p(speak(0.8) + "! openairealtimebin eos-policy=after-answer " + settings(simulator) +
             "! fakesink sync=false");
  p.play();
  fail_unless(p.wait_for_message("eos"), "%s", p.describe().c_str());
  fail_unless_equals_int(written(p, "The end."), 1);
}
GST_END_TEST

GST_START_TEST(a_sink_may_end_when_the_last_words_are_written) {
  SimulatorProcess simulator({"--hear", "All of it.", "--transcription-delay", "1500"});
  std::string line =
      speak(0.8) + "! openairealtimesink name=in eos-policy=after-answer " + settings(simulator);
  {
    Pipeline p(line);
    p.play();
    fail_unless(p.wait_for_message("eos"), "%s", p.describe().c_str());
    fail_unless_equals_int(written(p, "All of it."), 1);
  }
  // Nobody waits for it: neither a pause, nor a seek back, nor the end.
  Pipeline p(line);
  p.play();
  fail_unless(p.wait_for_message("openai-realtime/speech-stopped"), "%s", p.describe().c_str());
  p.set_state(GST_STATE_PAUSED);
  p.set_state(GST_STATE_PLAYING);
  fail_unless(gst_element_seek_simple(p.pipeline(), GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, 0));
  fail_unless(p.wait_for_message("eos"), "%s", p.describe().c_str());
  p.set_state(GST_STATE_NULL);
}
GST_END_TEST

GST_START_TEST(a_lost_call_costs_no_words) {
  // The second turn is spoken, and its call is gone before its words come.
  SimulatorProcess simulator(
      {"--hear", "One.", "--hear", "Two.", "--hear", "Two again.", "--hear", "Three."});
  Pipeline p(microphone(simulator));
  p.play();
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  say(p, milliseconds(900));
  fail_unless(p.wait([&] { return written(p, "One.") == 1; }), "%s", p.describe().c_str());
  simulator.control("/simulator/faults", Json::object({{"fault", "transcription_late=30"}}));
  say(p, milliseconds(900));
  fail_unless(p.wait_for_message("openai-realtime/speech-stopped", 2), "%s", p.describe().c_str());
  simulator.control("/simulator/sessions/*/close_notify");
  fail_unless(p.wait([&] { return written(p, "Two again.") == 1; }), "%s", p.describe().c_str());
  say(p, milliseconds(900));
  fail_unless(p.wait([&] { return written(p, "Three.") == 1; }), "%s", p.describe().c_str());
  fail_unless_equals_int(written(p, "One."), 1);
  fail_unless_equals_int(simulator.log("call").size(), 2);
  // Nothing was told to the new session, and nothing asked of it.
  fail_unless(!asked_for(simulator, "conversation.item.create"));
  fail_unless(!asked_for(simulator, "response.create"));
}
GST_END_TEST

GST_START_TEST(transcribers_that_detect_no_turns_are_told_of_pauses) {
  SimulatorProcess simulator({"--hear", "First.", "--hear", "Second."});
  Pipeline p(microphone(simulator, "transcription-model=gpt-live-transcribe"));
  p.play();
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  say(p, milliseconds(700));
  fail_unless(p.wait([&] { return written(p, "First.") == 1; }), "%s", p.describe().c_str());
  say(p, milliseconds(700));
  fail_unless(p.wait([&] { return written(p, "Second.") == 1; }), "%s", p.describe().c_str());
  fail_unless(p.messages("warning").empty(), "%s", p.describe().c_str());
}
GST_END_TEST

GST_START_TEST(what_cannot_be_written_is_told) {
  SimulatorProcess simulator({"--fault", "transcription_failed", "--hear", "Mumble."});
  Pipeline p(speak(0.8) + "! openairealtimebin eos-policy=after-answer " + settings(simulator) +
             "! fakesink sync=false");
  p.play();
  fail_unless(p.wait_for_message("openai-realtime/transcription-failed"), "%s",
              p.describe().c_str());
  assert_text(p.messages("openai-realtime/transcription-failed")[0]->field("code"),
              "audio_unintelligible");
  fail_unless(p.wait_for_message("eos"), "%s", p.describe().c_str());
}
GST_END_TEST

GST_START_TEST(a_new_listener_begins_an_empty_record) {
  SimulatorProcess simulator({"--hear", "Before.", "--hear", "After."});
  Pipeline p(microphone(simulator));
  p.play();
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  say(p, milliseconds(700));
  fail_unless(p.wait([&] { return written(p, "Before.") == 1; }), "%s", p.describe().c_str());
  gboolean done = FALSE;
  g_signal_emit_by_name(p.get("in"), "split-session", &done);
  fail_unless(done && p.wait_for_message("openai-realtime/logical-session"));
  say(p, milliseconds(700));
  fail_unless(p.wait([&] { return written(p, "After.") == 1; }), "%s", p.describe().c_str());
  fail_unless(!asked_for(simulator, "conversation.item.delete"));
  fail_unless(p.messages("warning").empty() && p.messages("openai-realtime/error").empty(), "%s",
              p.describe().c_str());
}
GST_END_TEST

GST_START_TEST(another_type_takes_another_call) {
  SimulatorProcess simulator(
      {"--hear", "Note this.", "--hear", "Answer this.", "--answer", "Yes."});
  Pipeline p(microphone(simulator));
  p.play();
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  say(p, milliseconds(700));
  fail_unless(p.wait([&] { return written(p, "Note this.") == 1; }), "%s", p.describe().c_str());
  g_object_set(p.get("in"), "session-type", 0, nullptr);
  fail_unless(p.wait_for_message("openai-realtime/session", 2), "%s", p.describe().c_str());
  say(p, milliseconds(700));
  fail_unless(p.wait_for_message("openai-realtime/response-done"), "%s", p.describe().c_str());
  assert_text(p.transcript("assistant"), "Yes.");
  fail_unless(p.messages("openai-realtime/error").empty(), "%s", p.describe().c_str());
}
GST_END_TEST

OAIRT_TEST_MAIN(transcription, a_sink_alone_writes_down_what_is_said,
                a_source_ends_when_the_last_words_are_written,
                a_sink_may_end_when_the_last_words_are_written, a_lost_call_costs_no_words,
                transcribers_that_detect_no_turns_are_told_of_pauses,
                what_cannot_be_written_is_told, a_new_listener_begins_an_empty_record,
                another_type_takes_another_call)
