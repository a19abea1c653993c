// One visitor after the other on one call: what the one said reaches neither the next nor, without
// consent, a store.
#include <string>

#include "stored_session.h"
#include "support/network_relay.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

GST_START_TEST(the_next_visitor_finds_the_same_call_and_no_memory) {
  SimulatorProcess simulator(story());
  Place place;
  Pipeline p(kiosk(simulator, place.properties()));
  p.play();
  talk(p);
  act(p, "split-session");
  fail_unless(p.wait_for_message("openai-realtime/logical-session"));
  fail_unless(p.wait([&] { return simulator.remembered().empty(); }), "%s",
              simulator.remembered().c_str());
  talk(p);
  assert_text(simulator.remembered(), kBoth);
  fail_unless_equals_int(p.messages("openai-realtime/session").size(), 1);
  fail_unless(wait_for_items(p, place, 2, 1));
  auto records = place.records();
  fail_unless_equals_int(records.size(), 2);
  fail_unless(records[0].closed_ms > 0 && records[1].closed_ms == 0);
  fail_unless_equals_int(records[0].items.size(), 2);
}
GST_END_TEST

GST_START_TEST(a_visitor_who_leaves_in_the_middle_of_an_answer_leaves_nothing_behind) {
  SimulatorProcess simulator(
      story({"--answer", "This is a long answer that goes on and on and on for a good while."}));
  Place place;
  Pipeline p(kiosk(simulator, place.properties()));
  p.play();
  fail_unless(p.wait_for_state("connected"));
  p.send_text("b", "Who was here?");
  fail_unless(p.wait_for_message("openai-realtime/response-started"));
  act(p, "split-session");
  fail_unless(p.wait([&] { return simulator.remembered().empty(); }), "%s",
              simulator.remembered().c_str());
  p.send_text("b", kQuestion);
  fail_unless(p.wait([&] {
    auto words = simulator.remembered();
    return words.find("assistant") != std::string::npos;
  }));
  fail_if(simulator.remembered().find("Who was here") != std::string::npos);
  fail_unless(wait_for_items(p, place, 2, place.records().size() - 1), "%zu records",
              place.records().size());
  auto records = place.records();
  for (const auto &item : records.back().items) {
    fail_if(item.text.find("Who was here") != std::string::npos);
  }
}
GST_END_TEST

// What the one visitor has said is still on its way, and so is what is answered, when the next
// comes.
GST_START_TEST(what_is_on_its_way_at_a_split_reaches_nobody) {
  NetworkRelay relay(RelayLink{milliseconds(150), Duration::zero(), 0});
  uint16_t udp = relay.open_udp(), tcp = relay.open_tcp();
  SimulatorProcess simulator(story(
      {"--advertise-udp-port", std::to_string(udp), "--advertise-tcp-port", std::to_string(tcp)}));
  Json at = simulator.state()["listening"];
  relay.set_target(udp, static_cast<uint16_t>(at["udp_port"].as_int()));
  relay.set_target(tcp, static_cast<uint16_t>(at["tcp_port"].as_int()));
  Place place;
  Pipeline p(kiosk(simulator, place.properties()));
  p.play();
  talk(p);
  p.record("b");
  p.send_text("b", "Who was here?");
  act(p, "split-session");
  fail_unless(p.wait_for_message("openai-realtime/logical-session"));
  // The service has added the question, and begun the answer, before it heard of the split.
  fail_unless(p.wait_for_message("openai-realtime/response-done", 2), "%s", p.describe().c_str());
  fail_unless(p.wait([&] { return simulator.remembered().empty(); }), "%s",
              simulator.remembered().c_str());
  auto words = p.transcript("assistant");
  talk(p);
  assert_text(simulator.remembered(), kBoth);
  fail_unless(wait_for_items(p, place, 2, 1), "%zu items", place.items(1));
  auto records = place.records();
  for (const auto &item : records[1].items) {
    fail_if(item.text.find("Who was here") != std::string::npos);
  }
  assert_text(words, "My name is Ada.");
}
GST_END_TEST

GST_START_TEST(forgetting_leaves_nothing_in_the_store_and_nothing_in_the_model) {
  SimulatorProcess simulator(story());
  Place place;
  Pipeline p(kiosk(simulator, place.properties()));
  p.play();
  talk(p);
  fail_unless(wait_for_items(p, place, 2));
  act(p, "forget-session");
  fail_unless(p.wait([&] { return place.records().empty(); }));
  fail_unless(p.wait([&] { return simulator.remembered().empty(); }));
  talk(p);
  fail_unless(wait_for_items(p, place, 2));
}
GST_END_TEST

GST_START_TEST(without_consent_nothing_is_stored) {
  SimulatorProcess simulator(story());
  Place place;
  Pipeline p(kiosk(simulator, place.properties() + "consent-required=true"));
  p.play();
  talk(p);
  fail_unless(place.records().empty());
  act(p, "grant-consent");
  fail_unless(wait_for_items(p, place, 2));
  act(p, "withdraw-consent");
  fail_unless(p.wait([&] { return place.records().empty(); }));
  talk(p);
  fail_unless(place.records().empty());
  assert_contains(simulator.remembered(), "Ada");  // the conversation goes on
}
GST_END_TEST

GST_START_TEST(a_call_that_nobody_uses_is_hung_up_and_speech_brings_it_back) {
  SimulatorProcess simulator(story());
  Pipeline p(kiosk(simulator, "idle-timeout=1 idle-action=hang-up"));
  p.play();
  talk(p);
  fail_unless(p.wait_for_state("idle"), "%s", p.describe().c_str());
  fail_unless(p.wait([&] { return simulator.state()["sessions"].items().empty(); }));
  auto answers = p.messages("openai-realtime/response-done").size();
  g_object_set(p.get("mic"), "wave", 0, "volume", 0.5, nullptr);
  fail_unless(p.wait([&] {
    auto *last = p.messages("openai-realtime/connection-state").back();
    return last->field("state") == "connected";
  }),
              "%s", p.describe().c_str());
  fail_unless(p.wait_for_message("openai-realtime/speech-started"), "%s", p.describe().c_str());
  g_object_set(p.get("mic"), "wave", 4, nullptr);
  fail_unless(p.wait_for_message("openai-realtime/response-done", answers + 1), "%s",
              p.describe().c_str());
  // A conversation of its own.
  fail_unless(p.wait([&] { return simulator.remembered() == kBoth; }), "%s",
              simulator.remembered().c_str());
}
GST_END_TEST

GST_START_TEST(an_idle_conversation_ends_and_the_call_stays) {
  SimulatorProcess simulator(story());
  Pipeline p(kiosk(simulator, "idle-timeout=1"));
  p.play();
  talk(p);
  fail_unless(p.wait_for_message("openai-realtime/logical-session"), "%s", p.describe().c_str());
  assert_text(p.messages("openai-realtime/logical-session")[0]->field("reason"), "idle-timeout");
  fail_unless(p.wait([&] { return simulator.remembered().empty(); }));
  fail_unless_equals_int(p.messages("openai-realtime/session").size(), 1);
}
GST_END_TEST

OAIRT_TEST_MAIN(visitors, the_next_visitor_finds_the_same_call_and_no_memory,
                a_visitor_who_leaves_in_the_middle_of_an_answer_leaves_nothing_behind,
                what_is_on_its_way_at_a_split_reaches_nobody,
                forgetting_leaves_nothing_in_the_store_and_nothing_in_the_model,
                without_consent_nothing_is_stored,
                a_call_that_nobody_uses_is_hung_up_and_speech_brings_it_back,
                an_idle_conversation_ends_and_the_call_stays)
