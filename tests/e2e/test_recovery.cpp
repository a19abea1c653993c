// A conversation is brought through every fault that a server or a path can have: real elements,
// the simulator, loopback. Faults of links and addresses are in tests/lab.
#include <atomic>
#include <string>

#include "base/clock.h"
#include "support/check.h"
#include "support/pipeline.h"
#include "support/simulator_process.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

constexpr const char *kQuestion = "What is your name?";
constexpr const char *kAnswer = "My name is Ada.";

std::vector<std::string> story(std::vector<std::string> more = {}) {
  std::vector<std::string> arguments = {"--hear", kQuestion, "--answer", kAnswer};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// A microphone that is silent, and the model's voice into the void.
std::string kiosk(const SimulatorProcess &simulator, const std::string &more = "") {
  return "audiotestsrc is-live=true wave=silence ! openairealtimebin name=b base-url=" +
         simulator.base_url() + " api-key=" + SimulatorProcess::kApiKey + " " + more +
         " ! fakesink sync=false";
}

std::atomic<unsigned> spoken{0};

void on_event(GstElement *, const char *type, const char *, gpointer) {
  if (std::string(type) == "output_audio_buffer.stopped") ++spoken;
}

// One turn typed, answered and spoken to its end; afterwards the conversation holds two more
// finished items.
void talk(Pipeline &p) {
  GstElement *bin = p.get("b");
  if (g_object_get_data(G_OBJECT(bin), "listened") == nullptr) {
    g_object_set_data(G_OBJECT(bin), "listened", bin);
    g_signal_connect(bin, "event", G_CALLBACK(on_event), nullptr);
  }
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  unsigned before = spoken;
  p.send_text("b", kQuestion);
  fail_unless(p.wait([&] { return spoken > before; }), "%s", p.describe().c_str());
}

std::string action_of(Pipeline &p, std::size_t index = 0) {
  auto all = p.messages("openai-realtime/recovery");
  return index < all.size() ? all[index]->field("action") : std::string();
}

void wait_for_recovery(Pipeline &p, const std::string &action, const std::string &kept,
                       std::size_t count = 1) {
  fail_unless(p.wait_for_message("openai-realtime/recovery", count), "%s", p.describe().c_str());
  auto *last = p.messages("openai-realtime/recovery")[count - 1];
  fail_unless(last->field("action") == action && last->field("kept") == kept,
              "wanted %s of the %s: %s\n%s", action.c_str(), kept.c_str(), last->text.c_str(),
              p.describe().c_str());
}

void assert_remembered(SimulatorProcess &simulator) {
  assert_text(simulator.remembered(),
              std::string("user: ") + kQuestion + "\nassistant: " + kAnswer + "\n");
}

void order(SimulatorProcess &simulator, const std::string &action, const std::string &value = "") {
  simulator.control("/simulator/sessions/*/" + action, Json::object({{"value", value}}));
}

// The fault ends the call; another one takes its place and knows what was said.
void expect_replaced(const std::string &fault, const std::string &reason) {
  SimulatorProcess simulator(story());
  Pipeline p(kiosk(simulator));
  p.record("b");
  p.play();
  talk(p);
  order(simulator, fault);
  wait_for_recovery(p, "replace-call", "conversation");
  assert_contains(p.messages("openai-realtime/recovery")[0]->field("fault"), reason);
  assert_remembered(simulator);
  talk(p);  // and it goes on
  p.assert_continuous();
}

}  // namespace

GST_START_TEST(a_closed_channel_costs_the_call_and_not_the_conversation) {
  expect_replaced("close_channel", "");
}
GST_END_TEST

GST_START_TEST(a_closed_dtls_association_does_not_either) { expect_replaced("close_notify", ""); }
GST_END_TEST

GST_START_TEST(nor_does_an_expired_session) { expect_replaced("expire", "session_expired"); }
GST_END_TEST

GST_START_TEST(nor_a_server_that_is_gone_without_a_word) { expect_replaced("silent", "silence"); }
GST_END_TEST

