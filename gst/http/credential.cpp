#include "http/credential.h"

#include <algorithm>
#include <cstring>

#include <glib.h>

namespace oairt {
namespace {

bool begins_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

bool is_signed_token(std::string_view text) {
  return begins_with(text, "eyJ") && std::count(text.begin(), text.end(), '.') == 2;
}

}  // namespace

bool is_ephemeral_key(const Secret &credential) { return begins_with(credential.reveal(), "ek_"); }

HttpHeader credential_header(const Secret &credential, bool azure) {
  if (azure && !is_ephemeral_key(credential) && !is_signed_token(credential.reveal())) {
    return {"api-key", credential};
  }
  constexpr std::string_view kBearer = "Bearer ";
  std::string text;
  text.reserve(kBearer.size() + credential.reveal().size());
  text.append(kBearer).append(credential.reveal());
  HttpHeader header{"Authorization", Secret(text)};
  wipe(text);
  return header;
}

Secret credential_of(const std::vector<HttpHeader> &headers) {
  for (const HttpHeader &header : headers) {
    if (g_ascii_strcasecmp(header.name.c_str(), "Authorization") != 0) continue;
    std::string_view value = header.value.reveal();
    std::size_t space = value.find(' ');  // "Bearer …"
    return Secret(space == std::string_view::npos ? value : value.substr(space + 1));
  }
  return {};
}

void wipe(std::string &text) {
  if (!text.empty()) explicit_bzero(text.data(), text.size());
  text.clear();
}

}  // namespace oairt
