// The plan: what is replayed, how, and within which limits.
#include <algorithm>

#include "conversation/short_id.h"
#include "conversation/text.h"
#include "protocol/codec.h"
#include "scene.h"
#include "support/check.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

const Json &item_of(const ReplayPlan &plan, std::size_t index) {
  return std::get<ItemCreate>(plan.events.at(index).body).item;
}

std::size_t largest_event(const ReplayPlan &plan) {
  std::size_t largest = 0;
  for (const auto &event : plan.events) {
    largest = std::max(largest, build_client_event(event).size());
  }
  return largest;
}

Json image_item(const std::string &id, const std::string &url) {
  Json item = text_item(id, "user", "look");
  item.member("content").push_back(Json::object({{"type", "input_image"}, {"image_url", url}}));
  return item;
}

Scene numbers(int count) {
  Scene scene;
  for (int i = 1; i <= count; ++i) {
    scene.item(
        text_item("i" + std::to_string(i), i % 2 ? "user" : "assistant", "w" + std::to_string(i)));
  }
  return scene;
}

}  // namespace

GST_START_TEST(each_role_gets_its_own_kind_of_content) {
  Scene scene;
  scene.item(text_item("s", "developer", "be brief"));
  scene.say("u", "hello");
  scene.answer("a", "Hi!");
  scene.item(image_item("p", "data:image/png;base64,AAAA"));
  ReplayPlan plan = plan_replay(scene.conversation);
  assert_text(build_client_event(plan.events.at(0)),
              R"({"type":"conversation.item.create","item":{"id":"s","type":"message",)"
              R"("role":"system","content":[{"type":"input_text","text":"be brief"}]},)"
              R"("event_id":"oairt_replay_1"})");
  assert_text(item_of(plan, 1)["content"].dump(), R"([{"type":"input_text","text":"hello"}])");
  assert_text(item_of(plan, 2)["content"].dump(), R"([{"type":"output_text","text":"Hi!"}])");
  assert_text(item_of(plan, 3)["content"].dump(),
              R"([{"type":"input_text","text":"look"},{"type":"input_image",)"
              R"("image_url":"data:image/png;base64,AAAA"}])");
  fail_unless(plan.item_ids == (std::vector<std::string>{"s", "u", "a", "p"}));
  fail_unless(plan.answer_needed);
  fail_unless_equals_uint64(plan.left_out, 0);
}
GST_END_TEST

GST_START_TEST(turns_without_words_are_left_out_and_counted) {
  Scene scene;
  scene.say_without_words("u1");
  scene.item(text_item("u2", "user", " \n"));
  scene.item(Json::object({{"id", "m"}, {"type", "mcp_call"}}));
  scene.item(Json::object({{"id", "t"}, {"type", "message"}, {"role", "tool"}}));
  scene.begin_answer("a1");
  scene.speak("a1", "Never heard");
  scene.end_call();
  scene.item(text_item("u3", "user", "hello"));
  assert_text(scene.replayed(), "user:hello -> answer");
  fail_unless_equals_uint64(plan_replay(scene.conversation).left_out, 5);
}
GST_END_TEST

GST_START_TEST(what_is_not_finished_is_left_out) {
  Scene scene;
  scene.say_without_words("u1");
  scene.begin_answer("a1");
  scene.speak("a1", "Hel");
  assert_text(scene.replayed(), "");
  fail_unless_equals_uint64(plan_replay(scene.conversation).left_out, 2);
  scene.transcript("u1", "hello");
  assert_text(scene.replayed(), "user:hello");
}
GST_END_TEST

GST_START_TEST(of_pictures_only_the_newest_is_told_again) {
  Scene scene;
  scene.item(image_item("p1", "data:image/png;base64,AAAA"));
  scene.item(image_item("p2", "data:image/png;base64,BBBB"));
  auto plan = plan_replay(scene.conversation);
  fail_unless_equals_int(plan.events.size(), 2);
  std::string first = build_client_event(plan.events[0]);
  assert_contains(first, "look [image]");
  fail_unless(first.find("base64") == std::string::npos);
  assert_contains(build_client_event(plan.events[1]), "BBBB");
}
GST_END_TEST

