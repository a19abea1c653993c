#include "http/url.h"

#include <algorithm>

#include <libsoup/soup.h>

#include "base/ref.h"

namespace oairt {
namespace {

constexpr auto kUriFlags = static_cast<GUriFlags>(SOUP_HTTP_URI_FLAGS);
using UniqueUri = Unique<GUri, g_uri_unref>;

bool has_odd_characters(const std::string &url) {
  return std::any_of(url.begin(), url.end(), [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte == 0x7f;
  });
}

UniqueUri parse(const std::string &url, UniqueError *error = nullptr) {
  GError *raw = nullptr;
  UniqueUri uri(g_uri_parse(url.c_str(), kUriFlags, &raw));
  UniqueError owned(raw);
  if (error != nullptr) *error = std::move(owned);
  return uri;
}

// GLib's own words repeat parts of the URL, and a password may be among them.
std::string reason(const GError *error) {
  switch (error != nullptr && error->domain == G_URI_ERROR ? error->code : -1) {
    case G_URI_ERROR_BAD_HOST:
      return "its host name is malformed";
    case G_URI_ERROR_BAD_PORT:
      return "its port is malformed";
    default:
      return "it is malformed";
  }
}

bool begins_as_http(const std::string &url) {
  return g_ascii_strncasecmp(url.c_str(), "https://", 8) == 0 ||
         g_ascii_strncasecmp(url.c_str(), "http://", 7) == 0;
}

bool is_loopback(const std::string &host) {
  if (g_ascii_strcasecmp(host.c_str(), "localhost") == 0) return true;
  auto address = Ref<GInetAddress>::adopt(g_inet_address_new_from_string(host.c_str()));
  return address && g_inet_address_get_is_loopback(address.get()) != FALSE;
}

bool is_scheme(GUri *uri, const char *scheme) {
  return g_ascii_strcasecmp(g_uri_get_scheme(uri), scheme) == 0;
}

std::string show(GUri *uri) {
  std::string host = g_uri_get_host(uri);
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  int usual = is_scheme(uri, "https") ? 443 : 80;
  int port = g_uri_get_port(uri);
  if (port > 0 && port != usual) host += ":" + std::to_string(port);
  return host;
}

bool has_host(GUri *uri) {
  const char *host = uri != nullptr ? g_uri_get_host(uri) : nullptr;
  return host != nullptr && *host != '\0';
}

Error config_error(std::string message) {
  Error error;
  error.code = ErrorCode::Config;
  error.message = std::move(message);
  return error;
}

}  // namespace

Result<Url> parse_url(const std::string &url, bool allow_insecure_http) {
  if (url.empty()) return config_error("The server's URL is empty. Set base-url or token-url.");
  if (has_odd_characters(url)) {
    return config_error("The server's URL is not valid: it has spaces or control characters.");
  }
  if (!begins_as_http(url)) {
    return config_error("The server's URL is not valid: it must begin with https:// (or http://).");
  }
  UniqueError error;
  UniqueUri uri = parse(url, &error);
  if (!uri) return config_error("The server's URL is not valid: " + reason(error.get()) + ".");
  if (!has_host(uri.get())) {
    return config_error("The server's URL is not valid: it has no host name.");
  }
  if (g_uri_get_userinfo(uri.get()) != nullptr) {
    return config_error("The URL for " + show(uri.get()) +
                        " holds a user name or password: give credentials as a header instead.");
  }
  Url result;
  result.host = g_uri_get_host(uri.get());
  result.shown = show(uri.get());
  result.secure = is_scheme(uri.get(), "https");
  result.loopback = is_loopback(result.host);
  if (!result.secure && !result.loopback && !allow_insecure_http) {
    return config_error("http://" + result.shown +
                        " is refused: a key would travel readable for all. Use https, or set "
                        "allow-insecure-http.");
  }
  return result;
}

std::string shown_host(const std::string &url) {
  UniqueUri uri = parse(url);
  return has_host(uri.get()) ? show(uri.get()) : "the server";
}

std::string join_url(const std::string &base, const std::string &path) {
  std::size_t end = base.find_first_of("?#");
  std::string joined = base.substr(0, end);
  while (!joined.empty() && joined.back() == '/') joined.pop_back();
  joined += "/" + path;
  if (end != std::string::npos) {
    std::string query = base.substr(end);
    joined += query.substr(0, query.find('#'));
  }
  return joined;
}

std::string resolve_location(const std::string &base, const std::string &location) {
  if (location.empty() || has_odd_characters(location)) return {};
  UniqueUri from = parse(base);
  if (!from) return {};
  UniqueUri to(g_uri_parse_relative(from.get(), location.c_str(), kUriFlags, nullptr));
  if (!has_host(to.get()) || g_uri_get_userinfo(to.get()) != nullptr) return {};
  if (!is_scheme(to.get(), g_uri_get_scheme(from.get())) || show(to.get()) != show(from.get())) {
    return {};
  }
  GString_ text(g_uri_to_string(to.get()));
  return text.get();
}

}  // namespace oairt
