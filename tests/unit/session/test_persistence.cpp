// What a store is given, and what comes back of it.
#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "conversation/item_codec.h"
#include "session/persistence.h"
#include "support/check.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

ConversationItem item(const std::string &id) {
  ConversationItem made;
  made.id = made.replay_id = id;
  made.role = "user";
  made.text = "words of " + id;
  made.status = ConversationItem::Status::Completed;
  return made;
}

std::string ids(const std::vector<ConversationItem> &items) {
  std::string all;
  for (const auto &each : items) all += each.id + " ";
  return all;
}

}  // namespace

GST_START_TEST(an_item_comes_back_as_it_was) {
  ConversationItem call = item("item_1");
  call.kind = ConversationItem::Kind::FunctionCall;
  call.role.clear();
  call.name = "weather";
  call.call_id = "call_1";
  call.arguments = "{\"city\":\"Köln\"}";
  call.status = ConversationItem::Status::Interrupted;
  call.spoken = true;
  call.images = {"data:image/png;base64,AAAA"};
  call.created_ms = 1700000000123;
  call.finished_ms = 1700000000456;
  Json json = item_to_json(call);
  auto again = item_from_json(json);
  fail_unless(again.has_value());
  assert_text(item_to_json(*again).dump(), json.dump());
  assert_text(again->arguments, call.arguments);
  // That there was a picture is kept, not what it showed.
  fail_unless(json.dump().find("base64") == std::string::npos);
  assert_text(again->images.at(0), kImageNote);
  fail_unless(again->status == call.status && again->kind == call.kind && again->spoken);
}
GST_END_TEST

GST_START_TEST(what_is_no_item_is_none) {
  for (const char *text : {"null", "[]", "{}", "{\"kind\":\"message\"}",
                           "{\"kind\":\"message\",\"status\":\"completed\"}",
                           "{\"kind\":7,\"status\":\"completed\",\"id\":\"a\"}",
                           "{\"kind\":\"message\",\"status\":\"well\",\"id\":\"a\"}"}) {
    auto json = Json::parse(text);
    fail_unless(json.ok());
    fail_if(item_from_json(json.value()).has_value(), "%s", text);
  }
}
GST_END_TEST

// A record is written as its conversation grows at the end and in between, in the order in which
// items are finished; some are deleted.
GST_START_TEST(any_order_of_saving_gives_the_order_of_the_conversation) {
  for (unsigned seed = 1; seed <= 500; ++seed) {
    std::mt19937 chance(seed);
    std::vector<ConversationItem> conversation;
    std::vector<StoredItem> stored;
    int64_t last_slot = 0;
    for (unsigned step = 0; step < 40; ++step) {
      std::size_t place =
          chance() % 4 != 0 ? conversation.size() : chance() % (conversation.size() + 1);
      conversation.insert(conversation.begin() + static_cast<std::ptrdiff_t>(place),
                          item("item_" + std::to_string(step)));
      // Some of those that are not saved yet are finished.
      for (std::size_t i = 0; i < conversation.size(); ++i) {
        if (conversation[i].slot != 0 || chance() % 2 == 0) continue;
        int64_t after = 0;
        for (std::size_t before = i; before > 0 && after == 0;) after = conversation[--before].slot;
        conversation[i].slot = ++last_slot;
        stored.push_back({last_slot, 0, stored_text(conversation[i], after)});
      }
    }
    std::erase_if(conversation, [](const auto &each) { return each.slot == 0; });
    std::shuffle(stored.begin(), stored.end(), chance);
    assert_text(ids(restore_order(stored)), ids(conversation));
  }
}
GST_END_TEST

GST_START_TEST(what_was_deleted_leaves_the_rest_in_order) {
  std::vector<StoredItem> stored;
  for (int64_t slot = 1; slot <= 6; ++slot) {
    stored.push_back({slot, 0, stored_text(item("item_" + std::to_string(slot)), slot - 1)});
  }
  stored.erase(stored.begin() + 2);
  stored.erase(stored.begin());
  stored.push_back({7, 0, "no JSON at all"});
  assert_text(ids(restore_order(stored)), "item_2 item_4 item_5 item_6 ");
}
GST_END_TEST

GST_START_TEST(a_state_comes_back_as_it_was_and_stays_bounded) {
  RecordState state;
  state.consent = true;
  state.mute = false;
  state.volume = 0.25;
  state.preferences = Json::object({{"language", "de"}});
  state.total_tokens = 1234567;
  state.reconnects = 7;
  for (int i = 0; i < 1000; ++i) state.add_session("sess_" + std::to_string(i));
  state.add_session("sess_999");
  fail_unless_equals_int(state.session_ids.size(), RecordState::kMaxPast);
  auto again = state_from_json(state_to_json(state));
  assert_text(state_to_json(again).dump(), state_to_json(state).dump());
  fail_unless(again.consent && again.mute == false && again.volume == 0.25);
  assert_text(again.session_ids.back(), "sess_999");
  fail_if(state_from_json(Json()).consent);
}
GST_END_TEST

OAIRT_TEST_MAIN(persistence, an_item_comes_back_as_it_was, what_is_no_item_is_none,
                any_order_of_saving_gives_the_order_of_the_conversation,
                what_was_deleted_leaves_the_rest_in_order,
                a_state_comes_back_as_it_was_and_stays_bounded)