GST_START_TEST(a_picture_without_a_word_waits_for_no_answer) {
  Scene scene;
  scene.say("u", "hello");
  scene.speak("a", "hi");
  auto answered = scene.conversation.unanswered();
  Json item = image_item("p", "data:image/png;base64,AAAA");
  item.set("content", Json::array({item["content"].items().back()}));
  scene.item(item);
  fail_unless_equals_int(scene.conversation.unanswered(), answered);
  fail_unless(!plan_replay(scene.conversation).answer_needed || answered);
}
GST_END_TEST

GST_START_TEST(an_output_is_told_with_its_call_before_the_service_has_it) {
  Scene scene;
  scene.say("u", "what time is it");
  scene.call("f1", "c1", R"({"a":1})");
  scene.conversation.add_output("o1", "c1", "noon", 7);
  auto plan = plan_output(scene.conversation, "o1");
  fail_unless_equals_int(plan.events.size(), 2);
  assert_contains(build_client_event(plan.events[0]), "\"function_call\"");
  assert_contains(build_client_event(plan.events[1]), "noon");
  scene.conversation.call_ended(8);
  assert_contains(scene.replayed(), "output:noon");
  fail_unless(plan_replay(scene.conversation).answer_needed);
  fail_unless(plan_output(scene.conversation, "f1").events.empty());
}
GST_END_TEST

GST_START_TEST(images_that_the_service_refuses_are_left_out) {
  Scene scene;
  scene.item(image_item("p1", "https://example.com/cat.png"));
  scene.item(image_item("p2", "data:image/jpeg;base64," + std::string(70000, 'A')));
  assert_text(scene.replayed(), "user:look [image] user:look -> answer");
  fail_unless(largest_event(plan_replay(scene.conversation)) < 1000);
}
GST_END_TEST

GST_START_TEST(a_call_goes_with_its_output_or_not_at_all) {
  Scene scene;
  scene.say("u", "what time is it");
  scene.call("f1", "c1", R"({"a":1})");
  assert_text(scene.replayed(), "user:what time is it");
  fail_unless_equals_uint64(plan_replay(scene.conversation).left_out, 1);
  Scene lost = scene;
  lost.end_call();
  assert_text(lost.replayed(), "user:what time is it -> answer");
  scene.item(output_item("o1", "c1", "noon"));
  assert_text(scene.replayed(), R"(user:what time is it call:tool({"a":1}) output:noon -> answer)");
  scene.tell(ItemDeleted{"f1"});
  assert_text(scene.replayed(), "user:what time is it");
  fail_unless_equals_uint64(plan_replay(scene.conversation).left_out, 1);
}
GST_END_TEST

GST_START_TEST(an_output_is_never_before_its_call) {
  Scene scene;
  scene.item(output_item("o1", "c1", "noon"));
  scene.item(text_item("u", "user", "thanks"));
  scene.item(call_item("f1", "c1", "completed", "{}"));
  assert_text(scene.replayed(), "user:thanks call:tool({}) output:noon");
}
GST_END_TEST

GST_START_TEST(ids_are_kept_or_become_short_ones) {
  Scene scene;
  std::string long_id(50, 'x'), long_call(40, 'c');
  scene.item(text_item(long_id, "user", "hello"));
  scene.item(call_item("f", long_call, "completed", "{}"));
  scene.item(output_item("with space", long_call, "noon"));
  ReplayPlan plan = plan_replay(scene.conversation);
  assert_text(plan.item_ids.at(1), "f");
  for (std::size_t i = 0; i < 3; ++i) {
    fail_unless(is_legal_id(plan.item_ids.at(i)));
    assert_text(item_of(plan, i)["id"].as_string(), plan.item_ids[i]);
  }
  std::string call_id = item_of(plan, 1)["call_id"].as_string();
  fail_unless(is_legal_id(call_id));
  assert_text(item_of(plan, 2)["call_id"].as_string(), call_id);
  fail_unless(plan_replay(scene.conversation).item_ids == plan.item_ids);
}
GST_END_TEST

