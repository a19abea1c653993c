// A list of tools as the service takes it: checked before it goes out, and shown without what only
// the service may know.
// Thread-safe: pure functions.
// Never changes what is sent, never names a secret in an error.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "protocol/json.h"

namespace oairt {

// The message continues a sentence that names the property: "has an error in tools[1]: …".
// Functions are checked in full, servers (MCP) and kinds that are not known only loosely.
Status check_tools(const Json &tools);

// JSON text with the credentials of servers (authorization, headers, the password in a URL)
// replaced. Text that cannot be read is shown only if it has no such member.
std::string without_tool_secrets(const std::string &text);

// An error about that parameter may quote it.
bool is_tool_secret(std::string_view parameter);

}  // namespace oairt
