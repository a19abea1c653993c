// The SHA-256 fingerprint of a certificate, as SDP writes it.
// Thread-safe: a pure function.
// Never checks anything else of the certificate: in WebRTC the fingerprint is the identity.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace oairt {

// "AB:CD:…" of the first certificate in the PEM text; nothing if there is none.
std::optional<std::string> certificate_fingerprint(std::string_view pem);

}  // namespace oairt
