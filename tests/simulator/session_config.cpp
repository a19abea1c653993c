#include "session_config.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "session_rules.h"

namespace oairt::sim {
namespace {

constexpr std::array<std::string_view, 9> kModels = {
    "gpt-realtime-2.1",    "gpt-realtime-2.1-mini",
    "gpt-realtime-2",      "gpt-realtime-1.5",
    "gpt-realtime",        "gpt-realtime-2025-08-28",
    "gpt-realtime-mini",   "gpt-realtime-mini-2025-12-15",
    "gpt-realtime-whisper"};

constexpr const char *kInstructions =
    "You are a friendly voice assistant of a simulated service. Answer briefly and at once, in the "
    "language of the user, and stop when the user speaks.";

Json pcm_format() { return Json::object({{"type", "audio/pcm"}, {"rate", 24000}}); }

Json turn_detection_defaults(const std::string &type, const std::string &model) {
  if (type == "semantic_vad") {
    return Json::object({{"type", type},
                         {"eagerness", "auto"},
                         {"create_response", true},
                         {"interrupt_response", true}});
  }
  return Json::object({{"type", "server_vad"},
                       {"threshold", 0.5},
                       {"prefix_padding_ms", 300},
                       {"silence_duration_ms", is_reasoning_model(model) ? 500 : 200},
                       {"idle_timeout_ms", nullptr},
                       {"create_response", true},
                       {"interrupt_response", true}});
}

// Members that are one value to the service: an update replaces them as a whole.
constexpr std::array<std::string_view, 4> kWholeMembers = {"tool_choice", "tracing", "truncation",
                                                           "prompt"};

Refusal check_by_type(const Json &session, const std::string &type) {
  return type == "transcription" ? check_transcription_session(session, "session")
                                 : check_realtime_session(session, "session");
}

// They write along and are told where a turn ends.
bool detects_no_turns(const std::string &transcriber) {
  return transcriber.starts_with("gpt-live-transcribe") ||
         transcriber.starts_with("gpt-realtime-whisper");
}

Refusal check_transcriber(const Json &session, const std::string &transcriber) {
  const Json &detection = session.at("audio.input.turn_detection");
  if (!detection.is_object() || !detects_no_turns(transcriber)) return std::nullopt;
  return invalid_value("session.audio.input.turn_detection",
                       "Turn detection is not supported for this transcription model.");
}

Refusal check_reasoning(const Json &session, const std::string &model) {
  if (is_reasoning_model(model)) return std::nullopt;
  for (const char *name : {"reasoning", "parallel_tool_calls"}) {
    if (session.has(name) && !session[name].is_null()) {
      return invalid_value(std::string("session.") + name,
                           std::string("Unsupported option for this model: '") + name + "'.");
    }
  }
  return std::nullopt;
}

}  // namespace

bool is_known_model(const std::string &model) {
  return std::find(kModels.begin(), kModels.end(), model) != kModels.end();
}

bool is_reasoning_model(const std::string &model) {
  return model == "gpt-realtime-2" || model.starts_with("gpt-realtime-2.");
}

SessionConfig::SessionConfig(const std::string &type, const std::string &model) {
  Json input = Json::object({{"format", pcm_format()},
                             {"transcription", nullptr},
                             {"noise_reduction", nullptr},
                             {"turn_detection", turn_detection_defaults("server_vad", model)}});
  if (type == "transcription") {
    Json &detection = input.member("turn_detection");
    for (const char *of_answers : {"create_response", "interrupt_response", "idle_timeout_ms"}) {
      detection.erase(of_answers);
    }
    json_ = Json::object(
        {{"type", type}, {"audio", Json::object({{"input", input}})}, {"include", nullptr}});
    return;
  }
  Json output = Json::object({{"format", pcm_format()}, {"voice", "marin"}, {"speed", 1.0}});
  json_ = Json::object({{"type", "realtime"},
                        {"model", model},
                        {"output_modalities", Json::array({"audio"})},
                        {"instructions", kInstructions},
                        {"tools", Json::array()},
                        {"tool_choice", "auto"},
                        {"max_output_tokens", "inf"},
                        {"tracing", nullptr},
                        {"truncation", "auto"},
                        {"prompt", nullptr},
                        {"audio", Json::object({{"input", input}, {"output", output}})},
                        {"include", nullptr}});
  if (is_reasoning_model(model)) json_.set("reasoning", Json::object({{"effort", "low"}}));
}

Refusal SessionConfig::check_initial(const Json &session) {
  if (session.is_null()) return std::nullopt;
  if (!session.is_object()) return invalid_type("session", "an object", session);
  if (!session.has("type")) return missing_parameter("session.type");
  const std::string &type = session["type"].as_string();
  if (type != "realtime" && type != "transcription") {
    return invalid_value("session.type", "Invalid value: '" + type +
                                             "'. Supported values are: 'realtime' and "
                                             "'transcription'.");
  }
  if (auto refusal = check_by_type(session, type)) return refusal;
  if (type == "transcription") {
    const std::string &transcriber = session.at("audio.input.transcription")["model"].as_string();
    return check_transcriber(session, transcriber);
  }
  const std::string model = session.has("model") ? session["model"].as_string() : kDefaultModel;
  return check_reasoning(session, model);
}

SessionConfig SessionConfig::from_initial(const Json &session) {
  const std::string type = session.has("type") ? session["type"].as_string() : "realtime";
  const std::string model = session.has("model") ? session["model"].as_string() : kDefaultModel;
  SessionConfig config(type, model);
  if (session.is_object()) config.merge(session);
  return config;
}

Refusal SessionConfig::override_with(const Json &session) {
  if (session.is_null()) return std::nullopt;
  if (auto refusal = check_initial(session)) return refusal;
  if (session["type"] != json_["type"]) {
    return invalid_value("session.type", "The type of the session is fixed by its client secret.");
  }
  merge(session);
  return std::nullopt;
}

Refusal SessionConfig::update(const Json &session, bool spoke) {
  if (!session.is_object()) return invalid_type("session", "an object", session);
  if (!session.has("type")) return missing_parameter("session.type");
  const std::string &type = json_["type"].as_string();
  if (session["type"].as_string() != type) {
    return invalid_value("session.type", "Passing a '" + session["type"].as_string() +
                                             "' session update to a " + type +
                                             " session is not allowed.");
  }
  if (auto refusal = check_by_type(session, type)) return refusal;
  if (is_transcription()) {
    const Json &named = session.at("audio.input.transcription")["model"];
    const Json &transcriber = named.is_null() ? transcription()["model"] : named;
    if (auto refusal = check_transcriber(session, transcriber.as_string())) return refusal;
  }
  if (auto refusal = check_fixed(session, spoke)) return refusal;
  merge(session);
  return std::nullopt;
}

Refusal SessionConfig::check_fixed(const Json &patch, bool spoke) const {
  const std::string &model = json_["model"].as_string();
  if (patch.has("model") && patch["model"].as_string() != model) {
    return invalid_value("session.model", "Cannot update a conversation's model: it is '" + model +
                                              "' for the whole session.");
  }
  const Json &voice = patch.at("audio.output.voice");
  if (!voice.is_null() && spoke && voice != json_.at("audio.output.voice")) {
    return ApiError{"cannot_update_voice",
                    "Cannot update a conversation's voice if assistant audio is present.",
                    "session.audio.output.voice"};
  }
  if (patch.has("tracing") && !json_["tracing"].is_null() && patch["tracing"] != json_["tracing"]) {
    return invalid_value("session.tracing", "Tracing cannot be changed once it is enabled.");
  }
  return check_reasoning(patch, model);
}

void SessionConfig::merge(const Json &patch) {
  const Json &wanted = patch.at("audio.input.turn_detection");
  if (wanted.is_object() && wanted["type"] != turn_detection()["type"]) {
    json_.member("audio").member("input").set(
        "turn_detection",
        turn_detection_defaults(wanted["type"].as_string(), json_["model"].as_string()));
  }
  for (auto name : kWholeMembers) {
    if (patch.has(name)) json_.set(name, Json());
  }
  if (patch.at("audio.output.voice").is_object()) {
    json_.member("audio").member("output").set("voice", Json());
  }
  json_.merge(patch);
  if (is_transcription() && detects_no_turns(transcription()["model"].as_string())) {
    json_.member("audio").member("input").set("turn_detection", nullptr);
  }
}

Json SessionConfig::full(const std::string &id, int64_t expires_at) const {
  const char *object = is_transcription() ? "realtime.transcription_session" : "realtime.session";
  Json result = Json::object({{"type", json_["type"]}, {"object", object}, {"id", id}});
  result.merge(json_);
  result.set("expires_at", expires_at);
  return result;
}

}  // namespace oairt::sim
