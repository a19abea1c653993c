// DTLS datagrams as a test makes them up.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "rtc/dtls_records.h"

namespace oairt::test {

using Bytes = std::vector<uint8_t>;

inline Bytes record(uint8_t type, uint16_t epoch, const Bytes &payload) {
  Bytes out{type,
            254,
            253,
            static_cast<uint8_t>(epoch >> 8),
            static_cast<uint8_t>(epoch),
            0,
            0,
            0,
            0,
            0,
            1,
            static_cast<uint8_t>(payload.size() >> 8),
            static_cast<uint8_t>(payload.size())};
  out.insert(out.end(), payload.begin(), payload.end());
  return out;
}

inline Bytes message(uint16_t sequence, uint8_t size = 8, uint8_t type = 11) {
  Bytes out{
      type, 0, 0, size, static_cast<uint8_t>(sequence >> 8), static_cast<uint8_t>(sequence), 0, 0,
      0,    0, 0, size};
  out.resize(12 + size);
  return out;
}

inline Bytes handshake(uint16_t sequence) { return record(22, 0, message(sequence)); }
inline Bytes hello_done(uint16_t sequence) { return record(22, 0, message(sequence, 0, 14)); }
inline Bytes change_cipher() { return record(20, 0, {1}); }
inline Bytes finished() { return record(22, 1, Bytes(40)); }
inline Bytes application() { return record(23, 1, Bytes(30)); }
inline Bytes alert() { return record(21, 1, Bytes(2)); }

inline Bytes operator+(Bytes a, const Bytes &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline Datagram datagram(Bytes bytes) { return std::make_shared<Bytes>(std::move(bytes)); }

}  // namespace oairt::test
