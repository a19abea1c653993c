// What may stand in a session, a client_secrets request and a response.create: a table of rules.
// Thread-safe: pure functions over constant tables.
// Never changes what it checks.
#pragma once

#include <string>

#include "api_error.h"

namespace oairt::sim {

// `path` is how the service names the object in `param`, e.g. "session".
Refusal check_realtime_session(const Json &session, const std::string &path);
Refusal check_transcription_session(const Json &session, const std::string &path);
Refusal check_response_params(const Json &response, const std::string &path);
Refusal check_expires_after(const Json &expires_after, const std::string &path);
Refusal check_client_secret_request(const Json &request);  // all but its "session"

}  // namespace oairt::sim
