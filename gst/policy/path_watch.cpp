#include "policy/path_watch.h"

#include <algorithm>

namespace oairt {
namespace {

// Several questions fit between the first doubt and the verdict, so that lost ones do no harm.
constexpr int kDoubtPercent = 40;
constexpr Duration kProbeInterval = milliseconds(80);
constexpr Duration kLateProbeInterval = milliseconds(250);
constexpr Duration kYoung = std::chrono::seconds(120);

}  // namespace

void PathWatch::reset(TimePoint now) {
  began_ = now;
  probed_ = {};
  lost_at_.reset();
}

void PathWatch::declare_lost(TimePoint now) {
  if (!lost_at_) lost_at_ = now;
}

PathWatch::Finding PathWatch::look(TimePoint last_heard, TimePoint now) {
  Finding finding;
  Duration silent = now - std::max(last_heard, began_);
  if (lost_at_ && last_heard > *lost_at_ && silent < silence_) {
    lost_at_.reset();
    finding.back = true;
  }
  if (!lost_at_ && silent >= silence_) {
    lost_at_ = now;
    finding.lost = true;
  }
  bool doubt = lost_at_ || silent >= silence_ * kDoubtPercent / 100;
  Duration interval = silent < kYoung ? std::min(kProbeInterval, silence_ / 6) : kLateProbeInterval;
  if (doubt && now - probed_ >= interval) {
    probed_ = now;
    finding.probe = true;
  }
  return finding;
}

}  // namespace oairt
