// The second half of the responder: from the first announced item to response.done.
#include <algorithm>

#include "responder.h"

namespace oairt::sim {
namespace {

constexpr milliseconds kTextDelta{15};

}  // namespace

void Responder::maybe_begin(Response &response) {
  if (response.begun || !response.thought) return;
  if (response.speech != 0 && response.duration_ms < 0) return;
  begin(response);
}

void Responder::begin(Response &response) {
  response.begun = true;
  response.begun_at = core_.now;
  limit_tokens(response);
  announce(response);
  if (response.speech != 0) {
    core_.spoke = true;
    response.playback = Response::Playback::Queued;
    core_.host.play(response.speech);
  }
  schedule_deltas(response);
}

void Responder::announce(Response &response) {
  Json shown = response.item("in_progress");
  core_.send("response.output_item.added",
             {{"response_id", response.id}, {"output_index", 0}, {"item", shown}});
  if (response.in_conversation) {
    Item item;
    item.json = shown;
    item.words = response.text;
    item.has_audio = response.speech != 0;
    item.audio_ms = std::max<int64_t>(0, response.duration_ms);
    item.in_progress = true;
    core_.conversation.add(item);
    core_.send_item("conversation.item.added", item);
  }
  if (!response.is_call) {
    part_event(response, "response.content_part.added", {"part", response.content_part(false)});
  }
}

// Every event about a content part names it by these five.
void Responder::part_event(const Response &response, const char *type, Json::Member extra) {
  core_.send(type, {{"response_id", response.id},
                    {"item_id", response.item_id},
                    {"output_index", 0},
                    {"content_index", 0},
                    std::move(extra)});
}

// A response that needs more tokens than it may use ends early, as incomplete.
void Responder::limit_tokens(Response &response) {
  const Json &own = response.params["max_output_tokens"];
  const Json &limit = own.is_null() ? core_.config.json()["max_output_tokens"] : own;
  if (!response.is_call && limit.is_integer() && !response.words.empty()) {
    int64_t needed = text_tokens(response.text);
    if (response.speech != 0) needed += response.duration_ms * kAudioTokensPerSecondOut / 1000;
    if (needed > limit.as_int()) {
      auto part = static_cast<int64_t>(response.words.size()) * limit.as_int() / needed;
      response.limit = std::max<std::size_t>(1, static_cast<std::size_t>(part));
      response.cut_reason = "max_output_tokens";
    }
  }
  if (response.speech != 0 && response.limit < response.words.size()) {
    response.duration_ms = response.duration_ms * static_cast<int64_t>(response.limit) /
                           static_cast<int64_t>(response.words.size());
    core_.host.cut(response.speech, response.duration_ms);
  }
}

void Responder::schedule_deltas(Response &response) {
  auto count = static_cast<int64_t>(response.limit);
  Duration whole = kTextDelta * count;
  if (response.speech != 0) {
    whole = std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(
        static_cast<double>(response.duration_ms) / core_.settings.generation_speed));
  }
  for (int64_t i = 0; i < count; ++i) {
    Duration place = whole * i / count;
    // Words are written as they are spoken, only faster.
    if (!response.places.empty()) {
      place = milliseconds(response.places[static_cast<std::size_t>(i)].ms) * 1000 /
              static_cast<int64_t>(core_.settings.generation_speed * 1000);
    }
    after(response, std::min(place, whole), &Responder::send_delta);
  }
  response.timers.push_back(core_.timers.at(core_.now + whole, [this, id = response.id] {
    Response *found = by_id(id);
    if (found == nullptr) return;
    if (found->cut_reason.empty()) {
      finish(*found, "completed", Json());
    } else {
      finish(*found, "incomplete",
             Json::object({{"type", "incomplete"}, {"reason", found->cut_reason}}));
    }
    settle(id);
  }));
}

void Responder::send_delta(Response &response) {
  const std::string &delta = response.words[response.said++];
  if (response.is_call) {
    core_.send("response.function_call_arguments.delta", {{"response_id", response.id},
                                                          {"item_id", response.item_id},
                                                          {"output_index", 0},
                                                          {"call_id", response.call_id},
                                                          {"delta", delta}});
  } else {
    part_event(
        response,
        response.audio ? "response.output_audio_transcript.delta" : "response.output_text.delta",
        {"delta", delta});
  }
}

