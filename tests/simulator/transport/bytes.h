// Views and big-endian fields of packets.
// Thread-safe: free functions over the caller's memory.
// Never reads past a view: callers check sizes, `subview` clamps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace oairt::sim {

using BytesView = std::span<const uint8_t>;
using Bytes = std::vector<uint8_t>;

inline uint16_t read_u16(const uint8_t *at) { return static_cast<uint16_t>(at[0] << 8 | at[1]); }
inline uint32_t read_u32(const uint8_t *at) {
  return static_cast<uint32_t>(read_u16(at)) << 16 | read_u16(at + 2);
}
inline void write_u16(uint8_t *at, uint16_t value) {
  at[0] = static_cast<uint8_t>(value >> 8);
  at[1] = static_cast<uint8_t>(value);
}
inline void write_u32(uint8_t *at, uint32_t value) {
  write_u16(at, static_cast<uint16_t>(value >> 16));
  write_u16(at + 2, static_cast<uint16_t>(value));
}
inline void append_u16(Bytes &bytes, uint16_t value) {
  bytes.push_back(static_cast<uint8_t>(value >> 8));
  bytes.push_back(static_cast<uint8_t>(value));
}
inline void append_u32(Bytes &bytes, uint32_t value) {
  append_u16(bytes, static_cast<uint16_t>(value >> 16));
  append_u16(bytes, static_cast<uint16_t>(value));
}
inline void append(Bytes &bytes, BytesView more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}
inline BytesView view_of(const std::string &text) {
  return {reinterpret_cast<const uint8_t *>(text.data()), text.size()};
}
inline std::string to_text(BytesView bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

}  // namespace oairt::sim
