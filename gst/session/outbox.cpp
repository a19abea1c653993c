#include "session/outbox.h"

#include <atomic>
#include <utility>

#include <glib.h>

namespace oairt {

void Outbox::name_item(ClientEvent &event) {
  auto *create = std::get_if<ItemCreate>(&event.body);
  if (create == nullptr || create->item.has("id")) return;
  create->item.set("id", new_item_id());
}

std::string Outbox::name_item(std::string &json) {
  auto event = Json::parse(json);
  if (!event || !event.value()["item"].is_object() ||
      event.value()["type"].as_string() != "conversation.item.create") {
    return "";
  }
  Json item = event.value()["item"];
  if (item.has("id")) return item["id"].as_string();
  item.set("id", new_item_id());
  event.value().set("item", item);
  json = event.value().dump();
  return item["id"].as_string();
}

std::string Outbox::new_item_id() {
  static std::atomic<unsigned> next{1};
  char id[33];
  g_snprintf(id, sizeof(id), "oairt_%08x_%u", g_random_int(), next++);
  return id;
}

bool Outbox::hold(std::string json, std::string item_id) {
  if (held_.size() >= kMaxHeld) return false;
  held_.push_back({std::move(item_id), std::move(json), {}});
  return true;
}

std::vector<std::string> Outbox::take_held(TimePoint now) {
  std::vector<std::string> out;
  for (Sent &held : held_) {
    out.push_back(held.json);
    sent(std::move(held.item_id), std::move(held.json), now);
  }
  held_.clear();
  return out;
}

void Outbox::sent(std::string item_id, std::string json, TimePoint now) {
  if (item_id.empty()) return;
  sent_.push_back({std::move(item_id), std::move(json), now});
  if (sent_.size() > kMaxSent) sent_.pop_front();
}

std::vector<std::string> Outbox::unacknowledged(TimePoint since,
                                                const Conversation &conversation) const {
  std::vector<std::string> out;
  for (const Sent &item : sent_) {
    if (item.at >= since && conversation.find(item.item_id) == nullptr) out.push_back(item.json);
  }
  return out;
}

void Outbox::clear() {
  held_.clear();
  sent_.clear();
}

}  // namespace oairt
