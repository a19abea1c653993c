// Of an interrupted answer only what was heard stays.
#include <algorithm>

#include "scene.h"
#include "support/check.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

// 60 characters: four seconds at 15 a second.
const std::string kAnswer = "One two three. Four five six. Seven eight nine. Ten eleven!!";

Scene speaking() {
  Scene scene;
  scene.say("u", "count");
  scene.begin_answer("a");
  scene.speak("a", kAnswer);
  return scene;
}

std::string heard(const Scene &scene) { return scene.conversation.find("a")->text; }

}  // namespace

GST_START_TEST(the_last_three_events_may_come_in_any_order) {
  int order[] = {0, 1, 2};
  do {
    for (bool cancelled : {true, false}) {
      Scene scene = speaking();
      if (!cancelled) scene.end_answer("a", kAnswer);
      scene.wait(1900);
      for (int step : order) {
        if (step == 0 && cancelled) scene.end_answer("a", kAnswer, "cancelled");
        if (step == 1) scene.cleared("a");
        if (step == 2) scene.truncated("a", 1000);
      }
      assert_text(scene.shown(), "user:count assistant:One two three.~");
      fail_unless(!scene.conversation.unanswered());
      fail_unless(scene.conversation.settled());
    }
  } while (std::next_permutation(std::begin(order), std::end(order)));
}
GST_END_TEST

GST_START_TEST(the_share_of_the_time_is_the_share_of_the_words) {
  struct {
    int64_t ms;
    const char *heard;
  } table[] = {{-5, ""},
               {0, ""},
               {100, ""},
               {200, "One"},
               {2000, "One two three. Four five six."},
               {3000, "One two three. Four five six. Seven eight"},
               {99999, kAnswer.c_str()}};
  for (const auto &row : table) {
    Scene scene = speaking();
    scene.end_answer("a", kAnswer);
    scene.truncated("a", row.ms);
    assert_text(heard(scene), row.heard);
    fail_unless(scene.conversation.find("a")->status == ConversationItem::Status::Interrupted);
  }
}
GST_END_TEST

GST_START_TEST(the_length_of_the_speech_is_taken_from_the_usage) {
  Scene scene = speaking();
  scene.end_answer("a", kAnswer, "completed", 160);  // eight seconds
  scene.truncated("a", 2000);
  assert_text(heard(scene), "One two three.");
}
GST_END_TEST

GST_START_TEST(a_slow_voice_is_learned_from_its_earlier_answers) {
  Scene scene;
  scene.begin_answer("first");
  scene.speak("first", kAnswer);
  scene.end_answer("first", kAnswer);
  scene.wait(8000);
  scene.played("first");
  scene.begin_answer("a");
  scene.speak("a", kAnswer);
  scene.truncated("a", 2000);
  assert_text(heard(scene), "One two three.");
}
GST_END_TEST

GST_START_TEST(what_is_cut_again_gets_shorter_only) {
  Scene scene = speaking();
  scene.truncated("a", 2000);
  scene.truncated("a", 3000);
  assert_text(heard(scene), "One two three. Four five six.");
  scene.truncated("a", 1000);
  assert_text(heard(scene), "One two three.");
  scene.speak("a", " Twelve");
  scene.end_answer("a", kAnswer, "cancelled");
  assert_text(heard(scene), "One two three.");
}
GST_END_TEST

GST_START_TEST(cleared_alone_is_reckoned_from_the_time_of_playing) {
  Scene scene = speaking();
  scene.wait(2000);
  scene.cleared("a");
  scene.end_answer("a", kAnswer, "cancelled");
  assert_text(scene.shown(), "user:count assistant:One two three. Four five six.~");
}
GST_END_TEST

GST_START_TEST(a_spoken_answer_is_finished_when_it_is_played) {
  Scene scene = speaking();
  scene.end_answer("a", kAnswer);
  fail_unless(!scene.conversation.find("a")->finished());
  scene.wait(4000);
  scene.played("a");
  fail_unless(scene.conversation.find("a")->finished());
  assert_text(scene.shown(), "user:count assistant:" + kAnswer);
}
GST_END_TEST

