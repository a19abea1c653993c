// The EC certificate of this process, made once, and fingerprints of certificates (RFC 8122).
// Thread-safe after the first call.
// Never written to disk.
#pragma once

#include <string>

#include <openssl/x509.h>

namespace oairt::sim {

class Certificate {
 public:
  static const Certificate &own();
  X509 *x509() const { return x509_; }
  EVP_PKEY *key() const { return key_; }
  const std::string &fingerprint() const { return fingerprint_; }  // "sha-256 AB:CD:…"

 private:
  Certificate();
  EVP_PKEY *key_;
  X509 *x509_;
  std::string fingerprint_;
};

// True if `text` is a hash name that is known and as many hex pairs as that hash has bytes.
bool is_fingerprint(const std::string &text);
bool fingerprint_matches(X509 *certificate, const std::string &fingerprint);

}  // namespace oairt::sim
