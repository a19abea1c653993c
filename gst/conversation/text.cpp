#include "conversation/text.h"

#include <algorithm>
#include <memory>

#include <glib.h>

namespace oairt {
namespace {

// A "word" longer than this may be cut: it is none.
constexpr std::size_t kLongestWordBytes = 128;

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

bool is_space(char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

std::size_t next_character(std::string_view text, std::size_t at) {
  ++at;
  while (at < text.size() && continues(text[at])) ++at;
  return at;
}

// The code point that starts there, good enough to tell scripts apart.
uint32_t code_point(std::string_view text, std::size_t at) {
  auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) & 0x3FU : 0U;
  };
  auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0xC0) return lead;
  if (lead < 0xE0) return (lead & 0x1FU) << 6 | byte(1);
  if (lead < 0xF0) return (lead & 0x0FU) << 12 | byte(1) << 6 | byte(2);
  return (lead & 0x07U) << 18 | byte(1) << 12 | byte(2) << 6 | byte(3);
}

bool written_without_spaces(uint32_t c) {
  bool south_east_asian =
      (c >= 0x0E00 && c < 0x0F00) || (c >= 0x1000 && c < 0x10A0) || (c >= 0x1780 && c < 0x1800);
  bool hangul = c >= 0xAC00 && c < 0xD7B0;
  bool east_asian = c >= 0x2E80 && c < 0xFB00 && !hangul;
  return south_east_asian || east_asian || (c >= 0x20000 && c < 0x32000);
}

bool is_word_boundary(std::string_view text, std::size_t at) {
  if (at == 0 || at >= text.size()) return true;
  if (continues(text[at])) return false;
  if (is_space(text[at]) || is_space(text[at - 1])) return true;
  std::size_t before = at - 1;
  while (before > 0 && continues(text[before])) --before;
  return written_without_spaces(code_point(text, at)) ||
         written_without_spaces(code_point(text, before));
}

// As json-glib writes it (control characters as \u00xx), by each byte.
std::size_t json_size(char byte) {
  auto value = static_cast<unsigned char>(byte);
  if (value < 0x20 || value == 0x7F) return 6;
  return byte == '"' || byte == '\\' ? 2 : 1;
}

}  // namespace

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return !continues(byte); }));
}

std::string valid_utf8(std::string_view text) {
  if (g_utf8_validate_len(text.data(), text.size(), nullptr)) return std::string(text);
  std::unique_ptr<gchar, decltype(&g_free)> valid(
      g_utf8_make_valid(text.data(), static_cast<gssize>(text.size())), &g_free);
  return valid.get();
}

bool is_blank(std::string_view text) { return std::all_of(text.begin(), text.end(), is_space); }

std::string_view first_bytes(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && continues(text[bytes])) --bytes;
  return text.substr(0, bytes);
}

std::size_t json_size(std::string_view text) {
  std::size_t size = 0;
  for (char byte : text) size += json_size(byte);
  return size;
}

std::string_view first_fitting(std::string_view text, std::size_t characters,
                               std::size_t json_bytes) {
  if (text.size() <= characters && json_size(text) <= json_bytes) return text;
  std::size_t end = 0, size = 0;
  while (end < text.size() && characters-- > 0) {
    std::size_t next = next_character(text, end);
    size += json_size(text.substr(end, next - end));
    if (size > json_bytes) break;
    end = next;
  }
  return text.substr(0, end);
}

std::string_view first_words(std::string_view text, std::size_t characters) {
  std::size_t end = 0;
  while (end < text.size() && characters-- > 0) end = next_character(text, end);
  std::size_t whole = end;
  while (!is_word_boundary(text, whole)) --whole;
  if (end - whole > kLongestWordBytes) whole = end;
  while (whole > 0 && is_space(text[whole - 1])) --whole;
  return text.substr(0, whole);
}

std::string join_words(std::string_view first, std::string_view second) {
  std::string text(first);
  if (!first.empty() && !second.empty() && !is_space(first.back()) && !is_space(second.front())) {
    text += ' ';
  }
  return text.append(second);
}

}  // namespace oairt
