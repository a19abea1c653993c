#include "transport/media.h"

#include <algorithm>

#include <openssl/rand.h>

#include "transport/sdp.h"

namespace oairt::sim {
namespace {

constexpr char kCname[] = "realtimeapi";
constexpr double kClockRate = 48000;

uint32_t random_u32() {
  uint32_t value = 0;
  RAND_bytes(reinterpret_cast<unsigned char *>(&value), sizeof(value));
  return value;
}

// Another one than the client's: the same on both ends is a conflict.
uint32_t choose_ssrc(const Offer &offer) {
  uint32_t ssrc = random_u32();
  while (offer.audio_ssrcs &&
         std::count(offer.audio_ssrcs->begin(), offer.audio_ssrcs->end(), ssrc)) {
    ssrc = random_u32();
  }
  return ssrc;
}

}  // namespace

Media::Media(const Offer &offer)
    : payload_type_(static_cast<uint8_t>(offer.opus_payload_type)),
      sends_(answer_direction(offer.audio_direction).starts_with("send")),
      announced_(offer.audio_ssrcs),
      ssrc_(choose_ssrc(offer)),
      next_sequence_(static_cast<uint16_t>(random_u32())) {}

std::optional<RtpPacket> Media::receive_rtp(Bytes &packet, TimePoint now) {
  if (!srtp_ || !srtp_->unprotect_rtp(packet)) return std::nullopt;
  std::optional<RtpPacket> parsed = parse_rtp(packet);
  if (!parsed) return std::nullopt;
  if (!is_handled(*parsed)) {
    ++unhandled_;
    return std::nullopt;
  }
  newest_ssrc_ = parsed->ssrc;
  receivers_[parsed->ssrc].add(*parsed, now);
  return parsed;
}

void Media::receive_rtcp(Bytes &packet, TimePoint now) {
  if (!srtp_ || !srtp_->unprotect_rtcp(packet)) return;
  ++rtcp_received_;
  auto report = find_sender_report(packet);
  if (!report) return;
  auto receiver = receivers_.find(report->ssrc);
  if (receiver != receivers_.end()) receiver->second.note_sender_report(report->ntp_middle, now);
}

Bytes Media::make_rtp(uint32_t timestamp, bool marker, const Bytes &payload) {
  if (!srtp_ || !sends_) return {};
  RtpPacket packet = {payload_type_, marker, next_sequence_++, timestamp, ssrc_, payload};
  Bytes bytes = build_rtp(packet);
  if (!srtp_->protect_rtp(bytes)) return {};
  ++sent_;
  sent_bytes_ += payload.size();
  last_timestamp_ = timestamp;
  last_sent_ = Clock::now();
  return bytes;
}

Bytes Media::make_report(TimePoint now) {
  uint64_t received_now = received();
  if (!srtp_ || (sent_ == sent_reported_ && received_now == received_reported_)) return {};
  std::optional<SenderReport> sender;
  if (sent_ != sent_reported_) {
    auto elapsed = static_cast<uint32_t>(to_ms(now - last_sent_) * kClockRate / 1000);
    sender = SenderReport{last_timestamp_ + elapsed, static_cast<uint32_t>(sent_),
                          static_cast<uint32_t>(sent_bytes_)};
  }
  Bytes block;
  if (received_now != received_reported_) block = receivers_[newest_ssrc_].take_report_block(now);
  sent_reported_ = sent_;
  received_reported_ = received_now;
  Bytes report = build_rtcp_report(ssrc_, sender, block, kCname);
  return srtp_->protect_rtcp(report) ? report : Bytes{};
}

void Media::fill(Peer::Stats &stats) const {
  stats.rtp_sent = sent_;
  stats.rtcp_received = rtcp_received_;
  stats.rtp_unhandled = unhandled_;
  for (const auto &[ssrc, receiver] : receivers_) {
    stats.rtp_received += receiver.received();
    stats.rtp_lost += receiver.lost();
  }
}

bool Media::is_handled(const RtpPacket &packet) const {
  if (packet.payload_type != payload_type_) return false;
  return !announced_ || std::count(announced_->begin(), announced_->end(), packet.ssrc) > 0;
}

uint64_t Media::received() const {
  uint64_t sum = 0;
  for (const auto &[ssrc, receiver] : receivers_) sum += receiver.received();
  return sum;
}

}  // namespace oairt::sim
