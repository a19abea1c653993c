// The audio of one peer: RTP and RTCP each way over SRTP, with the counts that reports need.
// Thread-bound to the transport's context.
// Never paces: packets leave when they are given, the voice is the service's business.
#pragma once

#include <map>
#include <memory>

#include "transport/rtp.h"
#include "transport/srtp.h"
#include "transport/transport.h"

namespace oairt::sim {

class Media {
 public:
  explicit Media(const Offer &offer);

  void set_srtp(std::unique_ptr<Srtp> srtp) { srtp_ = std::move(srtp); }
  uint32_t ssrc() const { return ssrc_; }

  // Decrypts in place. Nothing if the packet is forged, broken, or not of the offered stream.
  std::optional<RtpPacket> receive_rtp(Bytes &packet, TimePoint now);
  void receive_rtcp(Bytes &packet, TimePoint now);
  // An SRTP packet to send; empty before the keys are there, or if the offer wants no audio.
  Bytes make_rtp(uint32_t timestamp, bool marker, const Bytes &payload);
  // An SRTCP report to send; empty if nothing went either way since the last one.
  Bytes make_report(TimePoint now);
  void fill(Peer::Stats &stats) const;

 private:
  bool is_handled(const RtpPacket &packet) const;
  uint64_t received() const;

  std::unique_ptr<Srtp> srtp_;
  uint8_t payload_type_;
  bool sends_;
  std::optional<std::vector<uint32_t>> announced_;
  uint32_t ssrc_;
  uint16_t next_sequence_;
  uint64_t sent_ = 0, sent_bytes_ = 0, sent_reported_ = 0;
  uint64_t rtcp_received_ = 0, unhandled_ = 0, received_reported_ = 0;
  uint32_t last_timestamp_ = 0;
  TimePoint last_sent_;
  std::map<uint32_t, RtpReceiver> receivers_;
  uint32_t newest_ssrc_ = 0;
};

}  // namespace oairt::sim
