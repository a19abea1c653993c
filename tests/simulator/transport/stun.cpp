#include "transport/stun.h"

#include <algorithm>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace oairt::sim::stun {
namespace {

constexpr uint16_t kBinding = 0x0001;
constexpr size_t kHmacBytes = 20;
constexpr uint32_t kFingerprintMask = 0x5354554e;
constexpr size_t kMaxUsernameBytes = 513;
constexpr size_t kMaxUnknown = 16;

uint16_t type_of(Kind kind) {
  switch (kind) {
    case Kind::Request:
      return kBinding;
    case Kind::Indication:
      return kBinding | 0x0010;
    case Kind::Success:
      return kBinding | 0x0100;
    case Kind::Error:
      return kBinding | 0x0110;
  }
  return kBinding;
}

std::optional<Kind> kind_of(uint16_t type) {
  for (Kind kind : {Kind::Request, Kind::Indication, Kind::Success, Kind::Error}) {
    if (type == type_of(kind)) return kind;
  }
  return std::nullopt;
}

size_t padded(size_t bytes) { return (bytes + 3) & ~size_t{3}; }

std::array<uint8_t, kHmacBytes> hmac(const std::string &password, BytesView bytes) {
  std::array<uint8_t, kHmacBytes> digest = {};
  unsigned size = kHmacBytes;
  HMAC(EVP_sha1(), password.data(), static_cast<int>(password.size()), bytes.data(), bytes.size(),
       digest.data(), &size);
  return digest;
}

uint32_t fingerprint_of(BytesView before) { return crc32(before) ^ kFingerprintMask; }

// False if the attribute makes the whole message worthless.
bool take_attribute(Message &message, uint16_t type, BytesView value, size_t at) {
  switch (type) {
    case kUsername:
      if (value.size() > kMaxUsernameBytes) return false;
      if (!message.username) message.username = to_text(value);
      return true;
    case kMessageIntegrity:
      if (value.size() != kHmacBytes) return false;
      message.integrity_at = at;
      return true;
    case kPriority:
      if (value.size() != 4) return false;
      message.priority = read_u32(value.data());
      return true;
    case kUseCandidate:
      message.use_candidate = true;
      return true;
    case kIceControlled:
      message.ice_controlled = true;
      return value.size() == 8;
    case kIceControlling:
      message.ice_controlling = true;
      return value.size() == 8;
    case kErrorCode:
    case kUnknownAttributes:
    case kXorMappedAddress:
      return true;
    default:
      if (type < 0x8000 && message.unknown_required.size() < kMaxUnknown) {
        message.unknown_required.push_back(type);
      }
      return true;
  }
}

}  // namespace

uint32_t crc32(BytesView bytes) {
  static const std::array<uint32_t, 256> table = [] {
    std::array<uint32_t, 256> made = {};
    for (uint32_t i = 0; i < made.size(); ++i) {
      uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit)
        value = (value & 1) ? 0xEDB88320 ^ (value >> 1) : value >> 1;
      made[i] = value;
    }
    return made;
  }();
  uint32_t crc = 0xFFFFFFFF;
  for (uint8_t byte : bytes) crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8);
  return ~crc;
}

bool looks_like_stun(BytesView packet) {
  return packet.size() >= kHeaderBytes && packet[0] < 4 && read_u32(&packet[4]) == kMagicCookie;
}

std::optional<Message> parse(BytesView packet) {
  if (!looks_like_stun(packet)) return std::nullopt;
  std::optional<Kind> kind = kind_of(read_u16(&packet[0]));
  size_t length = read_u16(&packet[2]);
  if (!kind || length % 4 != 0 || length + kHeaderBytes != packet.size()) return std::nullopt;
  Message message;
  message.kind = *kind;
  std::copy_n(packet.begin() + 8, message.transaction.size(), message.transaction.begin());
  size_t at = kHeaderBytes;
  while (at + 4 <= packet.size()) {
    uint16_t type = read_u16(&packet[at]);
    size_t size = read_u16(&packet[at + 2]);
    if (size > packet.size() - at - 4) return std::nullopt;
    BytesView value = packet.subspan(at + 4, size);
    if (type == kFingerprint) {
      // Always the last one, and only then is it known to cover everything.
      bool right = size == 4 && at + 8 == packet.size() &&
                   read_u32(value.data()) == fingerprint_of(packet.first(at));
      if (!right) return std::nullopt;
      message.has_fingerprint = true;
    } else if (message.integrity_at == 0) {  // what follows the integrity is not protected by it
      if (!take_attribute(message, type, value, at)) return std::nullopt;
    }
    if (padded(size) > packet.size() - at - 4) return std::nullopt;
    at += 4 + padded(size);
  }
  return message;
}

bool verify_integrity(BytesView packet, const Message &message, const std::string &password) {
  size_t at = message.integrity_at;
  if (at < kHeaderBytes || at + 4 + kHmacBytes > packet.size()) return false;
  // The digest is made with the length that the message had up to and with this attribute.
  Bytes covered(packet.begin(), packet.begin() + static_cast<ptrdiff_t>(at));
  write_u16(&covered[2], static_cast<uint16_t>(at + 4 + kHmacBytes - kHeaderBytes));
  auto digest = hmac(password, covered);
  return CRYPTO_memcmp(digest.data(), &packet[at + 4], kHmacBytes) == 0;
}

Builder::Builder(Kind kind, const TransactionId &transaction) {
  append_u16(packet_, type_of(kind));
  append_u16(packet_, 0);
  append_u32(packet_, kMagicCookie);
  append(packet_, transaction);
}

Builder &Builder::add(uint16_t type, BytesView value) {
  append_u16(packet_, type);
  append_u16(packet_, static_cast<uint16_t>(value.size()));
  append(packet_, value);
  packet_.resize(padded(packet_.size()));
  return *this;
}

Builder &Builder::add_xor_mapped_address(const SocketAddress &address) {
  std::string ip = address.raw_ip();
  Bytes value = {0, static_cast<uint8_t>(ip.size() == 16 ? 2 : 1)};
  append_u16(value, static_cast<uint16_t>(address.port() ^ (kMagicCookie >> 16)));
  // The key is the cookie and the transaction id, as they stand in the header.
  for (size_t i = 0; i < ip.size(); ++i) {
    value.push_back(static_cast<uint8_t>(static_cast<uint8_t>(ip[i]) ^ packet_[4 + i]));
  }
  return add(kXorMappedAddress, value);
}

Builder &Builder::add_error(int code, const std::string &reason) {
  Bytes value = {0, 0, static_cast<uint8_t>(code / 100), static_cast<uint8_t>(code % 100)};
  append(value, view_of(reason));
  return add(kErrorCode, value);
}

Builder &Builder::add_integrity(const std::string &password) {
  set_length(4 + kHmacBytes);
  return add(kMessageIntegrity, hmac(password, packet_));
}

Bytes Builder::finish() {
  set_length(8);
  Bytes value;
  append_u32(value, fingerprint_of(packet_));
  add(kFingerprint, value);
  return std::move(packet_);
}

void Builder::set_length(size_t extra_bytes) {
  write_u16(&packet_[2], static_cast<uint16_t>(packet_.size() - kHeaderBytes + extra_bytes));
}

}  // namespace oairt::sim::stun
