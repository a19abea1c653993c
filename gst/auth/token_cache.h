// Keeps one valid token at hand: fetched ahead, one request at a time, wiped when it is replaced.
// Thread-bound to the event loop; callbacks run there, never inline.
// Never hands out a token that expires within the safety margin.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "auth/token_provider.h"
#include "base/clock.h"
#include "base/event_loop.h"
#include "base/result.h"

namespace oairt {

class TokenCache {
 public:
  using Callback = std::function<void(Result<Token>)>;
  // A token is renewed when less than this is left, or a tenth of its life if that is shorter.
  static constexpr Duration kMargin = std::chrono::seconds(30);

  TokenCache(EventLoop &loop, std::unique_ptr<TokenProvider> provider);
  ~TokenCache();

  // The cached token, or the answer of the request under way, or of a new one.
  void get(Callback callback);
  // Fetches if nothing valid is cached and keeps it fresh from then on, so that get() is immediate.
  void prefetch();
  // The service refused it: the next get() fetches.
  void invalidate();
  bool has_valid_token() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace oairt
