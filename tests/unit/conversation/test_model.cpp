// Random conversations, as a small model of the service tells them: what is replayed into an empty
// session is accepted, and is the same conversation.
#include <functional>
#include <map>

#include "../../simulator/conversation.h"
#include "chance.h"
#include "conversation/item_codec.h"
#include "service_rules.h"
#include "support/check.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

// A service that talks, answers, calls tools, is interrupted, loses calls; and an application
// that puts items in and takes items out.
class Talk {
 public:
  Scene scene;
  std::map<std::string, std::string> certain;  // item id -> text that must not be lost

  explicit Talk(uint64_t seed) : dice_(seed) {}

  void step() {
    scene.wait(dice_.upto(500));
    switch (dice_.upto(11)) {
      case 0:
      case 1:
      case 2:
        return user_speaks();
      case 3:
      case 4:
      case 5:
        return answer();
      case 6:
        return write();
      case 7:
        return call();
      case 8:
        return application_writes();
      case 9:
        return tell_late_transcript();
      case 10:
        return forget_one();
      default:
        if (dice_.one_in(4)) lose_call();
    }
  }

 private:
  std::string id(const char *kind) {
    std::string id = std::string(kind) + "_" + std::to_string(++count_);
    if (dice_.one_in(8)) id += std::string(40, 'x');
    return id;
  }
  std::string words() {
    std::string text;
    for (int i = dice_.upto(12); i >= 0; --i) {
      text += (text.empty() ? "" : " ") + dice_.of<std::string>({"ja", "wort", "日本", "\"q\""});
    }
    return text + "." + std::to_string(++count_);
  }

  void user_speaks() {
    std::string item = id("u"), text = words();
    if (!active_.empty() && dice_.one_in(2)) interrupt();
    scene.tell(SpeechStarted{item, 0});
    scene.tell(SpeechStopped{item, 0});
    if (!dice_.one_in(5)) scene.tell(InputCommitted{item, last_});
    scene.item(spoken_item(item), last_);
    if (dice_.one_in(8)) scene.item(spoken_item(item), last_);
    last_ = item;
    if (dice_.one_in(3)) {
      late_.emplace_back(item, text);
    } else if (dice_.one_in(6)) {
      scene.tell(InputTranscriptFailed{item, "", ""});
    } else {
      scene.transcript(item, text);
      certain[item] = text;
    }
  }
  void tell_late_transcript() {
    if (late_.empty()) return;
    auto [item, text] = late_.back();
    late_.pop_back();
    scene.transcript(item, text);
    if (scene.conversation.find(item) != nullptr) certain[item] = text;
  }

  void answer() {
    if (!active_.empty()) return finish_answer();
    active_ = id("a");
    text_ = words() + " " + words() + " " + words();
    scene.begin_answer(active_);
    last_ = active_;
    generated_ = dice_.one_in(2);
    scene.speak(active_, generated_ ? text_ : text_.substr(0, 2));
    if (generated_) scene.end_answer(active_, text_);
  }
  void finish_answer() {
    if (!generated_) scene.end_answer(active_, text_);
    scene.wait(5000);
    scene.played(active_);
    if (scene.conversation.find(active_) != nullptr) certain[active_] = text_;
    active_.clear();
  }
  void interrupt() {
    std::vector<std::function<void()>> steps = {
        [&] { scene.cleared(active_); }, [&] { scene.truncated(active_, dice_.upto(3000)); }};
    if (!generated_) steps.emplace_back([&] { scene.end_answer(active_, text_, "cancelled"); });
    dice_.shuffle(steps);
    for (auto &step : steps) step();
    active_.clear();
  }
  void write() {
    std::string item = id("t"), text = words();
    scene.write(item, text);
    last_ = item;
    certain[item] = text;
  }
  void call() {
    if (open_.empty() || dice_.one_in(2)) {
      std::string item = id("f"), call_id = id("call");
      scene.call(item, call_id, "{\"n\":" + std::to_string(count_) + "}");
      last_ = item;
      open_.push_back(call_id);
      return;
    }
    std::string item = id("o");
    scene.item(output_item(item, open_.back(), words()), last_);
    last_ = item;
    open_.pop_back();
  }
  void application_writes() {
    std::string item = id("i"), text = words();
    std::string role = dice_.of<std::string>({"user", "assistant", "system"});
    bool front = dice_.one_in(4);
    scene.item(text_item(item, role, text), front ? "root" : last_);
    if (!front) last_ = item;
    certain[item] = text;
  }
  void forget_one() {
    const auto &items = scene.conversation.items();
    if (items.empty() || !dice_.one_in(3)) return;
    std::string item = dice_.of(items).id;
    scene.tell(ItemDeleted{item});
    certain.erase(item);
    if (item == last_) last_ = items.empty() ? "" : items.back().id;
  }
  void lose_call() {
    scene.end_call();
    active_.clear();
    late_.clear();
    open_.clear();
    ServiceRules service;
    for (const auto &event : plan_replay(scene.conversation).events) {
      assert_text(service.create(event, &scene), "");
    }
    last_ = service.items.empty() ? "" : service.items.back()["id"].as_string();
  }

  Dice dice_;
  int count_ = 0;
  std::string last_, active_, text_;
  bool generated_ = false;
  std::vector<std::pair<std::string, std::string>> late_;
  std::vector<std::string> open_;
};

