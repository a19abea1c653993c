// The service's session object (the payload of session.update) from the model settings.
// Thread-safe: pure functions. Never leaves a turn to settings that nobody chose.
#pragma once

#include <optional>

#include "base/result.h"
#include "protocol/json.h"
#include "session/settings.h"

namespace oairt {

// Checks voice, JSON and ranges; the error names the property. `session-config` is merged over all.
Result<Json> build_session_object(const Settings &settings);

// What session.update carries: the model cannot be changed, so it is left out.
Json session_update_payload(const Json &session);

// A session.update that stops answers to what is heard (while the past is told), or lets them be
// as configured.
Json answers_payload(const Json &session, bool as_configured);

// The members that differ, in the shape of a session.update; nothing: no difference that can be
// sent (a member that was removed is sent as null).
std::optional<Json> session_difference(const Json &before, const Json &after);

}  // namespace oairt
