#include <algorithm>
#include <charconv>

#include "transport/certificate.h"
#include "transport/sdp.h"

namespace oairt::sim {
namespace {

constexpr size_t kMaxOfferBytes = 256 * 1024;
constexpr size_t kMaxSections = 32;
constexpr size_t kMaxSsrcs = 64;

using Attributes = std::vector<std::pair<std::string, std::string>>;

struct MediaSection {
  std::string media, protocol;
  unsigned port = 0;
  std::vector<std::string> formats;
  Attributes attributes;
};

struct Description {
  Attributes attributes;
  std::vector<MediaSection> sections;
};

Error invalid(const std::string &what) {
  return Error{ErrorCode::Protocol, "invalid offer: " + what};
}

std::vector<std::string> words(const std::string &text) {
  std::vector<std::string> found;
  size_t at = 0;
  while (at < text.size()) {
    size_t end = std::min(text.find(' ', at), text.size());
    if (end > at) found.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return found;
}

template <typename T>
std::optional<T> number(const std::string &text) {
  T value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string lower(std::string text) {
  for (char &c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

const std::string *find(const Attributes &attributes, const std::string &name) {
  for (const auto &[key, value] : attributes) {
    if (key == name) return &value;
  }
  return nullptr;
}

// Of the section, or else of the whole session.
std::string find_in(const Description &description, const MediaSection &section,
                    const std::string &name) {
  if (const std::string *value = find(section.attributes, name)) return *value;
  const std::string *value = find(description.attributes, name);
  return value != nullptr ? *value : "";
}

std::optional<MediaSection> parse_media_line(const std::string &value) {
  std::vector<std::string> parts = words(value);
  if (parts.size() < 4) return std::nullopt;
  auto port = number<uint16_t>(parts[1]);
  if (!port) return std::nullopt;
  return MediaSection{parts[0], parts[2], *port, {parts.begin() + 3, parts.end()}, {}};
}

// False if the line is none of SDP's.
bool take_line(Description &description, const std::string &line) {
  if (line.size() < 2 || line[0] < 'a' || line[0] > 'z' || line[1] != '=') return false;
  for (char c : line) {
    if (static_cast<unsigned char>(c) < 0x20 && c != '\t') return false;
  }
  std::string value = line.substr(2);
  if (line[0] == 'm') {
    std::optional<MediaSection> section = parse_media_line(value);
    if (!section || description.sections.size() >= kMaxSections) return false;
    description.sections.push_back(std::move(*section));
  } else if (line[0] == 'a') {
    size_t colon = value.find(':');
    Attributes &attributes = description.sections.empty() ? description.attributes
                                                          : description.sections.back().attributes;
    attributes.emplace_back(value.substr(0, colon),
                            colon == std::string::npos ? "" : value.substr(colon + 1));
  }
  return true;
}

Result<Description> parse_lines(const std::string &sdp) {
  if (sdp.size() > kMaxOfferBytes) return invalid("too large");
  if (!sdp.starts_with("v=0\r\n") && !sdp.starts_with("v=0\n")) return invalid("no version line");
  if (sdp.back() != '\n') return invalid("SDP EOF");
  Description description;
  size_t at = 0;
  while (at < sdp.size()) {
    size_t end = sdp.find('\n', at);
    std::string line = sdp.substr(at, end - at);
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty() && !take_line(description, line)) return invalid("a line is not SDP");
    at = end + 1;
  }
  return description;
}

const MediaSection *first_of(const Description &description, const std::string &media) {
  for (const MediaSection &section : description.sections) {
    bool rejected = section.port == 0 && find(section.attributes, "bundle-only") == nullptr;
    if (section.media == media && !rejected) return &section;
  }
  return nullptr;
}

std::optional<int> opus_payload_type(const MediaSection &audio) {
  for (const auto &[key, value] : audio.attributes) {
    if (key != "rtpmap") continue;
    std::vector<std::string> parts = words(value);
    if (parts.size() < 2 || !lower(parts[1]).starts_with("opus/48000")) continue;
    auto type = number<int>(parts[0]);
    bool listed =
        std::find(audio.formats.begin(), audio.formats.end(), parts[0]) != audio.formats.end();
    // Types from 64 to 95 would be taken for RTCP on a shared port.
    if (type && *type >= 0 && *type <= 127 && (*type < 64 || *type > 95) && listed) return type;
  }
  return std::nullopt;
}

std::string direction_of(const Description &description, const MediaSection &audio) {
  for (const char *direction : {"sendrecv", "sendonly", "recvonly", "inactive"}) {
    if (find(audio.attributes, direction) != nullptr) return direction;
  }
  for (const char *direction : {"sendonly", "recvonly", "inactive"}) {
    if (find(description.attributes, direction) != nullptr) return direction;
  }
  return "sendrecv";
}

std::vector<uint32_t> ssrcs_of(const MediaSection &audio) {
  std::vector<uint32_t> found;
  for (const auto &[key, value] : audio.attributes) {
    if (key != "ssrc") continue;
    auto ssrc = number<uint32_t>(value.substr(0, value.find(' ')));
    bool known = ssrc && std::find(found.begin(), found.end(), *ssrc) != found.end();
    if (ssrc && !known && found.size() < kMaxSsrcs) found.push_back(*ssrc);
  }
  return found;
}

bool bundled(const Description &description, const std::string &mid) {
  const std::string *group = find(description.attributes, "group");
  if (group == nullptr || mid.empty()) return false;
  std::vector<std::string> mids = words(*group);
  return !mids.empty() && mids[0] == "BUNDLE" &&
         std::find(mids.begin() + 1, mids.end(), mid) != mids.end();
}

bool is_ice_text(const std::string &text, size_t at_least) {
  if (text.size() < at_least || text.size() > 256) return false;
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isalnum(c) || c == '+' || c == '/'; });
}

Status take_transport(Offer &offer, const Description &description, const MediaSection &audio) {
  offer.ufrag = find_in(description, audio, "ice-ufrag");
  offer.pwd = find_in(description, audio, "ice-pwd");
  offer.fingerprint = find_in(description, audio, "fingerprint");
  if (!is_ice_text(offer.ufrag, 4)) return invalid("no ice-ufrag");
  if (!is_ice_text(offer.pwd, 22)) return invalid("no ice-pwd");
  if (!is_fingerprint(offer.fingerprint)) return invalid("no fingerprint");
  std::string setup = find_in(description, audio, "setup");
  if (!setup.empty() && setup != "actpass" && setup != "passive") {
    return invalid("setup is neither actpass nor passive");
  }
  return Success{};
}

Status take_audio(Offer &offer, const Description &description, const MediaSection &audio) {
  offer.audio_mid = find_in(description, audio, "mid");
  if (!bundled(description, offer.audio_mid)) return invalid("audio is not bundled");
  if (find(audio.attributes, "rtcp-mux") == nullptr) return invalid("no rtcp-mux");
  if (audio.protocol.find("TLS/RTP/SAVP") == std::string::npos) return invalid("audio is not SRTP");
  std::optional<int> opus = opus_payload_type(audio);
  if (!opus) return invalid("no Opus");
  offer.opus_payload_type = *opus;
  offer.audio_direction = direction_of(description, audio);
  offer.audio_ssrcs = ssrcs_of(audio);
  return Success{};
}

Status take_data(Offer &offer, const Description &description, const MediaSection &data) {
  offer.data_mid = find_in(description, data, "mid");
  if (!bundled(description, offer.data_mid)) return invalid("the data channel is not bundled");
  if (data.formats[0] != "webrtc-datachannel" ||
      data.protocol.find("DTLS/SCTP") == std::string::npos) {
    return invalid("no webrtc-datachannel");
  }
  if (const std::string *port = find(data.attributes, "sctp-port")) {
    auto value = number<uint16_t>(*port);
    if (!value || *value == 0) return invalid("bad sctp-port");
    offer.sctp_port = *value;
  }
  if (const std::string *size = find(data.attributes, "max-message-size")) {
    auto value = number<uint64_t>(*size);
    if (!value) return invalid("bad max-message-size");
    offer.max_message_size = *value == 0 ? SIZE_MAX : static_cast<size_t>(*value);
  }
  return Success{};
}

}  // namespace

Result<Offer> parse_offer(const std::string &sdp) {
  Result<Description> description = parse_lines(sdp);
  if (!description) return description.error();
  const MediaSection *audio = first_of(description.value(), "audio");
  const MediaSection *data = first_of(description.value(), "application");
  if (audio == nullptr) return invalid("no audio section");
  if (data == nullptr) return invalid("no data channel section");
  Offer offer;
  for (Status status : {take_audio(offer, description.value(), *audio),
                        take_data(offer, description.value(), *data),
                        take_transport(offer, description.value(), *audio)}) {
    if (!status) return status.error();
  }
  offer.extmap_allow_mixed = find(description->attributes, "extmap-allow-mixed") != nullptr ||
                             find(audio->attributes, "extmap-allow-mixed") != nullptr;
  for (const MediaSection &section : description->sections) {
    offer.sections.push_back(
        {section.media, find_in(description.value(), section, "mid"), section.protocol});
  }
  return offer;
}

}  // namespace oairt::sim
