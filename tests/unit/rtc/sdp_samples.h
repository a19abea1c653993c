// An offer as webrtcbin makes it and an answer in the shape of the service's, with made-up values.
// Plain texts. Never real credentials.
#pragma once

#include <string>

#include <glib.h>

namespace oairt::test {

inline constexpr char kFingerprint[] =
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF";

inline std::string sample_offer() {
  return std::string(
             "v=0\r\no=- 1 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=ice-options:trickle\r\n"
             "a=group:BUNDLE audio0 application1\r\n"
             "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=setup:actpass\r\n"
             "a=ice-ufrag:ours\r\na=ice-pwd:ourownpasswordourownpassw\r\na=rtcp-mux\r\n"
             "a=sendrecv\r\na=rtpmap:111 OPUS/48000/2\r\na=ssrc:77 cname:x\r\na=mid:audio0\r\n"
             "a=candidate:1 1 UDP 2015363327 192.0.2.7 40000 typ host\r\na=end-of-candidates\r\n"
             "a=fingerprint:sha-256 ") +
         kFingerprint +
         "\r\nm=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
         "a=setup:actpass\r\na=ice-ufrag:ours\r\na=ice-pwd:ourownpasswordourownpassw\r\n"
         "a=bundle-only\r\na=mid:application1\r\na=sctp-port:5000\r\n"
         "a=candidate:1 1 UDP 2015363327 192.0.2.7 40000 typ host\r\n";
}

inline std::string sample_answer() {
  return std::string(
             "v=0\r\no=- 8184931122902577674 1786967632 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
             "a=msid-semantic:WMS *\r\na=fingerprint:sha-256 ") +
         kFingerprint +
         "\r\na=ice-lite\r\na=group:BUNDLE audio0 application1\r\n"
         "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=setup:active\r\na=mid:audio0\r\n"
         "a=ice-ufrag:NGikpJ/u0/3oN5GD\r\na=ice-pwd:abcdefghijklmnopqrstuvwxyz012345\r\n"
         "a=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n"
         "a=ssrc:1190514604 cname:realtimeapi\r\na=msid:realtimeapi audio\r\na=sendrecv\r\n"
         "a=candidate:7 1 udp 2130706431 192.0.2.1 3478 typ host ufrag NGikpJ/u0/3oN5GD\r\n"
         "a=candidate:8 1 tcp 1671430143 192.0.2.1 443 typ host tcptype passive\r\n"
         "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
         "a=setup:active\r\na=mid:application1\r\na=sendrecv\r\na=sctp-port:5000\r\n"
         "a=max-message-size:1073741823\r\na=ice-ufrag:NGikpJ/u0/3oN5GD\r\n"
         "a=ice-pwd:abcdefghijklmnopqrstuvwxyz012345\r\n";
}

// With every `from` replaced; the sample has to contain it.
inline std::string replaced(std::string text, const std::string &from, const std::string &to) {
  size_t at = text.find(from);
  g_assert(at != std::string::npos);
  for (; at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

}  // namespace oairt::test