void Responder::finish(Response &response, const std::string &status, Json details) {
  for (auto timer : response.timers) core_.timers.cancel(timer);
  response.timers.clear();
  response.generating = false;
  if (response.begun) {
    finish_content(response);
    finish_item(response, status == "completed");
    if (status == "completed") send_more_calls(response);
  }
  core_.send("response.done",
             {{"response", response.json(core_, status, std::move(details), true)}});
  if (!response.limits_first) send_rate_limits(response);
}

void Responder::finish_content(Response &response) {
  if (response.is_call) {
    core_.send("response.function_call_arguments.done", {{"response_id", response.id},
                                                         {"item_id", response.item_id},
                                                         {"output_index", 0},
                                                         {"call_id", response.call_id},
                                                         {"name", response.call.name},
                                                         {"arguments", response.said_text()}});
    return;
  }
  if (response.audio) {
    if (core_.settings.audio_done_event) {
      core_.send("response.output_audio.done", {{"response_id", response.id},
                                                {"item_id", response.item_id},
                                                {"output_index", 0},
                                                {"content_index", 0}});
    }
    part_event(response, "response.output_audio_transcript.done",
               {"transcript", response.said_text()});
  } else {
    part_event(response, "response.output_text.done", {"text", response.said_text()});
  }
  part_event(response, "response.content_part.done", {"part", response.content_part(true)});
}

void Responder::finish_item(Response &response, bool completed) {
  Json shown = response.item(completed ? "completed" : "incomplete");
  Item *item = core_.conversation.find(response.item_id);
  if (item != nullptr) {
    item->in_progress = false;
    if (response.truncated) {
      item->json.set("status", "incomplete");
    } else {
      item->json = shown;
      item->words = response.said_text();
      item->audio_ms = std::max<int64_t>(0, response.duration_ms);
    }
    core_.send_item("conversation.item.done", *item);
  }
  core_.send("response.output_item.done",
             {{"response_id", response.id}, {"output_index", 0}, {"item", shown}});
}

// Calls beside the first one, each at once.
void Responder::send_more_calls(const Response &response) {
  int index = 0;
  for (const auto &more : response.more_calls) {
    Item item;
    item.json = more.item("in_progress");
    core_.send("response.output_item.added",
               {{"response_id", response.id}, {"output_index", ++index}, {"item", item.json}});
    if (response.in_conversation) {
      core_.conversation.add(item);
      core_.send_item("conversation.item.added", item);
    }
    core_.send("response.function_call_arguments.done", {{"response_id", response.id},
                                                         {"item_id", more.item_id},
                                                         {"output_index", index},
                                                         {"call_id", more.call_id},
                                                         {"name", more.call.name},
                                                         {"arguments", more.call.arguments}});
    item.json = more.item("completed");
    if (Item *known = core_.conversation.find(more.item_id)) {
      known->json = item.json;
      core_.send_item("conversation.item.done", *known);
    }
    core_.send("response.output_item.done",
               {{"response_id", response.id}, {"output_index", index}, {"item", item.json}});
  }
}

void Responder::fail(Response &response, const std::string &value) {
  std::string code = value.empty() ? "server_error" : value;
  std::string type = "server_error", message = "The server had an error while processing this.";
  if (code == "rate_limit_exceeded" || code == "inference_rate_limit_exceeded") {
    type = "rate_limit_error";
    message = "Rate limit reached. Please try again later.";
  } else if (code == "insufficient_quota" || code == "credit_balance_exhausted") {
    type = "insufficient_quota";
    message = "You exceeded your current quota, please check your plan and billing details.";
  }
  Json error = Json::object({{"type", type}, {"code", code}, {"message", message}});
  Json status_details = Json::object({{"type", "failed"}, {"error", error}});
  response.timers.push_back(core_.timers.at(core_.now + core_.settings.think_time,
                                            [this, id = response.id, status_details] {
                                              if (Response *found = by_id(id)) {
                                                finish(*found, "failed", status_details);
                                                settle(id);
                                              }
                                            }));
}

void Responder::send_rate_limits(const Response &response) {
  int64_t used = response.context_text_tokens + response.context_audio_tokens +
                 response.output_text_tokens() + response.output_audio_tokens();
  auto limit = [](const char *name, int64_t most, int64_t left) {
    return Json::object(
        {{"name", name}, {"limit", most}, {"remaining", left}, {"reset_seconds", 60}});
  };
  core_.send(
      "rate_limits.updated",
      {{"rate_limits", Json::array({limit("requests", 1000, std::max<int64_t>(0, 1000 - answers_)),
                                    limit("tokens", 50000, std::max<int64_t>(0, 50000 - used))})}});
}

}  // namespace oairt::sim
