// The rows of the session; those of what streams are in gstopenairealtimeproptable_media.cpp, what
// is done with all of them in gstopenairealtimeprops.cpp.
#include "gstopenairealtimeproptable.h"

#include <iterator>
#include <vector>

#include "gstopenairealtimeenums.h"
#include "session/config.h"

namespace oairt {
namespace {

constexpr double kMaxInt = G_MAXINT;
constexpr int kFixedAtReady = 0;  // read on the way to READY
const BackoffOptions kBackoff;

const PropertyRow kRows[] = {
    // --- session ---
    {.name = "session",
     .scope = Scope::Element,
     .nick = "Session name",
     .blurb = "Elements with one name share one session, also across the pipelines of a process. "
              "Read when the element goes to READY. Not set: one session for each pipeline",
     .mutability = kFixedAtReady},
    {.name = "linger-time",
     .kind = ValueKind::Integer,
     .nick = "Linger time",
     .blurb = "How long the session outlives its last running element, in ms, so that a pipeline "
              "can be rebuilt around it. 0: the call is hung up at once",
     .number = kDefaultLingerMs,
     .maximum = kMaxInt},
    // --- service ---
    {.name = "base-url",
     .nick = "Base URL",
     .blurb = "Where the service is; https, or http to this machine. Used from the next call on",
     .text = kDefaultBaseUrl},
    {.name = "service",
     .kind = ValueKind::Enum,
     .nick = "Service",
     .blurb = "Whose dialect is spoken: headers and paths differ. Used from the next call on",
     .text = "openai",
     .enum_type = gst_openai_realtime_service_get_type},
    {.name = "model",
     .nick = "Model",
     .blurb = "The model that listens and speaks. Used from the next call on",
     .text = kDefaultModel},
    {.name = "safety-identifier",
     .nick = "Safety identifier",
     .blurb = "A stable, hashed id of the end user, sent to the service for its abuse detection. "
              "Used from the next call on"},
    {.name = "connect-timeout",
     .kind = ValueKind::Integer,
     .nick = "Connect timeout",
     .blurb = "How long one attempt to connect may take, in ms, before it is given up and counts "
              "as failed",
     .number = kDefaultConnectTimeoutMs,
     .minimum = 100,
     .maximum = kMaxInt},
    // --- credentials ---
    {.name = "api-key",
     .nick = "API key",
     .blurb = "Project key of the service, for mints of short-lived keys and direct calls; it "
              "falls back to the environment variable OPENAI_API_KEY. It can be set, never read",
     .secret = true},
    {.name = "ephemeral-key",
     .nick = "Ephemeral key",
     .blurb = "A short-lived key that the application fetched itself; it is not renewed. It can "
              "be set, never read",
     .secret = true},
    {.name = "token-url",
     .nick = "Token URL",
     .blurb = "The site's own token server: asked with POST for a short-lived key before a call"},
    {.name = "token-headers",
     .nick = "Token headers",
     .blurb = "HTTP headers for token-url and ice-servers-url, lines of the form \"Name: value\". "
              "They can be set, never read",
     .secret = true},
    {.name = "ice-servers-url",
     .nick = "ICE servers URL",
     .blurb = "Where time-limited TURN credentials come from: asked with GET and token-headers, "
              "answers iceServers as JSON; renewed before they expire. Read when a call is made"},
    {.name = "token-lifetime",
     .kind = ValueKind::Integer,
     .nick = "Token lifetime",
     .blurb = "How long a short-lived key that is minted with api-key may start calls, in seconds",
     .number = kDefaultTokenLifetimeS,
     .minimum = 10,
     .maximum = 7200},
    // --- model settings ---
    {.name = "session-type",
     .kind = ValueKind::Enum,
     .nick = "Session type",
     .blurb = "Whether the service answers what it hears, or only writes it down "
              "(transcription-model): live captions. A change while a call is up makes a new one",
     .text = "realtime",
     .enum_type = gst_openai_realtime_session_type_get_type},
    {.name = "instructions",
     .nick = "Instructions",
     .blurb = "What the model shall be and do. Not set: the service's own text. Reaches the "
              "service at once"},
    {.name = "voice",
     .nick = "Voice",
     .blurb = "The voice of the model, by name (marin, cedar, alloy, …) or by id (voice_…). Not "
              "set: the service's choice. Cannot be changed once the model has spoken"},
    {.name = "speed",
     .kind = ValueKind::Real,
     .nick = "Speed",
     .blurb = "How fast the model speaks; 1.0 is its own pace. Reaches the service at once",
     .number = 1.0,
     .minimum = 0.25,
     .maximum = 1.5},
    {.name = "turn-detection",
     .kind = ValueKind::Enum,
     .nick = "Turn detection",
     .blurb = "How the service decides that the user has finished. Reaches the service at once",
     .text = "server-vad",
     .enum_type = gst_openai_realtime_turn_detection_get_type},
    {.name = "noise-reduction",
     .kind = ValueKind::Enum,
     .nick = "Noise reduction",
     .blurb = "What the service does with noise before it listens. Reaches the service at once",
     .text = "none",
     .enum_type = gst_openai_realtime_noise_reduction_get_type},
    {.name = "transcription-model",
     .nick = "Transcription model",
     .blurb = "The model that writes down what the user says. Empty: no transcripts of the user. "
              "Reaches the service at once",
     .text = kDefaultTranscriptionModel},
    {.name = "language",
     .nick = "Language",
     .blurb = "The language of the user for transcription, as ISO 639-1 (\"en\", \"de\"). Not "
              "set: detected. Reaches the service at once"},
    {.name = "tools",
     .nick = "Tools",
     .blurb = "The functions that the model may call: a JSON array in the service's form. Calls "
              "arrive with the signal function-call. Credentials of MCP servers in it can be set, "
              "never read. Reaches the service at once",
     .has_tool_secrets = true},
    {.name = "tool-timeout",
     .kind = ValueKind::Integer,
     .nick = "Tool timeout",
     .blurb = "How long a function may take, in ms, before the model is told that it gave no "
              "output; submit-tool-output is refused then. 0: for ever",
     .number = kDefaultToolTimeoutMs,
     .maximum = kMaxInt},
    {.name = "session-config",
     .nick = "Session configuration",
     .blurb = "A JSON object in the form of the service's session object, merged over everything "
              "the other properties say. Credentials of MCP servers in it can be set, never read. "
              "Reaches the service at once",
     .has_tool_secrets = true},
    // --- network ---
    {.name = "stun-server",
     .nick = "STUN server",
     .blurb = "stun://host:port; rarely needed, the service has public addresses. Used from the "
              "next call on"},
    {.name = "turn-servers",
     .nick = "TURN servers",
     .blurb = "turn://user:password@host:port?transport=udp|tcp, or turns://, separated by spaces "
              "or commas. They can be set, never read. Used from the next call on",
     .secret = true},
    {.name = "ice-transport-policy",
     .kind = ValueKind::Enum,
     .nick = "ICE transport policy",
     .blurb = "Which network paths may be used. Used from the next call on",
     .text = "all",
     .enum_type = gst_openai_realtime_ice_transport_policy_get_type},
    {.name = "ice-tcp",
     .kind = ValueKind::Boolean,
     .nick = "ICE over TCP",
     .blurb = "Whether media may go over TCP where UDP is blocked. Used from the next call on",
     .number = true},
    {.name = "event-channel",
     .kind = ValueKind::Enum,
     .nick = "Event channel",
     .blurb = "How the data channel of the events comes to be. Negotiated, it is open a round trip "
              "earlier; a server that does not know it is called again at once, and from then on "
              "with a channel that is opened. Used from the next call on",
     .text = "auto",
     .enum_type = gst_openai_realtime_event_channel_get_type},
    {.name = "proxy",
     .nick = "Proxy",
     .blurb = "HTTP proxy for requests and for TURN over TCP, http://[user:password@]host:port. "
              "Not set: the system's settings. The password can be set, never read",
     .has_userinfo = true},
    {.name = "ca-file",
     .nick = "CA file",
     .blurb = "Certificates (PEM) that are trusted for HTTPS. Not set: the system's"},
    {.name = "allow-insecure-http",
     .kind = ValueKind::Boolean,
     .nick = "Allow insecure HTTP",
     .blurb = "Allow http:// to other machines: keys then travel in the clear. Plain http to this "
              "machine is always allowed"},
    // --- recovery ---
    {.name = "auto-reconnect",
     .kind = ValueKind::Boolean,
     .nick = "Reconnect automatically",
     .blurb = "Whether a lost call is replaced by a new one",
     .number = true},
    {.name = "watchdog-timeout",
     .kind = ValueKind::Integer,
     .nick = "Watchdog timeout",
     .blurb = "How long nothing may be heard from the service, in ms, before another network path "
              "is tried; after speech, how long it may leave it unanswered",
     .number = kDefaultWatchdogMs,
     .minimum = 300,
     .maximum = 10000},
    {.name = "ice-restart",
     .kind = ValueKind::Enum,
     .nick = "ICE restart",
     .blurb = "Whether ICE is restarted by signalling when a fresh path with the old credentials "
              "does not help; only servers that send an ETag can (RFC 9725)",
     .text = "auto",
     .enum_type = gst_openai_realtime_ice_restart_get_type},
    {.name = "rollover-margin",
     .kind = ValueKind::Integer,
     .nick = "Rollover margin",
     .blurb = "How long before the service ends a session by itself a new call takes over, in "
              "seconds; it waits for a quiet moment",
     .number = kDefaultRolloverMarginS,
     .minimum = 1,
     .maximum = 3600},
    {.name = "max-retries",
     .kind = ValueKind::Integer,
     .nick = "Maximum retries",
     .blurb = "How many attempts in a row may fail before it is an error. -1: for ever",
     .number = kDefaultMaxRetries,
     .minimum = -1,
     .maximum = kMaxInt},
    {.name = "retry-interval",
     .kind = ValueKind::Integer,
     .nick = "Retry interval",
     .blurb = "The delay before the second attempt after a loss, in ms (the first is made at "
              "once); it grows with the square of the attempts",
     .number = static_cast<double>(kBackoff.initial.count()),
     .maximum = kMaxInt},
    {.name = "retry-interval-max",
     .kind = ValueKind::Integer,
     .nick = "Maximum retry interval",
     .blurb = "The longest delay between two attempts, in ms; not below retry-interval",
     .number = static_cast<double>(kBackoff.maximum.count()),
     .maximum = kMaxInt},
    // --- persistence ---
    {.name = "persistence",
     .kind = ValueKind::Enum,
     .nick = "Persistence",
     .blurb = "Where the conversation is kept beyond its calls; disk needs a session name. Read "
              "when the session starts",
     .text = "none",
     .enum_type = gst_openai_realtime_persistence_get_type},
    {.name = "store",
     .nick = "Store",
     .blurb = "With persistence=disk: sqlite:PATH, redis://[user:password@]host[:port][/db] or "
              "rediss://... (TLS). Not set: a file in XDG_STATE_HOME. The password can be set, "
              "never read. Read when the session starts",
     .has_userinfo = true},
    {.name = "store-key-file",
     .nick = "Store key file",
     .blurb = "The key that seals what is stored: 32 bytes or 64 hexadecimal digits; more lines "
              "open what older keys sealed. Not set: systemd's credential "
              "openairealtime-store-key, else a file that is made in XDG_STATE_HOME. Read when "
              "the session starts"},
    {.name = "retention",
     .kind = ValueKind::Integer,
     .nick = "Retention",
     .blurb = "How long what was stored is kept, in seconds; then it is erased. 0: for ever",
     .number = kDefaultRetentionS,
     .maximum = kMaxInt},
    {.name = "consent-required",
     .kind = ValueKind::Boolean,
     .nick = "Consent required",
     .blurb = "Whether nothing that is said is stored before the action grant-consent"},
    {.name = "logical-session-duration",
     .kind = ValueKind::Integer,
     .nick = "Logical session duration",
     .blurb = "How long one conversation lasts at most, in seconds; at the next quiet moment a new "
              "one begins, as with split-session. 0: without an end",
     .number = kDefaultLogicalSessionS,
     .maximum = kMaxInt},
    {.name = "idle-timeout",
     .kind = ValueKind::Integer,
     .nick = "Idle timeout",
     .blurb = "After so long without a word the conversation ends, in seconds, as idle-action "
              "says. 0: never",
     .maximum = kMaxInt},
    {.name = "idle-action",
     .kind = ValueKind::Enum,
     .nick = "Idle action",
     .blurb = "What happens after idle-timeout; speech brings a call back that was hung up, and "
              "its first words are sent first (prebuffer-time)",
     .text = "split",
     .enum_type = gst_openai_realtime_idle_action_get_type},
    {.name = "replay-limit",
     .kind = ValueKind::Integer,
     .nick = "Replay limit",
     .blurb = "How many items of the conversation a new call is given; the newest",
     .number = kDefaultReplayItems,
     .minimum = 0,
     .maximum = 20000},
    {.name = "replay-summary",
     .nick = "Replay summary",
     .blurb = "What a new call is told, as a system note, in place of the items that replay-limit "
              "has cut. Not set: nothing"},
    {.name = "preferences",
     .nick = "Preferences",
     .blurb = "A JSON object of the application's own that is stored with the session, sealed, and "
              "comes back with the message openai-realtime/restored"},
    {.name = "state-bus",
     .nick = "State bus",
     .blurb = "Where other processes can follow the session's state without asking: session, "
              "system or a D-Bus address. Whoever may read that bus sees the last transcript. "
              "Not set: nowhere"},
};

}  // namespace

std::span<const PropertyRow> property_table() {
  static const auto *rows = [] {
    auto *all = new std::vector<PropertyRow>(std::begin(kRows), std::end(kRows));
    auto media = media_property_rows();
    all->insert(all->end(), media.begin(), media.end());
    return all;
  }();
  return *rows;
}

}  // namespace oairt
