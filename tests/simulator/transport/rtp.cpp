#include "transport/rtp.h"

#include <algorithm>
#include <cmath>

namespace oairt::sim {
namespace {

constexpr size_t kHeaderBytes = 12;
constexpr double kClockRate = 48000;
constexpr uint64_t kNtpOffset = 2208988800;  // seconds from 1900 to 1970
constexpr uint16_t kMaxDropout = 3000;
constexpr int kMaxMisorder = 100;
constexpr uint8_t kSenderReport = 200, kReceiverReport = 201, kSourceDescription = 202;

void append_ntp_now(Bytes &bytes) {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  double seconds = std::chrono::duration<double>(now).count();
  double whole = std::floor(seconds);
  append_u32(bytes, static_cast<uint32_t>(static_cast<uint64_t>(whole) + kNtpOffset));
  append_u32(bytes, static_cast<uint32_t>((seconds - whole) * 4294967296.0));
}

void begin_rtcp(Bytes &bytes, size_t count, uint8_t type, size_t body_bytes) {
  bytes.push_back(static_cast<uint8_t>(0x80 | count));
  bytes.push_back(type);
  append_u16(bytes, static_cast<uint16_t>(body_bytes / 4));
}

}  // namespace

std::optional<RtpPacket> parse_rtp(BytesView packet) {
  if (packet.size() < kHeaderBytes || packet[0] >> 6 != 2) return std::nullopt;
  RtpPacket parsed;
  parsed.marker = (packet[1] & 0x80) != 0;
  parsed.payload_type = packet[1] & 0x7F;
  parsed.sequence = read_u16(&packet[2]);
  parsed.timestamp = read_u32(&packet[4]);
  parsed.ssrc = read_u32(&packet[8]);
  size_t begin = kHeaderBytes + 4 * static_cast<size_t>(packet[0] & 0x0F);
  if ((packet[0] & 0x10) != 0) {
    if (packet.size() < begin + 4) return std::nullopt;
    begin += 4 + 4 * static_cast<size_t>(read_u16(&packet[begin + 2]));
  }
  size_t padding = (packet[0] & 0x20) != 0 ? packet.back() : 0;
  if (packet.size() < begin + padding) return std::nullopt;
  if ((packet[0] & 0x20) != 0 && padding == 0) return std::nullopt;
  parsed.payload = packet.subspan(begin, packet.size() - begin - padding);
  return parsed;
}

Bytes build_rtp(const RtpPacket &packet) {
  Bytes bytes = {0x80, static_cast<uint8_t>((packet.marker ? 0x80 : 0) | packet.payload_type)};
  append_u16(bytes, packet.sequence);
  append_u32(bytes, packet.timestamp);
  append_u32(bytes, packet.ssrc);
  append(bytes, packet.payload);
  return bytes;
}

bool is_rtcp(BytesView packet) {
  return packet.size() >= 8 && (packet[1] & 0x7F) >= 64 && (packet[1] & 0x7F) <= 95;
}

void RtpReceiver::add(const RtpPacket &packet, TimePoint now) {
  if (received_ == 0) {
    ssrc_ = packet.ssrc;
    first_ = highest_ = packet.sequence;
  }
  auto step = static_cast<uint16_t>(packet.sequence - static_cast<uint16_t>(highest_));
  bool restarted = step >= kMaxDropout && step <= 65535 - kMaxMisorder;
  if (restarted) {  // the sender began anew; what lies between is not loss
    uint32_t lost_so_far = static_cast<uint32_t>(lost());
    highest_ = (highest_ & 0xFFFF0000) + 0x10000 + packet.sequence;
    first_ = highest_ - static_cast<uint32_t>(received_) - lost_so_far;
  } else if (step < kMaxDropout) {
    highest_ += step;
  }
  ++received_;
  double arrival = to_ms(now.time_since_epoch()) * kClockRate / 1000;
  double transit = arrival - packet.timestamp;
  if (transit_) jitter_ += (std::fabs(transit - *transit_) - jitter_) / 16;
  transit_ = transit;
}

uint64_t RtpReceiver::expected() const {
  return received_ == 0 ? 0 : uint64_t{highest_ - first_} + 1;
}

uint64_t RtpReceiver::lost() const { return expected() > received_ ? expected() - received_ : 0; }

Bytes RtpReceiver::take_report_block(TimePoint now) {
  Bytes block;
  if (received_ == 0) return block;
  uint64_t expected_now = expected() - expected_before_;
  uint64_t received_now = received_ - received_before_;
  uint64_t lost_now = expected_now > received_now ? expected_now - received_now : 0;
  uint64_t fraction = expected_now > 0 ? std::min<uint64_t>(255, lost_now * 256 / expected_now) : 0;
  expected_before_ = expected();
  received_before_ = received_;
  append_u32(block, ssrc_);
  append_u32(block, static_cast<uint32_t>(fraction << 24 | std::min<uint64_t>(lost(), 0x7FFFFF)));
  append_u32(block, highest_);
  append_u32(block, static_cast<uint32_t>(std::clamp(jitter_, 0.0, 4294967295.0)));
  using Units = std::chrono::duration<int64_t, std::ratio<1, 65536>>;
  auto since = sender_report_ == 0 ? Duration::zero() : now - sender_reported_;
  append_u32(block, sender_report_);
  append_u32(block, static_cast<uint32_t>(std::chrono::duration_cast<Units>(since).count()));
  return block;
}

void RtpReceiver::note_sender_report(uint32_t ntp_middle, TimePoint now) {
  sender_report_ = ntp_middle;
  sender_reported_ = now;
}

std::optional<SenderTime> find_sender_report(BytesView compound) {
  constexpr size_t kSenderBytes = 28;
  while (compound.size() >= 8 && compound[0] >> 6 == 2) {
    if (compound[1] == kSenderReport && compound.size() >= kSenderBytes) {
      uint32_t seconds = read_u32(&compound[8]), fraction = read_u32(&compound[12]);
      return SenderTime{read_u32(&compound[4]), seconds << 16 | fraction >> 16};
    }
    size_t bytes = 4 * (size_t{read_u16(&compound[2])} + 1);
    compound = compound.subspan(std::min(bytes, compound.size()));
  }
  return std::nullopt;
}

Bytes build_rtcp_report(uint32_t ssrc, const std::optional<SenderReport> &sender,
                        const Bytes &report_block, const std::string &cname) {
  Bytes bytes;
  size_t blocks = report_block.empty() ? 0 : 1;
  begin_rtcp(bytes, blocks, sender ? kSenderReport : kReceiverReport,
             4 + (sender ? 20 : 0) + report_block.size());
  append_u32(bytes, ssrc);
  if (sender) {
    append_ntp_now(bytes);
    append_u32(bytes, sender->rtp_timestamp);
    append_u32(bytes, sender->packets);
    append_u32(bytes, sender->octets);
  }
  append(bytes, report_block);
  Bytes chunk;
  append_u32(chunk, ssrc);
  chunk.push_back(1);  // CNAME
  chunk.push_back(static_cast<uint8_t>(cname.size()));
  append(chunk, view_of(cname));
  chunk.resize((chunk.size() + 4) & ~size_t{3});  // at least one zero ends the list
  begin_rtcp(bytes, 1, kSourceDescription, chunk.size());
  append(bytes, chunk);
  return bytes;
}

}  // namespace oairt::sim
