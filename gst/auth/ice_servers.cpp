// parse_ice_servers: from the W3C shape of ICE servers to the URIs that our ICE agent takes.
#include "auth/ice_servers.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

#include <glib.h>

#include "base/log.h"
#include "http/credential.h"
#include "protocol/json.h"

OAIRT_LOG_USE(auth)

namespace oairt {
namespace {

constexpr std::size_t kMaxJson = 64 * 1024;
constexpr std::size_t kMaxServers = 64;
constexpr std::size_t kMaxHost = 253;
constexpr std::size_t kMaxCredential = 4096;
constexpr double kLongestLife_s = 30 * 86400.0;

Error unusable(const char *reason) {
  Error error;
  error.code = ErrorCode::Protocol;
  error.message = std::string("The list of ICE servers cannot be used: ") + reason + ".";
  return error;
}

// The parsed answer; the texts in it are credentials and go with it.
class Document {
 public:
  explicit Document(Json json) : root_(std::move(json)) {}
  ~Document() { wipe_all(root_); }
  Document(const Document &) = delete;
  Document &operator=(const Document &) = delete;
  const Json &root() const { return root_; }

 private:
  static void wipe_all(const Json &value) {
    if (value.is_string()) wipe(const_cast<std::string &>(value.as_string()));  // part of root_
    for (const Json &item : value.items()) wipe_all(item);
    for (const Json::Member &member : value.members()) wipe_all(member.second);
  }
  Json root_;
};

struct IceUrl {
  std::string scheme, address, transport;  // address: host[:port], IPv6 in brackets
};

bool valid_port(std::string_view text) {
  unsigned port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port > 0 && port <= 65535;
}

bool valid_address(std::string_view text) {
  std::size_t end = text.find(':');
  std::string_view host = text.substr(0, end);
  bool in_brackets = !text.empty() && text.front() == '[';
  if (in_brackets) {
    std::size_t close = text.find(']');
    if (close == std::string_view::npos) return false;
    host = text.substr(1, close - 1);
    end = close + 1 < text.size() ? close + 1 : std::string_view::npos;
    if (end != std::string_view::npos && text[end] != ':') return false;
  }
  bool plain = std::all_of(host.begin(), host.end(), [in_brackets](char c) {
    return g_ascii_isalnum(c) || c == '.' || (in_brackets ? c == ':' : c == '-' || c == '_');
  });
  if (!plain || host.empty() || host.size() > kMaxHost) return false;
  return end == std::string_view::npos || valid_port(text.substr(end + 1));
}

// RFC 7064 and 7065, and with the "//" that many write.
std::optional<IceUrl> parse_ice_url(std::string_view text) {
  std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  IceUrl url;
  for (char c : text.substr(0, colon)) url.scheme.push_back(g_ascii_tolower(c));
  text.remove_prefix(colon + 1);
  if (text.substr(0, 2) == "//") text.remove_prefix(2);
  std::size_t mark = text.find('?');
  url.address = text.substr(0, mark);
  if (!valid_address(url.address)) return std::nullopt;
  if (mark == std::string_view::npos) return url;
  constexpr std::string_view kTransport = "transport=";
  std::string_view query = text.substr(mark + 1);
  if (query.substr(0, kTransport.size()) != kTransport) return std::nullopt;
  for (char c : query.substr(kTransport.size())) url.transport.push_back(g_ascii_tolower(c));
  return url.transport == "udp" || url.transport == "tcp" ? std::optional(url) : std::nullopt;
}

bool valid_credential(const std::string &text) {
  return !text.empty() && text.size() <= kMaxCredential && text.find('\0') == std::string::npos;
}

void append_escaped(std::string &to, std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  for (char c : text) {
    if (g_ascii_isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      to.push_back(c);
      continue;
    }
    auto byte = static_cast<unsigned char>(c);
    to.push_back('%');
    to.push_back(kHex[byte >> 4]);
    to.push_back(kHex[byte & 15]);
  }
}

Secret turn_uri(const IceUrl &url, const std::string &user, const std::string &password) {
  std::string text;
  text.reserve(32 + url.address.size() + 3 * (user.size() + password.size()));  // never moves
  text.append(url.scheme).append("://");
  append_escaped(text, user);
  text.push_back(':');
  append_escaped(text, password);
  text.append("@").append(url.address);
  if (!url.transport.empty()) text.append("?transport=").append(url.transport);
  Secret uri(text);
  wipe(text);
  return uri;
}

// Takes the list apart; what cannot be used is counted and left out.
class Reader {
 public:
  void add_server(const Json &server) {
    for (const char *name : {"urls", "url", "uris"}) {
      const Json &urls = server[name];
      if (urls.is_null()) continue;
      if (!urls.is_array()) return add_url(urls, server);
      for (const Json &url : urls.items()) add_url(url, server);
      return;
    }
    ignore("it has no urls");
  }

