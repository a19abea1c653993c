#include "policy/quality.h"

#include <algorithm>
#include <utility>

namespace oairt {
namespace {

using Level = Quality::Level;
using Reason = QualityStep::Reason;

constexpr double kLossyFrom = 0.02, kBadFrom = 0.06, kChokedFrom = 0.5;
constexpr double kStay = 0.5;    // of what leads to a level keeps it
constexpr double kNewest = 0.5;  // its share of the smoothed loss
constexpr double kSlowMs = 300;  // the round trip is longer than the shortest one: a queue
constexpr int kSlowReports = 2;  // one may be chance
constexpr int kFecPercent[] = {10, 20, 25, 0};

}  // namespace

const char *to_string(QualityStep::Reason reason) {
  constexpr const char *kNames[] = {"loss",     "delay", "downlink-loss", "calm", "new-path",
                                    "settings", "off"};
  return kNames[static_cast<int>(reason)];
}

bool Quality::Window::add(uint64_t more_expected, uint64_t more_lost) {
  expected += more_expected;
  lost += std::min(more_lost, more_expected);
  if (expected < kFewest) return false;
  double share = static_cast<double>(lost) / static_cast<double>(expected);
  smoothed += (share - smoothed) * kNewest;
  known = true;
  expected = lost = 0;
  return true;
}

std::optional<QualityStep> Quality::step(Reason reason) const {
  if (!limits_) return std::nullopt;
  QualityStep step{limits_->bitrate, 0, limits_->fec, limits_->dtx, reason};
  auto share = [&](int percent, int least) {
    return std::max(static_cast<int>(int64_t{limits_->bitrate} * percent / 100),
                    std::min(limits_->bitrate, least));
  };
  if (level_ == Level::Bad) step.bitrate = share(75, step.fec ? kFecBitrate : kLeastBitrate);
  if (level_ == Level::Choked) {
    step.bitrate = share(50, kLeastBitrate);
    if (!limits_->fec_fixed) step.fec = false;
    if (!limits_->dtx_fixed) step.dtx = true;
  }
  if (step.fec) step.loss_percent = std::max(kFecPercent[static_cast<int>(level_)], kFecPercent[0]);
  return step;
}

std::optional<double> Quality::loss() const {
  return uplink_.known ? std::optional(uplink_.smoothed) : std::nullopt;
}

bool Quality::has_reports(TimePoint now) const {
  return reported_at_ && now - *reported_at_ < kReportPatience;
}

void Quality::note_round_trip(double rtt_ms) {
  least_rtt_ms_ = std::min(least_rtt_ms_.value_or(rtt_ms), rtt_ms);
  slow_reports_ = rtt_ms - *least_rtt_ms_ >= kSlowMs ? slow_reports_ + 1 : 0;
}

Level Quality::wanted(double share) const {
  if (by_downlink_) return downlink_.smoothed >= kLossyFrom * share ? Level::Lossy : Level::Clear;
  double loss = uplink_.smoothed;
  bool queue = slow_reports_ >= kSlowReports;
  if (loss >= kChokedFrom * share || (queue && loss >= kLossyFrom * share)) return Level::Choked;
  if (loss >= kBadFrom * share || queue) return Level::Bad;
  return loss >= kLossyFrom * share ? Level::Lossy : Level::Clear;
}

std::optional<QualityStep> Quality::move(Level level, Reason reason) {
  if (std::exchange(level_, level) == level) return std::nullopt;
  return step(reason);
}

std::optional<QualityStep> Quality::handle(const QualityObservation &seen, TimePoint now) {
  if (!calm_since_) forget(now);
  if (!reported_at_) reported_at_ = now;  // from now on one is waited for
  if (seen.reported) reported_at_ = now;
  if (seen.reported && seen.rtt_ms) note_round_trip(*seen.rtt_ms);
  bool news = uplink_.add(seen.expected, seen.lost);
  bool hint = downlink_.add(seen.received + seen.missed, seen.missed);
  if (seen.reported) by_downlink_ = false;
  if (!has_reports(now) && !by_downlink_) {
    // What the last report said is old.
    by_downlink_ = true;
    uplink_ = {};
    slow_reports_ = 0;
    calm_since_ = now;
  }
  if (!enabled_) return std::nullopt;
  if (!(by_downlink_ ? hint : news || seen.reported)) return std::nullopt;
  Level level = wanted(1);
  if (level > level_) {
    if (went_up_ && now - *went_up_ < kRelapse) calm_ = std::min(calm_ * 2, kLongestCalm);
    calm_since_ = now;
    bool queue = slow_reports_ >= kSlowReports;
    return move(level, by_downlink_ ? Reason::DownlinkLoss : queue ? Reason::Delay : Reason::Loss);
  }
  if (wanted(kStay) >= level_) {
    calm_since_ = now;
  } else if (now - *calm_since_ >= calm_) {
    // Long after the last mistake it is forgiven.
    if (went_up_ && now - *went_up_ >= kLongestCalm * 2) calm_ = kCalm;
    went_up_ = calm_since_ = now;
    return move(static_cast<Level>(static_cast<int>(level_) - 1), Reason::Calm);
  }
  return std::nullopt;
}

std::optional<QualityStep> Quality::set_limits(const std::optional<EncoderLimits> &limits) {
  bool same = std::exchange(limits_, limits) == limits;
  // On a clear network the encoder is as it was set.
  if (same || level_ == Level::Clear) return std::nullopt;
  return step(Reason::Settings);
}

std::optional<QualityStep> Quality::set_enabled(bool enabled, TimePoint now) {
  if (std::exchange(enabled_, enabled) == enabled) return std::nullopt;
  forget(now);
  return enabled ? std::nullopt : move(Level::Clear, Reason::Off);
}

void Quality::forget(TimePoint now) {
  new_call(now);
  went_up_.reset();
  calm_ = kCalm;
}

void Quality::new_call(TimePoint now) {
  uplink_ = downlink_ = {};
  reported_at_.reset();
  by_downlink_ = false;
  least_rtt_ms_.reset();
  slow_reports_ = 0;
  calm_since_ = now;
}

std::optional<QualityStep> Quality::new_path(TimePoint now) {
  forget(now);
  return move(Level::Clear, Reason::NewPath);
}

}  // namespace oairt
