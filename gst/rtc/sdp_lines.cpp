#include "rtc/sdp_lines.h"

namespace oairt {
namespace {

// The value if `line` is the attribute of that name.
std::optional<std::string_view> match(std::string_view line, std::string_view name) {
  if (!line.starts_with("a=")) return std::nullopt;
  line.remove_prefix(2);
  if (!line.starts_with(name)) return std::nullopt;
  line.remove_prefix(name.size());
  if (line.empty()) return line;
  if (line.front() != ':') return std::nullopt;
  return line.substr(1);
}

}  // namespace

std::optional<std::string_view> SdpSection::attribute(std::string_view name) const {
  for (std::string_view line : lines) {
    if (auto value = match(line, name)) return value;
  }
  return std::nullopt;
}

std::vector<std::string_view> SdpSection::attributes(std::string_view name) const {
  std::vector<std::string_view> values;
  for (std::string_view line : lines) {
    if (auto value = match(line, name)) values.push_back(*value);
  }
  return values;
}

SdpText::SdpText(std::string_view text) {
  SdpSection *section = &session;
  while (!text.empty()) {
    size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (line.starts_with("m=")) section = &media.emplace_back();
    section->lines.push_back(line);
  }
}

std::optional<std::string_view> SdpText::attribute(const SdpSection &section,
                                                   std::string_view name) const {
  auto value = section.attribute(name);
  return value ? value : session.attribute(name);
}

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    size_t start = text.find_first_not_of(" \t");
    if (start == std::string_view::npos) return words;
    text.remove_prefix(start);
    size_t end = text.find_first_of(" \t");
    words.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return words;
    text.remove_prefix(end);
  }
}

}  // namespace oairt