  std::size_t urls() const { return urls_; }
  RelayCredentials take() {
    if (ignored_ > 0) LOG_WARNING("%zu ICE servers are not used: %s", ignored_, reason_);
    return std::move(result_);
  }

 private:
  void add_url(const Json &text, const Json &server) {
    if (++urls_ > kMaxServers) return;
    auto url = parse_ice_url(text.as_string());
    if (!url) return ignore("its URL is malformed");
    if (url->scheme == "stun") {
      if (url->transport == "tcp") return ignore("STUN is not spoken over TCP here");
      result_.stun_servers.push_back("stun://" + url->address);
    } else if (url->scheme == "turn" || url->scheme == "turns") {
      add_turn(*url, server);
    } else {
      ignore(url->scheme == "stuns" ? "STUN is not spoken over TLS here"
                                    : "its URL is neither stun: nor turn:");
    }
  }

  void add_turn(const IceUrl &url, const Json &server) {
    if (url.scheme == "turns" && url.transport == "udp") {
      return ignore("TURN is not spoken over DTLS here");
    }
    const std::string &type = server["credentialType"].as_string();
    if (!type.empty() && type != "password") return ignore("its credential is no password");
    const std::string &user = server["username"].as_string();
    const Json &password = server[server.has("credential") ? "credential" : "password"];
    if (!valid_credential(user) || !valid_credential(password.as_string())) {
      return ignore("it has no valid username and credential");
    }
    result_.turn_servers.push_back(turn_uri(url, user, password.as_string()));
  }

  void ignore(const char *reason) {
    if (ignored_++ == 0) reason_ = reason;
  }

  RelayCredentials result_;
  std::size_t urls_ = 0;
  std::size_t ignored_ = 0;
  const char *reason_ = "";
};

// In seconds, as a number or as text: 3600, "3600", "3600s", "3600.5s".
Duration read_lifetime(const Json &root) {
  for (const char *name : {"ttl", "expires_in", "lifetimeDuration"}) {
    const Json &value = root[name];
    double seconds = value.as_double();
    if (value.is_string()) {
      char *end = nullptr;
      seconds = g_ascii_strtod(value.as_string().c_str(), &end);
      if (*end != '\0' && !g_str_equal(end, "s")) continue;
    }
    if (!std::isfinite(seconds) || seconds < 1) continue;
    return std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(std::min(seconds, kLongestLife_s)));
  }
  return Duration::zero();
}

const Json *find_list(const Json &root) {
  if (root.is_array()) return &root;
  for (const char *name : {"iceServers", "ice_servers"}) {
    const Json &list = root[name];
    if (list.is_array() || list.is_object()) return &list;
  }
  bool is_server = root.has("urls") || root.has("url") || root.has("uris");
  return is_server ? &root : nullptr;
}

}  // namespace

Result<RelayCredentials> parse_ice_servers(const std::string &json) {
  if (json.size() > kMaxJson) return unusable("it is larger than 64 KiB");
  Result<Json> parsed = Json::parse(json);
  if (!parsed.ok()) return unusable("it is no JSON");
  Document document(std::move(parsed).value());
  const Json *list = find_list(document.root());
  if (list == nullptr) return unusable("it has no iceServers");
  Reader reader;
  if (list->is_object()) reader.add_server(*list);
  if (list->items().size() > kMaxServers) return unusable("it has more than 64 servers");
  for (const Json &server : list->items()) reader.add_server(server);
  if (reader.urls() > kMaxServers) return unusable("it has more than 64 servers");
  RelayCredentials result = reader.take();
  bool none = result.turn_servers.empty() && result.stun_servers.empty();
  bool meant = list->is_object() || !list->items().empty();
  if (none && meant) return unusable("none of its servers is one that can be used here");
  result.lifetime = read_lifetime(document.root());
  return result;
}

}  // namespace oairt
