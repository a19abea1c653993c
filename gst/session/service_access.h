// How the service is reached: HTTP, tokens, relay credentials, and whether it answers at all.
// Thread-bound to the event loop; callbacks run there, never inline.
// Never keeps what was made for other settings: the next use makes it anew.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/ice_servers.h"
#include "auth/token_cache.h"
#include "base/event_loop.h"
#include "http/http_client.h"
#include "http/reachability.h"
#include "session/config.h"
#include "session/core_output.h"

namespace oairt {

class ServiceAccess {
 public:
  using RelaysCallback = std::function<void(const std::vector<Secret> &turn_servers)>;
  using WarningCallback = std::function<void(const Error &error)>;

  ServiceAccess(EventLoop &loop, std::weak_ptr<CoreOutput> output, RelaysCallback on_relays,
                WarningCallback on_warning);

  // Opens the connection that the first request of a call will take: once for a server, and only
  // when there is a credential to call with.
  void connect_ahead(const Config &config);
  // Ready for a call with these settings.
  void prepare(const std::shared_ptr<const Config> &config);
  bool has_credential(const Config &config);
  const std::shared_ptr<HttpClient> &http() const { return http_; }
  TokenCache &tokens() { return *tokens_; }
  // The relays that are valid now; empty: those of the settings.
  const std::vector<Secret> &relays() const { return relays_; }
  void probe(Duration timeout, ReachabilityProbe::Callback callback);
  // Connections that were kept open may be dead.
  void network_changed();

 private:
  std::unique_ptr<TokenProvider> make_provider();
  void watch_relays();
  void retry_relays();

  EventLoop &loop_;
  std::weak_ptr<CoreOutput> output_;
  const RelaysCallback on_relays_;
  const WarningCallback on_warning_;
  std::shared_ptr<const Config> config_;  // what all this was made with
  std::shared_ptr<HttpClient> http_;
  std::shared_ptr<HttpClient> ahead_;  // has a connection for the next http_
  TimePoint ahead_since_{};
  std::string ahead_url_;
  HttpOptions ahead_options_;
  std::unique_ptr<TokenCache> tokens_;
  std::unique_ptr<IceServerSource> relay_source_;
  std::unique_ptr<ReachabilityProbe> probe_;
  std::vector<Secret> relays_;
  std::optional<TimePoint> relays_fault_;  // the last attempt failed; not asked again before
  bool relays_warned_ = false;
};

}  // namespace oairt
