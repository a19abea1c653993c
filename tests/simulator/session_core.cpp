#include "session_core.h"

namespace oairt::sim {
namespace {

constexpr double kStrangerChance = 0.03;

}  // namespace

SessionCore::SessionCore(SessionHost &session_host, const SessionSettings &session_settings,
                         Script &session_script, SessionConfig session_config, uint64_t seed)
    : host(session_host),
      settings(session_settings),
      script(session_script),
      config(std::move(session_config)),
      chance(seed) {
  session_id = chance.id("sess");
  conversation_id = chance.id("conv");
}

void SessionCore::send(const std::string &type, std::initializer_list<Json::Member> members) {
  if (!open) return;
  if (settings.sprinkle && type != "session.created" && chance.happens(kStrangerChance)) {
    host.send(Json::object({{"type", "session.weather.observed"},
                            {"event_id", chance.id("event")},
                            {"weather", Json::object({{"sky", "clear"}, {"degrees", 21.5}})}}));
  }
  Json event = Json::object({{"type", type}, {"event_id", chance.id("event")}});
  for (const auto &[name, value] : members) event.set(name, value);
  if (settings.sprinkle && type.ends_with(".delta")) {
    event.set("obfuscation", chance.hex(static_cast<std::size_t>(chance.between(4, 16))));
  }
  host.send(event);
}

void SessionCore::send_error(const ApiError &error, const std::string &client_event_id) {
  send("error", {{"error", Json::object({{"type", error.type},
                                         {"code", string_or_null(error.code)},
                                         {"message", error.message},
                                         {"param", string_or_null(error.param)},
                                         {"event_id", string_or_null(client_event_id)}})}});
}

void SessionCore::send_item(const char *type, const Item &item) {
  send(type, {{"previous_item_id", string_or_null(conversation.previous_of(item.id()))},
              {"item", item.json}});
}

}  // namespace oairt::sim
