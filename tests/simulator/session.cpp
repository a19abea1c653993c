#include "session.h"

namespace oairt::sim {
namespace {

template <typename... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <typename... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

ApiError ordered_refusal(const std::string &value, const char *what) {
  return {value.empty() ? "server_error" : value,
          std::string("The server had an error while processing your ") + what + ".", "",
          value.empty() ? "server_error" : "invalid_request_error"};
}

ApiError no_such_item(const char *verb, const std::string &id) {
  std::string word = verb;
  std::string gerund = word == "retrieve" ? "retrieving" : "deleting";
  return {"item_" + word + "_invalid_item_id",
          "Error " + gerund + " item: the item with id '" + id + "' does not exist.", "item_id"};
}

}  // namespace

Session::Session(SessionHost &host, const SessionSettings &settings, Script &script,
                 SessionConfig config, uint64_t seed)
    : core_(host, settings, script, std::move(config), seed),
      responder_(core_),
      turns_(core_, responder_) {
  responder_.on_quiet = [this] { turns_.quiet(); };
}

void Session::open(TimePoint now, int64_t unix_now_s) {
  if (core_.open) return;
  advance(now);
  core_.open = true;
  core_.expires_at = unix_now_s + core_.settings.max_age_s;
  core_.timers.at(now + std::chrono::seconds(core_.settings.max_age_s),
                  [this] { expire(core_.now); });
  core_.send("session.created",
             {{"session", core_.config.full(core_.session_id, core_.expires_at)}});
  core_.send("conversation.created",
             {{"conversation", Json::object({{"id", core_.conversation_id},
                                             {"object", "realtime.conversation"}})}});
  core_.host.reached("open");
}

void Session::handle(std::string_view text, TimePoint now) {
  advance(now);
  // Sound comes by RTP; what arrives here as well is taken and ignored.
  auto json = Json::parse(text);
  if (json && json.value()["type"].as_string() == "input_audio_buffer.append") return;
  auto parsed = parse_client_event(text);
  if (const auto *refused = std::get_if<ClientEventRefusal>(&parsed)) {
    ++refused_;
    core_.send_error({refused->code, refused->message, refused->param}, refused->client_event_id);
    return;
  }
  const auto &event = std::get<ClientEvent>(parsed);
  if (auto refusal = dispatch(event)) {
    ++refused_;
    core_.send_error(*refusal, event.event_id);
  } else {
    ++counts_[json.value()["type"].as_string()];
  }
}

Refusal Session::dispatch(const ClientEvent &event) {
  return std::visit(
      Overloaded{[this](const SessionUpdate &e) { return update(e); },
                 [this](const ItemCreate &e) { return create_item(e); },
                 [this](const ItemRetrieve &e) { return retrieve_item(e); },
                 [this](const ItemTruncate &e) { return truncate_item(e); },
                 [this](const ItemDelete &e) { return delete_item(e); },
                 [this](const InputCommit &) { return turns_.commit(); },
                 [this](const InputClear &) -> Refusal {
                   turns_.clear();
                   return std::nullopt;
                 },
                 [this](const OutputClear &) -> Refusal {
                   responder_.clear_output();
                   return std::nullopt;
                 },
                 [this](const ResponseCreate &e) { return create_response(e); },
                 [this](const ResponseCancel &e) { return responder_.cancel(e.response_id); }},
      event.body);
}

Refusal Session::update(const SessionUpdate &event) {
  if (auto ordered = core_.host.take_fault("reject_update")) {
    return ordered_refusal(*ordered, "session update");
  }
  if (auto refusal = core_.config.update(event.session, core_.spoke)) return refusal;
  turns_.config_changed();
  if (!core_.host.take_fault("no_updated")) {
    core_.send("session.updated",
               {{"session", core_.config.full(core_.session_id, core_.expires_at)}});
  }
  core_.host.reached("update");
  return std::nullopt;
}

Refusal Session::create_item(const ItemCreate &event) {
  if (auto ordered = core_.host.take_fault("reject_item")) {
    return ordered_refusal(*ordered, "item");
  }
  if (auto refusal = core_.conversation.check_new(event.item, "item")) return refusal;
  if (auto refusal = core_.conversation.check_previous(event.previous_item_id)) return refusal;
  Item item = Conversation::complete(event.item, core_.chance.id("item"));
  core_.conversation.add(item, event.previous_item_id);
  core_.send_item("conversation.item.added", item);
  core_.send_item("conversation.item.done", item);
  core_.host.reached("item");
  return std::nullopt;
}

Refusal Session::retrieve_item(const ItemRetrieve &event) {
  const Item *item = core_.conversation.find(event.item_id);
  if (item == nullptr) return no_such_item("retrieve", event.item_id);
  core_.send("conversation.item.retrieved", {{"item", item->json}});
  return std::nullopt;
}

Refusal Session::truncate_item(const ItemTruncate &event) {
  Item *item = core_.conversation.find(event.item_id);
  if (item == nullptr) {
    return ApiError{"item_truncate_invalid_item_id",
                    "Item with item_id not found: " + event.item_id, "item_id"};
  }
  if (item->role() != "assistant" || !item->has_audio) {
    return ApiError{"", "Only model output audio messages can be truncated", ""};
  }
  if (event.content_index != 0) {
    return invalid_value("content_index", "Invalid value: " + std::to_string(event.content_index) +
                                              ". The item has one content part.");
  }
  if (event.audio_end_ms < 0) {
    return invalid_value("audio_end_ms", "Invalid value: audio_end_ms must not be negative.");
  }
  if (event.audio_end_ms > item->audio_ms) {
    return invalid_value("audio_end_ms", "Audio content of " + std::to_string(item->audio_ms) +
                                             "ms is already shorter than " +
                                             std::to_string(event.audio_end_ms) + "ms");
  }
  item->audio_ms = event.audio_end_ms;
  item->json.set("content", Json::array({Json::object({{"type", "output_audio"}})}));
  core_.send(
      "conversation.item.truncated",
      {{"item_id", event.item_id}, {"content_index", 0}, {"audio_end_ms", event.audio_end_ms}});
  return std::nullopt;
}

Refusal Session::delete_item(const ItemDelete &event) {
  if (!core_.conversation.remove(event.item_id)) return no_such_item("delete", event.item_id);
  core_.send("conversation.item.deleted", {{"item_id", event.item_id}});
  return std::nullopt;
}

Refusal Session::create_response(const ResponseCreate &event) {
  bool in_band =
      event.response["conversation"].as_string() != "none" && !event.response.has("input");
  ResponseRequest request = in_band ? turns_.take_unanswered() : ResponseRequest();
  request.params = event.response;
  return responder_.create(std::move(request));
}

void Session::hear(const int16_t *pcm, std::size_t samples, TimePoint now) {
  advance(now);
  if (core_.open) turns_.hear(pcm, samples);
}

void Session::voice_ready(uint64_t speech, const VoiceLength &length, TimePoint now) {
  advance(now);
  responder_.voice_ready(speech, length);
}

void Session::play_started(uint64_t speech, TimePoint now) {
  advance(now);
  responder_.play_started(speech);
}

void Session::play_finished(uint64_t speech, TimePoint now) {
  advance(now);
  responder_.play_finished(speech);
}

void Session::advance(TimePoint now) {
  core_.now = now;
  core_.timers.run(now);
}

void Session::force_speech(bool started, TimePoint now) {
  advance(now);
  turns_.force_speech(started);
}

Refusal Session::say(const std::string &text, TimePoint now) {
  advance(now);
  ResponseRequest request;
  request.say = text;
  return responder_.create(std::move(request));
}

void Session::expire(TimePoint now) {
  core_.now = now;
  int64_t minutes = core_.settings.max_age_s / 60;
  send_error({"session_expired",
              "Your session hit the maximum duration of " +
                  (minutes > 0 ? std::to_string(minutes) + " minutes."
                               : std::to_string(core_.settings.max_age_s) + " seconds."),
              ""},
             now);
  core_.host.session_expired();
}

void Session::send_error(const ApiError &error, TimePoint now) {
  core_.now = now;
  core_.send_error(error, "");
}

Json Session::state() const {
  Json items = Json::array();
  for (const auto &item : core_.conversation.items()) {
    Json entry = item.json;
    entry.set("simulator", Json::object({{"words", item.words}, {"audio_ms", item.audio_ms}}));
    items.push_back(entry);
  }
  Json counts = Json::object();
  for (const auto &[type, count] : counts_) counts.set(type, count);
  const Response *active = responder_.active();
  return Json::object({{"session_id", core_.session_id},
                       {"conversation_id", core_.conversation_id},
                       {"open", core_.open},
                       {"expires_at", core_.expires_at},
                       {"config", core_.config.json()},
                       {"items", items},
                       {"client_events", counts},
                       {"refused_events", refused_},
                       {"active_response", active == nullptr ? Json() : Json(active->id)},
                       {"model_speaking", responder_.speaking()},
                       {"user_speaking", turns_.user_speaking()},
                       {"input_ms", turns_.position_ms()}});
}

}  // namespace oairt::sim
