#include "session/config.h"

#include <algorithm>
#include <array>

#include <gio/gio.h>

#include "base/ref.h"
#include "session/session_object.h"
#include "session/transcription.h"

namespace oairt {
namespace {

template <typename T>
const T *find(const Settings &settings, const char *name) {
  auto position = settings.find(name);
  return position == settings.end() ? nullptr : std::get_if<T>(&position->second);
}

std::string text(const Settings &settings, const char *name, std::string otherwise = "") {
  const auto *value = find<std::string>(settings, name);
  return value != nullptr ? *value : otherwise;
}
Secret secret(const Settings &settings, const char *name) {
  const auto *value = find<Secret>(settings, name);
  return value != nullptr ? *value : Secret();
}
int64_t number(const Settings &settings, const char *name, int64_t otherwise) {
  const auto *value = find<int64_t>(settings, name);
  return value != nullptr ? *value : otherwise;
}
bool flag(const Settings &settings, const char *name, bool otherwise) {
  const auto *value = find<bool>(settings, name);
  return value != nullptr ? *value : otherwise;
}

Error refuse(const std::string &property, const std::string &why) {
  return Error{ErrorCode::Config,
               "The property \"" + property + "\" " + why,
               "property " + property,
               {},
               {}};
}

Status check_url(const std::string &property, const std::string &url, bool http_only) {
  Unique<GUri, g_uri_unref> uri(g_uri_parse(url.c_str(), G_URI_FLAGS_NONE, nullptr));
  if (!uri || g_uri_get_host(uri.get()) == nullptr || *g_uri_get_host(uri.get()) == '\0') {
    return refuse(property, "is not a URL such as https://host/path.");
  }
  std::string scheme = g_uri_get_scheme(uri.get());
  if (http_only && scheme != "http" && scheme != "https") {
    return refuse(property,
                  "must begin with https:// (or http:// to loopback), not " + scheme + "://.");
  }
  return Success{};
}

// "Name: value" lines.
Result<std::vector<HttpHeader>> parse_headers(const Secret &lines) {
  std::vector<HttpHeader> headers;
  std::string_view rest = lines.reveal();
  while (!rest.empty()) {
    auto end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) continue;
    auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) {
      return refuse("token-headers", "must be lines of the form \"Name: value\".");
    }
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    headers.push_back({std::string(line.substr(0, colon)), Secret(value)});
  }
  return headers;
}

Result<std::vector<Secret>> parse_turn_servers(const Secret &list) {
  std::vector<Secret> servers;
  std::string_view rest = list.reveal();
  while (!rest.empty()) {
    auto end = rest.find_first_of(" ,\n\t");
    std::string_view uri = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (uri.empty()) continue;
    if (!uri.starts_with("turn://") && !uri.starts_with("turns://")) {
      return refuse("turn-servers",
                    "must be URIs of the form turn://user:password@host:port?transport=udp, "
                    "separated by spaces.");
    }
    servers.emplace_back(uri);
  }
  return servers;
}

Status read_service(const Settings &settings, const Secret &environment_key, Config &config) {
  config.base_url = text(settings, "base-url", kDefaultBaseUrl);
  if (auto status = check_url("base-url", config.base_url, true); !status) return status;
  config.azure = text(settings, "service", "openai") == "azure";
  config.acknowledges = config.azure || config.base_url == kDefaultBaseUrl;
  if (config.azure && config.base_url == kDefaultBaseUrl) {
    return refuse("base-url",
                  "must name your resource with service=azure: "
                  "https://RESOURCE.openai.azure.com/openai/v1.");
  }
  std::string channel = text(settings, "event-channel", "auto");
  config.event_channel = channel == "negotiated" ? EventChannel::Negotiated
                         : channel == "opened"   ? EventChannel::Opened
                                                 : EventChannel::Auto;
  config.safety_identifier = text(settings, "safety-identifier");
  config.connect_timeout =
      milliseconds(number(settings, "connect-timeout", kDefaultConnectTimeoutMs));
  config.api_key = secret(settings, "api-key");
  config.ephemeral_key = secret(settings, "ephemeral-key");
  config.token_url = text(settings, "token-url");
  if (!config.token_url.empty()) {
    if (auto status = check_url("token-url", config.token_url, true); !status) return status;
  }
  auto headers = parse_headers(secret(settings, "token-headers"));
  if (!headers) return headers.error();
  config.token_headers = std::move(headers).value();
  config.token_lifetime_s =
      static_cast<int>(number(settings, "token-lifetime", kDefaultTokenLifetimeS));
  if (config.token_lifetime_s < 10 || config.token_lifetime_s > 7200) {
    return refuse("token-lifetime", "must lie between 10 and 7200 seconds.");
  }
  if (config.api_key.empty()) config.api_key = environment_key;
  return Success{};
}

