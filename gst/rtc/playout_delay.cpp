#include "rtc/playout_delay.h"

#include <algorithm>

namespace oairt {
namespace {

constexpr double kFade = 0.8;      // what a burst leaves of the bursts before it
constexpr int kFadeEvery = 250;    // frames; for a sender that never pauses
constexpr double kOnTime = 0.995;  // share of the frames that the delay has to cover
constexpr Duration kMargin = milliseconds(5);

}  // namespace

void PlayoutDelay::arrived(TimePoint now, Duration duration, bool first) {
  if (first) {
    if (in_burst_ >= kSettled) fade();
    origin_ = now;
    expected_ = duration;
    least_now_ = least_before_ = Duration::zero();
    in_window_ = in_burst_ = 0;
    return;
  }
  Duration offset = now - origin_ - expected_;
  expected_ += duration;
  if (in_window_ == 0) least_now_ = offset;
  least_now_ = std::min(least_now_, offset);
  note(offset - std::min(least_now_, least_before_));
  // A sender that stalled for good moves the time line: only the last frames say what is early.
  if (++in_window_ == kWindow) {
    least_before_ = least_now_;
    in_window_ = 0;
  }
  in_burst_++;
  if (in_burst_ % kSettled == 0) settle();
  if (in_burst_ % kFadeEvery == 0) fade();
}

void PlayoutDelay::fade() {
  for (double &bin : histogram_) bin *= kFade;
  seen_ *= kFade;
}

void PlayoutDelay::note(Duration lateness) {
  auto bin = static_cast<size_t>(lateness / kBin);
  histogram_[std::min(bin, kBins - 1)] += 1;
  seen_ += 1;
}

void PlayoutDelay::settle() {
  double late_allowed = seen_ * (1 - kOnTime);
  size_t bin = kBins;
  double late = 0;
  while (bin > 0 && late + histogram_[bin - 1] <= late_allowed) late += histogram_[--bin];
  jitter_ = kBin * static_cast<int64_t>(bin);
  delay_ = std::clamp(jitter_ + kMargin, kLeast, kMost);
}

}  // namespace oairt
