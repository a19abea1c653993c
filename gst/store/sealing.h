// Seals the text of a row and opens it again: XChaCha20-Poly1305, a fresh nonce each time. All that
// is readable beside the text (whose, which record, slot, times, version) is bound to it, so that a
// row that was moved or altered does not open. Thread-bound as any value.
// Never tells why a row does not open beyond Refusal.
#pragma once

#include <string>
#include <string_view>

#include "store/backend.h"
#include "store/key_ring.h"

namespace oairt {

enum class Refusal {
  None,
  UnknownKey,  // sealed with a key that the ring has not
  Altered,     // moved, damaged or forged
};

struct Unsealed {
  Refusal refusal = Refusal::None;
  std::string text;
  bool old_key = false;  // not the one that seals
};

class Sealer {
 public:
  Sealer(KeyRing ring, std::string session)
      : ring_(std::move(ring)), session_(std::move(session)) {}

  const KeyRing &ring() const { return ring_; }
  // Fills row.sealed; the rest of the row has to be final.
  void seal(Row &row, std::string_view text) const;
  Unsealed unseal(const Row &row) const;

 private:
  std::string bound_data(const Row &row) const;

  KeyRing ring_;
  std::string session_;
};

}  // namespace oairt
