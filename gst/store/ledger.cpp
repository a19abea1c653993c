#include "store/ledger.h"

namespace oairt {
namespace {

constexpr char kVersion = 1;

// Small numbers of either sign become few bytes.
void append(std::string &bytes, int64_t number) {
  auto bits = (static_cast<uint64_t>(number) << 1) ^ static_cast<uint64_t>(number >> 63);
  for (; bits >= 0x80; bits >>= 7) bytes.push_back(static_cast<char>(bits | 0x80));
  bytes.push_back(static_cast<char>(bits));
}

std::optional<int64_t> take(std::string_view &bytes) {
  uint64_t bits = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    auto byte = static_cast<unsigned char>(bytes[0]);
    bytes.remove_prefix(1);
    bits |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return static_cast<int64_t>((bits >> 1) ^ (~(bits & 1) + 1));
  }
  return std::nullopt;
}

// Sums that wrap around, as differences of any two numbers may.
int64_t difference(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
int64_t sum(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

}  // namespace

std::string Ledger::encode() const {
  std::string bytes(1, kVersion);
  append(bytes, closed_ms);
  append(bytes, head_change);
  int64_t last_slot = 0, last_change = head_change;
  for (auto [slot, change] : items) {
    append(bytes, difference(slot, last_slot));
    append(bytes, difference(change, last_change));
    last_slot = slot;
    last_change = change;
  }
  return bytes;
}

std::optional<Ledger> Ledger::decode(std::string_view bytes) {
  if (bytes.empty() || bytes[0] != kVersion) return std::nullopt;
  bytes.remove_prefix(1);
  Ledger ledger;
  std::optional<int64_t> closed = take(bytes), head = take(bytes);
  if (!closed || !head) return std::nullopt;
  ledger.closed_ms = *closed;
  ledger.head_change = *head;
  int64_t slot = 0, change = *head;
  while (!bytes.empty()) {
    std::optional<int64_t> more_slot = take(bytes), more_change = take(bytes);
    if (!more_slot || !more_change) return std::nullopt;
    slot = sum(slot, *more_slot);
    change = sum(change, *more_change);
    ledger.items[slot] = change;
  }
  return ledger;
}

}  // namespace oairt
