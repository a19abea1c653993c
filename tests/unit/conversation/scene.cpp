#include "scene.h"

namespace oairt::test {
namespace {

Json message(const std::string &id, const std::string &role, const std::string &status, Json part) {
  return Json::object({{"id", id},
                       {"object", "realtime.item"},
                       {"type", "message"},
                       {"status", status},
                       {"role", role},
                       {"content", part.is_null() ? Json::array() : Json::array({part})}});
}

std::string mark(ConversationItem::Status status) {
  using Status = ConversationItem::Status;
  if (status == Status::Interrupted) return "~";
  if (status == Status::Failed) return "!";
  return status == Status::InProgress ? "…" : "";
}

void add(std::string &list, const std::string &one) { list += (list.empty() ? "" : " ") + one; }

}  // namespace

Json text_item(const std::string &id, const std::string &role, const std::string &text) {
  const char *type = role == "assistant" ? "output_text" : "input_text";
  return message(id, role, "completed", Json::object({{"type", type}, {"text", text}}));
}

Json spoken_item(const std::string &id) {
  return message(id, "user", "completed",
                 Json::object({{"type", "input_audio"}, {"transcript", nullptr}}));
}

Json answer_item(const std::string &id, const std::string &status, const char *part,
                 const std::string &words) {
  if (status == "in_progress") return message(id, "assistant", status, Json());
  const char *member = std::string(part) == "output_audio" ? "transcript" : "text";
  return message(id, "assistant", status, Json::object({{"type", part}, {member, words}}));
}

Json call_item(const std::string &id, const std::string &call_id, const std::string &status,
               const std::string &arguments) {
  return Json::object({{"id", id},
                       {"type", "function_call"},
                       {"status", status},
                       {"name", "tool"},
                       {"call_id", call_id},
                       {"arguments", arguments}});
}

Json output_item(const std::string &id, const std::string &call_id, const std::string &output) {
  return Json::object({{"id", id},
                       {"type", "function_call_output"},
                       {"status", "completed"},
                       {"call_id", call_id},
                       {"output", output}});
}

std::string shown(const Conversation &conversation) {
  using Kind = ConversationItem::Kind;
  std::string list;
  for (const auto &item : conversation.items()) {
    std::string one = item.role + ":" + item.text;
    if (item.kind == Kind::FunctionCall) one = "call:" + item.name + "(" + item.arguments + ")";
    if (item.kind == Kind::FunctionCallOutput) one = "output:" + item.output;
    if (item.kind == Kind::Other) one = "other";
    add(list, one + (item.transcript_pending ? "?" : "") + mark(item.status));
  }
  return list;
}

std::string shown(const ReplayPlan &plan) {
  std::string list;
  for (const auto &event : plan.events) {
    const Json &item = std::get<ItemCreate>(event.body).item;
    const std::string &type = item["type"].as_string();
    if (type == "function_call") {
      add(list, "call:" + item["name"].as_string() + "(" + item["arguments"].as_string() + ")");
    } else if (type == "function_call_output") {
      add(list, "output:" + item["output"].as_string());
    } else {
      std::string text = item["role"].as_string() + ":";
      for (const auto &part : item["content"].items()) {
        text += part.has("image_url") ? "[image]" : part["text"].as_string();
      }
      add(list, text);
    }
  }
  return list + (plan.answer_needed ? " -> answer" : "");
}

void Scene::item(const Json &item, const std::string &previous_id) {
  tell(ItemAdded{item, item["id"].as_string(), previous_id});
  tell(ItemDone{item, item["id"].as_string(), previous_id});
}

void Scene::say_without_words(const std::string &id) {
  tell(SpeechStarted{id, 0});
  tell(SpeechStopped{id, 0});
  tell(InputCommitted{id, ""});
  item(spoken_item(id));
}

void Scene::transcript(const std::string &id, const std::string &words) {
  tell(InputTranscriptCompleted{id, words, 0});
}

void Scene::say(const std::string &id, const std::string &words) {
  say_without_words(id);
  transcript(id, words);
}

void Scene::begin_answer(const std::string &id) {
  std::string response = "resp_" + id;
  Json item = answer_item(id, "in_progress", "", "");
  tell(ResponseCreated{response});
  tell(OutputItemAdded{response, id, item});
  tell(ItemAdded{item, id, ""});
  tell(OutputAudioStarted{response});
}

void Scene::speak(const std::string &id, const std::string &words) {
  tell(OutputTranscriptDelta{"resp_" + id, id, words});
}

void Scene::end_answer(const std::string &id, const std::string &words, const std::string &status,
                       int64_t audio_tokens) {
  std::string response = "resp_" + id;
  Json item = answer_item(id, status == "completed" ? status : "incomplete", "output_audio", words);
  tell(OutputTranscriptDone{response, id, words});
  tell(ItemDone{item, id, ""});
  tell(OutputItemDone{response, id, item});
  ResponseDone done{response, status, "", "", "", "", Json(), {item}};
  if (audio_tokens > 0) {
    done.usage.member("output_token_details").set("audio_tokens", audio_tokens);
  }
  tell(done);
}

void Scene::answer(const std::string &id, const std::string &words) {
  begin_answer(id);
  speak(id, words);
  end_answer(id, words);
  wait(static_cast<int64_t>(words.size()) * 1000 / 15);
  played(id);
}

void Scene::write(const std::string &id, const std::string &words) {
  std::string response = "resp_" + id;
  Json begun = answer_item(id, "in_progress", "", "");
  Json item = answer_item(id, "completed", "output_text", words);
  tell(ResponseCreated{response});
  tell(OutputItemAdded{response, id, begun});
  tell(ItemAdded{begun, id, ""});
  tell(OutputTextDelta{response, id, words});
  tell(OutputTextDone{response, id, words});
  tell(ItemDone{item, id, ""});
  tell(ResponseDone{response, "completed", "", "", "", "", Json(), {item}});
}

void Scene::call(const std::string &id, const std::string &call_id, const std::string &arguments) {
  std::string response = "resp_" + id;
  tell(ResponseCreated{response});
  tell(OutputItemAdded{response, id, call_item(id, call_id, "in_progress", "")});
  tell(ItemAdded{call_item(id, call_id, "in_progress", ""), id, ""});
  tell(FunctionCallDone{response, id, call_id, "tool", arguments});
  Json item = call_item(id, call_id, "completed", arguments);
  tell(ItemDone{item, id, ""});
  tell(ResponseDone{response, "completed", "", "", "", "", Json(), {item}});
}

}  // namespace oairt::test
