// Order, roles, late words, odd events, whose turn it is.
#include "scene.h"
#include "support/check.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

GST_START_TEST(a_conversation_is_kept_in_order) {
  Scene scene;
  scene.item(text_item("sys", "system", "be brief"));
  scene.say("u1", "hello");
  scene.answer("a1", "Hello there.");
  scene.say("u2", "what time is it");
  scene.call("f1", "call_1");
  scene.item(output_item("o1", "call_1", "noon"));
  scene.write("a2", "It is noon.");
  assert_text(
      scene.shown(),
      "system:be brief user:hello assistant:Hello there. user:what time is it call:tool({}) "
      "output:noon assistant:It is noon.");
  fail_unless(scene.conversation.find("u1")->spoken);
  fail_unless(scene.conversation.find("a1")->spoken);
  fail_unless(!scene.conversation.find("a2")->spoken);
  fail_unless(scene.conversation.find("u1")->finished_ms > 0);
}
GST_END_TEST

GST_START_TEST(a_transcript_may_be_late_or_never_come) {
  Scene scene;
  scene.say_without_words("u1");
  scene.answer("a1", "Hello there.");
  scene.say_without_words("u2");
  scene.tell(InputTranscriptDelta{"u2", "some", 0});
  assert_text(scene.shown(), "user:? assistant:Hello there. user:some?");
  auto before = scene.conversation.revision();
  scene.transcript("u1", "hello");
  fail_unless(scene.conversation.revision() > before);
  assert_text(scene.shown(), "user:hello assistant:Hello there. user:some?");
  scene.tell(InputTranscriptFailed{"u2", "audio_unintelligible", ""});
  assert_text(scene.shown(), "user:hello assistant:Hello there. user:some");
  scene.say_without_words("u3");
  scene.end_call();
  assert_text(scene.shown(), "user:hello assistant:Hello there. user:some user:");
}
GST_END_TEST

GST_START_TEST(a_transcript_may_come_before_its_item_and_twice) {
  Scene scene;
  scene.transcript("u1", "hello");
  scene.item(spoken_item("u1"));
  assert_text(scene.shown(), "user:hello");
  scene.transcript("u1", "hello");
  scene.tell(InputTranscriptDelta{"u1", "hello", 0});
  scene.item(spoken_item("u1"));
  assert_text(scene.shown(), "user:hello");
}
GST_END_TEST

GST_START_TEST(without_transcription_no_words_are_waited_for) {
  Scene scene;
  SessionUpdated updated;
  updated.session = Json::parse(R"({"audio":{"input":{"transcription":null}}})").value();
  scene.tell(updated);
  scene.say_without_words("u1");
  assert_text(scene.shown(), "user:");
  updated.session = Json::parse(R"({"audio":{"input":{"transcription":{}}}})").value();
  scene.tell(updated);
  scene.say_without_words("u2");
  assert_text(scene.shown(), "user: user:?");
}
GST_END_TEST

GST_START_TEST(previous_item_id_tells_the_place) {
  Scene scene;
  scene.item(text_item("a", "user", "a"), "");
  scene.item(text_item("c", "user", "c"), "a");
  scene.item(text_item("b", "user", "b"), "a");
  scene.item(text_item("0", "system", "0"), "root");
  scene.item(text_item("first", "system", "first"), "");  // as the service tells of "root"
  scene.item(text_item("d", "user", "d"), "who?");
  assert_text(scene.shown(), "system:first system:0 user:a user:b user:c user:d");
}
GST_END_TEST

GST_START_TEST(a_server_that_names_no_previous_items_appends) {
  Scene scene;
  scene.item(text_item("a", "user", "a"));
  scene.item(text_item("b", "user", "b"));
  scene.item(text_item("c", "user", "c"));
  assert_text(scene.shown(), "user:a user:b user:c");
}
GST_END_TEST

GST_START_TEST(what_the_service_does_not_have_keeps_its_place) {
  Scene scene;
  scene.item(text_item("a", "user", "a"));
  scene.say_without_words("lost");
  scene.end_call();
  scene.item(text_item("a", "user", "a"));       // replayed
  scene.item(text_item("b", "user", "b"), "a");  // the service does not know of "lost"
  assert_text(scene.shown(), "user:a user: user:b");
}
GST_END_TEST

GST_START_TEST(an_empty_session_goes_on_behind_the_old_one) {
  Scene scene;
  scene.item(text_item("a", "user", "a"));
  scene.item(text_item("b", "user", "b"), "a");
  scene.end_call();
  scene.item(text_item("c", "user", "c"), "");
  scene.item(text_item("d", "user", "d"), "c");
  scene.item(text_item("r", "system", "r"), "root");
  assert_text(scene.shown(), "user:a user:b system:r user:c user:d");
}
GST_END_TEST

GST_START_TEST(deleted_items_stay_deleted) {
  Scene scene;
  scene.say("u1", "hello");
  scene.begin_answer("a1");
  scene.speak("a1", "Hello");
  scene.tell(ItemDeleted{"a1"});
  scene.tell(ItemDeleted{"nobody"});
  scene.speak("a1", " there.");
  scene.end_answer("a1", "Hello there.");
  scene.played("a1");
  assert_text(scene.shown(), "user:hello");
}
GST_END_TEST

