#include "session/outbox.h"

#include <utility>

#include <glib.h>

namespace oairt {

void Outbox::name_item(ClientEvent &event) {
  auto *create = std::get_if<ItemCreate>(&event.body);
  if (create == nullptr || create->item.has("id")) return;
  // Unlike any other, also after a restart: the service refuses an id that it knows.
  char id[33];
  g_snprintf(id, sizeof(id), "oairt_%08x_%llu", g_random_int(),
             static_cast<unsigned long long>(next_item_++));
  create->item.set("id", Json(id));
}

bool Outbox::hold(std::string json) {
  if (held_.size() >= kMaxHeld) return false;
  held_.push_back(std::move(json));
  return true;
}

std::vector<std::string> Outbox::take_held() {
  std::vector<std::string> out(std::make_move_iterator(held_.begin()),
                               std::make_move_iterator(held_.end()));
  held_.clear();
  return out;
}

void Outbox::sent(const ClientEvent &event, std::string json, TimePoint now) {
  const auto *create = std::get_if<ItemCreate>(&event.body);
  if (create == nullptr) return;
  sent_.push_back({create->item["id"].as_string(), std::move(json), now});
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