GST_START_TEST(a_black_hole_is_ridden_out_on_the_same_call) {
  SimulatorProcess simulator(story());
  Pipeline p(kiosk(simulator));
  p.record("b");
  p.play();
  talk(p);
  std::string call = p.messages("openai-realtime/session")[0]->field("call-id");
  // The signalling is away as well, or another call would be the quicker way.
  simulator.control("/simulator/faults", Json::object({{"fault", "calls_hang"}}));
  order(simulator, "blackhole", "2");
  fail_unless(p.wait_for_message("openai-realtime/recovery", 1), "%s", p.describe().c_str());
  fail_unless(action_of(p) == "ride-out" || action_of(p) == "migrate", "%s", p.describe().c_str());
  assert_text(p.messages("openai-realtime/recovery")[0]->field("kept"), "call");
  fail_unless_equals_int(p.messages("openai-realtime/session").size(), 1);
  talk(p);
  assert_text(p.messages("openai-realtime/session")[0]->field("call-id"), call);
  p.assert_continuous();
}
GST_END_TEST

GST_START_TEST(what_is_sent_while_nothing_is_heard_arrives_once) {
  SimulatorProcess simulator(story());
  Pipeline p(kiosk(simulator));
  p.play();
  talk(p);
  simulator.control("/simulator/faults", Json::object({{"fault", "calls_hang"}}));
  order(simulator, "blackhole", "2");
  fail_unless(p.wait_for_state("reconnecting"), "%s", p.describe().c_str());
  p.send_text("b", "Are you there?");
  fail_unless(p.wait_for_message("openai-realtime/recovery", 1), "%s", p.describe().c_str());
  fail_unless(p.wait_for_message("openai-realtime/response-done", 2), "%s", p.describe().c_str());
  std::string text = simulator.remembered();
  assert_contains(text, "user: Are you there?\n");
  fail_unless(text.find("there?") == text.rfind("there?"), "twice: %s", text.c_str());
}
GST_END_TEST

GST_START_TEST(a_server_that_was_killed_and_is_back_knows_the_conversation) {
  SimulatorProcess first(story());
  int port = first.port();
  Pipeline p(kiosk(first));
  p.record("b");
  p.play();
  talk(p);
  first.kill();
  fail_unless(p.wait_for_state("reconnecting"), "%s", p.describe().c_str());
  SimulatorProcess second(story(), port);
  wait_for_recovery(p, "replace-call", "conversation");
  assert_remembered(second);
  talk(p);
  p.assert_continuous();
}
GST_END_TEST

GST_START_TEST(a_server_that_does_not_react_to_speech_is_replaced) {
  SimulatorProcess simulator(story());
  Pipeline p(
      "audiotestsrc is-live=true wave=sine volume=0.3 ! openairealtimebin name=b mute=true"
      " base-url=" +
      simulator.base_url() + " api-key=" + SimulatorProcess::kApiKey + " ! fakesink sync=false");
  p.play();
  talk(p);
  order(simulator, "freeze", "on");
  order(simulator, "deaf", "on");
  g_object_set(p.get("b"), "mute", FALSE, nullptr);
  wait_for_recovery(p, "replace-call", "conversation");
  assert_text(p.messages("openai-realtime/recovery")[0]->field("fault"), "server-mute");
  assert_contains(simulator.remembered(), kAnswer);
}
GST_END_TEST

GST_START_TEST(ice_is_restarted_on_demand_where_the_server_offers_it) {
  SimulatorProcess simulator(story({"--ice-restart"}));
  Pipeline p(kiosk(simulator));
  p.play();
  talk(p);
  gboolean taken = FALSE;
  g_signal_emit_by_name(p.get("b"), "restart-ice", &taken);
  fail_unless(taken);
  wait_for_recovery(p, "restart-ice", "call");
  fail_unless_equals_int(p.messages("openai-realtime/session").size(), 1);
  talk(p);
}
GST_END_TEST

