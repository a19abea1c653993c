// How the speech that we send is encoded on the network as it is: bit rate, in-band FEC, DTX. Pure.
// Thread-bound to whoever owns it.
// Never goes beyond what the user chose, and never goes up in haste: it would flap.
//
//            loss >= 2 %         loss >= 6 %, or             loss >= 50 %, or the round trip grows
//                                the round trip grows        while packets are lost
//   Clear ------------> Lossy ----------------------> Bad ------------------------------> Choked
//     any level is left downwards at once; upwards by one level, when half of what led to it was
//     not reached for kCalm, or twice as long after each relapse (at most kLongestCalm)
//
//   Clear   the user's bit rate    FEC for 10 % loss (libopus adds none below, at 32 kbit/s)
//   Lossy   the same               FEC for 20 %
//   Bad     three quarters of it   FEC for 25 %; not below what FEC fits into
//   Choked  half of it             no FEC, DTX: there is no room for more
//
// Where the service sends no reports, what is lost on the way to us says how the way there may be,
// and leads to Lossy at most: nothing is taken away on suspicion.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace oairt {

// What the user chose: a ceiling for the bit rate; what is fixed stays as it is.
struct EncoderLimits {
  int bitrate = 32000;
  bool fec = true, dtx = false;
  bool fec_fixed = false, dtx_fixed = false;
  friend bool operator==(const EncoderLimits &, const EncoderLimits &) = default;
};

// What was seen since the last observation.
struct QualityObservation {
  bool reported = false;              // a receiver report of the service came
  uint64_t expected = 0, lost = 0;    // by it, of the packets that we sent
  std::optional<double> rtt_ms;       // by it
  uint64_t received = 0, missed = 0;  // of the packets that were sent to us
};

struct QualityStep {
  enum class Reason { Loss, Delay, DownlinkLoss, Calm, NewPath, Settings, Off };
  int bitrate = 0, loss_percent = 0;
  bool fec = false, dtx = false;
  Reason reason = Reason::Calm;
};
const char *to_string(QualityStep::Reason reason);  // "loss", "delay", …

class Quality {
 public:
  enum class Level { Clear, Lossy, Bad, Choked };
  static constexpr Duration kCalm = std::chrono::seconds(10);
  static constexpr Duration kLongestCalm = std::chrono::seconds(120);
  // An upward step that is taken back within this time was a mistake.
  static constexpr Duration kRelapse = std::chrono::seconds(60);
  // Without a report for so long, the service sends none.
  static constexpr Duration kReportPatience = std::chrono::seconds(10);
  // Fewer packets say nothing about loss.
  static constexpr uint64_t kFewest = 40;
  static constexpr int kLeastBitrate = 12000, kFecBitrate = 20000;

  // The encoding as it is to be, if it changes.
  std::optional<QualityStep> handle(const QualityObservation &seen, TimePoint now);
  // Nothing: nobody encodes here.
  std::optional<QualityStep> set_limits(const std::optional<EncoderLimits> &limits);
  std::optional<QualityStep> set_enabled(bool enabled, TimePoint now);
  // The reports that follow are of another call over the same network.
  void new_call(TimePoint now);
  // Another network: what was learnt does not count.
  std::optional<QualityStep> new_path(TimePoint now);

  Level level() const { return level_; }
  // In force now; nothing: nobody encodes here.
  std::optional<QualityStep> step(QualityStep::Reason reason = QualityStep::Reason::Calm) const;
  // Smoothed, 0..1; nothing: no report.
  std::optional<double> loss() const;

 private:
  struct Window {
    uint64_t expected = 0, lost = 0;
    double smoothed = 0;
    bool known = false;
    bool add(uint64_t more_expected, uint64_t more_lost);  // true: it has something to say
  };

  std::optional<QualityStep> move(Level level, QualityStep::Reason reason);
  Level wanted(double share) const;
  bool has_reports(TimePoint now) const;
  void note_round_trip(double rtt_ms);
  void forget(TimePoint now);

  std::optional<EncoderLimits> limits_;
  bool enabled_ = true;
  Level level_ = Level::Clear;
  Window uplink_, downlink_;
  std::optional<TimePoint> reported_at_;
  bool by_downlink_ = false;  // there are no reports
  std::optional<double> least_rtt_ms_;
  int slow_reports_ = 0;  // in a row
  std::optional<TimePoint> calm_since_, went_up_;
  Duration calm_ = kCalm;
};

}  // namespace oairt
