// How other services differ from OpenAI's on the way in: Azure's paths, keys and error bodies, and
// a server whose API lies below a path of its own.
// Thread-safe: pure functions.
// Never looks at a key's worth: only at how it is shown.
#pragma once

#include <optional>
#include <string>

#include "http_types.h"
#include "options.h"

namespace oairt::sim {

// Takes what comes before "/calls", "/client_secrets" off the path and returns it; nothing: the API
// is not there.
std::optional<std::string> take_base(const Options &options, std::string &path);
// What Azure does not take: project keys as bearers, anything but the form for a call.
std::optional<Reply> azure_refusal(const Request &request);
// Azure's errors have members that OpenAI's have not.
void make_azure_error(Reply &reply);

}  // namespace oairt::sim
