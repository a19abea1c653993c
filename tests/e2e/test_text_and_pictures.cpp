// Typed text and pictures, with real pipelines against the simulator.
#include <cstring>
#include <string>

#include <glib/gstdio.h>

#include "base/clock.h"
#include "support/check.h"
#include "support/pipeline.h"
#include "support/simulator_process.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

std::string settings(const SimulatorProcess &simulator) {
  return " base-url=" + simulator.base_url() + " api-key=" + SimulatorProcess::kApiKey + " ";
}

std::string text_file(const std::string &text) {
  gchar *path = nullptr;
  int descriptor = g_file_open_tmp("oairt-text-XXXXXX", &path, nullptr);
  fail_unless(descriptor >= 0);
  g_close(descriptor, nullptr);
  fail_unless(g_file_set_contents(path, text.data(), static_cast<gssize>(text.size()), nullptr));
  std::string result = path;
  g_free(path);
  return result;
}

constexpr const char *kNoise =
    "videotestsrc is-live=true pattern=snow ! video/x-raw,width=1920,height=1080,framerate=10/1 ! ";

// The pictures that the simulator took, as the size of the event and the item's id.
struct Taken {
  std::string item_id;
  int64_t bytes;
  bool text;
};
std::vector<Taken> pictures(SimulatorProcess &simulator) {
  std::vector<Taken> all;
  for (const Json &line : simulator.log("event-in")) {
    Taken taken{line.at("event.item.id").as_string(), line["bytes"].as_int(), false};
    bool picture = false;
    for (const Json &part : line.at("event.item.content").items()) {
      picture |= part["type"].as_string() == "input_image";
      taken.text |= part["type"].as_string() == "input_text";
    }
    if (picture) all.push_back(taken);
  }
  return all;
}

std::size_t count(SimulatorProcess &simulator, const std::string &type) {
  std::size_t found = 0;
  for (const Json &line : simulator.log("event-in")) {
    found += line.at("event.type").as_string() == type;
  }
  return found;
}

}  // namespace

GST_START_TEST(a_text_file_is_answered_in_speech_and_ends_by_itself) {
  SimulatorProcess simulator({"--answer", "It is time for tea."});
  std::string path = text_file("What time is it?\n");
  Pipeline p("filesrc location=" + path + " ! text/x-raw,format=utf8 ! b.text_sink " +
             "openairealtimebin name=b eos-policy=after-answer" + settings(simulator) +
             "! fakesink sync=false");
  p.record("b");
  p.play();
  fail_unless(p.wait_for_message("eos", 1, std::chrono::seconds(30)), "%s", p.describe().c_str());
  g_unlink(path.c_str());
  assert_text(p.transcript("assistant"), "It is time for tea.");
  bool heard = false;
  for (const auto &frame : p.recorded()) heard |= !frame.gap;
  fail_unless(heard);
  fail_unless(p.messages("warning").empty(), "%s", p.describe().c_str());
}
GST_END_TEST

GST_START_TEST(text_beside_speech_is_held_until_the_call_is_up) {
  SimulatorProcess simulator({"--fault", "calls_slow=1"});
  Pipeline p(
      "appsrc name=text format=bytes caps=text/x-raw,format=utf8 ! b.text_sink "
      "audiotestsrc is-live=true wave=silence ! b.sink openairealtimebin name=b" +
      settings(simulator) + "! fakesink sync=false");
  p.record("b");
  p.play();
  for (const char *text : {"One.", "Two.", "Three."}) {
    GstBuffer *buffer = gst_buffer_new_memdup(text, std::strlen(text));
    GstFlowReturn flow = GST_FLOW_ERROR;
    g_signal_emit_by_name(p.get("text"), "push-buffer", buffer, &flow);
    gst_buffer_unref(buffer);
  }
  fail_unless(p.wait_for_message("openai-realtime/response-done"), "%s", p.describe().c_str());
  assert_contains(simulator.remembered(), "user: One.\nuser: Two.\nuser: Three.\n");
  fail_unless(p.messages("warning").empty() && p.messages("openai-realtime/error").empty(), "%s",
              p.describe().c_str());
}
GST_END_TEST

