#include <algorithm>
#include <cctype>
#include <charconv>

#include "rtc/sdp.h"
#include "rtc/sdp_lines.h"

namespace oairt {
namespace {

constexpr std::size_t kMaxSdpBytes = 64 * 1024;
constexpr std::size_t kMaxCandidates = 32;
constexpr std::size_t kMaxLineBytes = 1024;

Error refusal(const char *what) {
  Error error;
  error.code = ErrorCode::Protocol;
  error.message = "The service's answer cannot be used; is base-url a Realtime API?";
  error.detail = std::string("SDP answer: ") + what;
  return error;
}

bool is_ice_text(std::string_view text, std::size_t least) {
  return text.size() >= least && text.size() <= 256 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) || c == '+' || c == '/' || c == '-' || c == '_' || c == '=';
         });
}

// "AB:CD:…" in upper case, or nothing if that is no SHA-256 fingerprint.
std::optional<std::string> parse_sha256(std::string_view value) {
  auto words = split_words(value);
  if (words.size() != 2 || words[1].size() != 32 * 3 - 1) return std::nullopt;
  std::string algorithm(words[0]), digest(words[1]);
  auto lower = [](unsigned char c) { return static_cast<char>(std::tolower(c)); };
  auto upper = [](unsigned char c) { return static_cast<char>(std::toupper(c)); };
  std::transform(algorithm.begin(), algorithm.end(), algorithm.begin(), lower);
  std::transform(digest.begin(), digest.end(), digest.begin(), upper);
  if (algorithm != "sha-256") return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); i++) {
    auto c = static_cast<unsigned char>(digest[i]);
    if (i % 3 == 2 ? c != ':' : !std::isxdigit(c)) return std::nullopt;
  }
  return digest;
}

const char *check_text(const std::string &text) {
  if (text.size() > kMaxSdpBytes) return "larger than 64 KiB";
  if (text.find('\0') != std::string::npos) return "not text";
  if (!text.starts_with("v=0\r\n") && !text.starts_with("v=0\n")) return "not an SDP";
  return nullptr;
}

const char *check_lines(const SdpText &sdp) {
  auto bad = [](const SdpSection &section) {
    return std::any_of(section.lines.begin(), section.lines.end(), [](std::string_view line) {
      return line.size() > kMaxLineBytes || line.size() < 2 || line[1] != '=';
    });
  };
  if (bad(sdp.session) || std::any_of(sdp.media.begin(), sdp.media.end(), bad)) {
    return "a line that is not SDP";
  }
  return nullptr;
}

// m=<media> <port> <protocol> <format> …
const char *check_media_lines(const SdpText &sdp) {
  auto audio = split_words(sdp.media[0].lines.front());
  auto data = split_words(sdp.media[1].lines.front());
  if (audio.size() < 4 || audio[0] != "m=audio") return "no audio section";
  if (data.size() < 4 || data[0] != "m=application") return "no data channel section";
  if (audio[1] == "0") return "audio was rejected";
  if (data[1] == "0") return "the data channel was rejected";
  const std::string type = std::to_string(kOpusPayloadType);
  if (std::find(audio.begin() + 3, audio.end(), type) == audio.end()) return "no Opus";
  if (data[3] != "webrtc-datachannel") return "no WebRTC data channel";
  return nullptr;
}

