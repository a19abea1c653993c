// Asks whether a server's TCP port answers: cheap, without TLS or HTTP. Tells a dead network from a
// dead server, and notices within a fraction of a second that either is back.
// Thread-bound to the event loop; the callback runs there, never inline.
// Never sends a byte of payload, never waits longer than its timeout.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/event_loop.h"

namespace oairt {

enum class Reach {
  Reachable,  // the port answered
  Refused,    // the host answered, the port is closed: the server is down
  NoAnswer,   // nothing within the timeout, no route, or no name
};
const char *to_string(Reach reach);

class ReachabilityProbe {
 public:
  using Callback = std::function<void(Reach)>;
  virtual ~ReachabilityProbe() = default;  // no callback comes any more
  // Several may be under way; each ends in its callback. All addresses are tried at once: the first
  // that answers makes it Reachable; Refused means that each one to which there is a way refused.
  // Where there is no way at all the answer comes at once and not after the timeout.
  virtual void ask(Duration timeout, Callback callback) = 0;
};

// `url`: of which host and port are taken. `proxy`: asked in its place when not empty, unless the
// URL is of this machine, which no proxy is used for; when empty, the system's proxy settings hold.
// A name that was resolved once is not waited for again: it is looked up anew beside the probes
// when nothing was reached at its addresses for a while.
std::unique_ptr<ReachabilityProbe> make_reachability_probe(EventLoop &loop, const std::string &url,
                                                           const std::string &proxy);

}  // namespace oairt
