// Server events to what the elements tell the application.
// Thread-safe: a pure function. Never logs words.
#pragma once

#include <optional>

#include "protocol/events.h"
#include "session/session_events.h"

namespace oairt {

// Nothing: the event says nothing that has a message of its own.
std::optional<SessionEvent> translate(const ServerEvent &event);

}  // namespace oairt