GST_START_TEST(a_short_answer_may_be_complete_before_it_is_played) {
  Scene scene;
  scene.tell(ResponseCreated{"resp_a"});
  scene.tell(OutputItemAdded{"resp_a", "a", Json()});
  scene.tell(ItemAdded{answer_item("a", "in_progress", "", ""), "a", ""});
  scene.end_answer("a", kAnswer);
  scene.tell(OutputAudioStarted{"resp_a"});
  fail_unless(!scene.conversation.find("a")->finished());
  scene.wait(1000);
  scene.end_call();
  assert_text(scene.shown(), "assistant:One two three.~");
}
GST_END_TEST

GST_START_TEST(a_lost_call_cuts_where_the_voice_broke_off) {
  for (bool generated : {true, false}) {
    Scene scene = speaking();
    if (generated) scene.end_answer("a", kAnswer);
    scene.wait(1000);
    scene.end_call();
    assert_text(scene.shown(), "user:count assistant:One two three.~");
    fail_unless(!scene.conversation.unanswered());
  }
}
GST_END_TEST

GST_START_TEST(a_call_lost_after_the_last_word_cuts_nothing) {
  Scene scene = speaking();
  scene.end_answer("a", kAnswer);
  scene.wait(4100);
  scene.end_call();
  assert_text(scene.shown(), "user:count assistant:" + kAnswer);
}
GST_END_TEST

GST_START_TEST(what_waited_behind_another_answer_was_not_heard) {
  Scene scene = speaking();
  scene.end_answer("a", kAnswer);
  scene.played("a");
  scene.say("u2", "more");
  scene.tell(ResponseCreated{"resp_b"});
  scene.tell(OutputItemAdded{"resp_b", "b", Json()});
  scene.tell(ItemAdded{answer_item("b", "in_progress", "", ""), "b", ""});
  scene.end_answer("b", kAnswer);
  scene.end_call();
  assert_text(scene.shown(), "user:count assistant:" + kAnswer + " user:more assistant:!");
  fail_unless(scene.conversation.unanswered());
}
GST_END_TEST

GST_START_TEST(servers_that_do_not_tell_of_playing_are_believed) {
  Scene scene;
  for (const char *id : {"a", "b"}) {
    scene.tell(ResponseCreated{std::string("resp_") + id});
    scene.tell(ItemAdded{answer_item(id, "in_progress", "", ""), id, ""});
    scene.speak(id, kAnswer);
    if (id[0] == 'a') scene.end_answer("a", kAnswer);
  }
  scene.wait(1000);
  scene.end_call();
  assert_text(scene.shown(), "assistant:" + kAnswer + " assistant:One two three.~");
}
GST_END_TEST

GST_START_TEST(a_written_answer_is_kept_as_it_came) {
  Scene scene;
  scene.tell(ResponseCreated{"r"});
  scene.tell(ItemAdded{answer_item("a", "in_progress", "", ""), "a", ""});
  scene.truncated("a", 0);
  scene.tell(OutputTextDelta{"r", "a", "One two"});
  scene.truncated("a", 0);
  scene.tell(OutputTextDelta{"r", "a", " three"});
  scene.end_call();
  assert_text(scene.shown(), "assistant:One two three~");
}
GST_END_TEST

GST_START_TEST(the_voice_goes_through_the_items_of_a_response_in_order) {
  Scene scene;
  scene.begin_answer("a");
  scene.speak("a", "One two three.");
  scene.tell(OutputItemAdded{"resp_a", "b", Json()});
  scene.tell(ItemAdded{answer_item("b", "in_progress", "", ""), "b", "a"});
  scene.tell(OutputTranscriptDelta{"resp_a", "b", "Four five six."});
  scene.wait(1300);
  scene.end_call();
  assert_text(scene.shown(), "assistant:One two three.~ assistant:Four~");
}
GST_END_TEST

OAIRT_TEST_MAIN(
    heard, the_last_three_events_may_come_in_any_order,
    the_share_of_the_time_is_the_share_of_the_words,
    the_length_of_the_speech_is_taken_from_the_usage,
    a_slow_voice_is_learned_from_its_earlier_answers, what_is_cut_again_gets_shorter_only,
    cleared_alone_is_reckoned_from_the_time_of_playing,
    a_spoken_answer_is_finished_when_it_is_played,
    a_short_answer_may_be_complete_before_it_is_played, a_lost_call_cuts_where_the_voice_broke_off,
    a_call_lost_after_the_last_word_cuts_nothing, what_waited_behind_another_answer_was_not_heard,
    servers_that_do_not_tell_of_playing_are_believed, a_written_answer_is_kept_as_it_came,
    the_voice_goes_through_the_items_of_a_response_in_order)
