// When a response is asked for: once, when it can be, and for nothing that is answered already.
#include "session/answer_gate.h"
#include "support/check.h"

using namespace oairt;  // NOLINT

namespace {

const TimePoint kNow = TimePoint() + std::chrono::hours(1);

struct Bench {
  AnswerGate gate;
  TimePoint now = kNow;

  void tell(decltype(ServerEvent::body) body) { gate.handle({"", "", std::move(body)}, now); }
  void added(const char *id) { tell(ItemAdded{Json(), id, ""}); }
  void created(const char *id, bool apart = false) { tell(ResponseCreated{id, apart}); }
  void done(const char *id) {
    ResponseDone done;
    done.response_id = id;
    tell(done);
  }
  void error(const char *code, const char *cause) {
    tell(ServerError{"invalid_request_error", code, "", "", cause});
  }
  bool ready(bool answers_turns = true) const { return gate.ready(now, answers_turns); }
  void ask() {
    fail_unless(ready());
    gate.asked(now);
  }
};

}  // namespace

GST_START_TEST(a_text_is_answered_at_once_and_once) {
  Bench b;
  fail_if(b.ready());
  b.gate.owe("t");
  b.ask();
  fail_if(b.ready());
  b.added("t");
  b.created("r");
  b.done("r");
  fail_if(b.ready());
  fail_if(b.gate.owes());
}
GST_END_TEST

GST_START_TEST(what_comes_while_a_response_is_made_is_answered_after_it) {
  Bench b;
  b.created("r");
  b.gate.owe("t");
  b.gate.owe("u");
  b.added("t");
  b.added("u");
  fail_if(b.ready());
  b.done("r");
  b.ask();
  b.created("s");
  fail_if(b.gate.owes());
}
GST_END_TEST

GST_START_TEST(a_response_that_begins_after_the_item_is_its_answer_whoever_asked) {
  Bench b;
  b.created("r");
  b.gate.owe("t");
  b.added("t");
  b.tell(SpeechStarted{"i", 0});
  b.done("r");
  fail_if(b.ready());
  b.tell(SpeechStopped{"i", 0});
  b.tell(InputCommitted{"i", ""});
  fail_if(b.ready());
  b.created("s");
  b.done("s");
  fail_if(b.gate.owes());
}
GST_END_TEST

GST_START_TEST(an_item_that_the_service_has_already_is_answered_by_the_next_response) {
  Bench b;
  b.added("t");
  b.gate.owe("t");
  b.ask();
  b.created("r");
  fail_if(b.gate.owes());
}
GST_END_TEST

GST_START_TEST(a_response_that_began_before_the_item_is_not_its_answer) {
  Bench b;
  b.gate.owe("t");
  b.ask();
  // The user's own turn was first: ours is refused.
  b.created("r");
  b.added("t");
  b.error("conversation_already_has_active_response", kAskEventId);
  fail_if(b.ready());
  b.done("r");
  b.now += AnswerGate::kRetry;
  b.ask();
  b.created("s");
  fail_if(b.gate.owes());
}
GST_END_TEST

GST_START_TEST(a_turn_that_nobody_answers_holds_it_up_only_for_a_while) {
  Bench b;
  b.gate.owe("t");
  b.tell(SpeechStarted{"i", 0});
  fail_if(b.ready());
  b.tell(SpeechStopped{"i", 0});
  b.tell(InputCommitted{"i", ""});
  fail_if(b.ready());
  fail_unless(b.ready(false));
  b.now += AnswerGate::kTurnPatience;
  fail_unless(b.ready());
}
GST_END_TEST

GST_START_TEST(responses_beside_the_conversation_do_not_matter) {
  Bench b;
  b.gate.owe("t");
  b.added("t");
  b.created("apart", true);
  fail_unless(b.ready());
  fail_unless(b.gate.owes());
}
GST_END_TEST

GST_START_TEST(a_refused_item_or_answer_is_not_asked_for_again) {
  Bench b;
  b.gate.owe("t");
  b.gate.owe("u");
  b.error("invalid_value", "item_t");
  fail_unless(b.gate.owes());
  b.ask();
  b.error("insufficient_quota", kAskEventId);
  fail_if(b.gate.owes());
}
GST_END_TEST

GST_START_TEST(another_call_is_asked_for_what_the_old_one_owed) {
  Bench b;
  b.created("r");
  b.gate.owe("t");
  b.added("t");
  fail_if(b.gate.call_changed(b.now), "nothing was asked for");
  b.added("t");  // replayed
  b.ask();
  b.created("s");
  fail_if(b.gate.owes());
}
GST_END_TEST

GST_START_TEST(a_request_that_the_old_call_took_along_is_known) {
  Bench b;
  b.gate.asked(b.now);
  fail_unless(b.gate.call_changed(b.now));
  fail_if(b.gate.call_changed(b.now), "it is told once");
  b.gate.asked(b.now);
  b.created("r");
  fail_if(b.gate.call_changed(b.now), "it has begun");
  b.gate.asked(b.now);
  b.now += AnswerGate::kLongestAsk;
  fail_if(b.gate.call_changed(b.now), "it is too old");
}
GST_END_TEST

GST_START_TEST(a_request_that_is_lost_is_made_again) {
  Bench b;
  b.gate.owe("t");
  b.ask();
  b.added("t");
  b.now += AnswerGate::kLongestAsk;
  fail_unless(b.ready());
}
GST_END_TEST

OAIRT_TEST_MAIN(answer_gate, a_text_is_answered_at_once_and_once,
                what_comes_while_a_response_is_made_is_answered_after_it,
                a_response_that_begins_after_the_item_is_its_answer_whoever_asked,
                an_item_that_the_service_has_already_is_answered_by_the_next_response,
                a_response_that_began_before_the_item_is_not_its_answer,
                a_turn_that_nobody_answers_holds_it_up_only_for_a_while,
                responses_beside_the_conversation_do_not_matter,
                a_refused_item_or_answer_is_not_asked_for_again,
                another_call_is_asked_for_what_the_old_one_owed,
                a_request_that_the_old_call_took_along_is_known,
                a_request_that_is_lost_is_made_again)
