#include "session/call.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "protocol/tool_list.h"
#include "rtc/sdp.h"
#include "session/event_channel.h"
#include "session/session_object.h"

OAIRT_LOG_USE(session)

namespace oairt {
namespace {

// The event_id by which the answer to our own session.update is told from others.
constexpr const char *kConfigureEventId = "oairt_configure";
constexpr const char *kReplayEventPrefix = "oairt_replay";
// A server that acknowledges at all has done so by then.
constexpr Duration kPatience = std::chrono::seconds(5);
// DTLS takes a round trip from where ICE is connected, as ICE itself does. Where that is short, it
// is the machine that is late, and the service's timers repeat in time.
constexpr Duration kShortPath = milliseconds(20), kJitter = milliseconds(10);
constexpr Duration kLateHandshake = milliseconds(150), kLateHandshakeNearby = milliseconds(700);

}  // namespace

Call::Call(CallContext context, CallListener &listener)
    : context_(std::move(context)), listener_(listener) {}

Call::~Call() { close(); }

void Call::start() {
  context_.loop.assert_in_loop();
  started_ = Clock::now();
  deadline_timer_ =
      context_.loop.call_after(context_.config->connect_timeout, [this] { on_deadline(); });
  SignallingOptions options;
  options.base_url = context_.config->base_url;
  options.azure = context_.config->azure;
  options.safety_identifier = context_.config->safety_identifier;
  options.timeout = context_.config->connect_timeout;
  if (!context_.channel_unknown) event_stream_ = event_stream_for(*context_.config);
  options.event_stream = event_stream_;
  signalling_ = make_http_signalling(context_.loop, context_.http, options);
  std::weak_ptr<bool> alive = alive_;
  context_.tokens.get([this, alive](Result<Token> token) {
    if (!alive.expired()) on_token(std::move(token));
  });
  PeerOptions peer_options = context_.config->peer;
  if (!context_.relays.empty()) peer_options.turn_servers = context_.relays;
  peer_options.event_stream = event_stream_;
  peer_ = context_.peers.create(context_.loop, *this, context_.media, std::move(peer_options));
  peer_->start();
  if (auto webrtcbin = peer_->webrtcbin()) listener_.on_call_webrtcbin(std::move(webrtcbin));
}

void Call::on_token(Result<Token> token) {
  if (failed_) return;
  token_ms_ = to_ms(Clock::now() - started_);
  if (!token) {
    fail(token.error());
    return;
  }
  token_ = std::move(token).value();
  post_offer_if_possible();
}

void Call::on_offer(std::string sdp) {
  if (failed_) return;
  offer_ = std::move(sdp);
  post_offer_if_possible();
}

void Call::post_offer_if_possible() {
  if (!token_ || offer_.empty() || posted_) return;
  posted_ = true;
  posted_at_ = Clock::now();
  answer_taker_->callback = [this](Result<Answer> answer) { on_answer(std::move(answer)); };
  signalling_->post_offer(*token_, offer_, context_.config->session.dump(),
                          [taker = answer_taker_](Result<Answer> answer) {
                            auto callback = std::exchange(taker->callback, nullptr);
                            if (callback) callback(std::move(answer));
                          });
}

void Call::on_answer(Result<Answer> answer) {
  if (failed_) return;
  sdp_ms_ = to_ms(Clock::now() - posted_at_);
  if (!answer) {
    bool refused = answer.error().code == ErrorCode::Auth;
    bool perhaps_dcid =
        answer.error().code == ErrorCode::Config || answer.error().code == ErrorCode::Protocol;
    if (event_stream_ && perhaps_dcid) return leave_negotiated_channel("refused the call");
    if (refused) context_.tokens.invalidate();
    fail(answer.error(), refused);
    return;
  }
  answered_ = true;
  answer_ = std::move(answer).value();
  LOG_INFO("call %s accepted after %.1f ms", answer_.call_id.c_str(), *sdp_ms_);
  peer_->set_answer(answer_.sdp);
}

void Call::on_connected() {
  connected_ = true;
  if (late_timer_ != 0) context_.loop.cancel(std::exchange(late_timer_, 0));
}

void Call::on_message(std::string text) {
  if (failed_) return;
  auto parsed = parse_server_event(text);
  if (!parsed) {
    listener_.on_call_bad_event(*this, parsed.error());
    return;
  }
  const ServerEvent &event = parsed.value();
  if (hurries_ > 0 && std::holds_alternative<InputCleared>(event.body)) {
    --hurries_;  // nobody else asked for it
    return;
  }
  std::weak_ptr<bool> alive = alive_;
  if (!ready_) handle_before_ready(event);
  if (alive.expired() || failed_) return;
  listener_.on_call_event(*this, event, text);
  if (alive.expired() || failed_) return;
  if (const auto *error = std::get_if<ServerError>(&event.body)) {
    if (error->code == "session_expired") {
      fail(Error{ErrorCode::Network,
                 "The service ended the session at its maximum duration; a new one is started.",
                 error->message,
                 error->code,
                 {}});
    }
  }
}

void Call::on_bad_message() {
  if (failed_) return;
  listener_.on_call_bad_event(
      *this, Error{ErrorCode::Protocol, "The text is not a JSON object.", {}, {}, {}});
}

void Call::become_ready() {
  ready_ = true;
  ready_at_ = Clock::now();
  cancel_timers();
  if (refused_items_ > 0) {
    LOG_WARNING("the service refused %zu of %zu items of the conversation", refused_items_,
                replay_.events.size());
  }
  listener_.on_call_ready(*this);
}

// Servers that resemble the service may not say what became of session.update.
void Call::on_no_acknowledgement() {
  patience_timer_ = 0;
  if (failed_ || ready_) return;
  listener_.on_call_unacknowledged(*this);
  become_ready();
}

void Call::cancel_timers() {
  for (auto *timer :
       {&deadline_timer_, &patience_timer_, &late_timer_, &channel_timer_, &hurry_timer_}) {
    if (*timer != 0) context_.loop.cancel(std::exchange(*timer, 0));
  }
}

void Call::handle_before_ready(const ServerEvent &event) {
  if (const auto *created = std::get_if<SessionCreated>(&event.body)) {
    on_session_created(*created);
  } else if (std::holds_alternative<SessionUpdated>(event.body) && created_) {
    if (--updates_awaited_ > 0) return;
    become_ready();
  } else if (const auto *error = std::get_if<ServerError>(&event.body)) {
    if (error->client_event_id.rfind(kReplayEventPrefix, 0) == 0) {
      ++refused_items_;
      LOG_WARNING("an item was refused: %s, %s", error->code.c_str(), error->param.c_str());
    }
    if (error->client_event_id != kConfigureEventId) return;
    fail(Error{ErrorCode::Config,
               "The service refused the session settings: " +
                   (is_tool_secret(error->param) ? "(not shown)" : error->message) +
                   " Correct the property it names, or \"session-config\".",
               "session.update: " + error->code + ", param " + error->param,
               error->code,
               {}});
  }
}

void Call::on_session_created(const SessionCreated &created) {
  if (created_) return;
  created_ = true;
  created_info_ = created;
  if (channel_timer_ != 0) context_.loop.cancel(std::exchange(channel_timer_, 0));
  if (context_.channel_unknown) remember_opened_channels(context_.config->base_url);
  if (!context_.config->acknowledges) {
    patience_timer_ = context_.loop.call_after(kPatience, [this] { on_no_acknowledgement(); });
  }
  listener_.on_call_created(*this);
}

// Configuration and history go out in one burst: the channel keeps the order, so that the last
// session.updated says that all was taken. That begins before session.created: the service takes
// events as soon as the channel is open, and if session.created is lost, its answers to these make
// SCTP notice, long before its timer.
void Call::configure() {
  replay_ = listener_.replay_for(*this);
  const Json &session = context_.config->session;
  bool history = !replay_.events.empty();
  Json first = session_update_payload(session);
  if (history) first.merge(answers_payload(session, false));
  if (!send({kConfigureEventId, SessionUpdate{first}})) {
    fail(Error{ErrorCode::Config,
               "The session settings are too large for one event: shorten \"instructions\" or "
               "\"tools\".",
               "the service takes at most " + std::to_string(max_send_size()) + " bytes",
               {},
               {}});
    return;
  }
  updates_awaited_ = 1;
  if (!history) return;
  LOG_INFO("replaying %zu items, %zu left out", replay_.events.size(), replay_.left_out);
  for (const ClientEvent &event : replay_.events) {
    if (!send(event)) ++refused_items_;
  }
  send({kConfigureEventId, SessionUpdate{answers_payload(session, true)}});
  updates_awaited_ = 2;
}

void Call::on_failed(Error error) { fail(std::move(error)); }

void Call::on_ice_state(IceState state) {
  if (state == IceState::Connected && !connected_) watch_handshake();
  if (state == IceState::Failed && connected_ && !failed_) listener_.on_call_path_failed(*this);
}

void Call::watch_handshake() {
  if (failed_ || std::exchange(path_found_, true)) return;
  Duration path = peer_->timings().ice.value_or(Duration::zero());
  Duration late = path < kShortPath ? kLateHandshakeNearby
                                    : std::max<Duration>(kLateHandshake, path * 5 / 4 + kJitter);
  late_timer_ = context_.loop.call_after(late, [this] {
    late_timer_ = 0;
    listener_.on_call_late(*this);
  });
}

// --- ICE restart ---

void Call::restart_ice(Duration timeout, std::function<void(bool)> done) {
  IceAgent *agent = ice();
  if (failed_ || agent == nullptr || !can_restart_ice() || !token_) {
    context_.loop.post([done = std::move(done)] { done(false); });
    return;
  }
  restart_done_ = std::move(done);
  IceAgent::Credentials local = agent->begin_restart();
  std::string fragment = make_ice_fragment(offer_, local.ufrag, local.pwd);
  signalling_->restart_ice(token_->value, answer_, fragment, timeout,
                           [this](Result<Signalling::Restarted> answer) { on_restarted(answer); });
}

void Call::on_restarted(const Result<Signalling::Restarted> &answer) {
  if (failed_) return;
  bool agreed = false;
  if (!answer) {
    LOG_INFO("the server did not restart ICE: %s [%s]", answer.error().message.c_str(),
             answer.error().detail.c_str());
    // What it cannot do it cannot do later either.
    if (answer.error().code == ErrorCode::Config) answer_.etag.clear();
  } else if (auto remote = parse_ice_fragment(answer.value().fragment); !remote) {
    LOG_WARNING("the answer to the ICE restart is of no use: %s", remote.error().message.c_str());
  } else if (IceAgent *agent = ice()) {
    if (!answer.value().etag.empty()) answer_.etag = answer.value().etag;
    agent->finish_restart({remote.value().ufrag, remote.value().pwd}, remote.value().candidates);
    agreed = true;
  }
  if (auto done = std::exchange(restart_done_, nullptr)) done(agreed);
}

const char *Call::stage() const {
  if (!token_) return "the token server did not answer";
  if (offer_.empty()) return "the local offer was not made";
  if (!answered_) return "the service did not answer the offer";
  if (!connected_) return "no network path to the service answered (is UDP, or TCP 443, blocked?)";
  if (!channel_open_) return "the event channel did not open";
  if (!created_) return "the service sent no session.created";
  return "the service did not acknowledge session.update";
}

void Call::on_deadline() {
  deadline_timer_ = 0;
  fail(Error{ErrorCode::Network,
             "No connection within connect-timeout (" +
                 std::to_string(static_cast<int>(to_ms(context_.config->connect_timeout))) +
                 " ms): " + stage() + ".",
             "base-url " + context_.config->base_url,
             {},
             {}});
}

void Call::fail(Error error, bool token_refused) {
  if (std::exchange(failed_, true)) return;
  cancel_timers();
  listener_.on_call_failed(*this, std::move(error), token_refused);
}

bool Call::send(const ClientEvent &event) { return send_json(build_client_event(event)); }

bool Call::send_json(const std::string &json) {
  return !failed_ && channel_open_ && peer_ && peer_->send(json);
}

void Call::open_media(std::optional<TimePoint> again_from, bool with_voice) {
  if (with_voice) take_voice();
  context_.media->set_target(peer_->uplink(), again_from);
}

Duration Call::round_trip() const {
  // session.update is sent when the channel is open.
  return ready_ ? ready_at_ - channel_open_at_ : Duration::zero();
}

std::optional<Hangup> Call::close() {
  failed_ = true;
  alive_.reset();
  cancel_timers();
  if (peer_) peer_->close();
  peer_.reset();
  if (!signalling_) return std::nullopt;
  bool awaited = std::exchange(answer_taker_->callback, nullptr) != nullptr;
  if (!token_ || (!awaited && answer_.resource.empty())) {
    signalling_->cancel();
    return std::nullopt;
  }
  return Hangup{std::move(signalling_), token_->value, answer_, awaited ? answer_taker_ : nullptr};
}

ConnectBreakdown Call::breakdown() const {
  ConnectBreakdown result;
  result.token_ms = token_ms_;
  result.negotiated_channel = event_stream_.has_value();
  result.sdp_ms = sdp_ms_;
  if (peer_) {
    PeerTimings timings = peer_->timings();
    auto ms = [](std::optional<Duration> value) {
      return value ? std::optional<double>(to_ms(*value)) : std::nullopt;
    };
    result.ice_ms = ms(timings.ice);
    result.dtls_ms = ms(timings.dtls);
    result.sctp_ms = ms(timings.sctp);
  }
  if (ready_) {
    result.session_ms = to_ms(ready_at_ - channel_open_at_);
    result.total_ms = to_ms(ready_at_ - started_);
  }
  return result;
}

}  // namespace oairt
