// Functions that the model calls: which are announced, whose output is taken, when it goes on.
#include "session/tool_calls.h"
#include "support/check.h"

using namespace oairt;  // NOLINT

namespace {

const TimePoint kNow = TimePoint() + std::chrono::hours(1);

Json call_item(const std::string &call_id, const std::string &status = "completed") {
  return Json::object({{"id", "item_" + call_id},
                       {"type", "function_call"},
                       {"status", status},
                       {"name", "light"},
                       {"call_id", call_id},
                       {"arguments", "{\"on\":true}"}});
}

ServerEvent arguments_done(const std::string &response, const std::string &call_id) {
  return {"", "", FunctionCallDone{response, "item_" + call_id, call_id, "light", "{}"}};
}
ServerEvent item_done(const std::string &response, const Json &item) {
  return {"", "", OutputItemDone{response, item["id"].as_string(), item}};
}
ServerEvent response_done(const std::string &response, const std::string &status = "completed",
                          std::vector<Json> output = {}) {
  ResponseDone done;
  done.response_id = response;
  done.status = status;
  done.output = std::move(output);
  return {"", "", done};
}

// The model has called these in one response, which has ended.
std::size_t call(ToolCalls &calls, const std::string &response,
                 const std::vector<std::string> &call_ids, TimePoint now = kNow) {
  std::size_t announced = 0;
  for (const auto &id : call_ids) {
    announced += calls.handle(arguments_done(response, id), 1, now).size();
    announced += calls.handle(item_done(response, call_item(id)), 1, now).size();
  }
  return announced + calls.handle(response_done(response), 1, now).size();
}

std::string refusal(ToolCalls &calls, const std::string &call_id) {
  auto status = calls.answer(call_id);
  fail_if(status.ok(), "the output for %s was taken", call_id.c_str());
  return status.error().message;
}

}  // namespace

GST_START_TEST(a_call_is_announced_once_when_its_item_is_whole) {
  ToolCalls calls;
  fail_unless(calls.handle(arguments_done("r", "c"), 1, kNow).empty());
  auto announced = calls.handle(item_done("r", call_item("c")), 1, kNow);
  fail_unless_equals_int(announced.size(), 1);
  assert_text(announced[0].name, "light");
  assert_text(announced[0].arguments, "{\"on\":true}");
  fail_unless(calls.handle(response_done("r", "completed", {call_item("c")}), 1, kNow).empty());
  fail_unless(calls.waits_for("c"));
}
GST_END_TEST

GST_START_TEST(a_server_that_tells_only_the_end_of_the_response_is_understood) {
  ToolCalls calls;
  fail_unless(calls.handle(arguments_done("r", "c"), 1, kNow).empty());
  fail_unless_equals_int(calls.handle(response_done("r"), 1, kNow).size(), 1);
  ToolCalls others;
  auto all =
      others.handle(response_done("r", "completed", {call_item("c"), call_item("d")}), 1, kNow);
  fail_unless_equals_int(all.size(), 2);
}
GST_END_TEST

GST_START_TEST(what_was_cut_before_it_was_whole_is_no_call) {
  ToolCalls calls;
  (void)calls.handle(arguments_done("r", "c"), 1, kNow);
  fail_unless(calls.handle(item_done("r", call_item("c", "incomplete")), 1, kNow).empty());
  fail_unless(calls.handle(response_done("r", "cancelled"), 1, kNow).empty());
  ToolCalls others;
  (void)others.handle(arguments_done("r", "c"), 1, kNow);
  fail_unless(others.handle(response_done("r", "cancelled"), 1, kNow).empty());
  assert_contains(refusal(others, "c"), "no call");
}
GST_END_TEST

GST_START_TEST(the_model_goes_on_when_all_calls_of_the_response_have_their_outputs) {
  ToolCalls calls;
  fail_unless_equals_int(call(calls, "r", {"c", "d"}), 2);
  fail_unless(calls.answer("c").ok());
  fail_unless(calls.take_complete().empty());
  calls.delivered("c", "out_c");
  fail_unless(calls.take_complete().empty());
  fail_unless(calls.answer("d").ok());
  calls.delivered("d", "out_d");
  auto complete = calls.take_complete();
  fail_unless_equals_int(complete.size(), 1);
  fail_unless_equals_int(complete[0].size(), 2);
  fail_unless(calls.take_complete().empty());
  fail_if(calls.waiting());
}
GST_END_TEST

GST_START_TEST(an_output_before_the_end_of_the_response_waits_for_it) {
  ToolCalls calls;
  (void)calls.handle(item_done("r", call_item("c")), 1, kNow);
  fail_unless(calls.answer("c").ok());
  calls.delivered("c", "out_c");
  fail_unless(calls.take_complete().empty());
  (void)calls.handle(response_done("r"), 1, kNow);
  fail_unless_equals_int(calls.take_complete().size(), 1);
  // The call was lost before it could tell.
  (void)calls.handle(item_done("s", call_item("d")), 1, kNow);
  fail_unless(calls.answer("d").ok());
  calls.delivered("d", "out_d");
  fail_unless(calls.take_complete().empty());
  calls.call_ended();
  fail_unless_equals_int(calls.take_complete().size(), 1);
}
GST_END_TEST

