#include "transport/certificate.h"

#include <algorithm>
#include <cctype>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

namespace oairt::sim {
namespace {

constexpr long kDay = 24 * 60 * 60;

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

// "sha-256" -> EVP_sha256(); only hashes that RFC 8122 knows and that are still sound.
const EVP_MD *hash_of(const std::string &name) {
  std::string known = upper(name);
  if (known == "SHA-256") return EVP_sha256();
  if (known == "SHA-384") return EVP_sha384();
  if (known == "SHA-512") return EVP_sha512();
  return nullptr;
}

std::string hex_pairs(const unsigned char *bytes, unsigned size) {
  static const char digits[] = "0123456789ABCDEF";
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    if (i > 0) text += ':';
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

std::string digest_of(X509 *certificate, const EVP_MD *hash) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (hash == nullptr || X509_digest(certificate, hash, bytes, &size) != 1) return {};
  return hex_pairs(bytes, size);
}

}  // namespace

Certificate::Certificate() : key_(EVP_EC_gen("P-256")), x509_(X509_new()) {
  uint64_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char *>(&serial), sizeof(serial));
  X509_set_version(x509_, 2);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509_), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(x509_), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(x509_), 3650 * kDay);
  X509_set_pubkey(x509_, key_);
  X509_NAME *name = X509_get_subject_name(x509_);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char *>("WebRTC"), -1, -1, 0);
  X509_set_issuer_name(x509_, name);
  X509_sign(x509_, key_, EVP_sha256());
  fingerprint_ = "sha-256 " + digest_of(x509_, EVP_sha256());
}

const Certificate &Certificate::own() {
  static const Certificate *made = new Certificate;  // lives as long as the process
  return *made;
}

bool is_fingerprint(const std::string &text) {
  size_t space = text.find(' ');
  if (space == std::string::npos) return false;
  const EVP_MD *hash = hash_of(text.substr(0, space));
  std::string hex = text.substr(space + 1);
  if (hash == nullptr || hex.size() != static_cast<size_t>(EVP_MD_get_size(hash)) * 3 - 1) {
    return false;
  }
  for (size_t i = 0; i < hex.size(); ++i) {
    bool right = i % 3 == 2 ? hex[i] == ':' : std::isxdigit(static_cast<unsigned char>(hex[i]));
    if (!right) return false;
  }
  return true;
}

bool fingerprint_matches(X509 *certificate, const std::string &fingerprint) {
  if (certificate == nullptr || !is_fingerprint(fingerprint)) return false;
  size_t space = fingerprint.find(' ');
  return digest_of(certificate, hash_of(fingerprint.substr(0, space))) ==
         upper(fingerprint.substr(space + 1));
}

}  // namespace oairt::sim
