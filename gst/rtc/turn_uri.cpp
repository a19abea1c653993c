#include "rtc/turn_uri.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

namespace oairt {
namespace {

constexpr std::size_t kMaxHost = 253;

Error bad(const char *what, const char *expected) {
  return {ErrorCode::Config, std::string(what) + ", expected " + expected, "server URI", "", {}};
}

std::optional<std::string> unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    unsigned value = 0;
    if (i + 2 >= text.size()) return std::nullopt;
    auto [end, error] = std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16);
    if (error != std::errc() || end != text.data() + i + 3 || value == 0) return std::nullopt;
    out.push_back(static_cast<char>(value));
    i += 2;
  }
  return out;
}

struct Parts {
  std::string scheme;
  std::string_view userinfo, authority, query;
  bool has_userinfo = false;
};

std::optional<Parts> split(std::string_view uri) {
  std::size_t colon = uri.find(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  Parts parts;
  for (char c : uri.substr(0, colon)) {
    parts.scheme.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  }
  uri.remove_prefix(colon + 1);
  if (uri.substr(0, 2) == "//") uri.remove_prefix(2);
  // Taken off before the query: '?' is legal in a password, and so, where people do not escape,
  // is '@'. A host holds neither.
  if (std::size_t at = uri.rfind('@'); at != std::string_view::npos) {
    parts.userinfo = uri.substr(0, at);
    parts.has_userinfo = true;
    uri.remove_prefix(at + 1);
  }
  if (std::size_t mark = uri.find('?'); mark != std::string_view::npos) {
    parts.query = uri.substr(mark + 1);
    uri = uri.substr(0, mark);
  }
  if (!uri.empty() && uri.back() == '/') uri.remove_suffix(1);
  parts.authority = uri;
  return parts;
}

bool valid_host(std::string_view host) {
  return !host.empty() && host.size() <= kMaxHost &&
         std::all_of(host.begin(), host.end(), [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_' ||
                  c == ':';
         });
}

bool parse_authority(std::string_view text, uint16_t default_port, ServerUri &server) {
  std::string_view host = text, port;
  if (!text.empty() && text.front() == '[') {
    std::size_t close = text.find(']');
    if (close == std::string_view::npos) return false;
    host = text.substr(1, close - 1);
    std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') return false;
    port = rest;
  } else if (std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon);
    if (host.find(':') != std::string_view::npos) return false;
  }
  if (!valid_host(host)) return false;
  server.host = host;
  server.port = default_port;
  if (port.empty()) return true;
  port.remove_prefix(1);
  auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), server.port);
  return error == std::errc() && end == port.data() + port.size() && server.port != 0;
}

bool parse_userinfo(std::string_view text, ServerUri &server) {
  std::size_t colon = text.find(':');
  auto user = unescape(text.substr(0, colon));
  if (!user) return false;
  server.user = *user;
  if (colon == std::string_view::npos) return true;
  auto password = unescape(text.substr(colon + 1));
  if (!password) return false;
  server.password = Secret(*password);
  explicit_bzero(password->data(), password->size());
  return true;
}

}  // namespace

Result<ServerUri> parse_stun_uri(std::string_view uri) {
  static constexpr char kForm[] = "stun://HOST[:PORT]";
  auto parts = split(uri);
  ServerUri server;
  if (!parts || parts->scheme != "stun" || parts->has_userinfo || !parts->query.empty()) {
    return bad("This is not a STUN server", kForm);
  }
  if (!parse_authority(parts->authority, 3478, server)) {
    return bad("The STUN server's host or port is not valid", kForm);
  }
  return server;
}

Result<ServerUri> parse_turn_uri(std::string_view uri) {
  static constexpr char kForm[] = "turn://USER:PASSWORD@HOST[:PORT][?transport=udp|tcp]";
  auto parts = split(uri);
  if (!parts || (parts->scheme != "turn" && parts->scheme != "turns")) {
    return bad("This is not a TURN server", kForm);
  }
  bool tls = parts->scheme == "turns";
  ServerUri server;
  if (!parse_authority(parts->authority, tls ? 5349 : 3478, server)) {
    return bad("The TURN server's host or port is not valid", kForm);
  }
  if (!parse_userinfo(parts->userinfo, server) || server.user.empty() || server.password.empty()) {
    return bad("The TURN server's user name and password are missing or badly escaped", kForm);
  }
  if (parts->query.empty()) {
    server.transports = {TurnTransport::Udp, TurnTransport::Tcp};
  } else if (parts->query == "transport=udp" && !tls) {
    server.transports = {TurnTransport::Udp};
  } else if (parts->query == "transport=tcp") {
    server.transports = {TurnTransport::Tcp};
  } else {
    return bad("The TURN server's transport is not known", kForm);
  }
  if (tls) server.transports = {TurnTransport::Tls};
  return server;
}

Result<ServerUri> parse_proxy_uri(std::string_view uri) {
  static constexpr char kForm[] = "http://[USER:PASSWORD@]HOST[:PORT]";
  auto parts = split(uri);
  ServerUri server;
  if (!parts || parts->scheme != "http" || !parts->query.empty()) {
    return bad("Only an HTTP proxy can carry TURN", kForm);
  }
  if (!parse_authority(parts->authority, 8080, server) ||
      !parse_userinfo(parts->userinfo, server)) {
    return bad("The proxy's address is not valid", kForm);
  }
  return server;
}

const char *to_string(TurnTransport transport) {
  switch (transport) {
    case TurnTransport::Udp:
      return "udp";
    case TurnTransport::Tcp:
      return "tcp";
    case TurnTransport::Tls:
      return "tls";
  }
  return "?";
}

}  // namespace oairt
