// Looks at datagrams of a DTLS-SRTP transport without decrypting them: what kind a packet is, and
// how far a DTLS datagram carries the handshake.
// Thread-safe: pure functions over bytes; they never keep a pointer.
// Never trusts a length: short or hostile input reads as "nothing known".
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace oairt {

// One packet as it went over the wire, shared because several stores keep it.
using Datagram = std::shared_ptr<const std::vector<uint8_t>>;

// Which protocol of a multiplexed transport a packet belongs to (RFC 7983).
enum class PacketKind { Stun, Dtls, Rtp, Other };
PacketKind packet_kind(const uint8_t *data, std::size_t size);

// The sum of the records in one DTLS datagram.
struct DtlsSummary {
  bool handshake = false;      // handshake or ChangeCipherSpec: part of a flight
  bool change_cipher = false;  // ChangeCipherSpec
  bool encrypted = false;      // a handshake record of a later epoch: Finished
  bool application = false;
  bool alert = false;
  bool flight_end = false;  // whoever sent it waits for an answer now
  // Lowest and highest message sequence of the clear handshake messages.
  std::optional<uint16_t> first_message, last_message;
};
DtlsSummary summarize_dtls(const uint8_t *data, std::size_t size);

// The first record of a datagram with its header; all of it if that is no whole record.
std::size_t dtls_record_size(const uint8_t *data, std::size_t size);

// True if an encrypted record has no room for its nonce and tag (24 bytes, AES-GCM), which no peer
// sends. OpenSSL 3.5 ends the whole association for one, where RFC 6347 (4.1.2.7) drops it.
bool is_stunted_dtls(const uint8_t *data, std::size_t size);

}  // namespace oairt
