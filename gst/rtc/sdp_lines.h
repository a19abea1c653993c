// Cuts an SDP into its session part and its media sections, line by line.
// Thread-safe: pure. Views point into the text that was given.
// Never interprets more than the type of a line.
#pragma once

#include <cctype>
#include <optional>
#include <string_view>
#include <vector>

namespace oairt {

struct SdpSection {
  std::vector<std::string_view> lines;  // without line ends; the first one of a media section is m=

  // The value of the first `a=name:value` or `a=name`; nothing if there is none.
  std::optional<std::string_view> attribute(std::string_view name) const;
  std::vector<std::string_view> attributes(std::string_view name) const;
};

struct SdpText {
  SdpSection session;
  std::vector<SdpSection> media;

  explicit SdpText(std::string_view text);
  // As the media section says, or else the session.
  std::optional<std::string_view> attribute(const SdpSection &section, std::string_view name) const;
};

// At blanks, any number of them.
std::vector<std::string_view> split_words(std::string_view text);

}  // namespace oairt
