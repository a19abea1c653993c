// The service's rules for items that a client puts in (ids, roles, content, calls), as small as
// they can be. Thread-bound to the test.
// Never accepts what the service is known to refuse.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "conversation/text.h"
#include "protocol/codec.h"
#include "scene.h"
#include "support/check.h"

namespace oairt::test {

class ServiceRules {
 public:
  std::vector<Json> items;

  // Empty: accepted. `told`: hears of it, as of a session of its own.
  std::string create(const ClientEvent &event, Scene *told = nullptr) {
    if (build_client_event(event).size() > 65535) return "event too large";
    const auto &create = std::get<ItemCreate>(event.body);
    std::string refusal = check(create.item);
    if (!refusal.empty()) return refusal;
    auto place = items.end();
    if (!create.previous_item_id.empty()) {
      place = place_of(create.previous_item_id);
      if (place == items.end()) return "unknown previous item";
      ++place;
    }
    std::string previous = place == items.begin() ? "" : (*(place - 1))["id"].as_string();
    items.insert(place, create.item);
    if (told != nullptr) told->item(create.item, previous);
    return "";
  }

 private:
  std::vector<Json>::iterator place_of(const std::string &id) {
    return std::find_if(items.begin(), items.end(),
                        [&](const Json &item) { return item["id"].as_string() == id; });
  }

  std::string check(const Json &item) {
    const std::string &id = item["id"].as_string(), &type = item["type"].as_string();
    if (id.empty() || id.size() > 32) return "id";
    if (place_of(id) != items.end()) return "duplicate id";
    if (type == "message") return check_message(item);
    const std::string &call_id = item["call_id"].as_string();
    if (call_id.empty() || call_id.size() > 32) return "call_id";
    if (type == "function_call") {
      return item["name"].as_string().empty() || !item["arguments"].is_string() ? "call" : "";
    }
    if (type != "function_call_output" || !item["output"].is_string()) return "type";
    bool called = std::any_of(items.begin(), items.end(), [&](const Json &other) {
      return other["type"].as_string() == "function_call" &&
             other["call_id"].as_string() == call_id;
    });
    return called ? "" : "output without its call";
  }

  static std::string check_message(const Json &item) {
    const std::string &role = item["role"].as_string();
    if (role != "user" && role != "assistant" && role != "system") return "role";
    if (item["content"].items().empty()) return "no content";
    for (const auto &part : item["content"].items()) {
      const std::string &type = part["type"].as_string(), &text = part["text"].as_string();
      if (role == "user" && type == "input_image") continue;
      if (type != (role == "assistant" ? "output_text" : "input_text")) return "content of a role";
      if (is_blank(text) || count_characters(text) > 256000) return "text";
      if (valid_utf8(text) != text) return "UTF-8";
    }
    return "";
  }
};

// Replays into an empty session and compares what that has with what was meant.
inline void check_replay(const Conversation &conversation, const ReplayLimits &limits) {
  ReplayPlan plan = plan_replay(conversation, limits);
  ServiceRules service;
  Scene second;
  for (const auto &event : plan.events) assert_text(service.create(event, &second), "");
  ReplayPlan again = plan_replay(second.conversation, limits);
  assert_text(shown(again).substr(0, shown(again).find(" ->")),
              shown(plan).substr(0, shown(plan).find(" ->")));
  fail_unless(again.item_ids == plan.item_ids);
  fail_unless_equals_uint64(again.left_out, 0);
  fail_unless(!plan.answer_needed || again.answer_needed);
  fail_unless(plan.events.size() + plan.left_out == conversation.items().size());
  for (const auto &event : plan.events) {
    const Json &item = std::get<ItemCreate>(event.body).item;
    const auto *original = conversation.find(item["id"].as_string());
    fail_unless(original != nullptr);
    assert_text(original->role, item["role"].as_string());
  }
}

}  // namespace oairt::test
