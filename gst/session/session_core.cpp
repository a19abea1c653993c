#include "session/session_core.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "session/event_translator.h"
#include "session/session_object.h"

OAIRT_LOG_DEFINE(session, "openairealtime-session", "OpenAI Realtime session")
OAIRT_LOG_USE(session)

namespace oairt {
namespace {

constexpr Duration kIdleUplink = milliseconds(60);  // three packets missing: silence is sent
constexpr Duration kInFlight = milliseconds(250);   // what is cut off may come for so long
constexpr Duration kSampleInterval = std::chrono::seconds(1);

// A token carries the session that it was made for.
bool same_connection(const Config &a, const Config &b) {
  return a.base_url == b.base_url && a.azure == b.azure && a.api_key == b.api_key &&
         a.ephemeral_key == b.ephemeral_key && a.token_url == b.token_url &&
         a.session == b.session && a.safety_identifier == b.safety_identifier &&
         a.http.ca_file == b.http.ca_file && a.http.proxy == b.http.proxy &&
         a.http.allow_insecure_http == b.http.allow_insecure_http &&
         a.peer.turn_servers == b.peer.turn_servers;
}

Error missing_credential() {
  return Error{ErrorCode::Auth,
               "There is no credential for the service: set OPENAI_API_KEY in the environment, "
               "or the property \"api-key\", \"ephemeral-key\" or \"token-url\", or answer the "
               "signal \"request-token\".",
               "no credential",
               {},
               {}};
}

}  // namespace

SessionCore::SessionCore(EventLoop &loop, std::shared_ptr<MediaPort> media,
                         std::weak_ptr<CoreOutput> output)
    : loop_(loop),
      media_(std::move(media)),
      output_(std::move(output)),
      peers_(make_webrtc_peer_factory()) {}

SessionCore::~SessionCore() {
  loop_.assert_in_loop();
  loop_.cancel(tick_timer_);
  loop_.cancel(policy_timer_);
  for (const auto &pending : hangups_) loop_.cancel(pending.timer);
}

void SessionCore::set_config(std::shared_ptr<const Config> config) {
  loop_.assert_in_loop();
  auto before = std::exchange(config_, std::move(config));
  policy_.set_options(config_->recovery);
  media_->set_prebuffer(config_->prebuffer);
  media_->set_latency(config_->jitter_latency);
  if (!before) return;
  auto changes = session_difference(before->session, config_->session);
  if (changes && call_ && call_->ready()) call_->send({"", SessionUpdate{*changes}});
  // Settings of the connection take effect with the next call; one that is not up yet was begun
  // without what an element in another pipeline has just brought, such as the key.
  if (call_ && call_->ready()) return;
  if (same_connection(*before, *config_)) return;
  feed_policy(recovery::Reconnect{});
}

void SessionCore::run() {
  loop_.assert_in_loop();
  feed_policy(recovery::Start{});
}

void SessionCore::stop() {
  loop_.assert_in_loop();
  feed_policy(recovery::Stop{});
  set_state(ConnectionState::Closed, "no element is running");
}

void SessionCore::reconnect() {
  loop_.assert_in_loop();
  if (policy_.state() != recovery::State::Idle) {
    outage_since_ = Clock::now();
    outage_fault_ = "reconnect";
  }
  feed_policy(recovery::Reconnect{});
}

void SessionCore::shut_down(std::function<void()> done) {
  loop_.assert_in_loop();
  feed_policy(recovery::Stop{});
  if (snapshot_.state != ConnectionState::Idle) {
    set_state(ConnectionState::Closed, "the session ended");
  }
  if (hangups_.empty()) {
    done();
  } else {
    when_shut_down_ = std::move(done);
  }
}

bool SessionCore::send(const ClientEvent &event) {
  return call_ && call_->ready() && call_->send(event);
}

bool SessionCore::send_json(const std::string &json) {
  return call_ && call_->ready() && call_->send_json(json);
}

void SessionCore::interrupt() {
  media_->clear_downlink(Clock::now() + kInFlight);
  if (!turns_.model_active()) return;
  send({"", ResponseCancel{}});
  send({"", OutputClear{}});
}

void SessionCore::input_finished() { turns_.input_finished(Clock::now()); }

// --- what the call tells ---

void SessionCore::on_call_webrtcbin(Ref<GstElement> webrtcbin) {
  emit(WebrtcbinReadyEvent{std::move(webrtcbin)});
}

void SessionCore::on_call_created(const SessionCreated &created, const std::string &call_id) {
  snapshot_.session_id = created.session_id;
  snapshot_.call_id = call_id;
  snapshot_.expires_at = created.expires_at;
  publish();
  emit(SessionInfoEvent{created.session_id, call_id, created.expires_at});
}

void SessionCore::on_call_ready() {
  call_->open_media();
  snapshot_.connect = call_->breakdown();
  ++snapshot_.connects;
  feed_policy(recovery::CallReady{});
  set_state(ConnectionState::Connected, "the service acknowledged the configuration");
  report_recovery();
  start_ticking();
  tokens_->prefetch();  // a call that has to be replaced finds a valid token
}

void SessionCore::on_call_event(const ServerEvent &event, const std::string &json) {
  LOG_DEBUG("event %s", event.type.c_str());
  follow_audio(event);
  if (const auto *done = std::get_if<ResponseDone>(&event.body)) {
    snapshot_.input_tokens += done->usage["input_tokens"].as_int();
    snapshot_.output_tokens += done->usage["output_tokens"].as_int();
    snapshot_.total_tokens += done->usage["total_tokens"].as_int();
  }
  emit(RawServerEvent{event.type, json});
  if (auto told = translate(event)) emit(*told);
  if (const auto *done = std::get_if<ResponseDone>(&event.body); done && done->status == "failed") {
    emit(ServiceErrorEvent{done->error_type, done->error_code, done->error_message, false});
  }
}

void SessionCore::on_call_bad_event(const Error &error) {
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

void SessionCore::on_call_failed(Error error, bool token_refused) {
  LOG_INFO("call failed (%s): %s [%s]", to_string(error.code), error.message.c_str(),
           error.detail.c_str());
  if (snapshot_.state == ConnectionState::Connected) {
    outage_since_ = Clock::now();
    outage_fault_ = error.service_code.empty() ? to_string(error.code) : error.service_code;
  }
  std::uniform_real_distribution<double> spread(0, 1);
  feed_policy(recovery::CallFailed{std::move(error), spread(random_), token_refused});
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
  if (cut) media_->clear_downlink(Clock::now() + kInFlight);
  if (std::holds_alternative<OutputAudioStarted>(event.body)) media_->listen();
}

// --- policy ---

void SessionCore::feed_policy(const recovery::Event &event) {
  auto actions = policy_.handle(event, Clock::now());
  for (const auto &action : actions) perform(action);
  arm_policy_timer();
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

void SessionCore::perform(const recovery::Action &action) {
  if (const auto *start = std::get_if<recovery::StartCall>(&action)) {
    start_call(*start);
  } else if (std::holds_alternative<recovery::EndCall>(action)) {
    end_call();
  } else if (const auto *warn = std::get_if<recovery::Warn>(&action)) {
    set_state(ConnectionState::Reconnecting, warn->error.message);
    emit(FailureEvent{warn->error, false});
  } else if (const auto *give_up = std::get_if<recovery::GiveUp>(&action)) {
    set_state(ConnectionState::Failed, give_up->error.message);
    emit(FailureEvent{give_up->error, true});
  }
}

void SessionCore::start_call(const recovery::StartCall &action) {
  if (!has_credential()) {
    std::weak_ptr<bool> alive = alive_;
    loop_.post([this, alive] {
      if (!alive.expired()) on_call_failed(missing_credential(), false);
    });
    return;
  }
  if (tokens_for_ != config_) {
    tokens_.reset();
    http_.reset();
  }
  make_tokens();
  if (action.fresh_token) tokens_->invalidate();
  bool again = action.attempt > 0 || outage_since_;
  set_state(again ? ConnectionState::Reconnecting : ConnectionState::Connecting,
            again ? "trying again" : "first call");
  CallContext context{loop_, config_, http_, *tokens_, *peers_, media_};
  CallListener &listener = *this;
  call_ = std::make_unique<Call>(std::move(context), listener);
  call_->start();
}

void SessionCore::end_call() {
  media_->set_target(nullptr);
  if (!call_) return;
  auto hangup = call_->close();
  // We may be inside one of its callbacks.
  std::shared_ptr<Call> old(call_.release());
  loop_.post([old] {});
  turns_.reset(Clock::now());
  snapshot_.call_id.clear();
  snapshot_.session_id.clear();
  snapshot_.expires_at = 0;
  if (hangup) hang_up(std::move(*hangup));
}

void SessionCore::hang_up(Hangup hangup) {
  constexpr Duration kPatience = milliseconds(800);
  uint64_t id = next_hangup_++;
  auto timer = loop_.call_after(kPatience, [this, id] { hangup_finished(id); });
  hangups_.push_back({id, std::move(hangup), timer});
  const Hangup &pending = hangups_.back().hangup;
  std::weak_ptr<bool> alive = alive_;
  pending.signalling->hang_up(pending.credential, pending.call, [this, id, alive] {
    if (!alive.expired()) hangup_finished(id);
  });
}

void SessionCore::hangup_finished(uint64_t id) {
  auto position = std::find_if(hangups_.begin(), hangups_.end(),
                               [id](const PendingHangup &pending) { return pending.id == id; });
  if (position == hangups_.end()) return;
  loop_.cancel(position->timer);
  // The signalling may be calling us right now.
  std::shared_ptr<Signalling> old(position->hangup.signalling.release());
  loop_.post([old] {});
  hangups_.erase(position);
  if (hangups_.empty() && when_shut_down_) std::exchange(when_shut_down_, nullptr)();
}

// --- credentials ---

void SessionCore::make_tokens() {
  tokens_for_ = config_;
  if (!http_) http_ = HttpClient::create(loop_, config_->http);
  if (!tokens_) tokens_ = std::make_unique<TokenCache>(loop_, make_provider());
}

bool SessionCore::has_credential() {
  if (!config_->ephemeral_key.empty() || !config_->token_url.empty()) return true;
  if (!config_->api_key.empty()) return true;
  auto output = output_.lock();
  return output && output->somebody_answers_request_token();
}

std::unique_ptr<TokenProvider> SessionCore::make_provider() {
  if (!config_->ephemeral_key.empty()) return make_static_provider(loop_, config_->ephemeral_key);
  if (!config_->token_url.empty()) {
    TokenUrlOptions options;
    options.url = config_->token_url;
    options.headers = config_->token_headers;
    options.session_json = config_->session.dump();
    options.timeout = config_->connect_timeout;
    return make_token_url_provider(http_, std::move(options));
  }
  auto output = output_.lock();
  if (output && output->somebody_answers_request_token()) {
    std::weak_ptr<CoreOutput> weak = output_;
    return make_request_provider(loop_, [weak] {
      auto strong = weak.lock();
      return strong ? strong->request_token() : Secret();
    });
  }
  MintOptions options;
  options.base_url = config_->base_url;
  options.api_key = config_->api_key;
  options.azure = config_->azure;
  options.safety_identifier = config_->safety_identifier;
  options.session_json = config_->session.dump();
  options.lifetime_s = config_->token_lifetime_s;
  options.timeout = config_->connect_timeout;
  return make_mint_provider(http_, std::move(options));
}

// --- while a call is up ---

void SessionCore::start_ticking() {
  if (tick_timer_ != 0) return;
  next_tick_ = Clock::now() + kFrameDuration;
  tick_timer_ = loop_.call_at(next_tick_, [this] { tick(); });
}

void SessionCore::tick() {
  tick_timer_ = 0;
  if (!call_ || !call_->ready()) return;
  TimePoint now = Clock::now();
  media_->fill_idle(now, kIdleUplink);
  auto stopped = turns_.user_stopped_at();
  if (stopped && media_->last_voice() > *stopped) {
    snapshot_.voice_to_voice_ms = to_ms(media_->last_voice() - *stopped);
    turns_.clear_user_stopped();
    publish();
  }
  if (turns_.take_answer_finished(now, media_->queued() == Duration::zero())) {
    emit(AnswerFinishedEvent{});
  }
  if (now >= next_sample_) sample();
  next_tick_ = std::max(next_tick_ + kFrameDuration, now);
  tick_timer_ = loop_.call_at(next_tick_, [this] { tick(); });
}

void SessionCore::sample() {
  next_sample_ = Clock::now() + kSampleInterval;
  snapshot_.peer = call_->peer_stats();
  publish();
}

void SessionCore::report_recovery() {
  if (!outage_since_) return;
  double outage_ms = to_ms(Clock::now() - *outage_since_);
  outage_since_.reset();
  ++snapshot_.reconnects;
  snapshot_.last_outage_ms = outage_ms;
  publish();
  emit(RecoveryEvent{outage_fault_, "replace-call", outage_ms, "configuration"});
}

void SessionCore::set_state(ConnectionState state, const std::string &reason) {
  if (snapshot_.state == state) return;
  snapshot_.state = state;
  publish();
  emit(ConnectionStateEvent{state, reason, policy_.attempt()});
}

void SessionCore::emit(const SessionEvent &event) {
  if (auto output = output_.lock()) output->emit(event);
}

void SessionCore::publish() {
  if (auto output = output_.lock()) output->publish(snapshot_);
}

}  // namespace oairt
