// Feeds the quality policy with what a call's figures have gained since they were looked at last,
// and words its steps. Thread-bound to the event loop.
// Never asks for figures itself, and never takes those of two calls for one.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "policy/quality.h"
#include "rtc/peer.h"
#include "session/session.h"
#include "session/session_events.h"

namespace oairt {

class QualityControl {
 public:
  // `network`: the machine's own address that the call goes out from; empty: not known.
  std::optional<QualityEvent> sample(const PeerStats &stats, const std::string &network,
                                     TimePoint now);
  std::optional<QualityEvent> set_limits(const std::optional<EncoderLimits> &limits);
  std::optional<QualityEvent> set_enabled(bool enabled, TimePoint now);
  void new_call(TimePoint now);
  QualityFigures figures() const;

 private:
  QualityObservation observe(const PeerStats &stats);
  std::optional<QualityEvent> tell(const std::optional<QualityStep> &step);

  Quality policy_;
  std::optional<PeerStats> before_;  // of the same call
  PeerStats last_;
  std::string network_;
  double downlink_loss_ = 0;  // smoothed
  uint64_t steps_ = 0;
};

}  // namespace oairt
