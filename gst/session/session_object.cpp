#include "session/session_object.h"

#include <algorithm>
#include <array>

#include "protocol/tool_list.h"
#include "session/config.h"
#include "session/transcription.h"

namespace oairt {
namespace {

constexpr std::array<std::string_view, 10> kVoices = {
    "alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"};

std::string text(const Settings &settings, const char *name, const char *otherwise) {
  auto position = settings.find(name);
  if (position == settings.end()) return otherwise;
  const auto *value = std::get_if<std::string>(&position->second);
  return value != nullptr ? *value : otherwise;
}

Error refuse(const std::string &property, const std::string &why) {
  return Error{ErrorCode::Config,
               "The property \"" + property + "\" " + why,
               "property " + property,
               {},
               {}};
}

Result<Json> parse_property(const std::string &property, const std::string &json) {
  auto parsed = Json::parse(json);
  if (!parsed) {
    return refuse(property, "is not valid JSON (" + parsed.error().message + " " +
                                parsed.error().detail + ").");
  }
  return parsed;
}

Json turn_detection(const std::string &kind) {
  if (kind == "none") return nullptr;
  return Json::object({{"type", kind == "semantic-vad" ? "semantic_vad" : "server_vad"},
                       {"create_response", true},
                       {"interrupt_response", true}});
}

Json input_audio(const Settings &settings, bool only_transcription) {
  Json input = Json::object();
  std::string noise = text(settings, "noise-reduction", "none");
  input.set("noise_reduction",
            noise == "none"
                ? Json()
                : Json::object({{"type", noise == "near-field" ? "near_field" : "far_field"}}));
  std::string model = text(settings, "transcription-model", kDefaultTranscriptionModel);
  Json transcription;
  if (!model.empty()) {
    transcription = Json::object({{"model", model}});
    std::string language = text(settings, "language", "");
    if (!language.empty()) transcription.set("language", language);
  }
  input.set("transcription", transcription);
  std::string detection = text(settings, "turn-detection", "server-vad");
  input.set("turn_detection", only_transcription ? transcription_turn_detection(detection, model)
                                                 : turn_detection(detection));
  return input;
}

Status add_voice(const Settings &settings, Json &output) {
  std::string voice = text(settings, "voice", "");
  if (voice.starts_with("voice_")) {
    output.set("voice", Json::object({{"id", voice}}));
  } else if (!voice.empty()) {
    if (std::find(kVoices.begin(), kVoices.end(), voice) == kVoices.end()) {
      std::string known;
      for (auto name : kVoices) known += (known.empty() ? "" : ", ") + std::string(name);
      return refuse("voice", "is \"" + voice + "\", which the service does not know. It knows " +
                                 known +
                                 ", and own voices by their id (voice_…); another "
                                 "server's voices go into \"session-config\".");
    }
    output.set("voice", voice);
  }
  return Success{};
}

Status add_model_settings(const Settings &settings, Json &session) {
  Json output = Json::object();
  if (auto status = add_voice(settings, output); !status) return status;
  auto speed = settings.find("speed");
  if (speed != settings.end()) {
    double value = std::get<double>(speed->second);
    if (value < 0.25 || value > 1.5) return refuse("speed", "must lie between 0.25 and 1.5.");
    output.set("speed", value);
  }
  session.set("output_modalities", Json::array({"audio"}));
  session.member("audio").set("output", output);
  if (settings.contains("instructions")) {
    session.set("instructions", text(settings, "instructions", ""));
  }
  std::string tools = text(settings, "tools", "");
  if (!tools.empty()) {
    auto parsed = parse_property("tools", tools);
    if (!parsed) return parsed.error();
    if (auto checked = check_tools(parsed.value()); !checked) {
      return refuse("tools", checked.error().message);
    }
    session.set("tools", parsed.value());
  }
  return Success{};
}

}  // namespace

Result<Json> build_session_object(const Settings &settings) {
  Json extra = Json::object();
  std::string session_config = text(settings, "session-config", "");
  if (!session_config.empty()) {
    auto parsed = parse_property("session-config", session_config);
    if (!parsed) return parsed.error();
    if (!parsed->is_object()) return refuse("session-config", "must be a JSON object.");
    extra = std::move(parsed).value();
  }
  std::string type = extra["type"].as_string();
  if (type.empty()) type = text(settings, "session-type", "realtime");
  bool transcription = type == "transcription";
  if (transcription) {
    std::string model = extra.at("audio.input.transcription")["model"].as_string();
    if (model.empty()) model = text(settings, "transcription-model", kDefaultTranscriptionModel);
    if (auto status = check_transcription_settings(settings, model); !status) return status.error();
  }
  Json session = Json::object({{"type", transcription ? "transcription" : "realtime"}});
  if (!transcription) session.set("model", text(settings, "model", kDefaultModel));
  session.set("audio", Json::object({{"input", input_audio(settings, transcription)}}));
  if (!transcription) {
    if (auto status = add_model_settings(settings, session); !status) return status.error();
  }
  if (extra["tools"].is_array()) {
    if (auto checked = check_tools(extra["tools"]); !checked) {
      return refuse("session-config", checked.error().message);
    }
  }
  session.merge(extra);
  return session;
}

Json session_update_payload(const Json &session) {
  Json payload = session;
  payload.erase("model");
  return payload;
}

Json answers_payload(const Json &session, bool as_configured) {
  Json payload = Json::object({{"type", session["type"]}});
  const Json &configured = session.at("audio.input.turn_detection");
  if (!configured.is_object() || session["type"].as_string() == "transcription") return payload;
  Json detection = configured;
  detection.set("create_response",
                Json(as_configured && configured["create_response"].as_bool(true)));
  payload.set("audio", Json::object({{"input", Json::object({{"turn_detection", detection}})}}));
  return payload;
}

namespace {

bool difference(const Json &before, const Json &after, Json &out) {
  bool any = false;
  for (const auto &[name, value] : after.members()) {
    if (before.has(name) && before[name] == value) continue;
    // Whose members depend on its type: what the other type knows must not be named, not even to
    // clear it.
    bool whole = name == "turn_detection";
    if (before[name].is_object() && value.is_object() && !whole) {
      Json inner = Json::object();
      if (difference(before[name], value, inner)) out.set(name, inner);
    } else {
      out.set(name, value);
    }
    any = true;
  }
  for (const auto &[name, value] : before.members()) {
    if (after.has(name)) continue;
    out.set(name, value.is_array() ? Json::array() : name == "instructions" ? Json("") : Json());
    any = true;
  }
  return any;
}

}  // namespace

std::optional<Json> session_difference(const Json &before, const Json &after) {
  Json changes = Json::object();
  if (!difference(session_update_payload(before), session_update_payload(after), changes)) {
    return std::nullopt;
  }
  Json payload = Json::object({{"type", after["type"]}});
  payload.merge(changes);
  return payload;
}

}  // namespace oairt
