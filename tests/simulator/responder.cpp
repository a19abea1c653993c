#include "responder.h"

#include <algorithm>

#include "session_rules.h"

namespace oairt::sim {
namespace {

// That part of the text, by whole words.
std::string first_part(const std::string &text, double part) {
  auto words = split_words(text);
  auto kept = static_cast<std::size_t>(static_cast<double>(words.size()) * std::min(1.0, part));
  std::string result;
  for (std::size_t i = 0; i < kept; ++i) result += words[i];
  return result;
}

Json details(const std::string &type, const std::string &reason) {
  return Json::object({{"type", type}, {"reason", reason}});
}

}  // namespace

Refusal Responder::create(ResponseRequest request) {
  if (auto refusal = check(request, request.params)) return refusal;
  if (core_.host.take_fault("no_response")) return std::nullopt;
  Response &response = responses_.emplace_back();
  response.id = core_.chance.id("resp");
  response.item_id = core_.chance.id("item");
  response.params = request.params;
  response.in_conversation = request.params["conversation"].as_string() != "none";
  const Json &modalities = request.params.has("output_modalities")
                               ? request.params["output_modalities"]
                               : core_.config.json()["output_modalities"];
  response.audio = modalities.items().empty() || modalities.items()[0].as_string() != "text";
  core_.send("response.created",
             {{"response", response.json(core_, "in_progress", Json(), false)}});
  response.limits_first = core_.chance.happens(0.5);
  if (response.limits_first) send_rate_limits(response);
  if (auto error = core_.host.take_fault("response_failed")) {
    fail(response, *error);
  } else {
    plan(response, request);
  }
  core_.host.reached("response");
  return std::nullopt;
}

Refusal Responder::check(const ResponseRequest &request, const Json &params) const {
  if (core_.config.is_transcription()) {
    return ApiError{"", "Responses are not available in a transcription session.", ""};
  }
  if (!params.is_null()) {
    if (auto refusal = check_response_params(params, "response")) return refusal;
  }
  for (std::size_t i = 0; i < params["input"].items().size(); ++i) {
    const Json &item = params["input"].items()[i];
    std::string path = "response.input[" + std::to_string(i) + "]";
    if (item["type"].as_string() != "item_reference") {
      if (auto refusal = core_.conversation.check_new(item, path)) return refusal;
    } else if (core_.conversation.find(item["id"].as_string()) == nullptr) {
      return invalid_value(path + ".id",
                           "Item with id '" + item["id"].as_string() + "' does not exist.");
    }
  }
  const Response *busy = active();
  if (busy == nullptr || params["conversation"].as_string() == "none") return std::nullopt;
  return ApiError{"conversation_already_has_active_response",
                  "Conversation already has an active response in progress: " + busy->id +
                      ". Wait until the response is finished before creating a new one.",
                  ""};
}

std::list<Item> Responder::context_of(const Json &params) const {
  if (!params.has("input")) return core_.conversation.items();
  std::list<Item> context;
  for (const auto &item : params["input"].items()) {
    const Item *known = core_.conversation.find(item["id"].as_string());
    context.push_back(item["type"].as_string() == "item_reference" && known != nullptr
                          ? *known
                          : Conversation::complete(item, "item_input"));
  }
  return context;
}

void Responder::plan(Response &response, const ResponseRequest &original) {
  ResponseRequest request = original;
  auto context = context_of(request.params);
  count_context(response, context);
  Duration think = core_.settings.think_time;
  if (auto slow = core_.host.take_fault("slow_response")) think += parse_seconds(*slow);
  if (request.say.empty() && plan_call(response, context)) {
    response.audio = false;
    response.words = split_words(response.call.arguments);
  } else {
    Prompt prompt{&context, ++answers_, request.heard_seconds};
    response.text = request.say.empty() ? core_.script.answer(prompt) : request.say;
    response.words = split_words(response.text);
  }
  response.limit = response.words.size();
  if (auto reason = core_.host.take_fault("response_incomplete")) {
    response.limit = std::max<std::size_t>(1, response.limit / 2);
    response.cut_reason = reason->empty() ? "max_output_tokens" : *reason;
  }
  if (response.audio) prepare_voice(response, request);
  after(response, think, &Responder::maybe_begin);
}

bool Responder::plan_call(Response &response, const std::list<Item> &context) {
  const Json &own_tools = response.params["tools"];
  const Json &tools = own_tools.is_array() ? own_tools : core_.config.json()["tools"];
  const Json &own_choice = response.params["tool_choice"];
  const Json &choice = own_choice.is_null() ? core_.config.json()["tool_choice"] : own_choice;
  if (tools.items().empty() || choice.as_string() == "none") return false;
  std::string wanted = choice["name"].as_string();
  auto &orders = core_.script.tool_calls;
  bool answered = !context.empty() && context.back().type() == "function_call_output";
  auto is_tool = [&](const std::string &name) {
    return std::any_of(tools.items().begin(), tools.items().end(),
                       [&](const Json &tool) { return tool["name"].as_string() == name; });
  };
  if (!orders.empty() && !answered && is_tool(orders.front().name) &&
      (wanted.empty() || wanted == orders.front().name)) {
    response.call = orders.front();
    orders.pop_front();
    while (!orders.empty() && orders.front().along && is_tool(orders.front().name)) {
      response.more_calls.push_back(
          {orders.front(), core_.chance.id("item"), core_.chance.id("call", 16)});
      orders.pop_front();
    }
  } else if (!wanted.empty()) {
    response.call = {wanted, "{}"};
  } else if (choice.as_string() == "required") {
    response.call = {tools.items()[0]["name"].as_string(), "{}"};
  } else {
    return false;
  }
  response.is_call = true;
  response.call_id = core_.chance.id("call", 16);
  return true;
}

void Responder::count_context(Response &response, const std::list<Item> &context) {
  const Json &own = response.params["instructions"];
  const Json &instructions = own.is_null() ? core_.config.json()["instructions"] : own;
  int64_t text = text_tokens(instructions.as_string());
  int64_t audio = 0;
  for (const auto &item : context) {
    auto tokens = text_tokens(item.words) + 4;
    (item.has_audio ? audio : text) += tokens;
  }
  response.context_text_tokens = text;
  response.context_audio_tokens = audio;
  response.cached_tokens = std::min(text, last_context_tokens_) / 64 * 64;
  last_context_tokens_ = text;
}

void Responder::prepare_voice(Response &response, ResponseRequest &request) {
  response.speech = ++last_speech_;
  const Json &own_voice = response.params.at("audio.output.voice");
  const Json &voice =
      own_voice.is_null() ? core_.config.json().at("audio.output.voice") : own_voice;
  Speech speech{response.speech, response.text,
                voice.is_string() ? voice.as_string() : voice["id"].as_string(),
                core_.config.json().at("audio.output.speed").as_double(1.0),
                std::move(request.user_pcm)};
  core_.host.prepare(std::move(speech));
}

void Responder::after(Response &response, Duration delay, void (Responder::*step)(Response &)) {
  response.timers.push_back(core_.timers.at(core_.now + delay, [this, id = response.id, step] {
    Response *found = by_id(id);
    if (found == nullptr) return;
    if (step == &Responder::maybe_begin) found->thought = true;
    (this->*step)(*found);
  }));
}

void Responder::voice_ready(uint64_t speech, const VoiceLength &length) {
  Response *response = by_speech(speech);
  if (response == nullptr) return;
  response->duration_ms = length.duration_ms;
  if (length.words.size() == response->words.size()) response->places = length.words;
  if (response->generating) maybe_begin(*response);
}

const Response *Responder::active() const {
  for (const auto &response : responses_) {
    if (response.generating && response.in_conversation) return &response;
  }
  return nullptr;
}

bool Responder::speaking() const {
  return std::any_of(responses_.begin(), responses_.end(), [](const Response &response) {
    return response.in_conversation && response.playback != Response::Playback::None;
  });
}

Refusal Responder::cancel(const std::string &response_id) {
  Response *response = nullptr;
  for (auto &candidate : responses_) {
    bool wanted = response_id.empty() ? candidate.in_conversation : candidate.id == response_id;
    if (candidate.generating && wanted) response = &candidate;
  }
  if (response == nullptr) {
    return ApiError{"response_cancel_not_active", "Cancellation failed: no active response found",
                    ""};
  }
  // What was generated is in the output buffer and plays on until it is cleared.
  if (response->speech != 0) {
    int64_t generated_ms = response->generated_ms(core_.now, core_.settings.generation_speed);
    if (response->begun) {
      core_.host.cut(response->speech, generated_ms);
      response->duration_ms = generated_ms;
    } else {
      core_.host.stop(response->speech);
    }
  }
  finish(*response, "cancelled", details("cancelled", "client_cancelled"));
  settle(response->id);
  return std::nullopt;
}

void Responder::interrupt() {
  std::vector<std::string> ids;
  for (const auto &response : responses_) {
    if (response.in_conversation) ids.push_back(response.id);
  }
  for (const auto &id : ids) {
    Response &response = *by_id(id);
    bool was_queued = response.playback != Response::Playback::None;
    int64_t heard_ms = response.speech != 0 ? core_.host.stop(response.speech) : 0;
    response.playback = Response::Playback::None;
    std::vector<std::function<void()>> steps;
    if (response.generating) {
      steps.emplace_back(
          [&] { finish(response, "cancelled", details("cancelled", "turn_detected")); });
    }
    if (response.heard_started) {
      steps.emplace_back([&] {
        core_.send("output_audio_buffer.cleared", {{"response_id", response.id}});
      });
    }
    if (was_queued) steps.emplace_back([&] { truncate(response, heard_ms); });
    core_.chance.shuffle(steps);
    for (auto &step : steps) step();
    release(id);
  }
}

void Responder::truncate(Response &response, int64_t heard_ms) {
  response.truncated = true;
  core_.send("conversation.item.truncated",
             {{"item_id", response.item_id}, {"content_index", 0}, {"audio_end_ms", heard_ms}});
  if (Item *item = core_.conversation.find(response.item_id)) {
    auto whole_ms = std::max<int64_t>(1, response.duration_ms);
    item->words =
        first_part(item->words, static_cast<double>(heard_ms) / static_cast<double>(whole_ms));
    item->audio_ms = heard_ms;
    item->json.set("content", Json::array({Json::object({{"type", "output_audio"}})}));
  }
}

void Responder::clear_output() {
  std::vector<std::string> ids;
  for (const auto &response : responses_) ids.push_back(response.id);
  for (const auto &id : ids) {
    Response &response = *by_id(id);
    if (response.playback == Response::Playback::None) continue;
    core_.host.stop(response.speech);
    response.playback = Response::Playback::None;
    core_.send("output_audio_buffer.cleared", {{"response_id", id}});
    if (!response.generating) release(id);
  }
}

void Responder::play_started(uint64_t speech) {
  Response *response = by_speech(speech);
  if (response == nullptr) return;
  response->playback = Response::Playback::Playing;
  response->heard_started = true;
  core_.send("output_audio_buffer.started", {{"response_id", response->id}});
  core_.host.reached("speaking");
}

void Responder::play_finished(uint64_t speech) {
  Response *response = by_speech(speech);
  if (response == nullptr) return;
  response->play_out_done = true;
  if (response->generating) return;  // output_audio_buffer.stopped never precedes response.done
  response->playback = Response::Playback::None;
  core_.send("output_audio_buffer.stopped", {{"response_id", response->id}});
  release(response->id);
}

Response *Responder::by_id(const std::string &id) {
  for (auto &response : responses_) {
    if (response.id == id) return &response;
  }
  return nullptr;
}

Response *Responder::by_speech(uint64_t speech) {
  for (auto &response : responses_) {
    if (speech != 0 && response.speech == speech) return &response;
  }
  return nullptr;
}

// After the end of the generation: what is played out already is reported now.
void Responder::settle(const std::string &id) {
  Response *response = by_id(id);
  if (response == nullptr) return;
  if (response->play_out_done && response->playback != Response::Playback::None) {
    play_finished(response->speech);
  } else {
    release(id);
  }
}

void Responder::release(const std::string &id) {
  Response *response = by_id(id);
  if (response == nullptr || response->generating ||
      response->playback != Response::Playback::None) {
    return;
  }
  std::erase_if(responses_, [&](const Response &candidate) { return candidate.id == id; });
  if (responses_.empty() && on_quiet) on_quiet();
}

}  // namespace oairt::sim
