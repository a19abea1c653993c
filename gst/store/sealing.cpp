#include "store/sealing.h"

#include <cstring>

#include <sodium.h>

namespace oairt {
namespace {

// version | key id | nonce | sealed text and tag
constexpr unsigned char kVersion = 1;
constexpr std::size_t kIdBytes = std::tuple_size_v<SealKey::Id>;
constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t kHeadBytes = 1 + kIdBytes + kNonceBytes;
static_assert(SealKey::kBytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

void append_number(std::string &bytes, int64_t number) {
  auto bits = static_cast<uint64_t>(number);
  for (int shift = 0; shift < 64; shift += 8) bytes.push_back(static_cast<char>(bits >> shift));
}

const unsigned char *bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char *>(text.data());
}

}  // namespace

std::string Sealer::bound_data(const Row &row) const {
  std::string bytes(1, static_cast<char>(kVersion));
  bytes += "openairealtime store row";
  append_number(bytes, static_cast<int64_t>(session_.size()));
  bytes += session_;
  append_number(bytes, row.key.record);
  append_number(bytes, static_cast<int64_t>(row.key.kind));
  append_number(bytes, row.key.slot);
  append_number(bytes, row.time_ms);
  append_number(bytes, row.closed_ms);
  append_number(bytes, row.change);
  return bytes;
}

void Sealer::seal(Row &row, std::string_view text) const {
  const SealKey &key = ring_.keys.front();
  std::string bound = bound_data(row);
  std::string sealed(kHeadBytes + text.size() + kTagBytes, '\0');
  auto *bytes = reinterpret_cast<unsigned char *>(sealed.data());
  bytes[0] = kVersion;
  memcpy(bytes + 1, key.id().data(), kIdBytes);
  unsigned char *nonce = bytes + 1 + kIdBytes;
  randombytes_buf(nonce, kNonceBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes + kHeadBytes, nullptr, bytes_of(text),
                                             text.size(), bytes_of(bound), bound.size(), nullptr,
                                             nonce, key.bytes());
  row.sealed = std::move(sealed);
}

Unsealed Sealer::unseal(const Row &row) const {
  const std::string &sealed = row.sealed;
  if (sealed.size() < kHeadBytes + kTagBytes || sealed[0] != static_cast<char>(kVersion)) {
    return {Refusal::Altered, {}, false};
  }
  SealKey::Id id;
  memcpy(id.data(), sealed.data() + 1, kIdBytes);
  std::optional<std::size_t> index = ring_.find(id);
  if (!index) return {Refusal::UnknownKey, {}, false};
  std::string bound = bound_data(row);
  std::string text(sealed.size() - kHeadBytes - kTagBytes, '\0');
  const unsigned char *bytes = bytes_of(sealed);
  int opened = crypto_aead_xchacha20poly1305_ietf_decrypt(
      reinterpret_cast<unsigned char *>(text.data()), nullptr, nullptr, bytes + kHeadBytes,
      sealed.size() - kHeadBytes, bytes_of(bound), bound.size(), bytes + 1 + kIdBytes,
      ring_.keys[*index].bytes());
  if (opened != 0) return {Refusal::Altered, {}, false};
  return {Refusal::None, std::move(text), *index != 0};
}

}  // namespace oairt