GST_START_TEST(cleared_words_do_not_come_back) {
  Scene scene;
  scene.say_without_words("u1");
  scene.begin_answer("a1");
  scene.speak("a1", "Hello");
  scene.conversation.clear();
  scene.transcript("u1", "hello");
  scene.end_answer("a1", "Hello there.");
  assert_text(scene.shown(), "");
  scene.say("u2", "next");
  assert_text(scene.shown(), "user:next");
}
GST_END_TEST

GST_START_TEST(responses_beside_the_conversation_are_not_in_it) {
  Scene scene;
  scene.say("u1", "hello");
  scene.tell(ResponseCreated{"r"});
  scene.tell(OutputItemAdded{"r", "x", answer_item("x", "in_progress", "", "")});
  scene.tell(OutputTextDelta{"r", "x", "greeting"});
  scene.tell(OutputTextDone{"r", "x", "greeting"});
  Json item = answer_item("x", "completed", "output_text", "greeting");
  scene.tell(OutputItemDone{"r", "x", item});
  scene.tell(ResponseDone{"r", "completed", "", "", "", "", Json(), {item}});
  assert_text(scene.shown(), "user:hello");
  fail_unless(scene.conversation.unanswered());
}
GST_END_TEST

GST_START_TEST(repeated_events_change_nothing) {
  Scene scene;
  scene.say("u1", "hello");
  scene.answer("a1", "Hello there.");
  std::string before = scene.shown();
  auto revision = scene.conversation.revision();
  scene.tell(InputCommitted{"u1", ""});
  scene.item(spoken_item("u1"));
  scene.transcript("u1", "hello");
  scene.answer("a1", "Hello there.");
  assert_text(scene.shown(), before);
  fail_unless_equals_uint64(scene.conversation.revision(), revision);
}
GST_END_TEST

GST_START_TEST(several_parts_of_an_answer_are_joined) {
  Scene scene;
  scene.begin_answer("a1");
  scene.speak("a1", "One");
  scene.tell(OutputTranscriptDone{"resp_a1", "a1", "One."});
  scene.tell(OutputTranscriptDone{"resp_a1", "a1", "One."});
  scene.speak("a1", "Tw");
  assert_text(scene.shown(), "assistant:One. Tw…");
  scene.tell(OutputTranscriptDone{"resp_a1", "a1", "Two."});
  assert_text(scene.shown(), "assistant:One. Two.…");
}
GST_END_TEST

GST_START_TEST(a_failed_response_keeps_what_it_wrote) {
  Scene scene;
  scene.say("u1", "hello");
  scene.tell(ResponseCreated{"r"});
  scene.tell(ItemAdded{answer_item("a1", "in_progress", "", ""), "a1", "u1"});
  scene.tell(OutputTextDelta{"r", "a1", "Hel"});
  scene.tell(ResponseDone{"r", "failed", "", "server_error", "", "", Json(), {}});
  assert_text(scene.shown(), "user:hello assistant:Hel!");
  scene.end_call();
  assert_text(scene.shown(), "user:hello assistant:Hel!");
}
GST_END_TEST

GST_START_TEST(the_last_turn_may_be_unanswered) {
  Scene scene;
  fail_unless(!scene.conversation.unanswered());
  scene.item(text_item("s", "system", "note"));
  fail_unless(!scene.conversation.unanswered());
  scene.say_without_words("u1");
  fail_unless(scene.conversation.unanswered());
  scene.item(text_item("s2", "system", "note"));
  fail_unless(scene.conversation.unanswered());
  scene.begin_answer("a1");
  fail_unless(!scene.conversation.unanswered());
  scene.truncated("a1", 0);
  scene.end_answer("a1", "Hello", "cancelled");
  fail_unless(!scene.conversation.unanswered());
  scene.call("f1", "c1");
  fail_unless(!scene.conversation.unanswered());
  scene.item(output_item("o1", "c1", "noon"));
  fail_unless(scene.conversation.unanswered());
  scene.answer("a2", "It is noon.");
  fail_unless(!scene.conversation.unanswered());
}
GST_END_TEST

GST_START_TEST(no_answer_is_what_failed_or_was_lost_unheard) {
  Scene failed;
  failed.say("u1", "hello");
  failed.tell(ResponseCreated{"r"});
  failed.tell(ResponseDone{"r", "failed", "", "server_error", "", "", Json(), {}});
  fail_unless(failed.conversation.unanswered());
  fail_unless(failed.conversation.settled());

  Scene cancelled;
  cancelled.say("u1", "hello");
  cancelled.tell(ResponseCreated{"r"});
  cancelled.tell(ResponseDone{"r", "cancelled", "client_cancelled", "", "", "", Json(), {}});
  fail_unless(!cancelled.conversation.unanswered());

  Scene lost;
  lost.say("u1", "hello");
  lost.begin_answer("a1");
  lost.speak("a1", "Hello there, how are you?");
  lost.end_call();
  assert_text(lost.shown(), "user:hello assistant:!");
  fail_unless(lost.conversation.unanswered());

  Scene pending;
  pending.say("u1", "hello");
  pending.call("f1", "c1");
  auto revision = pending.conversation.revision();
  pending.end_call();
  fail_unless(pending.conversation.unanswered());
  fail_unless(pending.conversation.revision() > revision);
}
GST_END_TEST

