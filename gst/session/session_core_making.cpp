// The call that is being made, and the second one beside it where the first one's handshake is
// late.
#include <utility>

#include "base/log.h"
#include "session/session_core.h"

OAIRT_LOG_USE(session)

namespace oairt {

std::unique_ptr<Call> SessionCore::make_call(bool channel_unknown) {
  CallContext context{loop_, config_, access_.http(), access_.tokens(), *peers_, media_};
  context.relays = access_.relays();
  context.channel_unknown = channel_unknown;
  CallListener &listener = *this;
  early_events_.clear();
  return std::make_unique<Call>(std::move(context), listener);
}

void SessionCore::end_next() {
  if (next_ && !call_ && next_->answer().call_id == announced_call_) announced_call_.clear();
  drop_rival();
  dispose(std::move(next_));
}

void SessionCore::drop_rival() { dispose(std::move(rival_)); }

// A packet of the service's was lost that only its timer repeats, after a second: on a long path
// another call is up before that. Who has a call that is well waits for this one.
void SessionCore::on_call_late(Call &call) {
  if (&call != next_.get() || rival_ || path_is_well()) return;
  LOG_INFO("the handshake of call %s is late: another one is made beside it",
           call.answer().call_id.c_str());
  rival_ = make_call(false);
  rival_->start();
}

void SessionCore::on_call_created(Call &call) {
  if (&call == rival_.get()) std::swap(next_, rival_);
  if (&call == next_.get()) drop_rival();
  if (!call_) announce(call);
}

void SessionCore::on_call_ready(Call &call) {
  if (&call != next_.get()) return;
  feed_policy(recovery::CallReady{call.can_restart_ice(), call.round_trip(), limit_of(call)});
}

// To the policy they are one call, which goes on with the other.
bool SessionCore::lose_one_of_two(Call &call) {
  if (!rival_ || (&call != next_.get() && &call != rival_.get())) return false;
  if (&call == next_.get()) std::swap(next_, rival_);
  drop_rival();
  return true;
}

// To the policy it is the same call.
void SessionCore::on_call_channel_unknown(Call &call) {
  if (lose_one_of_two(call) || &call != next_.get()) return;
  dispose(std::move(next_));
  next_ = make_call(true);
  next_->start();
}

}  // namespace oairt
