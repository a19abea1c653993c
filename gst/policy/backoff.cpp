#include "policy/backoff.h"

#include <algorithm>

namespace oairt {
namespace {

constexpr double kSpread = 0.2;
constexpr int kMaxSteps = 10000;  // far beyond the cap; keeps the square finite

Duration from_ms(double ms) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(ms));
}

}  // namespace

Duration backoff_delay(int attempt, double random, const BackoffOptions &options) {
  random = random >= 0 ? std::min(random, 1.0) : 0;  // also takes care of NaN
  double initial_ms = std::max(0.0, to_ms(options.initial));
  double maximum_ms = std::max(0.0, to_ms(options.maximum));
  if (attempt <= 1) {
    return options.many_may_retry ? from_ms(random * std::min(initial_ms, maximum_ms))
                                  : Duration::zero();
  }
  double steps = std::min(attempt - 1, kMaxSteps);
  double delay_ms = std::min(initial_ms * steps * steps, maximum_ms);
  return from_ms(delay_ms * (1 - kSpread + 2 * kSpread * random));
}

}  // namespace oairt
