// Does once, at the start, what the first call of a process would else have to wait for: makes the
// certificate and lets the crypto library load what a handshake needs.
// Thread-bound to the transport's context.
// Never talks to anybody: the handshake is with itself, in memory.
#pragma once

#include <glib.h>

namespace oairt::sim {

void warm_up_crypto(GMainContext *context);

}  // namespace oairt::sim
