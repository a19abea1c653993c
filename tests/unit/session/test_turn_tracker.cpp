#include "session/turn_tracker.h"
#include "support/check.h"

using namespace oairt;  // NOLINT

namespace {

struct Turns {
  TurnTracker tracker;
  TimePoint now = TimePoint() + std::chrono::hours(1);

  template <typename Body>
  void event(Body body) {
    ServerEvent event;
    event.body = std::move(body);
    tracker.handle(event, now);
  }
  bool finished_after(Duration wait, bool playout_empty = true) {
    now += wait;
    return tracker.take_answer_finished(now, playout_empty);
  }
};

}  // namespace

GST_START_TEST(a_turn_is_quiet_only_after_its_answer_was_played) {
  Turns t;
  fail_unless(t.tracker.quiet());
  t.event(SpeechStarted{"u", 0});
  fail_if(t.tracker.quiet());
  t.event(SpeechStopped{"u", 100});
  t.event(InputCommitted{"u", ""});
  fail_if(t.tracker.quiet());
  t.event(ResponseCreated{"r"});
  t.event(OutputAudioStarted{"r"});
  fail_unless(t.tracker.model_speaking());
  t.event(ResponseDone{"r", "completed", "", "", "", "", {}, {}});
  fail_if(t.tracker.quiet());
  t.event(OutputAudioStopped{"r"});
  fail_unless(t.tracker.quiet());
}
GST_END_TEST

GST_START_TEST(the_end_of_input_is_answered_before_it_is_the_end) {
  Turns t;
  t.event(SpeechStarted{"u", 0});
  t.tracker.input_finished(t.now);
  fail_if(t.finished_after(std::chrono::minutes(1)));
  t.event(SpeechStopped{"u", 100});
  t.event(InputCommitted{"u", ""});
  t.event(ResponseCreated{"r"});
  t.event(OutputAudioStarted{"r"});
  t.event(ResponseDone{"r", "completed", "", "", "", "", {}, {}});
  t.event(OutputAudioStopped{"r"});
  fail_if(t.finished_after(milliseconds(500), false));
  fail_if(t.finished_after(milliseconds(100)));
  fail_unless(t.finished_after(milliseconds(400)));
  fail_if(t.finished_after(std::chrono::minutes(1)));
}
GST_END_TEST

GST_START_TEST(input_without_speech_ends_after_a_while) {
  Turns t;
  t.tracker.input_finished(t.now);
  fail_if(t.finished_after(std::chrono::seconds(3)));
  fail_unless(t.finished_after(std::chrono::seconds(1)));
}
GST_END_TEST

GST_START_TEST(new_input_takes_the_end_back) {
  Turns t;
  t.tracker.input_finished(t.now);
  t.tracker.input_resumed();
  fail_if(t.finished_after(std::chrono::minutes(1)));
}
GST_END_TEST

GST_START_TEST(a_lost_call_leaves_nothing_open) {
  Turns t;
  t.event(ResponseCreated{"r"});
  t.event(OutputAudioStarted{"r"});
  t.tracker.reset(t.now);
  fail_unless(t.tracker.quiet());
}
GST_END_TEST

OAIRT_TEST_MAIN(turn_tracker, a_turn_is_quiet_only_after_its_answer_was_played,
                the_end_of_input_is_answered_before_it_is_the_end,
                input_without_speech_ends_after_a_while, new_input_takes_the_end_back,
                a_lost_call_leaves_nothing_open)
