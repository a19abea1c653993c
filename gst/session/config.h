// The settings of a session, checked and typed: an immutable snapshot that a call is made from.
// Thread-safe: plain values, pure functions. Never prints a Secret.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "http/http_client.h"
#include "policy/recovery.h"
#include "protocol/json.h"
#include "rtc/peer.h"
#include "session/persistence.h"
#include "session/settings.h"

namespace oairt {

// Defaults that the property table shows too; written here once.
inline constexpr const char *kDefaultBaseUrl = "https://api.openai.com/v1";
inline constexpr const char *kDefaultModel = "gpt-realtime-2.1";
inline constexpr const char *kDefaultTranscriptionModel = "gpt-transcribe";
inline constexpr int kDefaultConnectTimeoutMs = 15000;
inline constexpr int kDefaultTokenLifetimeS = 600;
inline constexpr int kDefaultPrebufferMs = 2000;
inline constexpr int kTranscriptionPrebufferMs = 10000;  // what is not written yet is said again
inline constexpr int kDefaultLingerMs = 0;
inline constexpr int kDefaultJitterLatencyMs = -1;  // adaptive
inline constexpr int kDefaultMaxRetries = -1;       // for ever
inline constexpr int kDefaultWatchdogMs = 700;
inline constexpr int kDefaultToolTimeoutMs = 30000;
inline constexpr int kDefaultRolloverMarginS = 120;
inline constexpr int kDefaultRetentionS = 24 * 3600;
inline constexpr int kDefaultLogicalSessionS = 8 * 3600;
inline constexpr int kDefaultReplayItems = 1000;

enum class EventChannel { Auto, Negotiated, Opened };

struct Config {
  std::string base_url = kDefaultBaseUrl;
  bool azure = false;
  bool acknowledges = true;  // the service itself: session.updated is waited for
  EventChannel event_channel = EventChannel::Auto;
  std::string safety_identifier;
  Duration connect_timeout = milliseconds(kDefaultConnectTimeoutMs);

  Secret api_key, ephemeral_key;
  std::string token_url;
  std::vector<HttpHeader> token_headers;
  std::string ice_servers_url;
  int token_lifetime_s = kDefaultTokenLifetimeS;

  Json session;                // the whole session object of session.update
  bool transcription = false;  // nothing is answered
  bool commit_at_pauses = false;

  HttpOptions http;
  PeerOptions peer;
  RecoveryOptions recovery;
  Duration watchdog = milliseconds(kDefaultWatchdogMs);
  Duration tool_timeout = milliseconds(kDefaultToolTimeoutMs);  // 0: never

  PersistenceOptions persistence;
  std::string name;       // of the session, or of its pipeline
  std::string state_bus;  // "session", "system" or a D-Bus address; empty: none

  Duration linger = milliseconds(kDefaultLingerMs);
  bool quality_adaptation = true;
  Duration prebuffer = milliseconds(kDefaultPrebufferMs);
  std::optional<Duration> jitter_latency;  // nothing: adaptive
};

// Checks ranges, URLs, JSON and names; the error says which property, what is wrong and what is
// allowed. `environment_key` is OPENAI_API_KEY, used when no credential is set; `relays_are_told`:
// somebody answers `request-ice-servers`.
Result<Config> build_config(const Settings &settings, const Secret &environment_key,
                            bool relays_are_told = false);

}  // namespace oairt