GST_START_TEST(a_quiet_moment_is_when_nothing_is_to_come) {
  Scene scene;
  auto settled = [&] { return scene.conversation.settled(); };
  fail_unless(settled());
  scene.tell(SpeechStarted{"u1", 0});
  fail_unless(!settled());
  scene.tell(SpeechStopped{"u1", 0});
  fail_unless(!settled());
  scene.tell(InputCommitted{"u1", ""});
  fail_unless(!settled());
  scene.item(spoken_item("u1"));
  scene.transcript("u1", "hello");
  fail_unless(!settled());
  scene.begin_answer("a1");
  scene.speak("a1", "Hello");
  fail_unless(!settled());
  scene.end_answer("a1", "Hello");
  fail_unless(!settled());
  scene.played("a1");
  fail_unless(settled());
  scene.call("f1", "c1");
  fail_unless(!settled());
  scene.item(output_item("o1", "c1", "noon"));
  fail_unless(!settled());
  scene.answer("a2", "Noon.");
  fail_unless(settled());
  scene.tell(ResponseCreated{"r"});  // without a turn of the user's
  fail_unless(!settled());
  scene.tell(ResponseDone{"r", "completed", "", "", "", "", Json(), {}});
  fail_unless(settled());
  scene.tell(SpeechStarted{"u2", 0});
  scene.tell(InputCleared{});
  fail_unless(settled());
}
GST_END_TEST

GST_START_TEST(a_transcript_is_not_waited_for_without_end) {
  Scene scene;
  scene.say_without_words("u1");
  scene.answer("a1", "Hello.");
  fail_unless(!scene.conversation.settled());
  fail_unless(!scene.conversation.settled(scene.now_ms + 1000));
  fail_unless(scene.conversation.settled(scene.now_ms + Conversation::kTranscriptPatienceMs));
  scene.transcript("u1", "hello");
  fail_unless(scene.conversation.settled());
  assert_text(scene.shown(), "user:hello assistant:Hello.");
}
GST_END_TEST

GST_START_TEST(the_oldest_of_too_many_items_go) {
  Scene scene;
  for (int i = 0; i < 25000; ++i) {
    scene.item(text_item("i" + std::to_string(i), "user", std::to_string(i)));
  }
  const auto &items = scene.conversation.items();
  fail_unless(items.size() <= ItemList::kMaxItems);
  fail_unless(items.size() > ItemList::kMaxItems * 9 / 10);
  assert_text(items.back().text, "24999");
  fail_unless(scene.conversation.find("i0") == nullptr);
  assert_text(scene.conversation.find("i24000")->text, "24000");
}
GST_END_TEST

GST_START_TEST(too_many_bytes_are_dropped_too) {
  Scene scene;
  std::string megabyte(std::size_t{1} << 20, 'x');
  for (int i = 0; i < 150; ++i) {
    scene.item(text_item("i" + std::to_string(i), "user", megabyte));
  }
  fail_unless(scene.conversation.items().size() < 80);
  fail_unless(scene.conversation.find("i149") != nullptr);
}
GST_END_TEST

GST_START_TEST(an_id_that_the_next_call_uses_anew_is_another_item) {
  Scene scene;
  scene.say("u1", "hello");
  scene.answer("a1", "Hello there.");
  scene.end_call();
  scene.say("u1", "again");
  scene.answer("a1", "Yes?");
  assert_text(scene.shown(), "user:hello assistant:Hello there. user:again assistant:Yes?");
}
GST_END_TEST

OAIRT_TEST_MAIN(turns, a_conversation_is_kept_in_order, a_transcript_may_be_late_or_never_come,
                a_transcript_may_come_before_its_item_and_twice,
                without_transcription_no_words_are_waited_for, previous_item_id_tells_the_place,
                a_server_that_names_no_previous_items_appends,
                what_the_service_does_not_have_keeps_its_place,
                an_empty_session_goes_on_behind_the_old_one, deleted_items_stay_deleted,
                cleared_words_do_not_come_back, responses_beside_the_conversation_are_not_in_it,
                repeated_events_change_nothing, several_parts_of_an_answer_are_joined,
                a_failed_response_keeps_what_it_wrote, the_last_turn_may_be_unanswered,
                no_answer_is_what_failed_or_was_lost_unheard,
                a_quiet_moment_is_when_nothing_is_to_come,
                a_transcript_is_not_waited_for_without_end, the_oldest_of_too_many_items_go,
                too_many_bytes_are_dropped_too, an_id_that_the_next_call_uses_anew_is_another_item)
