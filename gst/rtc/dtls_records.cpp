#include "rtc/dtls_records.h"

#include <algorithm>

namespace oairt {
namespace {

constexpr std::size_t kRecordHeader = 13;
constexpr std::size_t kHandshakeHeader = 12;
constexpr std::size_t kNonceAndTag = 24;
constexpr uint8_t kChangeCipherSpec = 20;
constexpr uint8_t kAlert = 21;
constexpr uint8_t kHandshake = 22;
constexpr uint8_t kApplicationData = 23;
constexpr uint8_t kClientHello = 1;
constexpr uint8_t kHelloVerifyRequest = 3;
constexpr uint8_t kServerHelloDone = 14;

uint16_t read16(const uint8_t *at) { return static_cast<uint16_t>(at[0] << 8 | at[1]); }
std::size_t read24(const uint8_t *at) {
  return static_cast<std::size_t>(at[0]) << 16 | static_cast<std::size_t>(at[1]) << 8 | at[2];
}

bool ends_flight(uint8_t message) {
  return message == kClientHello || message == kHelloVerifyRequest || message == kServerHelloDone;
}

// One record may carry several handshake messages, the last of them cut short.
void add_messages(DtlsSummary &sum, const uint8_t *data, std::size_t size) {
  while (size >= kHandshakeHeader) {
    uint16_t sequence = read16(data + 4);
    sum.first_message = std::min(sum.first_message.value_or(sequence), sequence);
    sum.last_message = std::max(sum.last_message.value_or(sequence), sequence);
    std::size_t length = read24(data + 9), step = kHandshakeHeader + length;
    if (step > size) return;
    bool last_piece = read24(data + 6) + length == read24(data + 1);
    sum.flight_end |= last_piece && ends_flight(data[0]);
    data += step;
    size -= step;
  }
}

void add_record(DtlsSummary &sum, uint8_t type, uint16_t epoch, const uint8_t *data,
                std::size_t size) {
  switch (type) {
    case kChangeCipherSpec:
      sum.handshake = sum.change_cipher = true;
      break;
    case kAlert:
      sum.alert = true;
      break;
    case kHandshake:
      sum.handshake = true;
      if (epoch > 0) {
        sum.encrypted = sum.flight_end = true;
      } else {
        add_messages(sum, data, size);
      }
      break;
    case kApplicationData:
      sum.application = true;
      break;
    default:
      break;
  }
}

}  // namespace

bool is_stunted_dtls(const uint8_t *data, std::size_t size) {
  if (packet_kind(data, size) != PacketKind::Dtls) return false;
  while (size >= kRecordHeader) {
    std::size_t length = read16(data + 11);
    if (read16(data + 3) > 0 && length < kNonceAndTag) return true;
    if (length > size - kRecordHeader) return false;
    data += kRecordHeader + length;
    size -= kRecordHeader + length;
  }
  return false;
}

PacketKind packet_kind(const uint8_t *data, std::size_t size) {
  if (size == 0) return PacketKind::Other;
  uint8_t first = data[0];
  if (first <= 3) return PacketKind::Stun;
  if (first >= 20 && first <= 63) return PacketKind::Dtls;
  if (first >= 128 && first <= 191) return PacketKind::Rtp;
  return PacketKind::Other;
}

std::size_t dtls_record_size(const uint8_t *data, std::size_t size) {
  if (size < kRecordHeader) return size;
  return std::min(size, kRecordHeader + read16(data + 11));
}

DtlsSummary summarize_dtls(const uint8_t *data, std::size_t size) {
  DtlsSummary sum;
  while (size >= kRecordHeader) {
    std::size_t length = read16(data + 11);
    if (kRecordHeader + length > size) break;
    add_record(sum, data[0], read16(data + 3), data + kRecordHeader, length);
    data += kRecordHeader + length;
    size -= kRecordHeader + length;
  }
  return sum;
}

}  // namespace oairt
