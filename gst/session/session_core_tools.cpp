// What goes into the conversation beside speech: outputs of functions, texts and pictures; and the
// answers to them.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "protocol/codec.h"
#include "session/session_core.h"

OAIRT_LOG_USE(session)

namespace oairt {
namespace {

std::string late_output(Duration timeout) {
  return Json::object({{"error", "The function has not answered within " +
                                     std::to_string(static_cast<int64_t>(to_ms(timeout))) +
                                     " ms. It may still be running, or have failed."}})
      .dump();
}

bool is_call(const ConversationItem &item) {
  return item.kind == ConversationItem::Kind::FunctionCall;
}

}  // namespace

ClientEvent make_tool_output(const std::string &call_id, const std::string &output) {
  Json item = Json::object({{"type", "function_call_output"}, {"call_id", call_id}});
  item.set("output", output);
  return {"", ItemCreate{std::move(item), ""}};
}

// --- functions ---

std::vector<FunctionCallEvent> SessionCore::follow_tools(const ServerEvent &event, bool in_use) {
  TimePoint now = Clock::now();
  if (in_use) gate_.handle(event, now);
  auto announced = tools_->handle(event, in_use ? carrier_ : carrier_ - 1, now);
  if (splitting()) {
    // Of the last visitor.
    if (!announced.empty()) tools_->forget();
    announced.clear();
  }
  return announced;
}

void SessionCore::deliver_output(const std::string &call_id, const std::string &output) {
  auto carrier = tools_->carrier_of(call_id);
  if (!carrier) return;  // forgotten meanwhile
  ClientEvent event = make_tool_output(call_id, output);
  outbox_.name_item(event);
  const std::string id = std::get<ItemCreate>(event.body).item["id"].as_string();
  event.event_id = kItemEventPrefix + id;
  // From now on it is part of the conversation: a call that is made next is told with all else.
  conversation_.add_output(id, call_id, output, wall_ms());
  keeper_.follow();
  outputs_.push_back({id, *carrier, build_client_event(event)});
  tools_->delivered(call_id, id);
  pursue_answers();
}

// To the call that asked, the output alone; to another one with what was called.
void SessionCore::send_outputs() {
  if (!path_is_well()) return;
  for (const Output &output : std::exchange(outputs_, {})) {
    bool told =
        std::find(known_items_.begin(), known_items_.end(), output.item_id) != known_items_.end();
    if (told) continue;
    if (output.carrier == carrier_) {
      call_->send_json(output.json);
      continue;
    }
    ReplayPlan plan = plan_output(conversation_, output.item_id, replay_limits(*call_));
    if (plan.events.empty()) LOG_WARNING("an output of a function cannot be told to the new call");
    for (const ClientEvent &event : plan.events) call_->send(event);
    known_items_.insert(known_items_.end(), plan.item_ids.begin(), plan.item_ids.end());
  }
}

void SessionCore::look_for_late_tools(TimePoint now) {
  for (const ToolCalls::Late &late : tools_->take_late(now)) {
    LOG_INFO("a function has not answered within %.0f ms", to_ms(late.timeout));
    emit(FunctionCallTimeoutEvent{late.name, late.call_id,
                                  static_cast<int64_t>(to_ms(late.timeout))});
    deliver_output(late.call_id, late_output(late.timeout));
  }
}

// A function that was called for the last turn is still to give its output, which will be answered.
bool SessionCore::awaiting_tool() const {
  for (auto item = conversation_.items().rbegin(); item != conversation_.items().rend(); ++item) {
    if (is_call(*item) && tools_->waits_for(item->call_id)) return true;
    if (item->role == "user" && item->images.empty()) return false;
  }
  return false;
}

// --- answers ---

void SessionCore::pursue_answers() {
  send_outputs();
  for (const auto &outputs : tools_->take_complete()) {
    for (const std::string &id : outputs) gate_.owe(id);
  }
  TimePoint now = Clock::now();
  const Json &detection = config_->session.at("audio.input.turn_detection");
  bool answers_turns = detection.is_object() && detection["create_response"].as_bool(true);
  if (!path_is_well() || !gate_.ready(now, answers_turns)) return;
  request_response(kAskEventId);
}

void SessionCore::request_response(const std::string &event_id) {
  if (path_is_well()) gate_.asked(Clock::now());  // else it waits, and is lost with no call
  send({event_id, ResponseCreate{}});
}

// --- texts and pictures ---

void SessionCore::add_item(ClientEvent event, bool respond) {
  outbox_.name_item(event);
  const std::string &id = std::get<ItemCreate>(event.body).item["id"].as_string();
  event.event_id = kItemEventPrefix + id;
  send(event);
  if (!respond) return;
  gate_.owe(id);
  pursue_answers();
}

void SessionCore::follow_images(const ServerEvent &event) {
  auto result = images_->handle(event);
  if (!result) return;
  snapshot_.images_sent = images_->sent();
  publish();
  std::string outdated = images_->take_outdated();
  if (!outdated.empty() && call_) call_->send({"oairt_forget", ItemDelete{outdated}});
  emit(*result);
}

}  // namespace oairt