Status read_network(const Settings &settings, bool relays_are_told, Config &config) {
  config.peer.stun_server = text(settings, "stun-server");
  if (!config.peer.stun_server.empty() && !config.peer.stun_server.starts_with("stun://")) {
    return refuse("stun-server", "must be of the form stun://host:port.");
  }
  auto turn = parse_turn_servers(secret(settings, "turn-servers"));
  if (!turn) return turn.error();
  config.peer.turn_servers = std::move(turn).value();
  config.peer.relay_only = text(settings, "ice-transport-policy", "all") == "relay";
  config.ice_servers_url = text(settings, "ice-servers-url");
  if (!config.ice_servers_url.empty()) {
    if (auto status = check_url("ice-servers-url", config.ice_servers_url, true); !status) {
      return status;
    }
  }
  if (config.peer.relay_only && config.peer.turn_servers.empty() &&
      config.ice_servers_url.empty() && !relays_are_told) {
    return refuse("ice-transport-policy",
                  "is \"relay\", which needs \"turn-servers\", \"ice-servers-url\" or a handler of "
                  "the signal \"request-ice-servers\".");
  }
  config.peer.ice_tcp = flag(settings, "ice-tcp", true);
  config.peer.proxy = config.http.proxy = text(settings, "proxy");
  if (!config.http.proxy.empty()) {
    if (auto status = check_url("proxy", config.http.proxy, false); !status) return status;
  }
  config.http.ca_file = text(settings, "ca-file");
  if (!config.http.ca_file.empty() &&
      !g_file_test(config.http.ca_file.c_str(), G_FILE_TEST_IS_REGULAR)) {
    return refuse("ca-file", "names a file that is not there.");
  }
  config.peer.ca_file = config.http.ca_file;
  config.http.allow_insecure_http = flag(settings, "allow-insecure-http", false);
  return Success{};
}

Status read_recovery(const Settings &settings, Config &config) {
  config.recovery.auto_reconnect = flag(settings, "auto-reconnect", true);
  config.recovery.max_retries =
      static_cast<int>(number(settings, "max-retries", kDefaultMaxRetries));
  BackoffOptions defaults;
  config.recovery.backoff.initial =
      milliseconds(number(settings, "retry-interval", defaults.initial.count()));
  config.recovery.backoff.maximum =
      milliseconds(number(settings, "retry-interval-max", defaults.maximum.count()));
  if (config.recovery.backoff.maximum < config.recovery.backoff.initial) {
    return refuse("retry-interval-max", "must not be below \"retry-interval\".");
  }
  config.recovery.ice_restart = text(settings, "ice-restart", "auto") == "auto";
  config.recovery.rollover_margin =
      std::chrono::seconds(number(settings, "rollover-margin", kDefaultRolloverMarginS));
  config.watchdog = milliseconds(number(settings, "watchdog-timeout", kDefaultWatchdogMs));
  return Success{};
}

Status read_persistence(const Settings &settings, Config &config) {
  PersistenceOptions &options = config.persistence;
  std::string mode = text(settings, "persistence", "none");
  options.mode = mode == "disk"     ? PersistenceMode::Disk
                 : mode == "memory" ? PersistenceMode::Memory
                                    : PersistenceMode::None;
  options.store.uri = mode == "memory" ? "memory:" : text(settings, "store");
  options.store.key_file = text(settings, "store-key-file");
  options.store.ca_file = config.http.ca_file;
  options.store.retention = std::chrono::seconds(number(settings, "retention", kDefaultRetentionS));
  options.consent_required = flag(settings, "consent-required", false);
  options.logical_session =
      std::chrono::seconds(number(settings, "logical-session-duration", kDefaultLogicalSessionS));
  options.idle = std::chrono::seconds(number(settings, "idle-timeout", 0));
  options.idle_action =
      text(settings, "idle-action", "split") == "split" ? IdleAction::Split : IdleAction::HangUp;
  config.state_bus = text(settings, "state-bus");
  options.replay.max_items =
      static_cast<std::size_t>(number(settings, "replay-limit", kDefaultReplayItems));
  options.replay.summary = text(settings, "replay-summary");
  std::string preferences = text(settings, "preferences");
  if (preferences.empty()) return Success{};
  auto parsed = Json::parse(preferences);
  if (!parsed || !parsed->is_object()) return refuse("preferences", "must be a JSON object.");
  options.preferences = std::move(parsed).value();
  return Success{};
}

void read_media(const Settings &settings, Config &config) {
  config.tool_timeout = milliseconds(number(settings, "tool-timeout", kDefaultToolTimeoutMs));
  config.linger = milliseconds(number(settings, "linger-time", kDefaultLingerMs));
  config.prebuffer = milliseconds(number(settings, "prebuffer-time", kDefaultPrebufferMs));
  config.quality_adaptation = flag(settings, "quality-adaptation", true);
  int64_t latency_ms = number(settings, "jitter-latency", kDefaultJitterLatencyMs);
  if (latency_ms >= 0) config.jitter_latency = milliseconds(latency_ms);
}

}  // namespace

Result<Config> build_config(const Settings &settings, const Secret &environment_key,
                            bool relays_are_told) {
  Config config;
  if (auto status = read_service(settings, environment_key, config); !status) {
    return status.error();
  }
  if (auto status = read_network(settings, relays_are_told, config); !status) return status.error();
  if (auto status = read_recovery(settings, config); !status) return status.error();
  if (auto status = read_persistence(settings, config); !status) return status.error();
  read_media(settings, config);
  auto session = build_session_object(settings);
  if (!session) return session.error();
  config.session = std::move(session).value();
  config.transcription = config.session["type"].as_string() == "transcription";
  config.commit_at_pauses = commits_at_pauses(settings, config.session);
  if (config.transcription && settings.count("prebuffer-time") == 0) {
    config.prebuffer = milliseconds(kTranscriptionPrebufferMs);
  }
  return config;
}

}  // namespace oairt
