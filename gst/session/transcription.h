// Sessions that only write down what is said (session-type=transcription): what may be set, what
// is sent, and what is not possible. Thread-safe: pure functions.
// Never sends what the service refuses in such a session.
#pragma once

#include <string>

#include "base/result.h"
#include "protocol/json.h"
#include "session/settings.h"

namespace oairt {

// What has no meaning without answers and was set all the same.
Status check_transcription_settings(const Settings &settings, const std::string &model);
// turn_detection without the members that concern answers; null where the model knows none.
Json transcription_turn_detection(const std::string &kind, const std::string &model);
// Such models write along while somebody speaks, and are told where a turn ends.
bool is_live_transcriber(const std::string &model);
// The session ends the turns by itself: nobody else does.
bool commits_at_pauses(const Settings &settings, const Json &session);
std::string event_type(const std::string &json);  // empty: it has none
// Why an action, or an event of that type, is not possible; empty: it is.
std::string impossible_in_transcription(const std::string &what);

}  // namespace oairt
