// An offer as webrtcbin writes it, for the tests of this folder to bend.
// Thread-safe: free functions.
// Never a real credential.
#pragma once

#include <string>

namespace oairt::sim::test {

inline const char kFingerprint[] =
    "sha-256 AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:"
    "23:45:67:89";

inline std::string sample_offer() {
  std::string shared =
      "c=IN IP4 0.0.0.0\r\n"
      "a=setup:actpass\r\n"
      "a=ice-ufrag:user\r\n"
      "a=ice-pwd:passwordpasswordpassword\r\n"
      "a=fingerprint:" +
      std::string(kFingerprint) + "\r\n";
  return "v=0\r\n"
         "o=- 1 0 IN IP4 0.0.0.0\r\n"
         "s=-\r\n"
         "t=0 0\r\n"
         "a=ice-options:trickle\r\n"
         "a=group:BUNDLE audio0 application1\r\n"
         "a=extmap-allow-mixed\r\n"
         "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" +
         shared +
         "a=rtcp-mux\r\n"
         "a=sendrecv\r\n"
         "a=rtpmap:111 OPUS/48000/2\r\n"
         "a=ssrc:1234 cname:user\r\n"
         "a=ssrc:1234 msid:user audio\r\n"
         "a=mid:audio0\r\n"
         "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n" +
         shared +
         "a=bundle-only\r\n"
         "a=mid:application1\r\n"
         "a=sctp-port:5001\r\n";
}

// The text with the first `from` replaced.
inline std::string replaced(std::string text, const std::string &from, const std::string &to) {
  size_t at = text.find(from);
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

// The text with every `from` replaced.
inline std::string replaced_all(std::string text, const std::string &from, const std::string &to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

}  // namespace oairt::sim::test
