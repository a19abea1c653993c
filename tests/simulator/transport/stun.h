// STUN messages as ICE uses them (RFC 8489, RFC 8445): parse, verify, build.
// Thread-safe: values and free functions.
// Never trusts a length of the peer, and never keeps a password.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "transport/address.h"
#include "transport/bytes.h"

namespace oairt::sim::stun {

inline constexpr uint32_t kMagicCookie = 0x2112A442;
inline constexpr size_t kHeaderBytes = 20;

enum class Kind { Request, Indication, Success, Error };

enum Attribute : uint16_t {
  kUsername = 0x0006,
  kMessageIntegrity = 0x0008,
  kErrorCode = 0x0009,
  kUnknownAttributes = 0x000A,
  kXorMappedAddress = 0x0020,
  kPriority = 0x0024,
  kUseCandidate = 0x0025,
  kSoftware = 0x8022,
  kFingerprint = 0x8028,
  kIceControlled = 0x8029,
  kIceControlling = 0x802A,
};

using TransactionId = std::array<uint8_t, 12>;

struct Message {
  Kind kind = Kind::Request;
  TransactionId transaction = {};
  std::optional<std::string> username;
  std::optional<uint32_t> priority;
  bool use_candidate = false;
  bool ice_controlled = false;
  bool ice_controlling = false;
  bool has_fingerprint = false;
  std::vector<uint16_t> unknown_required;  // attributes that must be understood, and are not
  // Where MESSAGE-INTEGRITY begins in the packet; 0: there is none.
  size_t integrity_at = 0;
};

// By the first byte and the cookie only: decides the way of a packet, not its worth.
bool looks_like_stun(BytesView packet);
// A well-formed Binding message with a right fingerprint (or none).
std::optional<Message> parse(BytesView packet);
// True if the packet that `message` was parsed from carries the right MESSAGE-INTEGRITY.
bool verify_integrity(BytesView packet, const Message &message, const std::string &password);

class Builder {
 public:
  Builder(Kind kind, const TransactionId &transaction);
  Builder &add(uint16_t type, BytesView value);
  Builder &add_xor_mapped_address(const SocketAddress &address);
  Builder &add_error(int code, const std::string &reason);
  Builder &add_integrity(const std::string &password);
  // Adds the fingerprint and hands the packet out.
  Bytes finish();

 private:
  void set_length(size_t extra_bytes);
  Bytes packet_;
};

uint32_t crc32(BytesView bytes);

}  // namespace oairt::sim::stun
