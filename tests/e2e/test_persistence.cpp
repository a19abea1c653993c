// A conversation outlives its pipeline, its process and its machine: real elements, real stores,
// the simulator.
#include <string>

#include "redis_server.h"
#include "stored_session.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

GST_START_TEST(what_was_said_before_a_kill_is_known_before_the_first_audio) {
  SimulatorProcess simulator(story());
  Place place;
  {
    Elsewhere first(simulator, place.properties());
    fail_unless(wait_for([&] { return place.items() == 2; }, std::chrono::seconds(20)),
                "%zu items: %s", place.items(), simulator.remembered().c_str());
    first.kill_hard();
  }
  Pipeline p(kiosk(simulator, place.properties()));
  p.play();
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  assert_text(simulator.remembered(), kBoth);
  auto restored = p.messages("openai-realtime/restored");
  fail_unless_equals_int(restored.size(), 1);
  guint64 items = 0;
  fail_unless(gst_structure_get_uint64(restored[0]->structure.get(), "items", &items));
  fail_unless_equals_int(items, 2);
  talk(p);
  fail_unless(wait_for_items(p, place, 4));
  fail_if(place.holds("Ada") || place.holds("name?"));
}
GST_END_TEST

GST_START_TEST(a_session_that_ends_well_is_resumed_as_well) {
  SimulatorProcess simulator(story());
  Place place;
  for (std::size_t turns = 1; turns <= 3; ++turns) {
    Pipeline p(kiosk(simulator, place.properties() + (turns == 1 ? "mute=true volume=0.5" : "")));
    p.play();
    talk(p);
    gboolean muted = FALSE;
    gdouble volume = 0;
    g_object_get(p.get("b"), "mute", &muted, "volume", &volume, nullptr);
    fail_unless(muted && volume == 0.5, "%d %f", muted, volume);
    p.set_state(GST_STATE_NULL);
    fail_unless(wait_for_items(p, place, 2 * turns), "%zu items", place.items());
  }
}
GST_END_TEST

GST_START_TEST(in_memory_it_outlives_the_pipeline_and_touches_no_disk) {
  SimulatorProcess simulator(story());
  for (int turn = 0; turn < 2; ++turn) {
    Pipeline p(kiosk(simulator, "persistence=memory session=room"));
    p.play();
    fail_unless(p.wait_for_state("connected"));
    if (turn == 1) assert_text(simulator.remembered(), kBoth);
    talk(p);
  }
}
GST_END_TEST

GST_START_TEST(of_two_processes_one_drives_and_the_other_takes_over) {
  SimulatorProcess simulator(story());
  Place place;
  Elsewhere first(simulator, place.properties());
  fail_unless(wait_for([&] { return place.items() == 2; }, std::chrono::seconds(20)),
              "%zu items: %s", place.items(), simulator.remembered().c_str());
  Pipeline p(kiosk(simulator, place.properties()));
  p.play();
  fail_unless(p.wait_for_state("standby"), "%s", p.describe().c_str());
  fail_unless_equals_int(simulator.state()["sessions"].items().size(), 1);
  first.kill_hard();
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  assert_text(simulator.remembered(), kBoth);
}
GST_END_TEST

// A machine that stands still keeps its lease for a while; what it says when it is back is refused.
GST_START_TEST(a_machine_that_falls_silent_is_taken_over_and_steps_back) {
  if (const char *absent = RedisServer::absent()) {
    std::printf("skipped: %s\n", absent);
    return;
  }
  SimulatorProcess simulator(story());
  RedisServer redis;
  Place place;
  std::string shared = "persistence=disk session=kiosk store=" + redis.uri() +
                       " store-key-file=" + place.key() + " ";
  Elsewhere first(simulator, shared);
  StoreOptions options;
  options.uri = redis.uri();
  options.session = "kiosk";
  options.key_file = place.key();
  auto stored = [&] {
    auto all = read_all_records(options);
    return all && !all->empty() ? all->back().items.size() : 0;
  };
  fail_unless(wait_for([&] { return stored() == 2; }, std::chrono::seconds(20)), "%zu items: %s",
              stored(), simulator.remembered().c_str());
  Pipeline p(kiosk(simulator, shared));
  p.play();
  fail_unless(p.wait_for_state("standby"), "%s", p.describe().c_str());
  first.freeze();
  fail_unless(p.wait_for_state("connected", std::chrono::seconds(25)), "%s", p.describe().c_str());
  assert_text(simulator.remembered(), kBoth);
  first.thaw();
  talk(p);
  fail_unless(p.wait([&] { return stored() == 4; }), "%zu", stored());
  // The other one's call ends, and it makes no new one.
  fail_unless(p.wait([&] { return simulator.state()["sessions"].items().size() == 1; }));
  talk(p);
  fail_unless(p.wait([&] { return stored() == 6; }), "%zu", stored());
}
GST_END_TEST

GST_START_TEST(disk_needs_a_name_and_a_store_that_can_be_one) {
  SimulatorProcess simulator(story());
  for (const char *wrong : {"persistence=disk", "preferences=nonsense", "store=mysql://db"}) {
    std::string more =
        wrong == std::string("store=mysql://db") ? " persistence=disk session=a" : "";
    Pipeline p(kiosk(simulator, wrong + more));
    fail_unless_equals_int(p.set_state(GST_STATE_READY), GST_STATE_CHANGE_FAILURE);
    p.pump();
    fail_unless_equals_int(p.messages("error").size(), 1);
    assert_contains(p.messages("error")[0]->text,
                    std::string(wrong).substr(0, std::string(wrong).find('=')));
  }
}
GST_END_TEST

GST_START_TEST(a_store_that_cannot_be_written_is_told_and_the_talk_goes_on) {
  SimulatorProcess simulator(story());
  Pipeline p(kiosk(simulator,
                   "persistence=disk session=kiosk store=sqlite:/proc/none/store.sqlite "
                   "store-key-file=/proc/none/key"));
  p.play();
  talk(p);
  fail_unless_equals_int(p.messages("warning").size(), 1);
  assert_contains(p.messages("warning")[0]->text, "/proc/none");
}
GST_END_TEST

OAIRT_TEST_MAIN(persistence, what_was_said_before_a_kill_is_known_before_the_first_audio,
                a_session_that_ends_well_is_resumed_as_well,
                in_memory_it_outlives_the_pipeline_and_touches_no_disk,
                of_two_processes_one_drives_and_the_other_takes_over,
                a_machine_that_falls_silent_is_taken_over_and_steps_back,
                disk_needs_a_name_and_a_store_that_can_be_one,
                a_store_that_cannot_be_written_is_told_and_the_talk_goes_on)