GST_START_TEST(what_a_replay_put_in_is_the_same_item) {
  Scene scene;
  std::string long_id(50, 'x');
  scene.say(long_id, "hello");
  scene.answer("a1", "Hello there, my dear friend.");
  scene.truncated("a1", 1000);
  scene.end_call();
  std::string before = scene.shown();
  auto revision = scene.conversation.revision();
  ReplayPlan plan = plan_replay(scene.conversation);
  std::string previous;
  for (const auto &event : plan.events) {
    Json item = std::get<ItemCreate>(event.body).item;
    item.set("status", "completed");
    scene.item(item, previous);
    previous = item["id"].as_string();
  }
  assert_text(scene.shown(), before);
  fail_unless_equals_uint64(scene.conversation.revision(), revision);
  scene.item(text_item("u2", "user", "again"), previous);
  assert_text(scene.shown(), before + " user:again");
}
GST_END_TEST

GST_START_TEST(the_newest_are_kept) {
  Scene scene = numbers(5);
  ReplayLimits limits;
  limits.max_items = 2;
  assert_text(scene.replayed(limits), "assistant:w4 user:w5 -> answer");
  fail_unless_equals_uint64(plan_replay(scene.conversation, limits).left_out, 3);
  limits = {};
  limits.max_characters = 7;
  assert_text(scene.replayed(limits), "user:w3 assistant:w4 user:w5 -> answer");
  limits.max_items = 0;
  assert_text(scene.replayed(limits), "");
}
GST_END_TEST

GST_START_TEST(what_was_cut_is_told_in_one_note) {
  Scene scene = numbers(5);
  ReplayLimits limits;
  limits.summary = "Earlier they counted to three.";
  assert_text(scene.replayed(limits),
              "user:w1 assistant:w2 user:w3 assistant:w4 user:w5 -> answer");
  limits.max_items = 2;
  assert_text(scene.replayed(limits),
              "system:Earlier they counted to three. assistant:w4 user:w5 -> answer");
  ReplayPlan plan = plan_replay(scene.conversation, limits);
  fail_unless_equals_uint64(plan.left_out, 3);
  assert_text(shown(plan_update(scene.conversation, plan.item_ids, limits)), " -> answer");
}
GST_END_TEST

GST_START_TEST(a_limit_never_splits_a_call_from_its_output) {
  Scene scene;
  scene.call("f1", "c1");
  scene.item(text_item("u1", "user", "wait"));
  scene.item(output_item("o1", "c1", "noon"));
  scene.write("a1", "Noon.");
  const char *expected[] = {"", "assistant:Noon.", "assistant:Noon.",
                            "call:tool({}) output:noon assistant:Noon.",
                            "call:tool({}) user:wait output:noon assistant:Noon."};
  for (std::size_t i = 0; i <= 4; ++i) {
    ReplayLimits limits;
    limits.max_items = i;
    assert_text(scene.replayed(limits), expected[i]);
  }
}
GST_END_TEST

GST_START_TEST(of_a_long_text_the_beginning_is_kept) {
  Scene scene;
  scene.item(text_item("u", "user", "日本語テキスト"));
  scene.item(call_item("f", "c", "completed", "{\"long\":1}"));
  scene.item(output_item("o", "c", "a long output"));
  ReplayLimits limits;
  limits.max_item_characters = 3;
  assert_text(scene.replayed(limits), "user:日本語");
  limits.max_item_characters = 10;
  assert_text(scene.replayed(limits),
              "user:日本語テキスト call:tool({\"long\":1}) output:a long out -> answer");
}
GST_END_TEST

GST_START_TEST(no_event_is_larger_than_the_channel_takes) {
  Scene scene;
  int number = 0;
  for (const std::string &text :
       std::vector<std::string>{"x", "\"", "x\n", "日", "🙂", "\x7f", "\x01"}) {
    std::string much;
    while (much.size() < 70000) much += text;
    scene.item(text_item(std::string(32, static_cast<char>('a' + number++)), "user", much));
    scene.item(
        call_item("f" + std::to_string(number), "c" + std::to_string(number), "completed", "{}"));
    scene.item(output_item("o" + std::to_string(number), "c" + std::to_string(number), much));
  }
  for (std::size_t bytes : {100, 385, 386, 400, 1000, 65535}) {
    ReplayLimits limits;
    limits.max_event_bytes = bytes;
    limits.max_characters = 10'000'000;
    ReplayPlan plan = plan_replay(scene.conversation, limits);
    fail_unless(largest_event(plan) <= bytes);
    fail_unless(bytes < 400 || plan.events.size() == 21);
    for (const auto &event : plan.events) {
      const Json &item = std::get<ItemCreate>(event.body).item;
      for (const auto &part : item["content"].items()) {
        assert_text(valid_utf8(part["text"].as_string()), part["text"].as_string());
      }
    }
  }
}
GST_END_TEST

