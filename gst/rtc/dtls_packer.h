// Puts the datagrams of a DTLS flight of ours together into as few as fit: OpenSSL, which is not
// told the path's limit, cuts a flight into pieces of 256 bytes, of which each can be lost or
// overtake the one before. Pion ends the handshake when any other piece arrives before the first.
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
  // Nearly every path carries that much, and the whole flight of a server with an RSA certificate
  // is no larger; what has to be sent again is sent in pieces that every path carries.
  static constexpr std::size_t kMaxBytes = 1400;
  static constexpr std::size_t kSafeBytes = 1200;
  // The pieces of a flight follow each other at once; where its end is not recognised, this ends
  // the waiting for more.
  static constexpr Duration kPatience = milliseconds(3);

  // What is to be sent now that our DTLS stack sends this one.
  std::vector<Datagram> sent(Datagram datagram, TimePoint now);
  std::vector<Datagram> due(TimePoint now);
  std::optional<TimePoint> deadline() const { return deadline_; }
  // The records of one datagram in such of at most kSafeBytes, as far as each record fits.
  static std::vector<Datagram> split(const Datagram &datagram);

 private:
  Datagram take();

  std::vector<Datagram> held_;
  std::size_t held_bytes_ = 0;
  std::optional<TimePoint> deadline_;
};

}  // namespace oairt