GST_START_TEST(a_picture_with_a_question_is_answered) {
  SimulatorProcess simulator({"--answer", "I see snow."});
  Pipeline p(std::string(kNoise) + "b.video_sink openairealtimebin name=b" + settings(simulator) +
             "! fakesink sync=false");
  p.play();
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  gboolean taken = FALSE;
  g_signal_emit_by_name(p.get("b"), "send-snapshot", "What do you see?", &taken);
  fail_unless(taken);
  fail_unless(p.wait_for_message("openai-realtime/snapshot"), "%s", p.describe().c_str());
  const Posted &told = *p.messages("openai-realtime/snapshot").front();
  gboolean sent = FALSE;
  int width = 0, height = 0;
  gst_structure_get(told.structure.get(), "sent", G_TYPE_BOOLEAN, &sent, "width", G_TYPE_INT,
                    &width, "height", G_TYPE_INT, &height, nullptr);
  std::string item_id = told.field("item-id");
  fail_unless(sent && width > 100 && width <= 768 && height > 50, "%s", told.text.c_str());
  fail_unless(p.wait_for_message("openai-realtime/response-done"), "%s", p.describe().c_str());
  assert_text(p.transcript("assistant"), "I see snow.");
  auto all = pictures(simulator);
  fail_unless_equals_int(all.size(), 1);
  fail_unless(all[0].text && all[0].bytes <= 65535, "%d bytes", static_cast<int>(all[0].bytes));
  assert_text(all[0].item_id, item_id);
}
GST_END_TEST

GST_START_TEST(pictures_at_an_interval_replace_each_other) {
  SimulatorProcess simulator;
  Pipeline p(std::string(kNoise) + "b.video_sink openairealtimebin name=b snapshot-interval=200 " +
             settings(simulator) + "! fakesink sync=false");
  p.record("b");
  p.play();
  fail_unless(p.wait_for_message("openai-realtime/snapshot", 4), "%s", p.describe().c_str());
  fail_unless(p.wait([&] { return count(simulator, "conversation.item.delete") >= 3; }));
  g_object_set(p.get("b"), "snapshot-interval", 0, nullptr);
  for (const Taken &taken : pictures(simulator)) {
    fail_unless(taken.bytes <= 65535, "%d bytes", static_cast<int>(taken.bytes));
  }
  fail_unless(p.wait([&] {
    Json state = simulator.state();
    return state["sessions"].items().at(0).at("session.items").items().size() == 1;
  }));
  // Nobody asked for an answer.
  fail_unless_equals_int(count(simulator, "response.create"), 0);
  fail_unless(p.messages("warning").empty() && p.messages("openai-realtime/error").empty(), "%s",
              p.describe().c_str());
  p.assert_continuous();
}
GST_END_TEST

GST_START_TEST(the_next_call_is_given_the_newest_picture_and_keeps_silent) {
  SimulatorProcess simulator;
  Pipeline p(std::string(kNoise) + "b.video_sink openairealtimebin name=b" + settings(simulator) +
             "! fakesink sync=false");
  p.play();
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  gboolean taken = FALSE;
  g_signal_emit_by_name(p.get("b"), "send-snapshot", nullptr, &taken);
  fail_unless(p.wait_for_message("openai-realtime/snapshot"), "%s", p.describe().c_str());
  simulator.control("/simulator/sessions/*/close_notify", Json::object({{"value", ""}}));
  fail_unless(p.wait_for_message("openai-realtime/recovery"), "%s", p.describe().c_str());
  TimePoint until = Clock::now() + milliseconds(500);
  p.wait([&] { return Clock::now() > until; });
  fail_unless_equals_int(pictures(simulator).size(), 2);
  fail_unless_equals_int(count(simulator, "response.create"), 0);
}
GST_END_TEST

GST_START_TEST(a_refused_picture_is_told) {
  SimulatorProcess simulator({"--fault", "reject_item=invalid_value"});
  Pipeline p(std::string(kNoise) + "b.video_sink openairealtimebin name=b" + settings(simulator) +
             "! fakesink sync=false");
  p.play();
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  gboolean taken = FALSE;
  g_signal_emit_by_name(p.get("b"), "send-snapshot", nullptr, &taken);
  fail_unless(p.wait_for_message("openai-realtime/snapshot"), "%s", p.describe().c_str());
  const Posted &told = *p.messages("openai-realtime/snapshot").front();
  gboolean sent = TRUE;
  gst_structure_get(told.structure.get(), "sent", G_TYPE_BOOLEAN, &sent, nullptr);
  fail_if(sent);
  fail_if(told.field("reason").empty());
}
GST_END_TEST

OAIRT_TEST_MAIN(text_and_pictures, a_text_file_is_answered_in_speech_and_ends_by_itself,
                text_beside_speech_is_held_until_the_call_is_up,
                a_picture_with_a_question_is_answered, pictures_at_an_interval_replace_each_other,
                the_next_call_is_given_the_newest_picture_and_keeps_silent,
                a_refused_picture_is_told)
