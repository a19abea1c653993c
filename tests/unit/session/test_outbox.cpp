// Client events that wait, and items that a lost call may have taken along.
#include <set>

#include "protocol/codec.h"
#include "session/outbox.h"
#include "support/check.h"

using namespace oairt;  // NOLINT

namespace {

const TimePoint kNow = TimePoint() + std::chrono::hours(1);

ClientEvent text_item(const char *text) {
  return {"",
          ItemCreate{Json::object({{"type", "message"},
                                   {"role", "user"},
                                   {"content", Json::array({Json::object(
                                                   {{"type", "input_text"}, {"text", text}})})}}),
                     ""}};
}

std::string id_of(const ClientEvent &event) {
  return std::get<ItemCreate>(event.body).item["id"].as_string();
}

void acknowledge(Conversation &conversation, const ClientEvent &event) {
  Json item = std::get<ItemCreate>(event.body).item;
  conversation.handle({"conversation.item.added", "", ItemAdded{item, id_of(event), ""}}, 1);
  conversation.handle({"conversation.item.done", "", ItemDone{item, id_of(event), ""}}, 1);
}

}  // namespace

GST_START_TEST(items_get_ids_that_the_service_takes) {
  Outbox outbox;
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) {
    ClientEvent event = text_item("hello");
    outbox.name_item(event);
    fail_unless(id_of(event).size() <= 32);
    fail_unless(ids.insert(id_of(event)).second);
  }
  ClientEvent own = text_item("mine");
  std::get<ItemCreate>(own.body).item.set("id", Json("my_own"));
  outbox.name_item(own);
  assert_text(id_of(own), "my_own");
  ClientEvent other{"", ResponseCreate{}};
  outbox.name_item(other);  // nothing to name
}
GST_END_TEST

GST_START_TEST(items_of_the_applications_own_making_get_one_too) {
  std::string made =
      R"({"type":"conversation.item.create","x":1,"item":{"type":"message","role":"user"}})";
  std::string id = Outbox::name_item(made);
  auto event = Json::parse(made);
  fail_unless(!id.empty() && event.ok() && event.value()["x"].as_int() == 1);
  assert_text(event.value().at("item.id").as_string(), id);
  std::string named = R"({"type":"conversation.item.create","item":{"id":"mine"}})", before = named;
  assert_text(Outbox::name_item(named), "mine");
  assert_text(named, before);
  for (std::string other :
       {R"({"type":"response.create"})", R"({"type":"conversation.item.create"})", R"({"item":{}})",
        "[1]", "no JSON", ""}) {
    before = other;
    assert_text(Outbox::name_item(other), "");
    assert_text(other, before);
  }
}
GST_END_TEST

GST_START_TEST(held_events_come_once_in_order_and_not_without_bound) {
  Outbox outbox;
  for (std::size_t i = 0; i < Outbox::kMaxHeld; ++i) fail_unless(outbox.hold(std::to_string(i)));
  fail_if(outbox.hold("one too many"));
  auto held = outbox.take_held();
  fail_unless(held.size() == Outbox::kMaxHeld && held.front() == "0" && held.back() == "999");
  fail_unless(outbox.take_held().empty());
}
GST_END_TEST

GST_START_TEST(only_what_was_not_acknowledged_is_sent_again) {
  Outbox outbox;
  Conversation conversation;
  ClientEvent early = text_item("early"), kept = text_item("kept"), lost = text_item("lost");
  for (auto *event : {&early, &kept, &lost}) outbox.name_item(*event);
  outbox.sent(id_of(early), "early", kNow);
  outbox.sent(id_of(kept), "kept", kNow + milliseconds(1000));
  outbox.sent(id_of(lost), "lost", kNow + milliseconds(1001));
  acknowledge(conversation, kept);
  outbox.sent("", "no item", kNow + milliseconds(1002));
  auto again = outbox.unacknowledged(kNow + milliseconds(500), conversation);
  fail_unless(again.size() == 1 && again[0] == "lost");
  outbox.clear();
  fail_unless(outbox.unacknowledged(kNow, conversation).empty());
}
GST_END_TEST

OAIRT_TEST_MAIN(outbox, items_get_ids_that_the_service_takes,
                items_of_the_applications_own_making_get_one_too,
                held_events_come_once_in_order_and_not_without_bound,
                only_what_was_not_acknowledged_is_sent_again)
