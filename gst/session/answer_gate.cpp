#include "session/answer_gate.h"

#include <algorithm>

namespace oairt {

void AnswerGate::owe(const std::string &item_id) {
  bool known = std::find(recent_.begin(), recent_.end(), item_id) != recent_.end();
  owed_.push_back({item_id, known});
}

void AnswerGate::handle(const ServerEvent &event, TimePoint now) {
  const auto &body = event.body;
  if (const auto *added = std::get_if<ItemAdded>(&body)) {
    for (Owed &owed : owed_) owed.acknowledged |= owed.item_id == added->item_id;
    recent_.push_back(added->item_id);
    if (recent_.size() > kMaxRecent) recent_.pop_front();
  } else if (const auto *created = std::get_if<ResponseCreated>(&body)) {
    if (created->out_of_band) return;
    active_.insert(created->response_id);
    asked_at_.reset();
    committed_at_.reset();
    std::erase_if(owed_, [](const Owed &owed) { return owed.acknowledged; });
  } else if (const auto *done = std::get_if<ResponseDone>(&body)) {
    active_.erase(done->response_id);
    if (done->response_id.empty()) active_.clear();
  } else if (std::holds_alternative<SpeechStarted>(body)) {
    speaking_since_ = now;
  } else if (std::holds_alternative<InputCleared>(body)) {
    speaking_since_.reset();
  } else if (std::holds_alternative<SpeechStopped>(body) ||
             std::holds_alternative<InputCommitted>(body)) {
    speaking_since_.reset();
    committed_at_ = now;
  } else if (const auto *error = std::get_if<ServerError>(&body)) {
    on_error(*error, now);
  }
}

void AnswerGate::on_error(const ServerError &error, TimePoint now) {
  const std::string &cause = error.client_event_id;
  if (error.code == "conversation_already_has_active_response") {
    asked_at_.reset();
    not_before_ = now + kRetry;
  } else if (cause == kAskEventId) {
    // It will not be taken the next time either.
    asked_at_.reset();
    owed_.clear();
  } else if (cause.starts_with(kItemEventPrefix)) {
    std::string item_id = cause.substr(std::char_traits<char>::length(kItemEventPrefix));
    std::erase_if(owed_, [&](const Owed &owed) { return owed.item_id == item_id; });
  }
}

bool AnswerGate::ready(TimePoint now, bool answers_turns) const {
  if (owed_.empty() || !active_.empty() || now < not_before_) return false;
  if (asked_at_ && now - *asked_at_ < kLongestAsk) return false;
  if (speaking_since_ && now - *speaking_since_ < kLongestTurn) return false;
  return !(answers_turns && committed_at_ && now - *committed_at_ < kTurnPatience);
}

bool AnswerGate::call_changed(TimePoint now) {
  bool asked = asked_at_ && now - *asked_at_ < kLongestAsk;
  active_.clear();
  asked_at_.reset();
  speaking_since_.reset();
  committed_at_.reset();
  not_before_ = {};
  recent_.clear();
  for (Owed &owed : owed_) owed.acknowledged = false;
  return asked;
}

void AnswerGate::clear() {
  call_changed({});
  owed_.clear();
}

}  // namespace oairt
