// RTP headers, the receiver's loss count, and RTCP reports (RFC 3550).
// Thread-safe: values.
// Never encrypts: see srtp.h.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "transport/bytes.h"

namespace oairt::sim {

struct RtpPacket {
  uint8_t payload_type = 0;
  bool marker = false;
  uint16_t sequence = 0;
  uint32_t timestamp = 0, ssrc = 0;
  BytesView payload;
};
// Nothing if the packet is not RTP, or its lengths do not fit.
std::optional<RtpPacket> parse_rtp(BytesView packet);
Bytes build_rtp(const RtpPacket &packet);
// True for packets that share the port with RTP, but are RTCP (RFC 5761).
bool is_rtcp(BytesView packet);

// What was received of one SSRC.
class RtpReceiver {
 public:
  void add(const RtpPacket &packet, TimePoint now);
  uint32_t ssrc() const { return ssrc_; }
  uint64_t received() const { return received_; }
  uint64_t lost() const;
  // The middle half of the NTP time in the sender's report: what it measures the round trip by.
  void note_sender_report(uint32_t ntp_middle, TimePoint now);
  // One report block, and the start of the interval of the next one.
  Bytes take_report_block(TimePoint now);

 private:
  uint64_t expected() const;
  uint32_t ssrc_ = 0;
  uint64_t received_ = 0, received_before_ = 0, expected_before_ = 0;
  uint32_t first_ = 0, highest_ = 0;  // with the count of wraps in the upper half
  double jitter_ = 0;                 // in timestamp units
  std::optional<double> transit_;
  uint32_t sender_report_ = 0;
  TimePoint sender_reported_;
};

struct SenderReport {
  uint32_t rtp_timestamp = 0, packets = 0, octets = 0;
};
struct SenderTime {
  uint32_t ssrc = 0, ntp_middle = 0;
};
// The sender report in a compound packet, if there is one.
std::optional<SenderTime> find_sender_report(BytesView compound);
// SR (or RR without `sender`), the report block if there is one, and SDES with the CNAME.
Bytes build_rtcp_report(uint32_t ssrc, const std::optional<SenderReport> &sender,
                        const Bytes &report_block, const std::string &cname);

}  // namespace oairt::sim
