// The DTLS records that a dead path may have swallowed, to be sent again over the path that
// replaces it or over the same one when it comes back; so SCTP need not wait out its retransmission
// timer. Records the peer has already are dropped by its replay window (RFC 6347, 4.1.2.6).
// Thread-bound: the owner guards it. Time is an argument.
// Never keeps more than kMaxBytes; the oldest go first, for what they carried is what SCTP itself
// repeats, in newer records, while nothing is acknowledged.
#pragma once

#include <deque>
#include <vector>

#include "base/clock.h"
#include "rtc/dtls_records.h"

namespace oairt {

class DtlsReplay {
 public:
  static constexpr std::size_t kMaxBytes = 256 * 1024;
  // What was sent shortly before the last sign of life may not have arrived either.
  static constexpr Duration kMargin = milliseconds(300);

  void sent(const Datagram &datagram, TimePoint now);
  // `margin` is to cover a round trip.
  void received(TimePoint now, Duration margin = kMargin);
  // In the order of sending: the peer's window is 64 records wide, a newer one first would close
  // it.
  std::vector<Datagram> records() const;
  std::size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    TimePoint when;
    Datagram datagram;
  };
  void drop_front();

  std::deque<Entry> entries_;
  std::size_t bytes_ = 0;
};

}  // namespace oairt