// A session that was given an earlier plan, then the update, has all in the conversation's order.
void check_update(const Conversation &conversation, const ReplayPlan &earlier) {
  ServiceRules service;
  for (const auto &event : earlier.events) assert_text(service.create(event), "");
  for (const auto &event : plan_update(conversation, earlier.item_ids).events) {
    assert_text(service.create(event), "");
  }
  std::vector<std::string> expected, got;
  for (const auto &item : conversation.items()) expected.push_back(item.replay_id);
  for (const auto &item : service.items) {
    if (conversation.find(item["id"].as_string()) != nullptr) {
      got.push_back(item["id"].as_string());
    }
  }
  std::erase_if(expected, [&](const std::string &id) {
    return std::find(got.begin(), got.end(), id) == got.end();
  });
  fail_unless(got == expected);
}

// The session of the simulator, which has its rules from the service's documents, takes the plan
// and holds the same items with the same words.
void check_simulator(const Conversation &conversation) {
  sim::Conversation session;
  ReplayPlan plan = plan_replay(conversation);
  for (const auto &event : plan.events) {
    const auto &create = std::get<ItemCreate>(event.body);
    auto refused = session.check_new(create.item, "item");
    fail_if(refused.has_value(), "%s", refused ? refused->message.c_str() : "");
    fail_if(session.check_previous(create.previous_item_id).has_value());
    session.add(sim::Conversation::complete(create.item, "unused"), create.previous_item_id);
  }
  fail_unless_equals_uint64(session.items().size(), plan.item_ids.size());
  auto id = plan.item_ids.begin();
  for (const sim::Item &item : session.items()) {
    assert_text(item.id(), *id++);
    const ConversationItem *ours = conversation.find(item.id());
    fail_unless(ours != nullptr);
    assert_text(item.role(), ours->role);
    assert_text(item.json["output"].as_string(), ours->output);
    if (ours->kind == ConversationItem::Kind::Message && !ours->text.empty()) {
      assert_text(sim::text_of(item.json), valid_utf8(ours->text));
    }
  }
}

// What was written down and read again is the same conversation to who replays it.
void check_written(const Conversation &conversation) {
  std::vector<ConversationItem> items;
  for (const auto &item : conversation.items()) {
    if (!item.finished()) continue;
    auto read = item_from_json(Json::parse(item_to_json(item).dump()).value());
    fail_unless(read.has_value());
    items.push_back(std::move(*read));
  }
  Conversation again;
  again.restore(std::move(items));
  ReplayPlan plan = plan_replay(conversation), replan = plan_replay(again);
  fail_unless(plan.item_ids == replan.item_ids);
  for (std::size_t i = 0; i < plan.events.size(); ++i) {
    assert_text(build_client_event(replan.events[i]), build_client_event(plan.events[i]));
  }
}

}  // namespace

GST_START_TEST(a_replay_is_accepted_and_is_the_same_conversation) {
  for (int seed = 1; seed <= runs(); ++seed) {
    Talk talk(static_cast<uint64_t>(seed));
    ReplayPlan earlier;
    Dice dice(static_cast<uint64_t>(seed) * 7919);
    int steps = dice.upto(40);
    for (int i = 0; i < steps; ++i) {
      if (i == steps / 2) earlier = plan_replay(talk.scene.conversation);
      talk.step();
      (void)talk.scene.conversation.settled();
    }
    const Conversation &conversation = talk.scene.conversation;
    if (dice.one_in(2)) talk.scene.end_call();
    check_replay(conversation, {});
    check_simulator(conversation);
    check_written(conversation);
    check_update(conversation, earlier);
    ReplayLimits small;
    small.max_items = static_cast<std::size_t>(dice.upto(8));
    small.max_characters = static_cast<std::size_t>(dice.upto(300));
    small.max_item_characters = static_cast<std::size_t>(dice.upto(60));
    small.max_event_bytes = static_cast<std::size_t>(300 + dice.upto(400));
    check_replay(conversation, small);
    for (const auto &[id, text] : talk.certain) {
      const auto *item = conversation.find(id);
      fail_unless(item != nullptr, "seed %d: %s is gone", seed, id.c_str());
      assert_text(item->text, text);
      fail_unless(item->finished(), "seed %d: %s is not finished", seed, id.c_str());
    }
  }
}
GST_END_TEST

GST_START_TEST(an_unchanged_revision_means_an_unchanged_plan) {
  for (int seed = 1; seed <= runs() / 10; ++seed) {
    Talk talk(static_cast<uint64_t>(seed));
    uint64_t revision = talk.scene.conversation.revision();
    std::string plan = talk.scene.replayed();
    for (int i = 0; i < 40; ++i) {
      talk.step();
      std::string now = talk.scene.replayed();
      fail_unless(now == plan || talk.scene.conversation.revision() > revision,
                  "seed %d: \"%s\" became \"%s\"", seed, plan.c_str(), now.c_str());
      plan = now;
      revision = talk.scene.conversation.revision();
    }
  }
}
GST_END_TEST

OAIRT_TEST_MAIN(model, a_replay_is_accepted_and_is_the_same_conversation,
                an_unchanged_revision_means_an_unchanged_plan)