GST_START_TEST(an_output_is_taken_once_and_only_for_a_call_of_the_model) {
  ToolCalls calls;
  call(calls, "r", {"c"});
  assert_contains(refusal(calls, "x"), "no call");
  assert_contains(refusal(calls, ""), "no call");
  fail_unless(calls.answer("c").ok());
  assert_contains(refusal(calls, "c"), "answered already");
  calls.delivered("c", "out");
  assert_contains(refusal(calls, "c"), "answered already");
  (void)calls.take_complete();
  assert_contains(refusal(calls, "c"), "answered already");
}
GST_END_TEST

GST_START_TEST(who_is_late_is_told_so) {
  ToolCalls calls;
  calls.set_timeout(milliseconds(100));
  call(calls, "r", {"c", "d"});
  fail_unless(calls.answer("d").ok());
  calls.delivered("d", "out_d");
  fail_unless(calls.take_late(kNow + milliseconds(99)).empty());
  auto late = calls.take_late(kNow + milliseconds(100));
  fail_unless_equals_int(late.size(), 1);
  assert_text(late[0].call_id, "c");
  assert_text(late[0].name, "light");
  assert_contains(refusal(calls, "c"), "too late");
  fail_unless(calls.take_late(kNow + milliseconds(200)).empty());
  calls.delivered("c", "out_c");
  assert_contains(refusal(calls, "c"), "too late");
  fail_unless_equals_int(calls.take_complete().size(), 1);
  assert_contains(refusal(calls, "c"), "too late");
}
GST_END_TEST

GST_START_TEST(without_a_timeout_nobody_is_late) {
  ToolCalls calls;
  call(calls, "r", {"c"});
  fail_unless(calls.take_late(kNow + std::chrono::hours(24)).empty());
  fail_unless(calls.answer("c").ok());
}
GST_END_TEST

GST_START_TEST(what_was_called_in_a_conversation_that_is_over_is_forgotten) {
  ToolCalls calls;
  call(calls, "r", {"c"});
  calls.forget();
  assert_contains(refusal(calls, "c"), "is over");
  fail_if(calls.waiting());
  calls.delivered("c", "out");
  fail_unless(calls.take_complete().empty());
  // What the old call still tells of it does not bring it back.
  fail_unless(calls.handle(item_done("r", call_item("c")), 1, kNow).empty());
}
GST_END_TEST

GST_START_TEST(an_output_that_the_application_sent_itself_counts) {
  ToolCalls calls;
  calls.set_timeout(milliseconds(100));
  call(calls, "r", {"c"});
  Json item = Json::object({{"id", "o"}, {"type", "function_call_output"}, {"call_id", "c"}});
  (void)calls.handle({"", "", ItemAdded{item, "o", ""}}, 1, kNow);
  fail_unless(calls.take_late(kNow + milliseconds(200)).empty());
  assert_contains(refusal(calls, "c"), "answered already");
  fail_unless(calls.take_complete().empty());
}
GST_END_TEST

GST_START_TEST(a_call_beside_the_conversation_is_told_and_not_waited_for) {
  ToolCalls calls;
  calls.set_timeout(milliseconds(100));
  (void)calls.handle({"", "", ResponseCreated{"r", true}}, 1, kNow);
  fail_unless_equals_int(call(calls, "r", {"c"}), 1);
  fail_if(calls.waiting());
  fail_unless(calls.take_late(kNow + milliseconds(200)).empty());
  fail_if(calls.answer("c").ok());
}
GST_END_TEST

GST_START_TEST(a_flood_of_calls_is_bounded) {
  ToolCalls calls;
  std::size_t announced = 0;
  for (int i = 0; i < 2000; ++i) {
    announced += call(calls, "r" + std::to_string(i), {"c" + std::to_string(i)});
  }
  fail_unless_equals_int(announced, ToolCalls::kMaxWaiting);
}
GST_END_TEST

OAIRT_TEST_MAIN(tool_calls, a_call_is_announced_once_when_its_item_is_whole,
                a_server_that_tells_only_the_end_of_the_response_is_understood,
                what_was_cut_before_it_was_whole_is_no_call,
                the_model_goes_on_when_all_calls_of_the_response_have_their_outputs,
                an_output_before_the_end_of_the_response_waits_for_it,
                an_output_is_taken_once_and_only_for_a_call_of_the_model, who_is_late_is_told_so,
                without_a_timeout_nobody_is_late,
                what_was_called_in_a_conversation_that_is_over_is_forgotten,
                an_output_that_the_application_sent_itself_counts,
                a_call_beside_the_conversation_is_told_and_not_waited_for,
                a_flood_of_calls_is_bounded)
