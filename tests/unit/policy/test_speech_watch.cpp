// Speech that the service should have noticed, on a clock of the test.
#include "policy/speech_watch.h"
#include "support/check.h"

using namespace oairt;  // NOLINT
using std::chrono::seconds;

namespace {

struct Talk {
  Talk() { watch.reset(now); }

  // `answers`: what is asked is acknowledged.
  void pass(Duration time, bool voice, bool answers) {
    for (TimePoint end = now + time; now < end;) {
      now += milliseconds(20);
      if (voice) last_voice = now;
      auto finding = watch.look(last_voice, now);
      asked += finding.ask ? 1 : 0;
      if (finding.mute && mute++ == 0) mute_at = now;
      if (finding.ask) watch.path_proven(now);
      if (finding.ask && answers) watch.heard_event(now);
    }
  }

  TimePoint now = TimePoint() + std::chrono::hours(1);
  TimePoint last_voice = now - std::chrono::minutes(1);
  TimePoint mute_at{};
  SpeechWatch watch;
  int asked = 0, mute = 0;
};

}  // namespace

GST_START_TEST(silence_asks_nothing) {
  Talk talk;
  talk.pass(std::chrono::minutes(5), false, false);
  fail_unless(talk.asked == 0 && talk.mute == 0);
  for (int n = 0; n < 100; ++n) {  // clicks
    talk.pass(milliseconds(100), true, false);
    talk.pass(seconds(1), false, false);
  }
  fail_unless(talk.asked == 0 && talk.mute == 0);
}
GST_END_TEST

GST_START_TEST(a_service_that_answers_is_not_mute) {
  Talk talk;
  for (int n = 0; n < 50; ++n) {
    talk.pass(seconds(4), true, true);
    talk.pass(seconds(1), false, true);
  }
  fail_unless(talk.mute == 0);
  fail_unless(talk.asked >= 1 && talk.asked <= 50, "asked %d times", talk.asked);
}
GST_END_TEST

GST_START_TEST(a_service_that_noticed_by_itself_is_not_asked) {
  Talk talk;
  for (int n = 0; n < 50; ++n) {
    talk.pass(milliseconds(180), true, false);
    talk.watch.heard_event(talk.now);
    talk.pass(seconds(4), true, false);
    talk.pass(seconds(1), false, false);
  }
  fail_unless(talk.asked == 0 && talk.mute == 0, "asked %d times", talk.asked);
}
GST_END_TEST

GST_START_TEST(a_mute_service_is_found_out_in_its_time) {
  Talk talk;
  TimePoint began = talk.now;
  talk.pass(milliseconds(980), true, false);
  fail_unless(talk.mute == 1, "asked %d times", talk.asked);
  fail_unless(talk.mute_at - began <= milliseconds(960));
  Talk brief;  // also when the speech is over by then
  brief.pass(milliseconds(300), true, false);
  brief.pass(seconds(1), false, false);
  fail_unless(brief.mute == 1);
  Talk next;  // the next call has done nothing yet
  next.pass(milliseconds(500), true, false);
  next.watch.reset(next.now);
  next.pass(seconds(3), false, false);
  fail_unless(next.mute == 0);
}
GST_END_TEST

OAIRT_TEST_MAIN(speech_watch, silence_asks_nothing, a_service_that_answers_is_not_mute,
                a_service_that_noticed_by_itself_is_not_asked,
                a_mute_service_is_found_out_in_its_time)
