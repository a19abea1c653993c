// What it means when no answer came: from GIO's error to ours.
// Thread-safe: a pure function. Never repeats more of a URL than its host.
#pragma once

#include <string>

#include <gio/gio.h>

#include "base/result.h"

namespace oairt {

struct NetworkContext {
  std::string host;         // as shown to the user
  std::string stage;        // "connecting", "waiting for the answer", …
  unsigned tls_errors = 0;  // GTlsCertificateFlags of a refused certificate
};

Error network_error(const GError &error, const NetworkContext &context);
Error timeout_error(const NetworkContext &context, double seconds);
// A proxy answered in place of the server.
Error proxy_error(const NetworkContext &context, unsigned status);

}  // namespace oairt
