// What can be done to a running call: the action faults, by name.
#include <cstdio>

#include "call.h"

namespace oairt::sim {
namespace {

bool is_on(const std::string &value) { return value != "off" && value != "false"; }

Error refused(const std::string &message) { return {ErrorCode::Config, message, {}, {}, {}}; }

ApiError ordered_error(const std::string &code) {
  ApiError error{code.empty() ? "server_error" : code, "The server had an error.", ""};
  error.type = code.empty() || code == "server_error" ? "server_error" : "invalid_request_error";
  if (code == "rate_limit_exceeded") error.type = "rate_limit_error";
  if (code == "insufficient_quota") error.type = "insufficient_quota";
  return error;
}

}  // namespace

Status Call::act(const std::string &action, const std::string &value) {
  auto found = actions_.find(action);
  if (found == actions_.end()) return refused("There is no action '" + action + "'.");
  if (ended_) return refused("The call has ended.");
  world_.log.write("action", {{"call", id_}, {"name", action}, {"value", value}});
  auto status = found->second(value);
  set_alarm();
  return status;
}

std::map<std::string, std::function<Status(const std::string &)>> Call::make_actions() {
  auto simple = [](auto task) {
    return [task](const std::string &value) -> Status {
      task(value);
      return Success{};
    };
  };
  return {
      {"close_channel", simple([this](auto &) { peer_->close_channel(); })},
      {"close_notify", simple([this](auto &) { end(CloseMode::CloseNotify, "ordered"); })},
      {"silent", simple([this](auto &) { end(CloseMode::Silent, "ordered"); })},
      {"hangup", simple([this](auto &) { hang_up(); })},
      {"blackhole", [this](auto &value) { return do_blackhole(value); }},
      {"mute", simple([this](auto &value) { audio_out_->set_mute(is_on(value)); })},
      {"line", [this](auto &value) { return do_line(value); }},
      {"deaf", simple([this](auto &value) { deaf_ = is_on(value); })},
      {"freeze", simple([this](auto &value) { frozen_ = is_on(value); })},
      {"expire", simple([this](auto &) { session_->expire(Clock::now()); })},
      {"error_event",
       simple([this](auto &value) { session_->send_error(ordered_error(value), Clock::now()); })},
      {"send_event", [this](auto &value) { return do_send(value); }},
      {"malformed_event", simple([this](auto &) { send_text("{\"type\": \"session.upd"); })},
      {"huge_event", [this](auto &value) { return do_huge(value); }},
      {"unknown_event", simple([this](auto &) {
         send(Json::object({{"type", "conversation.mood.changed"},
                            {"event_id", chance_.id("event")},
                            {"mood", Json::object({{"name", "calm"}, {"score", 0.75}})}}));
       })},
      {"say", [this](auto &value) { return do_say(value); }},
      {"speech_started", simple([this](auto &) { session_->force_speech(true, Clock::now()); })},
      {"speech_stopped", simple([this](auto &) { session_->force_speech(false, Clock::now()); })},
      {"call_tool",
       simple([this](auto &value) { world_.script.tool_calls.push_back(parse_tool_call(value)); })},
  };
}

Status Call::do_line(const std::string &value) {
  double loss = 0, jitter_ms = 0, reorder = 0;
  int read = std::sscanf(value.c_str(), "%lf,%lf,%lf", &loss, &jitter_ms, &reorder);
  bool sane = loss >= 0 && loss <= 100 && jitter_ms >= 0 && jitter_ms <= 10000 && reorder >= 0 &&
              reorder <= 100;
  if (read < 1 || !sane) {
    return refused("line takes percent that get lost, ms of jitter, percent that are overtaken.");
  }
  peer_->set_line({loss / 100, reorder / 100, milliseconds(static_cast<int64_t>(jitter_ms))});
  return Success{};
}

Status Call::do_blackhole(const std::string &value) {
  peer_->set_blackhole(is_on(value));
  auto length = parse_seconds(value);
  if (is_on(value) && length > length.zero()) {
    later(length, [this] {
      if (!ended_) peer_->set_blackhole(false);
    });
  }
  return Success{};
}

Status Call::do_send(const std::string &value) {
  auto event = Json::parse(value);
  if (!event || !event->is_object()) return refused("send_event takes a JSON object.");
  Json text = event.value();
  if (!text.has("event_id")) text.set("event_id", chance_.id("event"));
  send(text);
  return Success{};
}

Status Call::do_huge(const std::string &value) {
  double wanted = g_ascii_strtod(value.c_str(), nullptr);
  if (wanted < 0 || wanted > 64e6) return refused("huge_event takes up to 64000000 bytes.");
  auto bytes = wanted == 0 ? std::size_t{200000} : static_cast<std::size_t>(wanted);
  Json event = Json::object(
      {{"type", "conversation.mood.history"}, {"event_id", chance_.id("event")}, {"filler", ""}});
  std::size_t bare = event.dump().size();
  event.set("filler", std::string(bytes > bare ? bytes - bare : 0, 'x'));
  send(event);
  return Success{};
}

Status Call::do_say(const std::string &value) {
  if (value.empty()) return refused("say needs a text.");
  auto refusal = session_->say(value, Clock::now());
  if (refusal) return refused(refusal->message);
  return Success{};
}

}  // namespace oairt::sim
