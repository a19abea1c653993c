// Where turns end for those who are not told, on a clock of the test.
#include "policy/pause_watch.h"
#include "support/check.h"

using namespace oairt;  // NOLINT
using std::chrono::seconds;

namespace {

struct Talk {
  void pass(Duration time, bool voice) {
    for (TimePoint end = now + time; now < end;) {
      now += milliseconds(20);
      if (voice) last_voice = now;
      if (watch.look(last_voice, now)) {
        ++turns;
        ended = now;
      }
    }
  }
  TimePoint now = TimePoint() + std::chrono::hours(1);
  TimePoint last_voice = now - std::chrono::minutes(1), ended{};
  PauseWatch watch;
  int turns = 0;
};

}  // namespace

GST_START_TEST(a_pause_ends_a_turn_once) {
  Talk talk;
  talk.pass(seconds(3), true);
  fail_unless(talk.turns == 0 && talk.watch.turn_began().has_value());
  TimePoint last = talk.last_voice;
  talk.pass(seconds(10), false);
  fail_unless_equals_int(talk.turns, 1);
  fail_unless(talk.ended - last < PauseWatch::kPause + milliseconds(40));
  fail_unless(!talk.watch.turn_began());
}
GST_END_TEST

GST_START_TEST(silence_and_clicks_are_no_turns) {
  Talk talk;
  talk.pass(std::chrono::minutes(1), false);
  for (int i = 0; i < 20; ++i) {
    talk.pass(milliseconds(20), true);
    talk.pass(seconds(2), false);
  }
  fail_unless_equals_int(talk.turns, 0);
}
GST_END_TEST

GST_START_TEST(breath_is_no_pause_and_a_long_speech_is_cut) {
  Talk talk;
  for (int i = 0; i < 15; ++i) {
    talk.pass(seconds(1), true);
    talk.pass(milliseconds(300), false);
  }
  fail_unless_equals_int(talk.turns, 0);
  talk.pass(seconds(25), true);
  fail_unless(talk.turns >= 1 && talk.turns <= 2, "%d", talk.turns);
}
GST_END_TEST

GST_START_TEST(what_is_dropped_is_no_turn) {
  Talk talk;
  talk.pass(seconds(1), true);
  talk.watch.reset();
  talk.pass(seconds(3), false);
  fail_unless_equals_int(talk.turns, 0);
}
GST_END_TEST

OAIRT_TEST_MAIN(pause_watch, a_pause_ends_a_turn_once, silence_and_clicks_are_no_turns,
                breath_is_no_pause_and_a_long_speech_is_cut, what_is_dropped_is_no_turn)
