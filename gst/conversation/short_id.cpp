#include "conversation/short_id.h"

#include <algorithm>
#include <cstdint>

namespace oairt {
namespace {

constexpr std::string_view kPrefix = "oairt_";

bool is_legal_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '-';
}

// FNV-1a with a final mix (that of SplitMix64), so that two starts give unlike values.
uint64_t hash(std::string_view text, uint64_t start) {
  uint64_t value = 0xCBF29CE484222325U ^ start;
  for (char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  value += start;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31);
}

}  // namespace

bool is_legal_id(std::string_view id) {
  return !id.empty() && id.size() <= kMaxIdCharacters && id != "root" &&
         std::all_of(id.begin(), id.end(), is_legal_character);
}

std::string hashed_id(std::string_view id, unsigned attempt) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string result(kPrefix);
  for (uint64_t part = 0; part < 2; ++part) {
    uint64_t value = hash(id, 0x9E3779B97F4A7C15U * (1 + part + 2 * uint64_t{attempt}));
    for (int i = 0; i < 16 && result.size() < kMaxIdCharacters; ++i, value >>= 4) {
      result += kDigits[value & 15];
    }
  }
  return result;
}

}  // namespace oairt