GST_START_TEST(a_refused_ice_restart_ends_nothing) {
  for (const char *fault : {"patch_error=404", "patch_error=500", "patch_reset", "patch_hang"}) {
    SimulatorProcess simulator(story({"--ice-restart", "--fault", fault}));
    Pipeline p(kiosk(simulator));
    p.play();
    talk(p);
    gboolean taken = FALSE;
    g_signal_emit_by_name(p.get("b"), "restart-ice", &taken);
    // A refusal may come so quickly that the state is over before it is looked at.
    constexpr const char *kState = "openai-realtime/connection-state";
    fail_unless(p.wait_for_message(kState, 3), "%s: %s", fault, p.describe().c_str());
    assert_text(p.messages(kState)[2]->field("state"), "reconnecting");
    fail_unless(p.wait_for_state("connected"), "%s: %s", fault, p.describe().c_str());
    talk(p);
    fail_unless_equals_int(p.messages("openai-realtime/session").size(), 1);
  }
}
GST_END_TEST

GST_START_TEST(calls_roll_over_before_the_service_ends_them) {
  SimulatorProcess simulator(story({"--max-age", "4"}));
  Pipeline p(kiosk(simulator, "rollover-margin=2"));
  p.record("b");
  p.play();
  talk(p);
  wait_for_recovery(p, "rollover", "conversation");
  assert_remembered(simulator);
  wait_for_recovery(p, "rollover", "conversation", 3);
  assert_remembered(simulator);
  fail_unless(p.messages("openai-realtime/error").empty(), "%s", p.describe().c_str());
  p.assert_continuous();
}
GST_END_TEST

GST_START_TEST(a_question_that_was_not_answered_is_answered_by_the_next_call) {
  SimulatorProcess simulator(story({"--fault", "no_response"}));
  Pipeline p(kiosk(simulator));
  p.play();
  fail_unless(p.wait_for_state("connected"));
  p.send_text("b", kQuestion);
  fail_unless(p.wait([&] { return simulator.remembered().find(kQuestion) != std::string::npos; }));
  order(simulator, "close_channel");
  wait_for_recovery(p, "replace-call", "conversation");
  fail_unless(p.wait_for_message("openai-realtime/response-done"), "%s", p.describe().c_str());
  assert_remembered(simulator);
}
GST_END_TEST

GST_START_TEST(a_call_that_was_asked_for_and_is_not_needed_is_hung_up) {
  SimulatorProcess simulator(story());
  Pipeline p(kiosk(simulator));
  p.play();
  talk(p);
  simulator.control("/simulator/faults", Json::object({{"fault", "calls_slow=3"}}));
  order(simulator, "blackhole", "2");
  fail_unless(p.wait_for_message("openai-realtime/recovery", 1), "%s", p.describe().c_str());
  assert_text(p.messages("openai-realtime/recovery")[0]->field("kept"), "call");
  fail_unless(p.wait([&] {
    Json state = simulator.state();
    return state["calls_created"].as_int() == 2 && state["sessions"].items().size() == 1;
  }),
              "%s", p.describe().c_str());
  talk(p);
}
GST_END_TEST

OAIRT_TEST_MAIN(recovery, a_call_that_was_asked_for_and_is_not_needed_is_hung_up,
                a_closed_channel_costs_the_call_and_not_the_conversation,
                a_closed_dtls_association_does_not_either, nor_does_an_expired_session,
                nor_a_server_that_is_gone_without_a_word,
                a_black_hole_is_ridden_out_on_the_same_call,
                what_is_sent_while_nothing_is_heard_arrives_once,
                a_server_that_was_killed_and_is_back_knows_the_conversation,
                a_server_that_does_not_react_to_speech_is_replaced,
                ice_is_restarted_on_demand_where_the_server_offers_it,
                a_refused_ice_restart_ends_nothing, calls_roll_over_before_the_service_ends_them,
                a_question_that_was_not_answered_is_answered_by_the_next_call)
