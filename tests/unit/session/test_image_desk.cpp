// Pictures on their way: one at a time, and the model keeps the newest.
#include "session/image_desk.h"
#include "support/check.h"

using namespace oairt;  // NOLINT

namespace {

const TimePoint kNow = TimePoint() + std::chrono::hours(1);

SnapshotEvent image(const std::string &id) { return {id, 1000, 64, 48, false, ""}; }
ServerEvent added(const std::string &id) { return {"", "", ItemAdded{Json(), id, ""}}; }

}  // namespace

GST_START_TEST(the_next_one_waits_for_the_last_ones_acknowledgement) {
  ImageDesk desk;
  fail_unless(desk.take(image("a"), true, kNow));
  fail_unless(desk.busy(kNow));
  fail_if(desk.take(image("b"), true, kNow));
  fail_if(desk.handle(added("x")).has_value());
  auto told = desk.handle(added("a"));
  fail_unless(told && told->sent && told->item_id == "a" && told->width == 64);
  fail_if(desk.busy(kNow));
  fail_if(desk.handle(added("a")).has_value());
  fail_unless_equals_int(desk.sent(), 1);
}
GST_END_TEST

GST_START_TEST(a_refusal_is_told_with_its_reason) {
  ImageDesk desk;
  fail_unless(desk.take(image("a"), true, kNow));
  ServerError error{"invalid_request_error", "invalid_value", "no good", "", "item_a"};
  auto told = desk.handle({"", "", error});
  fail_unless(told && !told->sent);
  assert_text(told->reason, "no good");
  fail_unless_equals_int(desk.sent(), 0);
}
GST_END_TEST

GST_START_TEST(a_picture_without_words_goes_when_the_next_one_is_there) {
  ImageDesk desk;
  (void)desk.take(image("a"), true, kNow);
  (void)desk.handle(added("a"));
  assert_text(desk.take_outdated(), "");
  (void)desk.take(image("b"), false, kNow);  // with a question: it stays
  (void)desk.handle(added("b"));
  assert_text(desk.take_outdated(), "a");
  (void)desk.take(image("c"), true, kNow);
  (void)desk.handle(added("c"));
  assert_text(desk.take_outdated(), "");
}
GST_END_TEST

GST_START_TEST(an_answer_that_never_comes_does_not_stop_all_others) {
  ImageDesk desk;
  fail_unless(desk.take(image("a"), true, kNow));
  fail_unless(desk.take(image("b"), true, kNow + ImageDesk::kLongestWait));
}
GST_END_TEST

OAIRT_TEST_MAIN(image_desk, the_next_one_waits_for_the_last_ones_acknowledgement,
                a_refusal_is_told_with_its_reason,
                a_picture_without_words_goes_when_the_next_one_is_there,
                an_answer_that_never_comes_does_not_stop_all_others)
