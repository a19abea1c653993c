// The one place where a credential becomes a header.
// Thread-safe: a pure function. Never keeps a copy that is not wiped.
#pragma once

#include <string>
#include <vector>

#include "base/secret.h"
#include "http/http_client.h"

namespace oairt {

// "Authorization: Bearer …", or for Azure "api-key: …", except for ephemeral keys and the signed
// tokens of its directory (Entra), which Azure takes as bearers too.
HttpHeader credential_header(const Secret &credential, bool azure);

// The credential in an Authorization header among these, to be masked in errors; empty: none.
Secret credential_of(const std::vector<HttpHeader> &headers);

bool is_ephemeral_key(const Secret &credential);  // begins with "ek_"

// Wipes and empties a text that held a credential.
void wipe(std::string &text);

}  // namespace oairt
