// The items of one session in order, and the rules for what a client may add.
// Thread-bound to the session.
// Never shares an item with another session: a new session starts empty.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <vector>

#include "api_error.h"

namespace oairt::sim {

struct Item {
  Json json;               // as the service shows it
  std::string words;       // what was said, even where the wire does not show it
  int64_t audio_ms = 0;    // length of an assistant's audio
  bool has_audio = false;  // spoken, by either side
  bool in_progress = false;

  const std::string &id() const { return json["id"].as_string(); }
  const std::string &type() const { return json["type"].as_string(); }
  const std::string &role() const { return json["role"].as_string(); }
};

class Conversation {
 public:
  // Checks an item of conversation.item.create or response.create's input (`path`: "item", …).
  Refusal check_new(const Json &item, const std::string &path) const;
  // The same item with everything that the service fills in. `id` is used if it has none.
  static Item complete(const Json &item, const std::string &id);

  // Position by conversation.item.create's rule: empty: append, "root": first, else after that
  // item.
  Refusal check_previous(const std::string &previous_id) const;
  void add(Item item, const std::string &previous_id = "");
  Item *find(const std::string &id);
  const Item *find(const std::string &id) const;
  bool remove(const std::string &id);
  std::string previous_of(const std::string &id) const;  // empty: it is the first
  std::string last_id() const { return items_.empty() ? "" : items_.back().id(); }

  const std::list<Item> &items() const { return items_; }
  // What the user said or wrote, oldest first.
  std::vector<std::string> user_texts() const;

 private:
  bool has_function_call(const std::string &call_id) const;
  Refusal check_message(const Json &item, const std::string &path) const;
  Refusal check_function_item(const Json &item, const std::string &path) const;

  std::list<Item> items_;
};

// The text of an item's content parts, joined by spaces.
std::string text_of(const Json &item);

}  // namespace oairt::sim
