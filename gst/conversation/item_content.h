// An item as the service shows it in its events, as plain values.
// Thread-safe: pure.
// Never fails: what is missing or mistyped is empty.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "conversation/item.h"
#include "protocol/json.h"

namespace oairt {

struct ItemContent {
  ConversationItem::Kind kind = ConversationItem::Kind::Other;
  std::string role;                // user, assistant, system (developer is told as system)
  std::vector<std::string> parts;  // the text of each content part; empty where there is none
  bool spoken = false;             // a part is audio
  bool transcript_missing = false;
  std::vector<std::string> images;
  std::string name, call_id, arguments, output;
  bool in_progress = false;

  std::string text() const;  // of all parts
  bool says_nothing() const;
};

// Of one text of an item.
constexpr std::size_t kMaxTextBytes = std::size_t{1} << 20;

ItemContent read_item(const Json &item);
// How an item ended that is shown as done.
ConversationItem::Status end_status(const Json &item);

}  // namespace oairt
