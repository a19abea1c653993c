#include "http/redact.h"

#include <algorithm>
#include <array>

#include <glib.h>

namespace oairt {
namespace {

constexpr std::string_view kMask = "[hidden]";
constexpr std::array<std::string_view, 6> kKeyPrefixes = {"sk-", "sk_", "ek_",
                                                          "ek-", "eyJ", "sess-"};
// Names that the service gives to things; they help and open nothing.
constexpr std::array<std::string_view, 6> kIdPrefixes = {"req_",  "rtc_",  "sess_",
                                                         "item_", "resp_", "event_"};
constexpr std::size_t kShortestBareKey = 24;

bool is_word(char c) {
  return g_ascii_isalnum(c) || std::string_view("_-.*+/~").find(c) != std::string_view::npos;
}

std::string printable(std::string_view text) {
  GString *made = g_string_sized_new(text.size());
  const char *at = text.data();
  const char *end = at + text.size();
  while (at < end) {
    gunichar c = g_utf8_get_char_validated(at, end - at);
    if (c == static_cast<gunichar>(-1) || c == static_cast<gunichar>(-2)) {
      g_string_append_c(made, '?');
      ++at;
      continue;
    }
    if (g_unichar_isprint(c)) {
      g_string_append_unichar(made, c);
    } else {
      g_string_append_c(made, ' ');
    }
    at = g_utf8_next_char(at);
  }
  std::string result(made->str, made->len);
  g_string_free(made, TRUE);
  return result;
}

void replace_all(std::string &text, std::string_view needle) {
  for (std::size_t at = 0; (at = text.find(needle, at)) != std::string::npos; at += kMask.size()) {
    text.replace(at, needle.size(), kMask);
  }
}

// The first place in the word where a key begins; npos: none.
std::size_t key_start(std::string_view word) {
  std::size_t first = std::string_view::npos;
  for (std::string_view prefix : kKeyPrefixes) {
    for (std::size_t at = word.find(prefix); at != std::string_view::npos;
         at = word.find(prefix, at + 1)) {
      if (at == 0 || !g_ascii_isalnum(word[at - 1])) {
        first = std::min(first, at);
        break;
      }
    }
  }
  return first;
}

bool looks_like_bare_key(std::string_view word) {
  for (std::string_view prefix : kIdPrefixes) {
    if (word.substr(0, prefix.size()) == prefix) return false;
  }
  std::size_t run = 0, digits = 0;
  for (char c : word) {
    bool alphanumeric = g_ascii_isalnum(c);
    run = alphanumeric ? run + 1 : 0;
    digits = alphanumeric ? digits + (g_ascii_isdigit(c) ? 1 : 0) : 0;
    if (run >= kShortestBareKey && digits > 0) return true;
  }
  return false;
}

std::string mask_word(std::string_view word, std::string_view before) {
  bool follows_bearer = before == "Bearer" || before == "bearer";
  bool starred = word.find("***") != std::string_view::npos;  // a key that was masked in part
  if (follows_bearer || starred || looks_like_bare_key(word)) return std::string(kMask);
  std::size_t at = key_start(word);
  if (at == std::string_view::npos) return std::string(word);
  return std::string(word.substr(0, at)) + std::string(kMask);
}

std::string mask_keys(std::string_view text) {
  std::string result;
  std::string_view before;
  for (std::size_t at = 0; at < text.size();) {
    if (!is_word(text[at])) {
      result += text[at++];
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && is_word(text[end])) ++end;
    std::string_view word = text.substr(at, end - at);
    result += mask_word(word, before);
    before = word;
    at = end;
  }
  return result;
}

}  // namespace

std::string redact(std::string_view text, const Secret &credential, std::size_t max_bytes) {
  // Cut first, with room for a key that straddles the limit, so that a huge body costs little.
  std::string result = printable(text.substr(0, 4 * max_bytes + 8192));
  if (credential.reveal().size() >= 4) replace_all(result, credential.reveal());
  result = mask_keys(result);
  if (result.size() <= max_bytes) return result;
  std::size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(result[end]) & 0xc0) == 0x80) --end;
  return result.substr(0, end) + "…";
}

}  // namespace oairt
