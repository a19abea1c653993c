#include "session/persistence.h"

#include <algorithm>
#include <iterator>
#include <list>
#include <map>
#include <utility>

#include "conversation/item_codec.h"

namespace oairt {
namespace {

Json parsed(const std::string &text) {
  auto json = Json::parse(text);
  return json ? std::move(json).value() : Json();
}

}  // namespace

void RecordState::add_session(const std::string &id) {
  if (id.empty() || (!session_ids.empty() && session_ids.back() == id)) return;
  session_ids.push_back(id);
  if (session_ids.size() > kMaxPast) session_ids.erase(session_ids.begin());
}

Json state_to_json(const RecordState &state) {
  Json json = Json::object({{"version", 1}, {"consent", state.consent}});
  if (state.mute) json.set("mute", *state.mute);
  if (state.volume) json.set("volume", *state.volume);
  if (!state.preferences.is_null()) json.set("preferences", state.preferences);
  json.set("usage", Json::object({{"input_tokens", state.input_tokens},
                                  {"output_tokens", state.output_tokens},
                                  {"total_tokens", state.total_tokens}}));
  json.set("reconnects", state.reconnects);
  json.set("session_ids",
           Json::array(Json::Array(state.session_ids.begin(), state.session_ids.end())));
  return json;
}

RecordState state_from_json(const Json &json) {
  RecordState state;
  state.consent = json["consent"].as_bool();
  if (json["mute"].is_bool()) state.mute = json["mute"].as_bool();
  if (json["volume"].is_number()) state.volume = json["volume"].as_double();
  state.preferences = json["preferences"];
  const Json &usage = json["usage"];
  state.input_tokens = usage["input_tokens"].as_int();
  state.output_tokens = usage["output_tokens"].as_int();
  state.total_tokens = usage["total_tokens"].as_int();
  state.reconnects = static_cast<uint64_t>(std::max<int64_t>(0, json["reconnects"].as_int()));
  for (const Json &id : json["session_ids"].items()) state.add_session(id.as_string());
  return state;
}

std::string stored_text(const ConversationItem &item, int64_t after) {
  Json json = item_to_json(item);
  json.set("after", after);
  return json.dump();
}

int64_t stored_after(const StoredItem &stored) { return parsed(stored.text)["after"].as_int(); }

// Each was saved behind an item that was there already, so that going by slots puts every one
// where it was, also those that came in between.
std::vector<ConversationItem> restore_order(const std::vector<StoredItem> &stored) {
  std::vector<const StoredItem *> by_slot;
  for (const StoredItem &item : stored) by_slot.push_back(&item);
  std::sort(by_slot.begin(), by_slot.end(),
            [](const auto *a, const auto *b) { return a->slot < b->slot; });
  std::list<ConversationItem> order;
  std::map<int64_t, std::list<ConversationItem>::iterator> places;
  for (const StoredItem *row : by_slot) {
    Json json = parsed(row->text);
    auto item = item_from_json(json);
    if (!item) continue;
    item->slot = row->slot;
    int64_t after = json["after"].as_int();
    auto place = order.begin();
    // Its predecessor may be gone: the nearest that was saved before it stands in.
    auto known = places.upper_bound(after);
    if (after > 0 && known != places.begin()) place = std::next(std::prev(known)->second);
    places[row->slot] = order.insert(place, std::move(*item));
  }
  return {std::make_move_iterator(order.begin()), std::make_move_iterator(order.end())};
}

}  // namespace oairt
