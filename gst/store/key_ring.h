// The keys that seal a store: read from a file, from systemd, or made on first use.
// Thread-bound. Keys lie in locked memory between guard pages and are wiped when they go.
// Never shows a key, and never writes one anywhere but into a new file of mode 0600.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace oairt {

class SealKey {
 public:
  static constexpr std::size_t kBytes = 32;
  using Id = std::array<unsigned char, 8>;  // tells keys apart, and nothing about them

  explicit SealKey(const unsigned char *bytes);
  static SealKey random();

  const unsigned char *bytes() const { return bytes_.get(); }
  const Id &id() const { return id_; }

 private:
  struct Free {
    void operator()(unsigned char *bytes) const;
  };
  std::unique_ptr<unsigned char, Free> bytes_;
  Id id_{};
};

struct KeyRing {
  std::vector<SealKey> keys;  // the first seals, all open
  std::string warning;        // for the user; empty: there is none
  std::string source;         // a path, for messages

  // The index of a key, or nothing.
  std::optional<std::size_t> find(const SealKey::Id &id) const;
};

// `key_file` as in StoreOptions. With `may_make` a missing one is made where it is ours to make.
Result<KeyRing> load_key_ring(const std::string &key_file, bool may_make);
// A key that only this process knows, the same one each time: for what stays in memory.
KeyRing process_key_ring();

}  // namespace oairt
