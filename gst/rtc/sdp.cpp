#include "rtc/sdp.h"

#include <algorithm>
#include <charconv>

#include "rtc/sdp_lines.h"

namespace oairt {
namespace {

constexpr std::string_view kCandidate = "a=candidate:";
constexpr std::string_view kLineEnd = "\r\n";

std::string join(const SdpText &sdp) {
  std::string text;
  auto append = [&text](const SdpSection &section) {
    for (std::string_view line : section.lines) text.append(line).append(kLineEnd);
  };
  append(sdp.session);
  for (const SdpSection &section : sdp.media) append(section);
  return text;
}

bool is_data_channel(const SdpSection &section) {
  return section.lines.front().starts_with("m=application ");
}

}  // namespace

std::string strip_candidates(const std::string &sdp) {
  SdpText text(sdp);
  auto strip = [](SdpSection &section) {
    std::erase_if(section.lines, [](std::string_view line) {
      return line.starts_with(kCandidate) || line == "a=end-of-candidates";
    });
  };
  strip(text.session);
  for (SdpSection &section : text.media) strip(section);
  return join(text);
}

std::string add_max_message_size(const std::string &sdp, std::size_t bytes) {
  constexpr std::string_view kName = "a=max-message-size:";
  std::string line = std::string(kName) + std::to_string(bytes);
  SdpText text(sdp);
  for (SdpSection &section : text.media) {
    if (!is_data_channel(section)) continue;
    std::erase_if(section.lines,
                  [kName](std::string_view other) { return other.starts_with(kName); });
    section.lines.push_back(line);
  }
  return join(text);
}

std::string make_ice_fragment(const std::string &offer, const std::string &ufrag,
                              const Secret &pwd) {
  SdpText text(offer);
  std::string fragment;
  auto append = [&fragment](std::string_view line) { fragment.append(line).append(kLineEnd); };
  if (auto group = text.session.attribute("group")) append("a=group:" + std::string(*group));
  append("a=ice-ufrag:" + ufrag);
  fragment.append("a=ice-pwd:").append(pwd.reveal()).append(kLineEnd);
  // One section stands for the whole bundle.
  if (!text.media.empty()) {
    const SdpSection &first = text.media.front();
    append(first.lines.front());
    if (auto mid = first.attribute("mid")) append("a=mid:" + std::string(*mid));
  }
  return fragment;
}

}  // namespace oairt
