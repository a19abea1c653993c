#include "pacer.h"

#include <utility>
#include <vector>

namespace oairt::sim {
namespace {

constexpr int64_t kTickUs = 20000;
constexpr int kCatchUp = 5;

}  // namespace

Pacer::Pacer(GMainContext *context) : alarm_(context, G_PRIORITY_HIGH, [this] { run(); }) {}

Pacer::Id Pacer::add(Tick tick) {
  if (ticks_.empty()) {
    next_us_ = g_get_monotonic_time();
    alarm_.set_us(next_us_);
  }
  ticks_.emplace(++last_, std::move(tick));
  return last_;
}

void Pacer::run() {
  int64_t now = g_get_monotonic_time();
  for (int i = 0; i < kCatchUp && next_us_ <= now; ++i) {
    next_us_ += kTickUs;
    std::vector<Id> ids;
    for (const auto &[id, tick] : ticks_) ids.push_back(id);
    for (Id id : ids) {
      // A tick may end its call, or another's.
      if (auto found = ticks_.find(id); found != ticks_.end()) {
        Tick tick = found->second;
        tick();
      }
    }
  }
  if (next_us_ <= now) next_us_ += (now - next_us_) / kTickUs * kTickUs + kTickUs;
  alarm_.set_us(ticks_.empty() ? -1 : next_us_);
}

}  // namespace oairt::sim
