#include "store/store_uri.h"

#include <charconv>
#include <cstring>
#include <filesystem>

#include <glib.h>

#include "base/ref.h"
#include "store/backend.h"

namespace oairt {
namespace {

constexpr char kForms[] =
    "sqlite:PATH, redis://[USER:PASSWORD@]HOST[:PORT][/DB], rediss://... or memory:";
constexpr std::size_t kMaxSessionName = 256;

bool starts_with(const std::string &text, std::string_view start) {
  return text.compare(0, start.size(), start) == 0;
}

Result<StoreUri> sqlite_uri(const std::string &path) {
  if (path.empty() || path.back() == '/') {
    return config_error("The store's URI names no file: write sqlite:/path/to/file.");
  }
  if (path[0] == '~') {
    return config_error(
        "The path in the store's URI begins with ~, which only a shell understands: write the path "
        "in full.");
  }
  if (path.find('\0') != std::string::npos) {
    return config_error("The path in the store's URI is not a file name.");
  }
  StoreUri uri;
  uri.kind = StoreUri::Kind::Sqlite;
  std::error_code failed;
  uri.path = std::filesystem::absolute(path, failed).lexically_normal().string();
  if (failed) return config_error("The path in the store's URI cannot be used.", failed.message());
  return uri;
}

Status read_database(const char *path, StoreUri &uri) {
  std::string_view number = path == nullptr ? "" : path;
  if (!number.empty()) number.remove_prefix(1);
  if (number.empty()) return Success{};
  auto [end, failed] = std::from_chars(number.data(), number.data() + number.size(), uri.database);
  if (failed != std::errc() || end != number.data() + number.size() || uri.database < 0 ||
      uri.database > 65535) {
    return config_error(
        "What follows the host in the store's URI has to be the number of a database, as in "
        "redis://HOST/0.");
  }
  return Success{};
}

using UniqueUri = Unique<GUri, g_uri_unref>;

Result<StoreUri> redis_uri(const std::string &text) {
  UniqueUri parsed(
      g_uri_parse(text.c_str(),
                  static_cast<GUriFlags>(G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_NON_DNS), nullptr));
  const char *host = parsed ? g_uri_get_host(parsed.get()) : nullptr;
  if (host == nullptr || *host == '\0' || strpbrk(host, " @\\") != nullptr) {
    return config_error(
        "The store's URI is not of the form redis://[USER:PASSWORD@]HOST[:PORT][/DB]; special "
        "characters in user and password are written as %XX.");
  }
  if (g_uri_get_query(parsed.get()) != nullptr || g_uri_get_fragment(parsed.get()) != nullptr) {
    return config_error("The store's URI takes no ? and no #; in a password write %3F and %23.");
  }
  StoreUri uri;
  uri.kind = StoreUri::Kind::Redis;
  uri.host = host;
  uri.tls = starts_with(text, "rediss:");
  if (int port = g_uri_get_port(parsed.get()); port > 0) uri.port = static_cast<uint16_t>(port);
  if (const char *user = g_uri_get_user(parsed.get())) uri.user = user;
  if (const char *password = g_uri_get_password(parsed.get())) uri.password = Secret(password);
  if (!uri.user.empty() && uri.password.empty()) {
    return config_error(
        "The store's URI names a user but no password: write redis://USER:PASSWORD@HOST, or "
        "redis://:PASSWORD@HOST for a password alone.");
  }
  if (Status read = read_database(g_uri_get_path(parsed.get()), uri); !read) return read.error();
  return uri;
}

}  // namespace

std::string StoreUri::name() const {
  switch (kind) {
    case Kind::Memory:
      return "the memory";
    case Kind::Sqlite:
      return "the file " + path;
    case Kind::Redis:
      return "the Redis server " + (host.find(':') == std::string::npos ? host : "[" + host + "]") +
             ":" + std::to_string(port);
  }
  return "the store";
}

std::string state_directory() {
  return std::string(g_get_user_state_dir()) + "/gst-openai-realtime";
}

Result<StoreUri> parse_store_uri(const std::string &uri) {
  if (uri.empty()) return sqlite_uri(state_directory() + "/store.sqlite");
  if (uri == "memory:") return StoreUri{};
  if (starts_with(uri, "sqlite:")) return sqlite_uri(uri.substr(7));
  if (starts_with(uri, "redis://") || starts_with(uri, "rediss://")) return redis_uri(uri);
  return config_error(std::string("The store's URI is none of ") + kForms + ".");
}

Status check_store_options(const StoreOptions &options) {
  if (Result<StoreUri> uri = parse_store_uri(options.uri); !uri) return uri.error();
  const std::string &name = options.session;
  bool readable = g_utf8_validate(name.data(), static_cast<gssize>(name.size()), nullptr);
  for (unsigned char letter : name) readable = readable && letter >= 0x20 && letter != 0x7f;
  if (name.empty() || name.size() > kMaxSessionName || !readable) {
    return config_error(
        "A stored session needs a name of 1 to 256 bytes of readable UTF-8: it is how its records "
        "are found again.");
  }
  if (options.retention.count() < 0) {
    return config_error("The retention of a store is a number of seconds, or 0 for ever.");
  }
  if (options.lease < milliseconds(100) || options.lease > std::chrono::hours(1)) {
    return config_error("The lease of a stored session has to be between 0.1 s and an hour.");
  }
  return Success{};
}

}  // namespace oairt
