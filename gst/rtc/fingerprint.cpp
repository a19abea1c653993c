#include "rtc/fingerprint.h"

#include <cctype>

#include "base/ref.h"

namespace oairt {

std::optional<std::string> certificate_fingerprint(std::string_view pem) {
  constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
  constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
  size_t begin = pem.find(kBegin);
  if (begin == std::string_view::npos) return std::nullopt;
  begin += kBegin.size();
  size_t end = pem.find(kEnd, begin);
  if (end == std::string_view::npos) return std::nullopt;

  std::string body(pem.substr(begin, end - begin));
  gsize size = 0;
  Unique<guchar, g_free> der(g_base64_decode(body.c_str(), &size));
  if (size == 0) return std::nullopt;
  GString_ hex(g_compute_checksum_for_data(G_CHECKSUM_SHA256, der.get(), size));
  std::string fingerprint;
  for (const char *c = hex.get(); *c != '\0'; c++) {
    if (fingerprint.size() % 3 == 2) fingerprint += ':';
    fingerprint += static_cast<char>(std::toupper(static_cast<unsigned char>(*c)));
  }
  return fingerprint;
}

}  // namespace oairt
