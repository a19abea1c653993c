// What outlives the calls: the conversation is restored, kept, split between visitors, forgotten;
// and the session that nobody talks to.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "session/session_core.h"

OAIRT_LOG_USE(session)

namespace oairt {
namespace {

constexpr const char *kSplitMarker = "oairt_split";
constexpr const char *kForget = "oairt_forget";
// One loud frame wakes nobody.
constexpr int kVoicedTicksToWake = 4;
// A service that does not tell that a split is done has done it after so long.
constexpr Duration kLongestSplit = std::chrono::seconds(2);
constexpr Duration kCloseStore = milliseconds(1000);

}  // namespace

// --- the store ---

void SessionCore::on_keeper_ready(const Restored &restored) {
  const RecordState &state = keeper_.state();
  if (restored.opened_ms != 0) {
    LOG_INFO("restored %zu items of an earlier time", restored.items);
    snapshot_.input_tokens = state.input_tokens;
    snapshot_.output_tokens = state.output_tokens;
    snapshot_.total_tokens = state.total_tokens;
    publish();
    emit(RestoredEvent{restored.items, restored.opened_ms, state.mute, state.volume,
                       state.preferences.is_null() ? "" : state.preferences.dump()});
  }
  if (restored.unreadable > 0) {
    on_keeper_trouble(Error{ErrorCode::Storage,
                            "The store holds parts of the session that cannot be read (another "
                            "key, moved or damaged rows); they are left alone.",
                            std::to_string(restored.unreadable) + " rows",
                            {},
                            {}});
  }
  if (running_) feed_policy(recovery::Start{});
}

void SessionCore::on_keeper_standby() {
  feed_policy(recovery::Stop{});
  forget_turns();
  set_state(ConnectionState::Standby, "another process drives this session");
}

void SessionCore::on_keeper_trouble(const Error &error) { emit(FailureEvent{error, false}); }

bool SessionCore::may_restore() { return !call_ && !(next_ && next_->answered()); }

void SessionCore::show_on_bus() {
  const std::string &bus = config_->state_bus;
  if (state_bus_ ? state_bus_->bus() == bus : bus.empty()) return;
  state_bus_.reset();
  if (bus.empty()) return;
  state_bus_ = std::make_unique<StateBus>(loop_, bus, config_->name, [this](const Error &error) {
    emit(FailureEvent{error, false});
  });
}

void SessionCore::close_store(std::function<void()> done) {
  keeper_.follow();
  keeper_.save_state();
  keeper_.close(Clock::now() + kCloseStore, std::move(done));
}

void SessionCore::note_usage(const ResponseDone &done) {
  int64_t input = done.usage["input_tokens"].as_int();
  int64_t output = done.usage["output_tokens"].as_int();
  int64_t total = done.usage["total_tokens"].as_int();
  snapshot_.input_tokens += input;
  snapshot_.output_tokens += output;
  snapshot_.total_tokens += total;
  RecordState &state = keeper_.state();
  state.input_tokens += input;
  state.output_tokens += output;
  state.total_tokens += total;
  keeper_.save_state();
}

void SessionCore::note_audio(std::optional<bool> mute, std::optional<double> volume) {
  RecordState &state = keeper_.state();
  if (mute) state.mute = mute;
  if (mute && state_bus_) state_bus_->set_muted(*mute);
  if (volume) state.volume = volume;
  keeper_.save_state();
}

void SessionCore::grant_consent() { keeper_.grant_consent(); }

void SessionCore::withdraw_consent() { keeper_.withdraw_consent(); }

// --- logical sessions ---

void SessionCore::split(const std::string &why) {
  keeper_.follow();
  keeper_.begin_record();
  forget_conversation();
  emit(LogicalSessionEvent{why});
}

void SessionCore::forget() {
  keeper_.erase();
  keeper_.begin_record();
  forget_conversation();
  emit(LogicalSessionEvent{"forget-session"});
}

// Nobody is answered any more.
void SessionCore::forget_requests() {
  tools_->forget();
  gate_.clear();
  images_->clear();
  outputs_.clear();
}

void SessionCore::forget_turns() {
  forget_requests();
  conversation_.clear();
  outbox_.clear();
  known_items_.clear();
  early_events_.clear();
  turns_.reset(Clock::now());
  quiet_since_.reset();
}

// The model forgets too: its items go, what it is saying ends, what was heard and not yet
// answered is dropped. The configuration stays, and the call.
void SessionCore::forget_conversation() {
  pauses_.reset();
  if (call_ && config_->transcription) {
    call_->send({kForget, InputClear{}});  // there is no model that could remember
  } else if (call_) {
    // A response may be under way that we do not know of yet.
    call_->send({kForget, ResponseCancel{}});
    call_->send({kForget, OutputClear{}});
    call_->send({kForget, InputClear{}});
    for (const ConversationItem &item : conversation_.items()) forget_item(item);
    // Its refusal tells that the service has done all this: what it tells before that is old.
    splits_under_way_ = splitting() ? splits_under_way_ + 1 : 1;
    split_limit_ = Clock::now() + kLongestSplit;
    cut_voice(split_limit_);
    call_->send({kSplitMarker, ItemDelete{kSplitMarker}});
  }
  forget_turns();
  keeper_.follow();
}

void SessionCore::forget_item(const ConversationItem &item) {
  bool replayed =
      std::find(known_items_.begin(), known_items_.end(), item.replay_id) != known_items_.end();
  call_->send({kForget, ItemDelete{replayed ? item.replay_id : item.id}});
}

bool SessionCore::splitting() const { return splits_under_way_ > 0 && Clock::now() < split_limit_; }

// An item that was under way when the conversation was split is the last visitor's.
void SessionCore::follow_split(const ServerEvent &event) {
  if (!splitting()) return;
  if (const auto *error = std::get_if<ServerError>(&event.body)) {
    if (error->client_event_id != kSplitMarker || --splits_under_way_ > 0) return;
    cut_voice(Clock::now() + kInFlight);
  } else if (const auto *committed = std::get_if<InputCommitted>(&event.body)) {
    conversation_.refuse(committed->item_id);
  } else if (const auto *added = std::get_if<ItemAdded>(&event.body)) {
    conversation_.refuse(added->item_id);
    call_->send({kForget, ItemDelete{added->item_id}});
  }
}

// A call that was being made when the conversation was split was given the old one.
void SessionCore::drop_forgotten_items() {
  splits_under_way_ = 0;
  std::erase_if(known_items_, [this](const std::string &id) {
    if (conversation_.find(id) != nullptr) return false;
    conversation_.refuse(id);
    if (id == kSummaryId) return false;
    call_->send({kForget, ItemDelete{id}});
    return true;
  });
}

// --- nobody talks ---

void SessionCore::look_for_end(TimePoint now) {
  const PersistenceOptions &options = config_->persistence;
  if (!turns_.quiet() || media_->queued() != Duration::zero()) return;
  if (tools_->waiting() || gate_.owes()) return;
  bool said = !conversation_.items().empty();
  bool idle = options.idle > Duration::zero() && now - turns_.last_change() >= options.idle;
  if (idle && options.idle_action == IdleAction::HangUp) {
    fall_asleep(now);
  } else if (idle && said) {
    split("idle-timeout");
  } else if (said && options.logical_session > Duration::zero() &&
             milliseconds(wall_ms() - keeper_.record_opened_ms()) >= options.logical_session) {
    split("duration");
  }
}

// Without a call nothing is paid for. The next words bring it back, and are sent first.
void SessionCore::fall_asleep(TimePoint now) {
  if (!conversation_.items().empty()) split("idle-timeout");
  feed_policy(recovery::Stop{});
  set_state(ConnectionState::Idle, "nobody spoke for idle-timeout; speech brings the call back");
  asleep_since_ = now;
  snapshot_.asleep = true;
  publish();
  voiced_ticks_ = 0;
  heard_asleep_ = media_->last_input_voice();
  start_ticking();
}

void SessionCore::listen_asleep() {
  TimePoint before = std::exchange(heard_asleep_, media_->last_input_voice());
  if (heard_asleep_ != before && ++voiced_ticks_ >= kVoicedTicksToWake) wake();
}

void SessionCore::wake() {
  asleep_since_.reset();
  snapshot_.asleep = false;
  publish();
  if (running_ && keeper_.ready()) feed_policy(recovery::Start{});
}

}  // namespace oairt
