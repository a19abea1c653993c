// Attempt number and injected randomness to delay. Pure.
#pragma once

#include "base/clock.h"

namespace oairt {

struct BackoffOptions {
  milliseconds initial{300};    // `retry-interval`: the delay before the second attempt
  milliseconds maximum{7000};   // `retry-interval-max`
  bool many_may_retry = false;  // a whole fleet lost its server at this moment
};

// Delay before attempt `attempt` (1 is the first retry): 0, then initial x (attempt-1)^2, that is
// 0, 0.3, 1.2, 2.7, 4.8, 7 s by default, each spread by up to -/+ 20 % with `random` in [0, 1).
// The first retry is spread over `initial` when `many_may_retry`.
Duration backoff_delay(int attempt, double random, const BackoffOptions &options = {});

}  // namespace oairt
