#include "policy/recovery.h"

namespace oairt::recovery {

const char *to_string(State state) {
  switch (state) {
    case State::Idle:
      return "idle";
    case State::Connecting:
      return "connecting";
    case State::Connected:
      return "connected";
    case State::Waiting:
      return "waiting";
    case State::Stopped:
      return "stopped";
  }
  return "unknown";
}

namespace {

bool may_be_retried(ErrorCode code) {
  switch (code) {
    case ErrorCode::Network:
    case ErrorCode::Busy:
    case ErrorCode::Protocol:
    case ErrorCode::Media:
      return true;
    case ErrorCode::Auth:
    case ErrorCode::Config:
    case ErrorCode::Quota:
    case ErrorCode::Security:
    case ErrorCode::Storage:
    case ErrorCode::Cancelled:
      return false;
  }
  return false;
}

}  // namespace

std::vector<Action> Policy::start_call(bool fresh_token) {
  state_ = State::Connecting;
  deadline_.reset();
  return {StartCall{attempt_, fresh_token}};
}

std::vector<Action> Policy::give_up(const Error &error) {
  state_ = State::Stopped;
  deadline_.reset();
  return {EndCall{}, GiveUp{error}};
}

std::vector<Action> Policy::on_failure(const CallFailed &failure, TimePoint now) {
  if (state_ != State::Connecting && state_ != State::Connected) return {};
  bool was_connected = state_ == State::Connected;
  if (was_connected) attempt_ = 0;

  // A cached token may have been revoked: a new one is tried once before the refusal is final.
  bool renew_token = failure.token_refused && !token_renewed_;
  bool retry = renew_token || may_be_retried(failure.error.code);
  bool used_up = options_.max_retries >= 0 && attempt_ >= options_.max_retries && !renew_token;
  if (!retry || used_up || (!options_.auto_reconnect && !renew_token)) {
    return give_up(failure.error);
  }
  token_renewed_ = token_renewed_ || renew_token;
  ++attempt_;
  Duration delay =
      renew_token ? Duration::zero() : backoff_delay(attempt_, failure.random, options_.backoff);
  if (failure.error.retry_after && *failure.error.retry_after > delay) {
    // Everybody who was told the same time must not come back in the same moment.
    delay = *failure.error.retry_after +
            std::chrono::duration_cast<Duration>(failure.random * options_.backoff.initial);
  }
  std::vector<Action> actions = {EndCall{}, Warn{failure.error, delay}};
  if (delay == Duration::zero()) {
    actions.push_back(start_call(renew_token).front());
  } else {
    state_ = State::Waiting;
    deadline_ = now + delay;
  }
  return actions;
}

std::vector<Action> Policy::handle(const Event &event, TimePoint now) {
  if (std::holds_alternative<Start>(event)) {
    if (state_ != State::Idle) return {};
    attempt_ = 0;
    token_renewed_ = false;
    return start_call(false);
  }
  if (std::holds_alternative<Stop>(event)) {
    if (state_ == State::Idle) return {};
    state_ = State::Idle;
    deadline_.reset();
    return {EndCall{}};
  }
  if (std::holds_alternative<CallReady>(event)) {
    if (state_ != State::Connecting) return {};
    state_ = State::Connected;
    token_renewed_ = false;
    return {};
  }
  if (const auto *failure = std::get_if<CallFailed>(&event)) return on_failure(*failure, now);
  if (std::holds_alternative<TimerFired>(event)) {
    if (state_ != State::Waiting || !deadline_ || now < *deadline_) return {};
    return start_call(false);
  }
  // Reconnect
  if (state_ == State::Idle) return {};
  bool had_call = state_ == State::Connecting || state_ == State::Connected;
  attempt_ = 0;
  token_renewed_ = false;
  std::vector<Action> actions;
  if (had_call) actions.push_back(EndCall{});
  actions.push_back(start_call(state_ == State::Stopped).front());
  return actions;
}

}  // namespace oairt::recovery
