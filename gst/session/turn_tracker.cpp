#include "session/turn_tracker.h"

#include <algorithm>

namespace oairt {

void TurnTracker::handle(const ServerEvent &event, TimePoint now) {
  const auto &body = event.body;
  if (std::holds_alternative<SpeechStarted>(body)) {
    user_speaking_ = true;
    turn_began_at_ = now - kOnset;
    answered_since_input_ = false;
    user_stopped_at_.reset();
  } else if (std::holds_alternative<SpeechStopped>(body)) {
    user_speaking_ = false;
    user_stopped_at_ = now;
  } else if (const auto *committed = std::get_if<InputCommitted>(&body)) {
    user_speaking_ = false;
    unanswered_ = true;
    if (transcribing_) {
      unwritten_[committed->item_id] = turn_began_at_.value_or(committed_at_);
      turn_began_at_.reset();
    }
    committed_at_ = now;
  } else if (transcribing_ && std::holds_alternative<InputCleared>(body)) {
    user_speaking_ = false;
    turn_began_at_.reset();
  } else if (const auto *written = std::get_if<InputTranscriptCompleted>(&body)) {
    if (!note_written(written->item_id)) return;
  } else if (const auto *failed = std::get_if<InputTranscriptFailed>(&body)) {
    if (!note_written(failed->item_id)) return;
  } else if (const auto *created = std::get_if<ResponseCreated>(&body)) {
    unanswered_ = false;
    responses_.insert(created->response_id);
  } else if (const auto *done = std::get_if<ResponseDone>(&body)) {
    responses_.erase(done->response_id);
    answered_since_input_ = true;
  } else if (const auto *started = std::get_if<OutputAudioStarted>(&body)) {
    playing_.insert(started->response_id);
    speaking_since_ = now;
  } else if (const auto *stopped = std::get_if<OutputAudioStopped>(&body)) {
    playing_.erase(stopped->response_id);
  } else if (const auto *cleared = std::get_if<OutputAudioCleared>(&body)) {
    playing_.erase(cleared->response_id);
  } else {
    return;
  }
  if (playing_.empty()) speaking_since_.reset();
  touch(now);
}

void TurnTracker::reset(TimePoint now) {
  user_speaking_ = unanswered_ = false;
  unwritten_.clear();
  committed_at_ = now;
  responses_.clear();
  playing_.clear();
  turn_began_at_.reset();
  speaking_since_.reset();
  touch(now);
}

bool TurnTracker::note_written(const std::string &item_id) {
  if (!transcribing_) return false;
  unwritten_.erase(item_id);
  answered_since_input_ = true;
  return true;
}

std::optional<TimePoint> TurnTracker::unwritten_since() const {
  std::optional<TimePoint> since = turn_began_at_;
  for (const auto &[item, began] : unwritten_) {
    if (!since || began < *since) since = began;
  }
  return since;
}

void TurnTracker::input_finished(TimePoint now) {
  finished_at_ = now;
  touch(now);
}

bool TurnTracker::take_answer_finished(TimePoint now, bool playout_empty) {
  if (!finished_at_ || !quiet()) return false;
  if (!playout_empty) {
    touch(now);
    return false;
  }
  Duration wait = answered_since_input_ ? kQuietAfterAnswer : kQuietWithoutAnswer;
  if (now - last_change_ < wait) return false;
  finished_at_.reset();
  return true;
}

}  // namespace oairt
