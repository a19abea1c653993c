#include "transport/sdp.h"

namespace oairt::sim {
namespace {

constexpr char kUdpPriority[] = "2130706431";
constexpr char kTcpPriority[] = "1671430143";
constexpr char kMaxMessageBytes[] = "1073741823";

class Lines {
 public:
  Lines &add(const std::string &line) {
    text_ += line + "\r\n";
    return *this;
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string foundation(const std::string &protocol, const std::string &address) {
  return std::to_string(stun::crc32(view_of("host" + protocol + address)));
}

void add_candidates(Lines &lines, const AnswerParts &parts) {
  for (const std::string &address : parts.addresses) {
    lines.add("a=candidate:" + foundation("udp", address) + " 1 udp " + kUdpPriority + " " +
              address + " " + std::to_string(parts.udp_port) + " typ host ufrag " +
              parts.ice.ufrag);
    lines.add("a=candidate:" + foundation("tcp", address) + " 1 tcp " + kTcpPriority + " " +
              address + " " + std::to_string(parts.tcp_port) + " typ host tcptype passive ufrag " +
              parts.ice.ufrag);
  }
}

void add_credentials(Lines &lines, const AnswerParts &parts) {
  lines.add("a=ice-ufrag:" + parts.ice.ufrag).add("a=ice-pwd:" + parts.ice.pwd);
}

void add_stream(Lines &lines, uint32_t ssrc_number) {
  std::string ssrc = "a=ssrc:" + std::to_string(ssrc_number);
  lines.add(ssrc + " cname:realtimeapi")
      .add(ssrc + " msid:realtimeapi audio")
      .add(ssrc + " mslabel:realtimeapi")
      .add(ssrc + " label:audio")
      .add("a=msid:realtimeapi audio");
}

std::string audio_media_line(const Offer &offer) {
  return "m=audio 9 UDP/TLS/RTP/SAVPF " + std::to_string(offer.opus_payload_type);
}

void add_audio(Lines &lines, const Offer &offer, const AnswerParts &parts) {
  std::string type = std::to_string(offer.opus_payload_type);
  std::string direction = answer_direction(offer.audio_direction);
  lines.add(audio_media_line(offer))
      .add("c=IN IP4 0.0.0.0")
      .add("a=setup:active")
      .add("a=mid:" + offer.audio_mid);
  add_credentials(lines, parts);
  lines.add("a=rtcp-mux")
      .add("a=rtcp-rsize")
      .add("a=rtpmap:" + type + " opus/48000/2")
      .add("a=fmtp:" + type + " minptime=10;useinbandfec=1");
  if (direction.starts_with("send")) add_stream(lines, parts.ssrc);
  lines.add("a=" + direction);
  add_candidates(lines, parts);
}

void add_data(Lines &lines, const Offer &offer, const AnswerParts &parts) {
  lines.add("m=application 9 UDP/DTLS/SCTP webrtc-datachannel")
      .add("c=IN IP4 0.0.0.0")
      .add("a=setup:active")
      .add("a=mid:" + offer.data_mid)
      .add("a=sendrecv")
      .add("a=sctp-port:5000")
      .add(std::string("a=max-message-size:") + kMaxMessageBytes);
  add_credentials(lines, parts);
}

void add_rejected(Lines &lines, const Offer::Section &section) {
  lines.add("m=" + section.media + " 0 " + section.protocol + " 0").add("c=IN IP4 0.0.0.0");
  if (!section.mid.empty()) lines.add("a=mid:" + section.mid);
  lines.add("a=inactive");
}

std::vector<Offer::Section> sections_of(const Offer &offer) {
  if (!offer.sections.empty()) return offer.sections;
  return {{"audio", offer.audio_mid, ""}, {"application", offer.data_mid, ""}};
}

bool is_audio(const Offer &offer, const Offer::Section &section) {
  return section.media == "audio" && section.mid == offer.audio_mid;
}

bool is_data(const Offer &offer, const Offer::Section &section) {
  return section.media == "application" && section.mid == offer.data_mid;
}

std::string bundle_line(const Offer &offer, bool with_audio) {
  std::string line = "a=group:BUNDLE";
  for (const Offer::Section &section : sections_of(offer)) {
    if (is_data(offer, section) || (with_audio && is_audio(offer, section))) {
      line += " " + section.mid;
    }
  }
  return line;
}

}  // namespace

std::string answer_direction(const std::string &offered) {
  if (offered == "sendonly") return "recvonly";
  if (offered == "recvonly") return "sendonly";
  return offered;
}

std::string build_answer(const Offer &offer, const AnswerParts &parts) {
  Lines lines;
  lines.add("v=0")
      .add("o=- " + parts.session_id + " " + std::to_string(parts.unix_time_s) + " IN IP4 0.0.0.0")
      .add("s=-")
      .add("t=0 0")
      .add("a=msid-semantic:WMS *")
      .add("a=fingerprint:" + parts.fingerprint)
      .add("a=ice-lite");
  if (offer.extmap_allow_mixed) lines.add("a=extmap-allow-mixed");
  lines.add(bundle_line(offer, parts.with_audio));
  for (const Offer::Section &section : sections_of(offer)) {
    if (is_data(offer, section)) {
      add_data(lines, offer, parts);
      // The candidates have to stand somewhere: a client must notice that the audio is missing.
      if (!parts.with_audio) add_candidates(lines, parts);
    } else if (!is_audio(offer, section)) {
      add_rejected(lines, section);
    } else if (parts.with_audio) {
      add_audio(lines, offer, parts);
    }
  }
  return lines.take();
}

std::string build_ice_fragment(const Offer &offer, const AnswerParts &parts) {
  Lines lines;
  lines.add("a=ice-lite").add(bundle_line(offer, true)).add(audio_media_line(offer));
  lines.add("a=mid:" + offer.audio_mid);
  add_credentials(lines, parts);
  add_candidates(lines, parts);
  lines.add("a=end-of-candidates");
  return lines.take();
}

std::string build_garbage() {
  return "v=0\r\no=\r\nm=audio nine UDP/TLS/RTP\r\na=ice-ufrag\r\n<html>\x01\x7F not an answer";
}

}  // namespace oairt::sim
