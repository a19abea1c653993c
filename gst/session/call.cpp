#include "session/call.h"

#include <utility>

#include "base/log.h"
#include "session/session_object.h"

OAIRT_LOG_USE(session)

namespace oairt {
namespace {

// The event_id by which the answer to our own session.update is told from others.
constexpr const char *kConfigureEventId = "oairt_configure";

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
  signalling_ = make_http_signalling(context_.loop, context_.http, options);
  std::weak_ptr<bool> alive = alive_;
  context_.tokens.get([this, alive](Result<Token> token) {
    if (!alive.expired()) on_token(std::move(token));
  });
  peer_ = context_.peers.create(context_.loop, *this, context_.media, context_.config->peer);
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
  signalling_->post_offer(*token_, offer_, context_.config->session.dump(),
                          [this](Result<Answer> answer) { on_answer(std::move(answer)); });
}

void Call::on_answer(Result<Answer> answer) {
  if (failed_) return;
  sdp_ms_ = to_ms(Clock::now() - posted_at_);
  if (!answer) {
    bool refused = answer.error().code == ErrorCode::Auth;
    if (refused) context_.tokens.invalidate();
    fail(answer.error(), refused);
    return;
  }
  answered_ = true;
  answer_ = std::move(answer).value();
  LOG_INFO("call %s accepted after %.1f ms", answer_.call_id.c_str(), *sdp_ms_);
  peer_->set_answer(answer_.sdp);
}

void Call::on_connected() { connected_ = true; }

void Call::on_channel_open() {
  channel_open_ = true;
  channel_open_at_ = Clock::now();
}

void Call::on_channel_closed() {
  fail(Error{ErrorCode::Network,
             "The service closed the event channel; the call is replaced by a new one.",
             "data channel closed, call " + answer_.call_id,
             {},
             {}});
}

void Call::on_message(std::string text) {
  if (failed_) return;
  auto parsed = parse_server_event(text);
  if (!parsed) {
    listener_.on_call_bad_event(parsed.error());
    return;
  }
  const ServerEvent &event = parsed.value();
  std::weak_ptr<bool> alive = alive_;
  if (!ready_) handle_before_ready(event);
  if (alive.expired() || failed_) return;
  listener_.on_call_event(event, text);
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
      Error{ErrorCode::Protocol, "The text is not a JSON object.", {}, {}, {}});
}

void Call::handle_before_ready(const ServerEvent &event) {
  if (const auto *created = std::get_if<SessionCreated>(&event.body)) {
    on_session_created(*created);
  } else if (std::holds_alternative<SessionUpdated>(event.body) && created_) {
    ready_ = true;
    ready_at_ = Clock::now();
    context_.loop.cancel(std::exchange(deadline_timer_, 0));
    listener_.on_call_ready();
  } else if (const auto *error = std::get_if<ServerError>(&event.body)) {
    if (error->client_event_id != kConfigureEventId) return;
    fail(Error{ErrorCode::Config,
               "The service refused the session settings: " + error->message +
                   " Correct the property it names, or \"session-config\".",
               "session.update: " + error->code + ", param " + error->param,
               error->code,
               {}});
  }
}

void Call::on_session_created(const SessionCreated &created) {
  if (created_) return;
  created_ = true;
  listener_.on_call_created(created, answer_.call_id);
  ClientEvent update{kConfigureEventId,
                     SessionUpdate{session_update_payload(context_.config->session)}};
  if (!send(update)) {
    fail(Error{ErrorCode::Config,
               "The session settings are too large for one event: shorten \"instructions\" or "
               "\"tools\".",
               "the service takes at most " + std::to_string(max_send_size()) + " bytes",
               {},
               {}});
  }
}

void Call::on_failed(Error error) { fail(std::move(error)); }

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
  if (deadline_timer_ != 0) context_.loop.cancel(std::exchange(deadline_timer_, 0));
  listener_.on_call_failed(std::move(error), token_refused);
}

bool Call::send(const ClientEvent &event) { return send_json(build_client_event(event)); }

bool Call::send_json(const std::string &json) {
  return !failed_ && channel_open_ && peer_ && peer_->send(json);
}

void Call::open_media() {
  peer_->enable_downlink();
  context_.media->set_target(peer_->uplink());
}

std::optional<Hangup> Call::close() {
  failed_ = true;
  alive_.reset();
  if (deadline_timer_ != 0) context_.loop.cancel(std::exchange(deadline_timer_, 0));
  if (peer_) peer_->close();
  peer_.reset();
  if (signalling_) signalling_->cancel();
  if (!signalling_ || !token_ || answer_.resource.empty()) return std::nullopt;
  return Hangup{std::move(signalling_), token_->value, answer_};
}

ConnectBreakdown Call::breakdown() const {
  ConnectBreakdown result;
  result.token_ms = token_ms_;
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
