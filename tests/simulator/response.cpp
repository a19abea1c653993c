#include "response.h"

#include <algorithm>

#include <glib.h>

namespace oairt::sim {

std::vector<std::string> split_words(const std::string &text) {
  std::vector<std::string> words;
  std::size_t begin = 0;
  while (begin < text.size()) {
    auto end = text.find(' ', begin);
    end = end == std::string::npos ? text.size() : text.find_first_not_of(' ', end);
    if (end == std::string::npos) end = text.size();
    words.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return words;
}

std::vector<PlacedWord> place_words(const std::string &text,
                                    const std::vector<Speaker::Mark> &marks) {
  std::vector<PlacedWord> words;
  std::size_t mark = 0;
  int64_t character = 0;
  for (const auto &word : split_words(text)) {
    auto end = character + g_utf8_strlen(word.data(), static_cast<gssize>(word.size()));
    PlacedWord placed{word, words.empty() ? 0 : words.back().ms, false};
    // A word may have marks of its parts; its first one counts.
    for (; mark < marks.size() && marks[mark].character < end; ++mark) {
      if (placed.own || marks[mark].character < character) continue;
      placed.ms = std::max(placed.ms, marks[mark].ms);
      placed.own = true;
    }
    words.push_back(std::move(placed));
    character = end;
  }
  return words;
}

int64_t text_tokens(const std::string &text) { return static_cast<int64_t>(text.size() + 3) / 4; }

std::string Response::said_text() const {
  std::string result;
  for (std::size_t i = 0; i < said && i < words.size(); ++i) result += words[i];
  return result;
}

int64_t Response::generated_ms(TimePoint now, double speed) const {
  if (!begun || duration_ms <= 0) return 0;
  return std::min(duration_ms, static_cast<int64_t>(to_ms(now - begun_at) * speed));
}

Json Response::item(const std::string &status) const {
  Json item = Json::object({{"id", item_id}, {"object", "realtime.item"}});
  if (is_call) {
    item.set("type", "function_call").set("status", status).set("name", call.name);
    return item.set("call_id", call_id).set("arguments", said_text());
  }
  item.set("type", "message").set("status", status).set("role", "assistant");
  if (status == "in_progress") return item.set("content", Json::array());
  Json part = audio ? Json::object({{"type", "output_audio"}, {"transcript", said_text()}})
                    : Json::object({{"type", "output_text"}, {"text", said_text()}});
  return item.set("content", Json::array({part}));
}

Json Response::MoreCall::item(const std::string &status) const {
  Json item = Json::object({{"id", item_id}, {"object", "realtime.item"}});
  item.set("type", "function_call").set("status", status).set("name", call.name);
  return item.set("call_id", call_id).set("arguments", call.arguments);
}

Json Response::content_part(bool done) const {
  std::string words_so_far = done ? said_text() : "";
  return audio ? Json::object({{"type", "audio"}, {"transcript", words_so_far}})
               : Json::object({{"type", "text"}, {"text", words_so_far}});
}

int64_t Response::output_text_tokens() const { return text_tokens(said_text()); }

int64_t Response::output_audio_tokens() const {
  if (!audio || duration_ms <= 0 || words.empty()) return 0;
  auto part = static_cast<int64_t>(said) * duration_ms / static_cast<int64_t>(words.size());
  return part * kAudioTokensPerSecondOut / 1000;
}

Json Response::usage() const {
  int64_t input = context_text_tokens + context_audio_tokens;
  int64_t output = output_text_tokens() + output_audio_tokens();
  return Json::object(
      {{"total_tokens", input + output},
       {"input_tokens", input},
       {"output_tokens", output},
       {"input_token_details",
        Json::object({{"text_tokens", context_text_tokens},
                      {"audio_tokens", context_audio_tokens},
                      {"image_tokens", 0},
                      {"cached_tokens", cached_tokens},
                      {"cached_tokens_details", Json::object({{"text_tokens", cached_tokens},
                                                              {"audio_tokens", 0},
                                                              {"image_tokens", 0}})}})},
       {"output_token_details", Json::object({{"text_tokens", output_text_tokens()},
                                              {"audio_tokens", output_audio_tokens()}})}});
}

Json Response::json(const SessionCore &core, const std::string &status, Json status_details,
                    bool done) const {
  const Json &config = core.config.json();
  Json output = Json::array();
  if (done && begun) output.push_back(item(status == "completed" ? "completed" : "incomplete"));
  for (const auto &more : more_calls) {
    if (done && begun && status == "completed") output.push_back(more.item(status));
  }
  auto either = [&](const char *path) {
    const Json &own = params.at(path);
    return own.is_null() ? config.at(path) : own;
  };
  return Json::object(
      {{"object", "realtime.response"},
       {"id", id},
       {"status", status},
       {"status_details", std::move(status_details)},
       {"output", output},
       {"conversation_id", in_conversation ? Json(core.conversation_id) : Json()},
       {"output_modalities", either("output_modalities")},
       {"max_output_tokens", either("max_output_tokens")},
       {"audio",
        Json::object({{"output", Json::object({{"format", either("audio.output.format")},
                                               {"voice", either("audio.output.voice")}})}})},
       {"usage", done ? usage() : Json()},
       {"metadata", params["metadata"]}});
}

}  // namespace oairt::sim
