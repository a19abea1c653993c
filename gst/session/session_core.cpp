#include "session/session_core.h"

#include <algorithm>
#include <utility>

#include <glib.h>

#include "base/log.h"
#include "protocol/codec.h"
#include "session/event_translator.h"
#include "session/session_object.h"

OAIRT_LOG_DEFINE(session, "openairealtime-session", "OpenAI Realtime session")
OAIRT_LOG_USE(session)

namespace oairt {
namespace {

// A token carries the session that it was made for.
bool same_connection(const Config &a, const Config &b) {
  return a.base_url == b.base_url && a.azure == b.azure && a.api_key == b.api_key &&
         a.ephemeral_key == b.ephemeral_key && a.token_url == b.token_url &&
         a.session == b.session && a.safety_identifier == b.safety_identifier &&
         a.http.ca_file == b.http.ca_file && a.http.proxy == b.http.proxy &&
         a.http.allow_insecure_http == b.http.allow_insecure_http &&
         a.peer.turn_servers == b.peer.turn_servers && a.ice_servers_url == b.ice_servers_url;
}

ConnectionState shown(recovery::State state, bool again) {
  switch (state) {
    case recovery::State::Connected:
    case recovery::State::RollingOver:
      return ConnectionState::Connected;
    case recovery::State::Connecting:
      return again ? ConnectionState::Reconnecting : ConnectionState::Connecting;
    case recovery::State::Migrating:
    case recovery::State::Restarting:
    case recovery::State::Replacing:
    case recovery::State::Waiting:
      return ConnectionState::Reconnecting;
    case recovery::State::Stopped:
      return ConnectionState::Failed;
    case recovery::State::Idle:
      break;
  }
  return ConnectionState::Closed;
}

// Refusals of events that the application knows nothing of.
bool is_answer_to_us(const ServerEvent &event) {
  const auto *error = std::get_if<ServerError>(&event.body);
  if (error == nullptr || error->client_event_id.rfind("oairt_", 0) != 0) return false;
  // Why the model cannot go on is of interest; that it has to wait is not.
  return error->client_event_id != kAskEventId ||
         error->code == "conversation_already_has_active_response";
}

// What the service says of items that it was told again: the application has heard it before.
bool is_echo(const ServerEvent &event, const ReplayPlan &replay) {
  const auto *added = std::get_if<ItemAdded>(&event.body);
  const auto *done = std::get_if<ItemDone>(&event.body);
  if (added == nullptr && done == nullptr) return false;
  const std::string &id = added != nullptr ? added->item_id : done->item_id;
  return std::find(replay.item_ids.begin(), replay.item_ids.end(), id) != replay.item_ids.end();
}

}  // namespace

SessionCore::SessionCore(EventLoop &loop, std::shared_ptr<MediaPort> media,
                         std::weak_ptr<CoreOutput> output)
    : loop_(loop),
      media_(std::move(media)),
      output_(output),
      access_(
          loop, std::move(output),
          [this](const std::vector<Secret> &relays) {
            for (const auto *call : {&call_, &next_, &rival_}) {
              if (*call && (*call)->ice() != nullptr) (*call)->ice()->set_turn_servers(relays);
            }
          },
          [this](const Error &error) {
            emit(FailureEvent{error, false});
          }),
      peers_(make_webrtc_peer_factory()),
      guard_(
          loop,
          [this](const recovery::Event &event) {
            // A kept connection may have its end at an address that nobody reaches any more.
            if (std::holds_alternative<recovery::NetworkChanged>(event) ||
                std::holds_alternative<recovery::PathLost>(event)) {
              access_.network_changed();
            }
            if (std::holds_alternative<recovery::PathBack>(event)) {
              well_since_ = back_since_ = Clock::now();
              speech_watch_.reset(well_since_);
            }
            feed_policy(event);
          },
          [this] { ask_for_an_answer(); }),
      hangups_(loop),
      keeper_(loop, conversation_, *this) {}

SessionCore::~SessionCore() {
  loop_.assert_in_loop();
  loop_.cancel(tick_timer_);
  loop_.cancel(policy_timer_);
}

void SessionCore::set_config(std::shared_ptr<const Config> config) {
  loop_.assert_in_loop();
  auto before = std::exchange(config_, std::move(config));
  policy_.set_options(config_->recovery);
  guard_.set_silence(config_->watchdog);
  speech_watch_.set_patience(config_->watchdog);
  media_->set_prebuffer(config_->prebuffer);
  media_->set_latency(config_->jitter_latency);
  keeper_.set_options(config_->persistence);
  turns_.set_transcribing(config_->transcription);
  show_quality(quality_.set_enabled(config_->quality_adaptation, Clock::now()));
  tools_->set_timeout(config_->tool_timeout);
  show_on_bus();
  access_.connect_ahead(*config_);
  if (!before) return;
  // A session cannot become one of another type: that takes another call.
  bool other_type = before->session["type"] != config_->session["type"];
  auto changes = session_difference(before->session, config_->session);
  if (changes && call_ && !other_type) send({"", SessionUpdate{*changes}});
  // Settings of the connection take effect with the next call; one that is not up yet was begun
  // without what an element in another pipeline has just brought, such as the key.
  // What was only written down waits for no answer.
  if (other_type && call_ && !conversation_.items().empty()) split("session-type");
  if ((call_ && !other_type) || same_connection(*before, *config_)) return;
  feed_policy(recovery::Reconnect{});
}

void SessionCore::run() {
  loop_.assert_in_loop();
  running_ = true;
  guard_.start();
  keeper_.open();
  if (keeper_.ready()) feed_policy(recovery::Start{});
}

void SessionCore::stop() {
  loop_.assert_in_loop();
  running_ = false;
  asleep_since_.reset();
  snapshot_.asleep = false;
  feed_policy(recovery::Stop{});
  if (!keeper_.keeps()) {
    keeper_.begin_record();
    conversation_.clear();
  }
  outbox_.clear();
  forget_requests();
  was_connected_ = false;
  set_state(ConnectionState::Closed, "no element is running");
}

void SessionCore::reconnect() {
  loop_.assert_in_loop();
  if (asleep_since_) return wake();
  feed_policy(recovery::Reconnect{});
}

void SessionCore::restart_ice() {
  loop_.assert_in_loop();
  feed_policy(recovery::RestartIce{});
}

void SessionCore::shut_down(std::function<void()> done) {
  loop_.assert_in_loop();
  running_ = false;
  asleep_since_.reset();
  feed_policy(recovery::Stop{});
  release_leaving(TimePoint::max());
  if (snapshot_.state != ConnectionState::Idle) {
    set_state(ConnectionState::Closed, "the session ended");
  }
  auto left = std::make_shared<int>(2);
  auto one_done = [left, done = std::move(done)] {
    if (--*left == 0) done();
  };
  hangups_.when_done(one_done);
  close_store(one_done);
}

// --- client events ---

bool SessionCore::path_is_well() const {
  return call_ && (policy_.state() == recovery::State::Connected ||
                   policy_.state() == recovery::State::RollingOver);
}

void SessionCore::send(ClientEvent event) {
  outbox_.name_item(event);
  const auto *create = std::get_if<ItemCreate>(&event.body);
  send_json(build_client_event(event), create != nullptr ? create->item["id"].as_string() : "");
}

// What a silent call is given may be lost with it: it waits until it is clear who takes it.
void SessionCore::send_json(const std::string &json, const std::string &item_id) {
  if (path_is_well()) {
    outbox_.sent(item_id, json, Clock::now());
    call_->send_json(json);
  } else if (running_ || policy_.state() != recovery::State::Idle) {
    if (!outbox_.hold(json, item_id)) {
      LOG_WARNING("dropped an event: %zu of them wait for a connection", Outbox::kMaxHeld);
    }
    if (asleep_since_) wake();
  }
}

void SessionCore::flush_outbox() {
  if (!path_is_well()) return;
  for (const std::string &json : outbox_.take_held()) call_->send_json(json);
  pursue_answers();
}

void SessionCore::interrupt() {
  cut_voice(Clock::now() + kInFlight);
  if (!turns_.model_active() || !path_is_well()) return;
  send({"", ResponseCancel{}});
  send({"", OutputClear{}});
}

void SessionCore::input_finished() { turns_.input_finished(Clock::now()); }

// --- what the calls tell ---

void SessionCore::on_call_webrtcbin(Ref<GstElement> webrtcbin) {
  emit(WebrtcbinReadyEvent{std::move(webrtcbin)});
}

ReplayPlan SessionCore::replay_for(Call &call) {
  // Who only writes needs no past; the record has it.
  if (config_->transcription) return {};
  return plan_replay(conversation_, replay_limits(call));
}

ReplayLimits SessionCore::replay_limits(const Call &call) const {
  ReplayLimits limits = config_->persistence.replay;
  limits.max_event_bytes = std::min(limits.max_event_bytes, call.max_send_size());
  return limits;
}

void SessionCore::on_call_event(Call &call, const ServerEvent &event, const std::string &json) {
  LOG_DEBUG("event %s", event.type.c_str());
  bool in_use = &call == call_.get();
  if (&call == next_.get()) early_events_.push_back(event);
  bool speaking = std::any_of(leaving_.begin(), leaving_.end(), [&call](const Leaving &leaving) {
    return leaving.call.get() == &call && leaving.speaking;
  });
  if (!in_use && !speaking && call_) return;  // a call beside the one in use
  if (speaking && std::holds_alternative<ServerError>(event.body)) return;  // its end was foreseen
  if (in_use) speech_watch_.heard_event(Clock::now());
  if (in_use) follow_split(event);
  if (in_use || speaking) conversation_.handle(event, wall_ms());
  keeper_.follow();
  if (in_use) follow_audio(event);
  std::vector<FunctionCallEvent> calls;
  if (in_use || speaking) calls = follow_tools(event, in_use);
  if (in_use) follow_images(event);
  if (speaking && (std::holds_alternative<OutputAudioStopped>(event.body) ||
                   std::holds_alternative<OutputAudioCleared>(event.body))) {
    for (auto &leaving : leaving_) {
      if (leaving.call.get() == &call) leaving.spoken = true;
    }
  }
  if (const auto *done = std::get_if<ResponseDone>(&event.body)) note_usage(*done);
  if (is_answer_to_us(event) || is_echo(event, call.replay())) return;
  emit(RawServerEvent{event.type, json});
  auto told = translate(event);
  const auto *words = told ? std::get_if<TranscriptEvent>(&*told) : nullptr;
  if (told && !(words != nullptr && conversation_.is_gone(words->item_id))) emit(*told);
  if (const auto *done = std::get_if<ResponseDone>(&event.body); done && done->status == "failed") {
    emit(ServiceErrorEvent{done->error_type, done->error_code, done->error_message, false});
  }
  for (const FunctionCallEvent &called : calls) emit(called);
  if (in_use) pursue_answers();
}

void SessionCore::on_call_bad_event(Call &, const Error &error) {
  ++bad_events_;
  LOG_WARNING("ignored a malformed event (%" G_GUINT64_FORMAT " so far): %s", bad_events_,
              error.message.c_str());
  if (bad_events_ > 1) return;  // one warning a session; the log has them all
  Error warning{ErrorCode::Protocol,
                "The service sent an event that cannot be read; it is ignored.",
                error.message,
                {},
                {}};
  emit(FailureEvent{warning, false});
}

void SessionCore::on_call_failed(Call &call, Error error, bool token_refused) {
  LOG_INFO("call failed (%s): %s [%s]", to_string(error.code), error.message.c_str(),
           error.detail.c_str());
  bool next = &call == next_.get();
  for (auto &leaving : leaving_) {
    if (leaving.call.get() == &call) leaving.spoken = true;
  }
  if (lose_one_of_two(call)) return;
  if (!next && &call != call_.get()) return;  // a call that is being left
  feed_policy(recovery::CallFailed{std::move(error), random(), token_refused, next});
}

void SessionCore::on_call_path_failed(Call &call) {
  if (&call == call_.get()) guard_.path_failed(Clock::now());
}

// Barge-in and the end of answers, from the order of events.
void SessionCore::follow_audio(const ServerEvent &event) {
  bool was_speaking = turns_.model_speaking();
  turns_.handle(event, Clock::now());
  bool cut =
      std::holds_alternative<OutputAudioCleared>(event.body) ||
      (std::holds_alternative<SpeechStarted>(event.body) && was_speaking &&
       config_->session.at("audio.input.turn_detection")["interrupt_response"].as_bool(true));
  // The service stops at once, but what it sent before is still on its way.
  if (cut) cut_voice(Clock::now() + kInFlight);
  bool speaks = std::holds_alternative<OutputAudioStarted>(event.body);
  if (speaks && !splitting()) media_->listen();
}

void SessionCore::cut_voice(TimePoint deaf_until) {
  media_->clear_downlink(deaf_until);
  emit(VoiceEvent{VoiceEvent::What::Cut});
}

// --- policy ---

double SessionCore::random() { return std::uniform_real_distribution<double>(0, 1)(generator_); }

void SessionCore::feed_policy(const recovery::Event &event) {
  auto actions = policy_.handle(event, Clock::now());
  for (const auto &action : actions) perform(action);
  arm_policy_timer();
  show_state();
  flush_outbox();
  keeper_.follow();
}

void SessionCore::arm_policy_timer() {
  if (policy_timer_ != 0) loop_.cancel(std::exchange(policy_timer_, 0));
  auto deadline = policy_.deadline();
  if (!deadline) return;
  policy_timer_ = loop_.call_at(*deadline, [this] {
    policy_timer_ = 0;
    feed_policy(recovery::TimerFired{});
  });
}

void SessionCore::show_state() {
  recovery::State state = policy_.state();
  if (state == recovery::State::Idle || state == recovery::State::Stopped) return;
  std::string fault = policy_.fault();
  set_state(shown(state, was_connected_ || policy_.attempt() > 0),
            !fault.empty() ? std::string(recovery::to_string(state)) + ": " + fault
            : state == recovery::State::Connected ? "the service acknowledged the configuration"
                                                  : std::string(recovery::to_string(state)));
}

void SessionCore::set_state(ConnectionState state, const std::string &reason) {
  if (snapshot_.state == state) return;
  snapshot_.state = state;
  if (state == ConnectionState::Connected) was_connected_ = true;
  publish();
  emit(ConnectionStateEvent{state, reason, policy_.attempt()});
}

void SessionCore::emit(const SessionEvent &event) {
  if (state_bus_) state_bus_->follow(event);
  if (auto output = output_.lock()) output->emit(event);
}

void SessionCore::publish() {
  if (auto output = output_.lock()) output->publish(snapshot_);
}

}  // namespace oairt
