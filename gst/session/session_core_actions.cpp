// What the policy orders: calls are made, changed and left, paths are looked for.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "session/session_core.h"

OAIRT_LOG_USE(session)

namespace oairt {
namespace {

constexpr Duration kProbeTimeout = milliseconds(1500);
// A call that is left hears this long what was sent before the change.
constexpr Duration kFarewell = milliseconds(500);
constexpr Duration kLongestFarewell = std::chrono::seconds(30);
// What was sent before the last word's end was told may come so much later.
constexpr Duration kLastSound = milliseconds(300);
// Before nothing was heard any more, packets were lost already.
constexpr Duration kBeforeLoss = milliseconds(200);

Error missing_credential() {
  return Error{ErrorCode::Auth,
               "There is no credential for the service: set OPENAI_API_KEY in the environment, "
               "or the property \"api-key\", \"ephemeral-key\" or \"token-url\", or answer the "
               "signal \"request-token\".",
               "no credential",
               {},
               {}};
}

recovery::Reach to_policy(Reach reach) {
  switch (reach) {
    case Reach::Reachable:
      return recovery::Reach::Reachable;
    case Reach::Refused:
      return recovery::Reach::Refused;
    case Reach::NoAnswer:
      break;
  }
  return recovery::Reach::NoAnswer;
}

}  // namespace

void SessionCore::perform(const recovery::Action &action) {
  struct Visitor {
    SessionCore &core;
    void operator()(const recovery::StartCall &a) { core.start_call(a); }
    void operator()(const recovery::EndCall &) { core.end_call(); }
    void operator()(const recovery::EndNext &) { core.end_next(); }
    void operator()(const recovery::SwitchCall &a) { core.switch_call(a); }
    void operator()(const recovery::Migrate &a) {
      if (core.call_ && core.call_->ice()) core.call_->ice()->migrate(a.why.c_str());
    }
    void operator()(const recovery::StopMigrating &) {
      if (core.call_ && core.call_->ice()) core.call_->ice()->stop_migrating();
    }
    void operator()(const recovery::RestartIceNow &a) { core.restart_ice_now(a.timeout); }
    void operator()(const recovery::ProbeServer &) { core.probe_server(); }
    void operator()(const recovery::Warn &a) {
      core.show_state();
      core.emit(FailureEvent{a.error, false});
    }
    void operator()(const recovery::GiveUp &a) {
      core.set_state(ConnectionState::Failed, a.error.message);
      core.emit(FailureEvent{a.error, true});
    }
    void operator()(const recovery::Recovered &a) { core.report(a); }
  };
  std::visit(Visitor{*this}, action);
}

// --- calls ---

void SessionCore::start_call(const recovery::StartCall &action) {
  if (!access_.has_credential(*config_)) {
    std::weak_ptr<bool> alive = alive_;
    loop_.post([this, alive] {
      if (alive.expired()) return;
      feed_policy(recovery::CallFailed{missing_credential(), 0, false, true});
    });
    return;
  }
  access_.prepare(config_);
  if (action.fresh_token) access_.tokens().invalidate();
  next_ = make_call(false);
  next_->start();
}

void SessionCore::dispose(std::unique_ptr<Call> call) {
  if (!call) return;
  auto hangup = call->close();
  // We may be inside one of its callbacks.
  std::shared_ptr<Call> old(call.release());
  loop_.post([old] {});
  if (hangup) hangups_.send(std::move(*hangup));
}

void SessionCore::end_call() {
  if (!call_) return;
  guard_.watch(nullptr, Clock::now());
  media_->set_target(nullptr);
  if (!outage_since_) outage_since_ = last_heard(*call_);
  dispose(std::move(call_));
  conversation_.call_ended(wall_ms());
  emit(VoiceEvent{VoiceEvent::What::Cut});
  snapshot_.call_id.clear();
  snapshot_.session_id.clear();
  snapshot_.expires_at = 0;
  announced_call_.clear();
  // Without a policy that wants another call there is nobody to be answered.
  if (policy_.state() == recovery::State::Idle || policy_.state() == recovery::State::Stopped) {
    turns_.reset(Clock::now());
    outage_since_.reset();
  }
}

void SessionCore::announce(const Call &call) {
  const SessionCreated &created = call.created();
  announced_call_ = call.answer().call_id;
  snapshot_.session_id = created.session_id;
  snapshot_.call_id = call.answer().call_id;
  snapshot_.expires_at = created.expires_at;
  keeper_.state().add_session(created.session_id);
  keeper_.save_state();
  publish();
  emit(SessionInfoEvent{created.session_id, call.answer().call_id, created.expires_at});
}

// What was spoken into a call that is lost: from the last sign of life, or the whole turn if its
// words were never written down.
std::optional<TimePoint> SessionCore::speech_to_repeat(const recovery::SwitchCall &action) const {
  std::optional<TimePoint> from;
  if (action.lost && outage_since_) from = *outage_since_ - kBeforeLoss;
  auto earlier = [&from](const std::optional<TimePoint> &began) {
    if (began && (!from || *began < *from)) from = began;
  };
  if (config_->transcription && (action.lost || !action.quiet)) {
    earlier(turns_.unwritten_since());
    earlier(pauses_.turn_began());
    return from;
  }
  bool wordless = turns_.unanswered() && !conversation_.unanswered();
  if ((action.lost || !action.quiet) && (turns_.user_speaking() || wordless)) {
    earlier(turns_.turn_began_at());
  }
  return from;
}

void SessionCore::switch_call(const recovery::SwitchCall &action) {
  if (!next_) return;
  TimePoint now = Clock::now();
  auto old = std::exchange(call_, std::move(next_));
  if (old && action.lost && !outage_since_) outage_since_ = last_heard(*old);
  // At the end of its time a call may be left in the middle of a sentence of the model's: that is
  // heard to its end, which the network brings later than the word that it was spoken.
  bool speaking = turns_.model_speaking();
  bool sounding =
      speaking || now - media_->last_voice() < kLastSound || media_->queued() > Duration::zero();
  bool finish_speaking = old && !action.lost && !action.quiet && sounding;
  if (old && !finish_speaking) {
    conversation_.call_ended(wall_ms());
    emit(VoiceEvent{VoiceEvent::What::Cut});
  }
  auto again_from = speech_to_repeat(action);
  ++carrier_;
  tools_->call_ended();
  bool asked = gate_.call_changed(now);
  known_items_ = call_->replay().item_ids;
  drop_forgotten_items();
  for (const ServerEvent &event : std::exchange(early_events_, {})) {
    conversation_.handle(event, wall_ms());
    gate_.handle(event, now);
  }
  bool cut = action.lost && turns_.model_active() && !turns_.user_speaking();
  bring_up_to_date(cut || asked);
  well_since_ = now;
  call_->open_media(again_from, !finish_speaking);
  guard_.watch(call_->ice(), now);
  speech_watch_.reset(now);
  quality_.new_call(now);
  pauses_.reset();
  turns_.reset(now);
  quiet_since_.reset();
  outage_since_.reset();
  snapshot_.connect = call_->breakdown();
  snapshot_.max_event_bytes = std::min(call_->max_send_size(), kMaxEventBytes);
  ++snapshot_.connects;
  if (call_->answer().call_id != announced_call_) announce(*call_);
  if (old) {
    leaving_.push_back({std::move(old), now + (finish_speaking ? kLongestFarewell : kFarewell),
                        finish_speaking, !speaking});
  }
  start_ticking();
  access_.tokens().prefetch();  // a call that has to be replaced finds a valid token
}

std::optional<recovery::SessionLimit> SessionCore::limit_of(const Call &call) {
  int64_t left_s = call.created().expires_at - wall_ms() / 1000;
  // A limit that is past already is no limit but a clock that is wrong, ours or theirs.
  if (left_s <= 0) return std::nullopt;
  return recovery::SessionLimit{Clock::now() + std::chrono::seconds(left_s), random()};
}

// What was finished while the new call was being prepared, and what the old one took along.
void SessionCore::bring_up_to_date(bool answer_was_cut) {
  if (config_->transcription) return;
  ReplayPlan update = plan_update(conversation_, known_items_, replay_limits(*call_));
  for (const ClientEvent &event : update.events) call_->send(event);
  known_items_.insert(known_items_.end(), update.item_ids.begin(), update.item_ids.end());
  // Also without an outage: what was sent just before the change went to the old call.
  TimePoint since = outage_since_.value_or(Clock::now()) - std::chrono::seconds(1);
  for (const auto &json : outbox_.unacknowledged(since, conversation_)) call_->send_json(json);
  bool answer = update.events.empty() ? call_->replay().answer_needed : update.answer_needed;
  bool unanswered = answer && conversation_.unanswered() && !turns_.user_speaking();
  if ((unanswered || answer_was_cut) && !awaiting_tool()) {
    gate_.asked(Clock::now());
    call_->send({"", ResponseCreate{}});
  }
}

// Its last word was spoken: the new call's voice is heard from now on.
void SessionCore::finish_leaving(Leaving &leaving) {
  leaving.speaking = false;
  leaving.until = Clock::now() + kFarewell;
  conversation_.call_ended(wall_ms());
  if (!call_) return;
  bring_up_to_date(false);
  call_->take_voice();
}

void SessionCore::release_leaving(TimePoint now) {
  for (auto &leaving : leaving_) {
    bool heard_out = leaving.spoken && now - media_->last_voice() >= kLastSound &&
                     media_->queued() == Duration::zero();
    if (leaving.speaking && (heard_out || now >= leaving.until)) finish_leaving(leaving);
    if (now >= leaving.until) dispose(std::move(leaving.call));
  }
  std::erase_if(leaving_, [](const Leaving &leaving) { return leaving.call == nullptr; });
}

TimePoint SessionCore::last_heard(Call &call) const {
  IceAgent *agent = call.ice();
  return agent != nullptr ? agent->last_heard() : Clock::now();
}

// --- below the call ---

void SessionCore::restart_ice_now(Duration timeout) {
  std::weak_ptr<bool> alive = alive_;
  if (!call_) return;
  call_->restart_ice(timeout, [this, alive](bool agreed) {
    if (!alive.expired()) feed_policy(recovery::IceRestarted{agreed});
  });
}

void SessionCore::probe_server() {
  std::weak_ptr<bool> alive = alive_;
  TimePoint asked = Clock::now();
  access_.probe(kProbeTimeout, [this, alive, asked](Reach reach) {
    if (alive.expired()) return;
    // Several are under way: the last of those that were lost ends after the first that was not.
    if (reach == Reach::NoAnswer && asked < reached_at_) return;
    if (reach != Reach::NoAnswer) reached_at_ = Clock::now();
    feed_policy(recovery::Reached{to_policy(reach), random(), next_ && next_->answered()});
  });
}

void SessionCore::report(const recovery::Recovered &recovered) {
  double outage_ms = to_ms(recovered.outage);
  RecoveryCounts &counts = snapshot_.recoveries;
  bool same_call = true;
  if (recovered.action == "migrate") {
    ++counts.migrations;
  } else if (recovered.action == "restart-ice") {
    ++counts.ice_restarts;
  } else if (recovered.action == "ride-out") {
    ++counts.ride_outs;
  } else {
    same_call = false;
    ++(recovered.action == "rollover" ? counts.rollovers : counts.replacements);
    ++snapshot_.reconnects;
    ++keeper_.state().reconnects;
  }
  snapshot_.last_outage_ms = outage_ms;
  publish();
  const char *kept = same_call                       ? "call"
                     : conversation_.items().empty() ? "configuration"
                                                     : "conversation";
  LOG_INFO("recovered from %s by %s after %.0f ms, kept the %s", recovered.fault.c_str(),
           recovered.action.c_str(), outage_ms, kept);
  show_state();
  emit(RecoveryEvent{recovered.fault, recovered.action, outage_ms, kept});
}

}  // namespace oairt
