// The event channel that both sides know beforehand (?dcid=): real elements, the simulator as a
// server that knows it, ignores it or refuses it.
#include <atomic>
#include <string>

#include "lossy_line.h"
#include "support/check.h"
#include "support/pipeline.h"
#include "support/simulator_process.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

std::string line(const SimulatorProcess &simulator, const std::string &more = "") {
  return "audiotestsrc is-live=true wave=silence ! openairealtimebin name=b base-url=" +
         simulator.base_url() + " api-key=" + SimulatorProcess::kApiKey + " " + more +
         " ! fakesink sync=false";
}

std::string channel_in_use(Pipeline &p) {
  GstStructure *stats = nullptr;
  g_object_get(p.get("b"), "stats", &stats, nullptr);
  UniqueStructure owner(stats);
  const char *text = gst_structure_get_string(stats, "event-channel");
  return text != nullptr ? text : "";
}

// The `dcid` of every call so far; -1: none.
std::vector<int> streams(SimulatorProcess &simulator) {
  std::vector<int> all;
  for (const Json &call : simulator.log("call")) {
    all.push_back(static_cast<int>(call["dcid"].as_int(-1)));
  }
  return all;
}

void talk(Pipeline &p) {
  std::size_t before = p.messages("openai-realtime/response-done").size();
  p.send_text("b", "Hello.");
  fail_unless(p.wait_for_message("openai-realtime/response-done", before + 1), "%s",
              p.describe().c_str());
}

void assert_quiet(Pipeline &p) {
  fail_unless(p.messages("warning").empty(), "%s", p.describe().c_str());
  fail_unless(p.messages("error").empty(), "%s", p.describe().c_str());
}

bool reconnect(Pipeline &p) {
  gboolean done = FALSE;
  g_signal_emit_by_name(p.get("b"), "reconnect", &done);
  return done != FALSE;
}

// One call was asked for with a channel that is known, and another one without; nobody noticed.
void falls_back(SimulatorProcess &simulator, std::size_t calls_of_the_first) {
  Pipeline p(line(simulator, "event-channel=negotiated"));
  p.play();
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  assert_text(channel_in_use(p), "opened");
  talk(p);
  std::size_t calls = streams(simulator).size();
  fail_unless_equals_int(calls, calls_of_the_first + 1);
  fail_unless_equals_int(streams(simulator).back(), -1);
  fail_unless_equals_int(p.messages("openai-realtime/session").size(), 1);
  assert_quiet(p);
  // From now on the server is not asked again, also by another session.
  fail_unless(reconnect(p) && p.wait_for_message("openai-realtime/session", 2), "%s",
              p.describe().c_str());
  Pipeline other(line(simulator, "event-channel=negotiated session=other"));
  other.play();
  fail_unless(other.wait_for_state("connected"), "%s", other.describe().c_str());
  fail_unless_equals_int(streams(simulator).size(), calls + 2);
  assert_quiet(p);
  // What is left over is hung up.
  fail_unless(wait_for([&] { return simulator.state()["sessions"].items().size() == 2; }));
}

// How long the message `name` comes after the nth large packet of SCTP to the client, which is
// lost: the first is session.created, the second session.updated.
Duration delay_without(int nth, const char *name) {
  LossyLine line({}, RelayLink{milliseconds(20), Duration::zero(), 0});
  std::atomic<int> large{0};
  std::atomic<TimePoint> lost_at{TimePoint()};
  line.relay().set_filter([&](const NetworkRelay::Packet &packet) {
    bool record = packet.data[0] == 23 && packet.size > 800;
    bool lost = record && packet.towards == NetworkRelay::Towards::Client && ++large == nth;
    if (lost) lost_at = packet.at;
    return lost;
  });
  Pipeline p("audiotestsrc is-live=true wave=silence ! openairealtimebin name=b" +
             line.properties() + "event-channel=negotiated ! fakesink sync=false");
  p.play();
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  fail_unless(large >= nth);
  talk(p);
  assert_quiet(p);
  return p.messages(name).back()->at - lost_at.load();
}

}  // namespace

GST_START_TEST(a_conversation_on_a_negotiated_channel) {
  SimulatorProcess simulator;
  Pipeline p(line(simulator, "event-channel=negotiated"));
  p.play();
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  assert_text(channel_in_use(p), "negotiated");
  talk(p);
  // Larger than a packet, both ways.
  std::string much(20000, 'x');
  g_object_set(p.get("b"), "instructions", much.c_str(), nullptr);
  fail_unless(wait_for([&] {
    const auto sessions = simulator.state()["sessions"];
    return sessions.items().at(0)["session"]["config"]["instructions"].as_string() == much;
  }));
  talk(p);
  fail_unless_equals_int(streams(simulator).size(), 1);
  fail_unless_equals_int(streams(simulator)[0], 4);
  for (const Json &opened : simulator.log("channel")) {
    assert_text(opened["label"].as_string(), "oai-events");
  }
  assert_quiet(p);
}
GST_END_TEST

GST_START_TEST(other_servers_and_who_wants_it_get_a_channel_that_is_opened) {
  SimulatorProcess simulator;
  for (const char *wish : {"", "event-channel=opened"}) {
    Pipeline p(line(simulator, wish));
    p.play();
    fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
    assert_text(channel_in_use(p), "opened");
    talk(p);
    assert_quiet(p);
  }
  for (int stream : streams(simulator)) fail_unless_equals_int(stream, -1);
}
GST_END_TEST

