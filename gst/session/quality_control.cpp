#include "session/quality_control.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

OAIRT_LOG_USE(session)

namespace oairt {
namespace {

// A restart of the count, not a gain.
constexpr uint32_t kWildJump = 100000;
constexpr double kNewest = 0.3;  // its share of the smoothed loss

}  // namespace

QualityObservation QualityControl::observe(const PeerStats &stats) {
  QualityObservation seen;
  if (!before_) return seen;
  if (stats.packets_received >= before_->packets_received) {
    seen.received = stats.packets_received - before_->packets_received;
  }
  if (stats.packets_lost > before_->packets_lost) {
    seen.missed = static_cast<uint64_t>(stats.packets_lost - before_->packets_lost);
  }
  if (!stats.report || stats.report == before_->report) return seen;
  seen.reported = true;
  if (stats.rtt_ms > 0) seen.rtt_ms = stats.rtt_ms;
  if (!before_->report) return seen;
  uint32_t expected = stats.report->highest_sequence - before_->report->highest_sequence;
  int64_t lost = stats.report->lost - before_->report->lost;
  if (expected >= kWildJump) return seen;
  seen.expected = expected;
  // Packets that come late or twice make it negative.
  seen.lost = static_cast<uint64_t>(std::max<int64_t>(lost, 0));
  return seen;
}

std::optional<QualityEvent> QualityControl::sample(const PeerStats &stats,
                                                   const std::string &network, TimePoint now) {
  QualityObservation seen = observe(stats);
  before_ = last_ = stats;
  if (uint64_t all = seen.received + seen.missed; all > 0) {
    double share = static_cast<double>(seen.missed) / static_cast<double>(all);
    downlink_loss_ += (share - downlink_loss_) * kNewest;
  }
  if (!network.empty()) {
    std::string old = std::exchange(network_, network);
    if (!old.empty() && old != network) {
      downlink_loss_ = 0;
      return tell(policy_.new_path(now));
    }
  }
  return tell(policy_.handle(seen, now));
}

std::optional<QualityEvent> QualityControl::set_limits(const std::optional<EncoderLimits> &limits) {
  return tell(policy_.set_limits(limits));
}

std::optional<QualityEvent> QualityControl::set_enabled(bool enabled, TimePoint now) {
  return tell(policy_.set_enabled(enabled, now));
}

void QualityControl::new_call(TimePoint now) {
  before_.reset();
  last_ = {};
  downlink_loss_ = 0;
  policy_.new_call(now);
}

QualityFigures QualityControl::figures() const {
  QualityFigures figures;
  figures.encoding = policy_.step();
  figures.uplink_loss = policy_.loss();
  if (last_.report) figures.uplink_jitter_ms = last_.report->jitter_ms;
  figures.downlink_loss = downlink_loss_;
  figures.steps = steps_;
  return figures;
}

std::optional<QualityEvent> QualityControl::tell(const std::optional<QualityStep> &step) {
  if (!step) return std::nullopt;
  ++steps_;
  QualityEvent event;
  event.bitrate = step->bitrate;
  event.loss_percent = step->loss_percent;
  event.fec = step->fec;
  event.dtx = step->dtx;
  event.uplink_loss = policy_.loss();
  if (last_.rtt_ms > 0) event.rtt_ms = last_.rtt_ms;
  event.downlink_loss = downlink_loss_;
  event.jitter_ms = last_.jitter_ms;
  event.reason = to_string(step->reason);
  LOG_INFO("encoding: %d bit/s, FEC for %d %%, DTX %s: %s", event.bitrate, event.loss_percent,
           event.dtx ? "on" : "off", event.reason.c_str());
  return event;
}

}  // namespace oairt
