// Sends the first application records of a call again, at once and shortly after: the SCTP
// handshake, the channel's opening and the first event go one by one, and SCTP repeats a lost one
// after a second or three; of two copies the one that is less delayed counts. What arrives twice is
// dropped by the peer's replay window (RFC 6347, 4.1.2.6), and SCTP never sees it.
// Thread-bound: the owner guards it. Time is an argument.
// Never changes a record, never adds more than kMaxBytes to a call.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "rtc/dtls_records.h"

namespace oairt {

class DtlsEcho {
 public:
  static constexpr std::size_t kMaxBytes = 16 * 1024;
  // From the first record on; longer than the opening of a channel takes on a slow path.
  static constexpr Duration kOpening = std::chrono::seconds(2);

  // Not in the same instant, in which a full queue would swallow both.
  static constexpr Duration kFirst = milliseconds(5);

  // After kFirst, after `interval` and after three of them; 0: never.
  explicit DtlsEcho(Duration interval)
      : enabled_(interval > Duration::zero()),
        queues_{{{kFirst, {}}, {interval, {}}, {3 * interval, {}}}} {}

  void sent(const Datagram &datagram, TimePoint now);
  // The records that it is time to send again.
  std::vector<Datagram> due(TimePoint now);
  std::optional<TimePoint> deadline() const;

 private:
  struct Entry {
    TimePoint when;
    Datagram datagram;
  };

  struct Queue {
    Duration delay;
    std::deque<Entry> entries;  // in the order of their times
  };

  const bool enabled_;
  std::optional<TimePoint> opened_;
  std::size_t bytes_ = 0;
  std::array<Queue, 3> queues_;
};

}  // namespace oairt
