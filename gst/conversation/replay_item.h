// One item as the service takes it from a client, within the limits for one event.
// Thread-safe: pure functions.
// Never cuts what has to stay whole: arguments, names, images.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "conversation/item.h"
#include "conversation/replay.h"
#include "protocol/json.h"

namespace oairt {

struct ReplayItem {
  Json json;
  std::size_t characters = 0;  // of its texts
};

// Nothing if the item has nothing to say or cannot be made to fit. `call_id`: of function items,
// as it is to be sent.
std::optional<ReplayItem> make_replay_item(const ConversationItem &item, const std::string &call_id,
                                           const ReplayLimits &limits);

}  // namespace oairt
