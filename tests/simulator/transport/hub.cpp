#include "transport/hub.h"

#include <set>

#include "transport/ice_lite.h"
#include "transport/peer.h"
#include "transport/sctp.h"
#include "transport/warm_up.h"

namespace oairt::sim {
namespace {

constexpr unsigned kTickMs = 100;

}  // namespace

Hub::Hub(GMainContext *context, TransportOptions options)
    : context_(g_main_context_ref(context)), options_(std::move(options)) {}

Hub::~Hub() {
  shut_down();
  g_main_context_unref(context_);
}

Result<std::shared_ptr<Hub>> Hub::open(GMainContext *context, TransportOptions options) {
  std::shared_ptr<Hub> hub(new Hub(context, std::move(options)));
  std::weak_ptr<Hub> weak = hub;
  Wire::Hooks hooks;
  hooks.on_packet = [weak](const Flow &flow, BytesView packet) {
    if (auto self = weak.lock()) self->on_packet(flow, packet);
  };
  hooks.on_tcp_closed = [weak](const Flow &flow) {
    if (auto self = weak.lock()) self->on_tcp_closed(flow);
  };
  auto wire = Wire::open(context, hub->options_.listen, hub->options_.udp_port,
                         hub->options_.tcp_port, std::move(hooks));
  if (!wire) return wire.error();
  hub->wire_ = std::move(wire).value();
  hub->sctp_engine_ = SctpEngine::get(context);
  warm_up_crypto(context);
  hub->ticker_ = Source::timer(context, kTickMs, [weak] {
    auto self = weak.lock();
    return self && self->on_tick();
  });
  return hub;
}

void Hub::shut_down() {
  ticker_.reset();
  if (wire_) wire_->close();
}

std::vector<std::string> Hub::candidate_addresses() const {
  // The dead ones come first, so that a client cannot get by with the first candidate.
  std::vector<std::string> addresses = options_.dead_candidates;
  if (!options_.advertise.empty()) {
    addresses.insert(addresses.end(), options_.advertise.begin(), options_.advertise.end());
    return addresses;
  }
  auto listen = SocketAddress::parse(options_.listen, 0);
  bool any = listen && listen->is_any();
  std::string loopback = listen && listen->family() == AF_INET6 ? "::1" : "127.0.0.1";
  addresses.push_back(any ? loopback : options_.listen);
  return addresses;
}

void Hub::add_ufrag(const std::string &ufrag, const std::shared_ptr<PeerCore> &peer) {
  by_ufrag_[ufrag] = peer;
}

void Hub::remove_ufrag(const std::string &ufrag) { by_ufrag_.erase(ufrag); }

void Hub::add_flow(const Flow &flow, const std::shared_ptr<PeerCore> &peer) {
  by_flow_[flow.key()] = peer;
}

void Hub::remove_flow(const Flow &flow, const PeerCore &peer) {
  auto found = by_flow_.find(flow.key());
  if (found == by_flow_.end()) return;
  auto owner = found->second.lock();
  if (!owner || owner.get() == &peer) by_flow_.erase(found);
}

std::shared_ptr<PeerCore> Hub::peer_by_flow(const Flow &flow) const {
  auto found = by_flow_.find(flow.key());
  return found == by_flow_.end() ? nullptr : found->second.lock();
}

void Hub::on_packet(const Flow &flow, BytesView packet) {
  if (stun::looks_like_stun(packet)) return on_stun(flow, packet);
  if (auto peer = peer_by_flow(flow)) peer->on_packet(flow, packet);
}

void Hub::on_stun(const Flow &flow, BytesView packet) {
  std::optional<stun::Message> message = stun::parse(packet);
  if (!message) return;
  std::shared_ptr<PeerCore> peer;
  if (message->kind == stun::Kind::Request && message->username) {
    auto found = by_ufrag_.find(IceLite::receiver_of(*message->username));
    if (found != by_ufrag_.end()) peer = found->second.lock();
  }
  if (!peer) peer = peer_by_flow(flow);
  if (!peer) return;
  if (message->kind == stun::Kind::Request) {
    peer->on_check(flow, packet, *message);
  } else {
    peer->on_packet(flow, packet);
  }
}

void Hub::on_tcp_closed(const Flow &flow) {
  if (auto peer = peer_by_flow(flow)) peer->on_flow_closed(flow);
  by_flow_.erase(flow.key());
}

bool Hub::on_tick() {
  std::set<std::shared_ptr<PeerCore>> peers;  // one peer can have several user fragments
  for (auto &[ufrag, weak] : by_ufrag_) {
    if (auto peer = weak.lock()) peers.insert(peer);
  }
  TimePoint now = Clock::now();
  for (auto &peer : peers) peer->on_tick(now);
  wire_->sweep();
  return true;
}

}  // namespace oairt::sim
