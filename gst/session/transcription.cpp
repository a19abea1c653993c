#include "session/transcription.h"

#include <algorithm>
#include <array>

namespace oairt {
namespace {

Error refuse(const std::string &property, const std::string &why) {
  return Error{ErrorCode::Config,
               "The property \"" + property + "\" " + why,
               "property " + property,
               {},
               {}};
}

}  // namespace

bool is_live_transcriber(const std::string &model) {
  return model.starts_with("gpt-live-transcribe") || model.starts_with("gpt-realtime-whisper");
}

Status check_transcription_settings(const Settings &settings, const std::string &model) {
  for (const char *name : {"model", "instructions", "voice", "speed", "tools"}) {
    if (settings.count(name) == 0) continue;
    return refuse(name,
                  "has no meaning with session-type=transcription: nothing is answered. The "
                  "model that writes is set by \"transcription-model\".");
  }
  if (model.empty()) {
    return refuse("transcription-model",
                  "must name a model with session-type=transcription: it is what writes.");
  }
  auto detection = settings.find("turn-detection");
  bool wanted = detection != settings.end() && detection->second != SettingValue("none");
  if (wanted && is_live_transcriber(model)) {
    return refuse("turn-detection", "must be none, or not set, with transcription-model=" + model +
                                        ": the service detects no turns for it.");
  }
  return Success{};
}

Json transcription_turn_detection(const std::string &kind, const std::string &model) {
  if (kind == "none" || is_live_transcriber(model)) return nullptr;
  return Json::object({{"type", kind == "semantic-vad" ? "semantic_vad" : "server_vad"}});
}

bool commits_at_pauses(const Settings &settings, const Json &session) {
  return session["type"].as_string() == "transcription" && settings.count("turn-detection") == 0 &&
         session.at("audio.input.turn_detection").is_null() &&
         is_live_transcriber(session.at("audio.input.transcription")["model"].as_string());
}

std::string event_type(const std::string &json) {
  auto parsed = Json::parse(json);
  return parsed ? parsed.value()["type"].as_string() : "";
}

std::string impossible_in_transcription(const std::string &what) {
  constexpr std::array kWhat = {"send-text", "create-response", "submit-tool-output",
                                "response.create"};
  if (std::find(kWhat.begin(), kWhat.end(), what) == kWhat.end()) return "";
  return "\"" + what +
         "\" is not possible with session-type=transcription: the service writes down what is "
         "said and answers nothing.";
}

}  // namespace oairt