GST_START_TEST(the_calls_that_follow_are_made_the_same_way) {
  SimulatorProcess simulator({"--max-age", "4"});
  Pipeline p(line(simulator, "event-channel=negotiated rollover-margin=2"));
  p.play();
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  talk(p);
  fail_unless(p.wait_for_message("openai-realtime/recovery", 2), "%s", p.describe().c_str());
  for (const Posted *recovery : p.messages("openai-realtime/recovery")) {
    assert_text(recovery->field("action"), "rollover");
    assert_text(recovery->field("kept"), "conversation");
  }
  assert_contains(simulator.remembered(), "user: Hello.");
  assert_text(channel_in_use(p), "negotiated");
  talk(p);
  for (int stream : streams(simulator)) fail_unless_equals_int(stream, 4);
  assert_quiet(p);
}
GST_END_TEST

GST_START_TEST(a_server_that_ends_the_channel_is_called_again) {
  SimulatorProcess simulator;
  Pipeline p(line(simulator, "event-channel=negotiated"));
  p.play();
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  talk(p);
  simulator.control("/simulator/sessions/*/close_channel");
  fail_unless(p.wait_for_message("openai-realtime/recovery"), "%s", p.describe().c_str());
  talk(p);
  assert_contains(simulator.remembered(), "user: Hello.");
  for (int stream : streams(simulator)) fail_unless_equals_int(stream, 4);
}
GST_END_TEST

GST_START_TEST(a_server_that_ignores_it_is_called_again) {
  SimulatorProcess simulator({"--ignore-dcid"});
  falls_back(simulator, 1);
}
GST_END_TEST

GST_START_TEST(a_server_that_refuses_it_is_called_again) {
  SimulatorProcess simulator({"--fault", "calls_error=400"});
  falls_back(simulator, 0);
}
GST_END_TEST

GST_START_TEST(what_is_refused_for_another_reason_is_an_error_and_not_remembered) {
  SimulatorProcess simulator({"--fault", "calls_error=400x2"});
  Pipeline p(line(simulator, "event-channel=negotiated"));
  p.play();
  fail_unless(p.wait_for_message("error"), "%s", p.describe().c_str());
  fail_unless_equals_int(p.messages("error").size(), 1);
  Pipeline next(line(simulator, "event-channel=negotiated"));
  next.play();
  fail_unless(next.wait_for_state("connected"), "%s", next.describe().c_str());
  assert_text(channel_in_use(next), "negotiated");
}
GST_END_TEST

// Else SCTP waits for its timer, at least a second.
GST_START_TEST(a_first_event_that_is_lost_is_repeated_long_before_sctp_s_timer) {
  Duration created = delay_without(1, "openai-realtime/session");
  fail_unless(created < milliseconds(700), "%g ms", to_ms(created));
  Duration connected = delay_without(2, "openai-realtime/connection-state");
  fail_unless(connected < milliseconds(700), "%g ms", to_ms(connected));
}
GST_END_TEST

GST_START_TEST(what_is_asked_to_that_end_is_not_the_application_s) {
  LossyLine line({}, RelayLink{milliseconds(20), Duration::zero(), 0});
  std::atomic<int> large{0};
  line.relay().set_filter([&large](const NetworkRelay::Packet &packet) {
    bool record = packet.data[0] == 23 && packet.size > 800;
    return record && packet.towards == NetworkRelay::Towards::Client && ++large == 1;
  });
  Pipeline p("audiotestsrc is-live=true wave=silence ! openairealtimebin name=b" +
             line.properties() + "event-channel=negotiated ! fakesink sync=false");
  static std::atomic<int> cleared;
  cleared = 0;
  g_signal_connect(p.get("b"), "event",
                   G_CALLBACK(+[](GstElement *, const gchar *type, const gchar *, gpointer) {
                     if (g_str_equal(type, "input_audio_buffer.cleared")) ++cleared;
                   }),
                   nullptr);
  p.play();
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  talk(p);
  int asked = 0;
  for (const Json &event : line.simulator().log("event-in")) {
    if (event["event"]["type"].as_string() == "input_audio_buffer.clear") ++asked;
  }
  fail_unless(asked > 0);
  fail_unless_equals_int(cleared, 0);
  // An application's own is told.
  gboolean sent = FALSE;
  g_signal_emit_by_name(p.get("b"), "send-event", "{\"type\":\"input_audio_buffer.clear\"}", &sent);
  fail_unless(sent && p.wait([] { return cleared == 1; }));
}
GST_END_TEST

OAIRT_TEST_MAIN("event_channel", a_conversation_on_a_negotiated_channel,
                other_servers_and_who_wants_it_get_a_channel_that_is_opened,
                the_calls_that_follow_are_made_the_same_way,
                a_server_that_ends_the_channel_is_called_again,
                a_server_that_ignores_it_is_called_again, a_server_that_refuses_it_is_called_again,
                what_is_refused_for_another_reason_is_an_error_and_not_remembered,
                a_first_event_that_is_lost_is_repeated_long_before_sctp_s_timer,
                what_is_asked_to_that_end_is_not_the_application_s)
