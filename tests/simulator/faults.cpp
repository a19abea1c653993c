#include "faults.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <glib.h>

namespace oairt::sim {
namespace {

constexpr std::array<std::string_view, 8> kPoints = {"answer", "ice",  "dtls",     "open",
                                                     "update", "item", "response", "speaking"};

using enum FaultScope;
constexpr FaultKind kKinds[] = {
    {"mint_error", Http, "KIND", "client_secrets is answered with this error"},
    {"calls_error", Http, "KIND", "calls is answered with this error"},
    {"hangup_error", Http, "KIND", "hangup is answered with this error"},
    {"patch_error", Http, "KIND", "an ICE restart is answered with this error"},
    {"mint_slow", Http, "SECONDS", "client_secrets answers late"},
    {"calls_slow", Http, "SECONDS", "calls answers late"},
    {"hangup_slow", Http, "SECONDS", "hangup answers late"},
    {"patch_slow", Http, "SECONDS", "an ICE restart is answered late"},
    {"mint_hang", Http, "", "client_secrets never answers"},
    {"calls_hang", Http, "", "calls never answers"},
    {"hangup_hang", Http, "", "hangup never answers"},
    {"patch_hang", Http, "", "an ICE restart is never answered"},
    {"mint_reset", Http, "", "the connection is reset instead of an answer"},
    {"calls_reset", Http, "", "the same for calls"},
    {"hangup_reset", Http, "", "the same for hangup"},
    {"patch_reset", Http, "", "the same for an ICE restart"},
    {"mint_garbage", Http, "", "client_secrets answers 200 with broken JSON"},
    {"mint_expired", Http, "", "the client secret is expired when it is given out"},
    {"no_location", Http, "", "the 201 has no Location"},
    {"calls_status", Http, "CODE", "a good answer, but with this status (200)"},
    {"garbage_sdp", Peer, "", "the answer is noise"},
    {"no_audio", Peer, "", "the answer has no audio section"},
    {"wrong_fingerprint", Peer, "", "the answer names another certificate"},
    {"no_udp", Peer, "", "deaf on UDP: only the TCP candidate works"},
    {"no_migration", Peer, "", "does not follow a client to a new address"},
    {"no_response", Session, "", "a turn or response.create gets no response at all"},
    {"slow_response", Session, "SECONDS", "thinks longer"},
    {"response_failed", Session, "CODE", "response.done with status failed"},
    {"response_incomplete", Session, "REASON", "max_output_tokens (default) or content_filter"},
    {"transcription_failed", Session, "", "the user's transcript fails"},
    {"transcription_late", Session, "SECONDS", "the user's transcript comes late"},
    {"no_transcript", Session, "", "the user's words are not written down"},
    {"no_updated", Session, "", "session.update is taken and not acknowledged"},
    {"reject_update", Session, "CODE", "session.update is refused"},
    {"reject_item", Session, "CODE", "conversation.item.create is refused"},
    {"close_channel", Action, "", "closes the data channel; media goes on"},
    {"close_notify", Action, "", "ends the call as a service does that shuts down"},
    {"silent", Action, "", "is gone at once, without a word"},
    {"blackhole", Action, "SECONDS", "deaf and dumb for a while (0 or nothing: for ever)"},
    {"mute", Action, "on|off", "sends no RTP"},
    {"line", Action, "LOSS[,MS[,REORDER]]", "RTP to the client as by --loss, --jitter, --reorder"},
    {"deaf", Action, "on|off", "hears nothing: no turns"},
    {"freeze", Action, "on|off", "takes no client event"},
    {"expire", Action, "", "session_expired now"},
    {"error_event", Action, "CODE", "an error event; the session lives on"},
    {"send_event", Action, "JSON", "sends this event"},
    {"malformed_event", Action, "", "sends text that is no JSON"},
    {"huge_event", Action, "BYTES", "sends one very long event (default 200000)"},
    {"unknown_event", Action, "", "sends an event of a type nobody knows"},
    {"say", Action, "TEXT", "the model speaks unasked"},
    {"speech_started", Action, "", "as if the user had begun to speak"},
    {"speech_stopped", Action, "", "as if the user had stopped"},
    {"call_tool", Action, "NAME:JSON", "the next response calls this function"},
    {"hangup", Action, "", "the call is hung up by a third party"},
};

bool is_point(std::string_view name) {
  return name == "speech" || std::find(kPoints.begin(), kPoints.end(), name) != kPoints.end();
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<double> number(const std::string &text) {
  char *end = nullptr;
  double value = g_ascii_strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !(value >= 0 && value < 1e6)) return std::nullopt;
  return value;
}

Duration seconds(double value) { return milliseconds(static_cast<int64_t>(value * 1000)); }

Error wrong(const std::string &text, const std::string &why) {
  return {ErrorCode::Config, "The fault '" + text + "' is not understood: " + why, {}, {}, {}};
}

// "2.5", "item", "item:5", "response+0.5"
bool parse_when(std::string when, Fault &fault) {
  if (auto plain = number(when)) {
    fault.delay = seconds(*plain);
    return true;
  }
  if (auto plus = when.find('+'); plus != std::string::npos) {
    auto delay = number(when.substr(plus + 1));
    if (!delay) return false;
    fault.delay = seconds(*delay);
    when.resize(plus);
  }
  if (auto colon = when.find(':'); colon != std::string::npos) {
    if (!is_digits(std::string_view(when).substr(colon + 1))) return false;
    fault.ordinal = static_cast<int>(*number(when.substr(colon + 1)));
    when.resize(colon);
  }
  fault.point = when;
  return is_point(when);
}

}  // namespace

std::span<const FaultKind> fault_kinds() { return kKinds; }

const FaultKind *find_fault_kind(const std::string &name) {
  for (const auto &kind : fault_kinds()) {
    if (name == kind.name) return &kind;
  }
  return nullptr;
}

Result<Fault> parse_fault(const std::string &text) {
  Fault fault;
  std::string rest = text;
  if (auto x = rest.rfind('x');
      x != std::string::npos && is_digits(std::string_view(rest).substr(x + 1))) {
    fault.left = static_cast<int>(number(rest.substr(x + 1)).value_or(1));
    if (fault.left == 0) fault.left = -1;
    rest.resize(x);
  }
  if (auto at = rest.rfind('@'); at != std::string::npos) {
    Fault trial = fault;
    bool is_when = parse_when(rest.substr(at + 1), trial);
    if (!is_when && rest.find('=') > at) return wrong(text, "nobody knows that point in time.");
    if (is_when) {  // else it belongs to the value, like the @ in an address
      fault = trial;
      rest.resize(at);
    }
  }
  auto equals = rest.find('=');
  fault.name = rest.substr(0, equals);
  std::replace(fault.name.begin(), fault.name.end(), '-', '_');
  if (equals != std::string::npos) fault.value = rest.substr(equals + 1);
  const FaultKind *kind = find_fault_kind(fault.name);
  if (kind == nullptr) return wrong(text, "there is no fault of that name; see --help.");
  if (kind->scope == FaultScope::Action && fault.point.empty()) fault.point = "open";
  if (kind->scope != FaultScope::Action && !fault.point.empty()) {
    return wrong(text, "only what is done to a running call can wait for a point of its life.");
  }
  return fault;
}

Status Faults::order(const std::string &text, TimePoint now) {
  auto fault = parse_fault(text);
  if (!fault) return fault.error();
  fault->ordered = now;
  faults_.push_back(std::move(fault).value());
  return Success{};
}

std::optional<std::string> Faults::take(const std::string &name, TimePoint now) {
  for (auto fault = faults_.begin(); fault != faults_.end(); ++fault) {
    if (fault->name != name || !fault->point.empty() || fault->ordered + fault->delay > now) {
      continue;
    }
    std::string value = fault->value;
    if (fault->left > 0 && --fault->left == 0) faults_.erase(fault);
    return value;
  }
  return std::nullopt;
}

std::vector<Fault> Faults::take_actions(const std::string &point, int ordinal) {
  std::vector<Fault> taken;
  for (auto &fault : faults_) {
    if (fault.point != point || fault.ordinal != ordinal) continue;
    taken.push_back(fault);
    if (fault.left > 0 && --fault.left == 0) fault.left = -2;  // used up
  }
  std::erase_if(faults_, [](const Fault &fault) { return fault.left == -2; });
  return taken;
}

Json Faults::state() const {
  Json list = Json::array();
  for (const auto &fault : faults_) {
    list.push_back(Json::object({{"name", fault.name},
                                 {"value", fault.value},
                                 {"point", fault.point},
                                 {"ordinal", fault.ordinal},
                                 {"delay_s", to_ms(fault.delay) / 1000},
                                 {"left", fault.left < 0 ? Json("for ever") : Json(fault.left)}}));
  }
  return list;
}

}  // namespace oairt::sim
