// Time-limited TURN credentials: from the site's own server or from the application, cached and
// renewed before they expire.
// Thread-bound to the event loop; callbacks run there, never inline.
// Never stores or logs a credential.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/result.h"
#include "base/secret.h"
#include "http/http_client.h"

namespace oairt {

struct RelayCredentials {
  std::vector<Secret> turn_servers;  // turn(s)://user:password@host:port?transport=…
  std::vector<std::string> stun_servers;
  Duration lifetime{0};  // 0: not said, an hour is assumed
};
// Takes the W3C shape: {"iceServers": [{"urls": …, "username": …, "credential": …}], "ttl": s}, a
// bare array, or one RTCIceServer object; "ttl", "expires_in" or "lifetimeDuration" ("3600s"). Also
// "ice_servers", "url", and {"uris": …, "username": …, "password": …} as TURN REST servers say it.
// An empty list is none; one of which nothing can be used (stuns:, TURN without a credential), is
// larger than 64 KiB or has more than 64 servers is an error. Errors repeat nothing of the text.
Result<RelayCredentials> parse_ice_servers(const std::string &json);

class IceServerSource {
 public:
  using Callback = std::function<void(Result<RelayCredentials>)>;
  virtual ~IceServerSource() = default;  // no callback comes any more
  // Calls back with every set, from the first on: renewed when a tenth of its life, at least 30 s,
  // is left. A failure is reported once per failed attempt and tried again after 5 s, doubling to
  // 5 minutes (longer if the server says so); what was given out before stays in use. Once only.
  virtual void start(Callback callback) = 0;
};

struct IceServersUrlOptions {
  std::string url;
  std::vector<HttpHeader> headers;  // the same as for token-url
  Duration timeout = std::chrono::seconds(15);
};
// GET; by POST of {} if the server wants that (405).
std::unique_ptr<IceServerSource> make_ice_servers_url_source(EventLoop &loop,
                                                             std::shared_ptr<HttpClient> http,
                                                             IceServersUrlOptions options);
// Asks the application; `ask` runs on a worker thread, may block, and answers JSON as above. An
// empty answer means: none.
std::unique_ptr<IceServerSource> make_ice_servers_request_source(EventLoop &loop,
                                                                 std::function<Secret()> ask);

}  // namespace oairt
