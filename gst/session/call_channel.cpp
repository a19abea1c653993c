// How a call's event channel begins and ends.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "session/call.h"

OAIRT_LOG_USE(session)

namespace oairt {
namespace {

// A server that knows the channel has been heard on it by then, also if its first packet was lost
// and had to wait for its timer of a second; or within a part of connect-timeout.
constexpr Duration kFirstEvent = milliseconds(2500);
constexpr int kFirstEventShare = 3;
// SCTP repeats what was lost once three packets behind it are acknowledged, or else after a second;
// behind the first events there is nothing. These requests do nothing before audio flows, and each
// is answered with a packet.
constexpr int kHurries = 4;  // one may be lost too
constexpr const char *kHurryEventId = "oairt_hurry";
// On a negotiated channel session.created comes with the end of the SCTP handshake.
constexpr Duration kWithTheChannel = milliseconds(20);
// What the service takes to answer session.update, beside the way.
constexpr Duration kThinkTime = milliseconds(60);

}  // namespace

void Call::on_channel_open() {
  channel_open_ = true;
  channel_open_at_ = Clock::now();
  std::weak_ptr<bool> alive = alive_;
  configure();
  if (alive.expired() || failed_) return;
  // Only where it is known that they are answered, and not complained of.
  if (event_stream_ || context_.config->acknowledges) {
    hurry_timer_ = context_.loop.call_after(event_stream_ ? kWithTheChannel : until_updated(),
                                            [this] { hurry(); });
  }
  if (!event_stream_) return;
  // Nobody has said that it is open: both sides only know of it, or the server does not.
  Duration limit = std::min(kFirstEvent, context_.config->connect_timeout / kFirstEventShare);
  channel_timer_ = context_.loop.call_after(limit, [this] { on_unheard(); });
}

// From the open channel to session.updated, if nothing is lost: as long as the quickest step of the
// connect, each of which takes a round trip, and something more.
Duration Call::until_updated() const {
  PeerTimings timings = peer_->timings();
  std::optional<Duration> round_trip = timings.ice;
  if (timings.dtls && (!round_trip || *timings.dtls < *round_trip)) round_trip = timings.dtls;
  return round_trip.value_or(Duration::zero()) * 5 / 4 + kThinkTime;
}

// At most twice: for session.created, and for session.updated.
void Call::hurry() {
  hurry_timer_ = 0;
  if (failed_ || ready_) return;
  Duration left = channel_open_at_ + until_updated() - Clock::now();
  if (left > Duration::zero()) hurry_timer_ = context_.loop.call_after(left, [this] { hurry(); });
  if (left > Duration::zero() && created_) return;
  for (int i = 0; i < kHurries; ++i) {
    if (send({kHurryEventId, InputClear{}})) ++hurries_;
  }
}

void Call::on_unheard() {
  channel_timer_ = 0;
  if (failed_ || created_) return;
  leave_negotiated_channel("says nothing on it");
}

void Call::leave_negotiated_channel(const std::string &why) {
  LOG_INFO(
      "the server seems not to know a negotiated event channel, it %s: called again, with a "
      "channel that is opened",
      why.c_str());
  failed_ = true;
  cancel_timers();
  listener_.on_call_channel_unknown(*this);
}

void Call::on_channel_closed() {
  fail(Error{ErrorCode::Network,
             "The service closed the event channel; the call is replaced by a new one.",
             "data channel closed, call " + answer_.call_id,
             {},
             {}});
}

}  // namespace oairt
