// An item as JSON for a store, and back.
// Thread-safe: pure functions.
// Never trusts what it reads: what is mistyped or unknown is no item.
#pragma once

#include <optional>

#include "conversation/item.h"
#include "protocol/json.h"

namespace oairt {

// Pictures become notes. Members that are empty are left out. `slot` is not among them.
Json item_to_json(const ConversationItem &item);
std::optional<ConversationItem> item_from_json(const Json &json);

}  // namespace oairt
