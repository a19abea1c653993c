// Puts the datagrams of a DTLS flight of ours together into as few as fit: OpenSSL, which is not
// told the path's limit, cuts a flight into pieces of 256 bytes, of which each can be lost or
// overtake the one before.
// Thread-bound: the owner guards it. Time is an argument.
// Never changes a record or the order of them, never holds one longer than kPatience.
#pragma once

#include <optional>
#include <vector>

#include "base/clock.h"
#include "rtc/dtls_records.h"

namespace oairt {

class DtlsPacker {
 public:
  // What every path carries (RFC 8831, 5: an initial limit of 1200 bytes).
  static constexpr std::size_t kMaxBytes = 1200;
  // The pieces of a flight follow each other at once; where its end is not recognised, this ends
  // the waiting for more.
  static constexpr Duration kPatience = milliseconds(3);

  // What is to be sent now that our DTLS stack sends this one.
  std::vector<Datagram> sent(Datagram datagram, TimePoint now);
  std::vector<Datagram> due(TimePoint now);
  std::optional<TimePoint> deadline() const { return deadline_; }

 private:
  Datagram take();

  std::vector<Datagram> held_;
  std::size_t held_bytes_ = 0;
  std::optional<TimePoint> deadline_;
};

}  // namespace oairt