const char *check_audio(const SdpText &sdp) {
  const SdpSection &audio = sdp.media[0];
  const std::string type = std::to_string(kOpusPayloadType) + " ";
  bool opus = false;
  for (std::string_view map : audio.attributes("rtpmap")) {
    std::string text(map);
    for (char &c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    opus = opus || text == type + "opus/48000/2";
  }
  if (!opus) return "no Opus with two channels at 48 kHz";
  for (const char *direction : {"inactive", "sendonly", "recvonly"}) {
    if (sdp.attribute(audio, direction)) return "audio does not go both ways";
  }
  return nullptr;
}

const char *check_bundle(const SdpText &sdp, const SdpText &offer) {
  if (offer.media.size() != sdp.media.size()) return "other sections than in the offer";
  auto group = sdp.session.attribute("group");
  auto bundled = group ? split_words(*group) : std::vector<std::string_view>();
  if (bundled.empty() || bundled.front() != "BUNDLE") return "no bundle";
  // The transport is that of the first one named, which has to be the one that carries candidates.
  if (bundled.size() != sdp.media.size() + 1) return "not everything is bundled";
  for (std::size_t i = 0; i < sdp.media.size(); i++) {
    auto mid = sdp.media[i].attribute("mid");
    if (!mid || mid != offer.media[i].attribute("mid")) return "other mids than in the offer";
    if (bundled[i + 1] != *mid) return "the bundle is out of order";
  }
  return nullptr;
}

const char *check_transport(const SdpText &sdp) {
  for (const SdpSection &section : sdp.media) {
    auto setup = section.attribute("setup");
    if (!setup || (*setup != "active" && *setup != "passive")) return "no DTLS role";
    if (section.attribute("setup") != sdp.media[0].attribute("setup")) return "two DTLS roles";
    for (const char *name : {"ice-ufrag", "ice-pwd"}) {
      auto value = sdp.attribute(section, name);
      if (!value || !is_ice_text(*value, name[4] == 'u' ? 4 : 22)) return "no ICE credentials";
      if (value != sdp.attribute(sdp.media[0], name)) return "two sets of ICE credentials";
    }
  }
  return nullptr;
}

std::vector<std::string> fingerprints_of(const SdpText &sdp, const SdpSection &section) {
  auto values = section.attributes("fingerprint");
  if (values.empty()) values = sdp.session.attributes("fingerprint");
  std::vector<std::string> fingerprints;
  for (std::string_view value : values) {
    if (auto digest = parse_sha256(value)) fingerprints.push_back(*digest);
  }
  return fingerprints;
}

// Candidates count wherever they stand.
std::size_t count_candidates(const SdpText &sdp) {
  std::size_t count = sdp.session.attributes("candidate").size();
  for (const SdpSection &section : sdp.media) count += section.attributes("candidate").size();
  return count;
}

const char *check_all(const SdpText &sdp, const SdpText &offer) {
  if (const char *what = check_lines(sdp)) return what;
  if (sdp.media.size() != 2) return "not one audio and one data channel section";
  if (const char *what = check_media_lines(sdp)) return what;
  if (const char *what = check_audio(sdp)) return what;
  if (const char *what = check_bundle(sdp, offer)) return what;
  return check_transport(sdp);
}

}  // namespace

Result<AnswerSummary> check_answer(const std::string &offer, const std::string &answer) {
  if (const char *what = check_text(answer)) return refusal(what);
  SdpText sdp(answer), ours(offer);
  if (const char *what = check_all(sdp, ours)) return refusal(what);

  AnswerSummary summary;
  summary.ice_ufrag = *sdp.attribute(sdp.media[0], "ice-ufrag");
  summary.ice_pwd = Secret(*sdp.attribute(sdp.media[0], "ice-pwd"));
  summary.ice_lite = sdp.session.attribute("ice-lite").has_value();
  summary.fingerprints = fingerprints_of(sdp, sdp.media[0]);
  if (summary.fingerprints.empty()) return refusal("no SHA-256 fingerprint");
  if (fingerprints_of(sdp, sdp.media[1]) != summary.fingerprints) {
    return refusal("two sets of fingerprints");
  }
  summary.candidates = count_candidates(sdp);
  if (summary.candidates == 0) return refusal("no candidates");
  if (summary.candidates > kMaxCandidates) return refusal("too many candidates");
  if (auto size = sdp.media[1].attribute("max-message-size")) {
    uint64_t bytes = 0;
    auto [end, failure] = std::from_chars(size->data(), size->data() + size->size(), bytes);
    if (failure != std::errc() || end != size->data() + size->size()) {
      return refusal("a message size that is no number");
    }
    summary.max_message_size = bytes;
  }
  return summary;
}

Result<IceFragment> parse_ice_fragment(const std::string &fragment) {
  if (fragment.size() > kMaxSdpBytes) return refusal("the restart is larger than 64 KiB");
  SdpText sdp(fragment);
  if (const char *what = check_lines(sdp)) return refusal(what);
  IceFragment result;
  const SdpSection &section = sdp.media.empty() ? sdp.session : sdp.media.front();
  auto ufrag = sdp.attribute(section, "ice-ufrag");
  auto pwd = sdp.attribute(section, "ice-pwd");
  if (!ufrag || !pwd || !is_ice_text(*ufrag, 4) || !is_ice_text(*pwd, 22)) {
    return refusal("no ICE credentials in the restart");
  }
  result.ufrag = *ufrag;
  result.pwd = Secret(*pwd);
  for (std::string_view candidate : section.attributes("candidate")) {
    result.candidates.push_back("candidate:" + std::string(candidate));
  }
  if (result.candidates.size() > kMaxCandidates) return refusal("too many candidates");
  return result;
}

}  // namespace oairt
