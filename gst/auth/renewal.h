// When ICE servers are asked for again, and the source that does it.
// Thread-bound to the event loop; the delays are pure functions.
// Never keeps a credential: each set is handed on.
#pragma once

#include <memory>
#include <optional>

#include "auth/ice_servers.h"

namespace oairt {

struct RenewalTimes {
  Duration least_left = std::chrono::seconds(30);
  Duration unknown_life = std::chrono::hours(1);
  Duration soonest = std::chrono::seconds(5);  // however short the life that a server tells
  Duration first_pause = std::chrono::seconds(5);
  Duration longest_pause = std::chrono::minutes(5);
};

// From a set of that lifetime (0: unknown) to its renewal.
Duration renewal_delay(Duration lifetime, const RenewalTimes &times);
// From the failure to the next attempt; `failures` in a row before this one.
Duration retry_delay(int failures, std::optional<milliseconds> retry_after,
                     const RenewalTimes &times);

// One attempt to get a set.
class IceServerFetcher {
 public:
  virtual ~IceServerFetcher() = default;  // no callback comes any more
  // At most one at a time. Never calls back inline.
  virtual void fetch(IceServerSource::Callback callback) = 0;
};

std::unique_ptr<IceServerSource> make_renewing_source(EventLoop &loop,
                                                      std::unique_ptr<IceServerFetcher> fetcher,
                                                      RenewalTimes times = {});

}  // namespace oairt
