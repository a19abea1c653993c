// What is looked at about every 20 ms while a call is up: is it well, is it quiet, what has it
// cost.
#include <algorithm>
#include <utility>

#include "session/session_core.h"

namespace oairt {
namespace {

// Along with the packet that comes each 20 ms, mostly.
constexpr Duration kSoonestTick = milliseconds(14), kLatestTick = milliseconds(23);
constexpr Duration kIdleUplink = milliseconds(60);  // three packets missing: silence is sent
constexpr Duration kAfterOutage = std::chrono::seconds(4);
constexpr Duration kSampleInterval = std::chrono::seconds(1);
// Long enough not to be a pause within a word, and for the last packets to have come.
constexpr Duration kPause = milliseconds(250);
constexpr Duration kQuiet = milliseconds(100);

}  // namespace

void SessionCore::start_ticking() {
  if (tick_timer_ != 0) return;
  TimePoint now = Clock::now();
  tick_timer_ = loop_.call_between(now + kSoonestTick, now + kLatestTick, [this] { tick(); });
}

void SessionCore::tick() {
  tick_timer_ = 0;
  TimePoint now = Clock::now();
  release_leaving(now);
  if (call_) guard_.tick(now, media_->last_written());
  if (asleep_since_) listen_asleep();
  if (!call_ && leaving_.empty() && !asleep_since_) return;
  if (call_) {
    media_->fill_idle(now, kIdleUplink);
    auto stopped = turns_.user_stopped_at();
    if (stopped && media_->last_voice() > *stopped) {
      snapshot_.voice_to_voice_ms = to_ms(media_->last_voice() - *stopped);
      turns_.clear_user_stopped();
      publish();
    }
    if (config_->commit_at_pauses) end_turns_at_pauses(now);
    look_for_late_tools(now);
    pursue_answers();
    if (tools_->waiting() || gate_.owes()) turns_.keep_waiting(now);
    if (!pauses_.turn_began() &&
        turns_.take_answer_finished(now, media_->queued() == Duration::zero())) {
      emit(AnswerFinishedEvent{});
    }
    if (now >= next_sample_) sample();
    if (policy_.state() == recovery::State::RollingOver) look_for_quiet(now);
    if (path_is_well()) look_for_muteness(now);
    if (call_ && path_is_well()) look_for_end(now);
  }
  start_ticking();
}

void SessionCore::look_for_quiet(TimePoint now) {
  bool settled = config_->transcription ? !pauses_.turn_began() : conversation_.settled(wall_ms());
  bool quiet = turns_.quiet() && settled && !tools_->waiting() && !gate_.owes() &&
               media_->queued() == Duration::zero() && now - media_->last_voice() >= kPause &&
               now - media_->last_input_voice() >= kPause;
  if (!quiet) {
    quiet_since_.reset();
  } else if (!quiet_since_) {
    quiet_since_ = now;
  } else if (now - *quiet_since_ >= kQuiet) {
    feed_policy(recovery::Quiet{});
  }
}

// Changes nothing, and is always acknowledged.
void SessionCore::ask_for_an_answer() {
  if (!call_) return;
  call_->send({"oairt_alive", SessionUpdate{Json::object({{"type", config_->session["type"]}})}});
}

void SessionCore::look_for_muteness(TimePoint now) {
  uint64_t answers = call_->ice() != nullptr ? call_->ice()->counters().answers : 0;
  if (answers != answers_) speech_watch_.path_proven(now);
  answers_ = answers;
  // After an outage SCTP first waits for its own timer, which has grown.
  if (now - back_since_ < kAfterOutage) speech_watch_.reset(now);
  SpeechWatch::Finding finding = speech_watch_.look(media_->last_input_voice(), now);
  if (finding.ask) {
    ask_for_an_answer();
    if (call_->ice() != nullptr) call_->ice()->probe();
  }
  if (finding.deaf) guard_.unheard(now);
  if (auto speaking = turns_.speaking_since()) {
    TimePoint since = std::max({*speaking, media_->last_written(), well_since_});
    if (now - since >= config_->watchdog) guard_.no_sound(since, now);
  }
  if (!finding.mute) return;
  if (auto since = speech_watch_.voice_since()) outage_since_ = *since;
  Error error{ErrorCode::Network,
              "The service does not react to speech any more; the call is replaced by a new one.",
              "no event, call " + call_->answer().call_id,
              "server-mute",
              {}};
  on_call_failed(*call_, std::move(error), false);
}

void SessionCore::on_call_unacknowledged(Call &call) {
  if (std::exchange(told_of_no_acknowledgement_, true)) return;
  Error warning{ErrorCode::Protocol,
                "The server does not acknowledge the settings (session.updated); the call goes on, "
                "but whether it has taken them is not known.",
                "call " + call.answer().call_id,
                {},
                {}};
  emit(FailureEvent{warning, false});
}

// What the voice meter knows: input that comes encoded is committed by the application.
void SessionCore::end_turns_at_pauses(TimePoint now) {
  if (pauses_.look(media_->last_input_voice(), now) && path_is_well()) send({"", InputCommit{}});
}

void SessionCore::sample() {
  next_sample_ = Clock::now() + kSampleInterval;
  snapshot_.peer = call_->peer_stats();
  auto pair = call_->ice() != nullptr ? call_->ice()->selected_pair() : std::nullopt;
  auto step = quality_.sample(snapshot_.peer, pair ? pair->base_address : "", Clock::now());
  snapshot_.quality = quality_.figures();
  publish();
  if (step) emit(*step);
}

void SessionCore::show_quality(const std::optional<QualityEvent> &event) {
  snapshot_.quality = quality_.figures();
  publish();
  if (event) emit(*event);
}

void SessionCore::note_encoder(const std::optional<EncoderLimits> &limits) {
  show_quality(quality_.set_limits(limits));
}

}  // namespace oairt