GST_START_TEST(an_update_brings_what_is_new) {
  Scene scene = numbers(4);
  ReplayLimits limits;
  limits.max_items = 3;
  ReplayPlan plan = plan_replay(scene.conversation, limits);
  assert_text(shown(plan), "assistant:w2 user:w3 assistant:w4");
  assert_text(shown(plan_update(scene.conversation, plan.item_ids)), "");
  scene.say("u", "more");
  scene.answer("a", "Yes.");
  ReplayPlan update = plan_update(scene.conversation, plan.item_ids);
  assert_text(shown(update), "user:more assistant:Yes.");
  assert_text(update.events.front().event_id, "oairt_replay_4");
  assert_text(std::get<ItemCreate>(update.events.front().body).previous_item_id, "");
}
GST_END_TEST

GST_START_TEST(a_late_transcript_is_put_where_it_belongs) {
  Scene scene;
  scene.item(text_item("i1", "user", "one"));
  scene.say_without_words("u");
  scene.answer("a", "Yes.");
  ReplayPlan plan = plan_replay(scene.conversation);
  assert_text(shown(plan), "user:one assistant:Yes.");
  scene.transcript("u", "late");
  ReplayPlan update = plan_update(scene.conversation, plan.item_ids);
  assert_text(shown(update), "user:late");
  assert_text(std::get<ItemCreate>(update.events.at(0).body).previous_item_id, "i1");
}
GST_END_TEST

GST_START_TEST(an_update_knows_that_the_turn_it_has_is_unanswered) {
  Scene scene;
  scene.item(text_item("u", "user", "one"));
  ReplayPlan plan = plan_replay(scene.conversation);
  ReplayPlan update = plan_update(scene.conversation, plan.item_ids);
  fail_unless(update.events.empty() && update.answer_needed);
}
GST_END_TEST

GST_START_TEST(a_thousand_items_are_planned_at_once) {
  Scene scene;
  std::string words;
  while (words.size() < 190) words += "word ";
  for (int i = 0; i < 1000; ++i) {
    scene.item(text_item("item_" + std::to_string(i), i % 2 ? "assistant" : "user", words));
  }
  auto begin = Clock::now();
  ReplayPlan plan = plan_replay(scene.conversation);
  auto planned = Clock::now();
  std::size_t bytes = 0;
  for (const auto &event : plan.events) bytes += build_client_event(event).size();
  auto built = Clock::now();
  fail_unless_equals_uint64(plan.events.size(), 1000);
  g_print("plan %.2f ms, JSON %.2f ms, %zu bytes\n", to_ms(planned - begin), to_ms(built - planned),
          bytes);
  fail_unless(to_ms(built - begin) < 250);  // some ms; the machine may be busy
}
GST_END_TEST

OAIRT_TEST_MAIN(replay, each_role_gets_its_own_kind_of_content,
                turns_without_words_are_left_out_and_counted, what_is_not_finished_is_left_out,
                of_pictures_only_the_newest_is_told_again,
                a_picture_without_a_word_waits_for_no_answer,
                an_output_is_told_with_its_call_before_the_service_has_it,
                images_that_the_service_refuses_are_left_out,
                a_call_goes_with_its_output_or_not_at_all, an_output_is_never_before_its_call,
                ids_are_kept_or_become_short_ones, what_a_replay_put_in_is_the_same_item,
                the_newest_are_kept, what_was_cut_is_told_in_one_note,
                a_limit_never_splits_a_call_from_its_output, of_a_long_text_the_beginning_is_kept,
                no_event_is_larger_than_the_channel_takes, an_update_brings_what_is_new,
                a_late_transcript_is_put_where_it_belongs,
                an_update_knows_that_the_turn_it_has_is_unanswered,
                a_thousand_items_are_planned_at_once)
