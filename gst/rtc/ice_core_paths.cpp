#include <algorithm>
#include <utility>

#include "base/log.h"
#include "rtc/ice_core.h"

OAIRT_LOG_USE(ice)

namespace oairt {
namespace {

// webrtcbin hands the candidates over one by one; the choice of local addresses wants them all.
constexpr Duration kCandidateBurst = milliseconds(1);

GstWebRTCICEConnectionState to_webrtc(IceState state) {
  switch (state) {
    case IceState::Checking:
      return GST_WEBRTC_ICE_CONNECTION_STATE_CHECKING;
    case IceState::Connected:
      return GST_WEBRTC_ICE_CONNECTION_STATE_CONNECTED;
    case IceState::Failed:
      return GST_WEBRTC_ICE_CONNECTION_STATE_FAILED;
    case IceState::New:
      break;
  }
  return GST_WEBRTC_ICE_CONNECTION_STATE_NEW;
}

const char *name(IceState state) {
  switch (state) {
    case IceState::New:
      return "new";
    case IceState::Checking:
      return "checking";
    case IceState::Connected:
      return "connected";
    case IceState::Failed:
      return "failed";
  }
  return "?";
}

}  // namespace

void IceCore::cancel(EventLoop::TimerId &timer) {
  if (timer != 0) loop_.cancel(std::exchange(timer, 0));
}

bool IceCore::ready() const {
  return !ended_ && !local_.ufrag.empty() && !remote_.ufrag.empty() && !candidates_.list().empty();
}

void IceCore::schedule_sync() {
  if (sync_timer_ != 0) return;
  sync_timer_ = loop_.call_after(kCandidateBurst, [weak = weak_from_this()] {
    auto self = weak.lock();
    if (!self || self->ended_) return;
    self->sync_timer_ = 0;
    self->sync_candidates();
  });
}

void IceCore::sync_candidates() {
  if (!ready()) return;
  if (!active_ && !round_) {
    start_round("connect");
  } else if (round_) {
    // A path cannot take further local addresses once it has gathered.
    if (!same_reach(round_destinations_, destinations())) {
      start_round("another kind of address");
      return;
    }
    for (const auto &path : round_->paths(IceRound::Kind::Udp)) {
      path->add_remote(candidates_.with(IceCandidate::Transport::Udp));
    }
    plan_round();
  }
}

std::vector<Destination> IceCore::destinations() const {
  std::vector<Destination> out;
  if (!options_.relay_only) {
    for (const IceCandidate &candidate : candidates_.list()) {
      out.push_back({candidate.address, candidate.port});
    }
  }
  for (const RelayServer &relay : servers_->relays()) {
    out.push_back({relay.server.address, relay.server.port});
  }
  if (out.empty() && options_.relay_only) {
    // The relay's address is still being looked up: be ready for either family.
    out = {{"192.0.2.1", 3478}, {"2001:db8::1", 3478}};
  }
  return out;
}

IcePathConfig IceCore::path_config(IceRound::Kind kind) const {
  IcePathConfig config;
  config.local = local_;
  config.remote = remote_;
  config.destinations = round_destinations_;
  config.stun = servers_->stun();
  config.relay_only = options_.relay_only;
  config.tcp = kind == IceRound::Kind::Tcp;
  config.controlling = controlling_;
  config.aggressive = options_.aggressive_nomination;
  config.pacing = options_.pacing;
  config.tos = tos_;
  return config;
}

void IceCore::start_round(const char *why) {
  end_round();
  if (!active_ && state_ == IceState::New) set_state(IceState::Checking);
  LOG_INFO("looking for a path: %s", why);
  round_destinations_ = destinations();
  round_ = std::make_shared<IceRound>(loop_, [weak = weak_from_this()](IceRound::Kind kind) {
    auto self = weak.lock();
    return self && !self->ended_ ? self->make_path(kind) : nullptr;
  });
  plan_round();
  publish_snapshot();
}

// UDP, once more UDP, then TCP. Called again when more is known of the peer.
void IceCore::plan_round() {
  auto round = round_;
  bool tcp = options_.ice_tcp && !options_.relay_only &&
             !candidates_.with(IceCandidate::Transport::TcpPassive).empty();
  bool udp = options_.relay_only || servers_->has_relays() ||
             !candidates_.with(IceCandidate::Transport::Udp).empty();
  if (tcp) round->want(IceRound::Kind::Tcp, {udp ? options_.tcp_delay : Duration::zero()});
  if (!udp) return;
  std::vector<Duration> delays = {Duration::zero()};
  // A second allocation at a TURN server for the same end would be a waste.
  if (!options_.relay_only && options_.hedge_delay > Duration::zero()) {
    delays.push_back(options_.hedge_delay);
  }
  round->want(IceRound::Kind::Udp, delays);
}

std::shared_ptr<IcePath> IceCore::make_path(IceRound::Kind kind) {
  auto path = std::make_shared<IcePath>(
      loop_, std::static_pointer_cast<IcePathListener>(shared_from_this()), path_config(kind));
  if (!path->gather()) {
    LOG_DEBUG("no address to send from");
    bury(std::move(path));
    return nullptr;
  }
  ++paths_;
  if (kind == IceRound::Kind::Udp) path->add_relays(servers_->relays());
  path->add_remote(candidates_.with(kind == IceRound::Kind::Udp
                                        ? IceCandidate::Transport::Udp
                                        : IceCandidate::Transport::TcpPassive));
  LOG_INFO("path %p started by %s", static_cast<void *>(path.get()),
           kind == IceRound::Kind::Udp ? "udp" : "tcp");
  return path;
}

void IceCore::on_servers_changed() {
  if (ended_ || !round_) return;
  if (!same_reach(round_destinations_, destinations())) {
    start_round("a relay became known");
    return;
  }
  for (const auto &path : round_->paths(IceRound::Kind::Udp)) path->add_relays(servers_->relays());
}

void IceCore::migrate(const char *why) {
  loop_.assert_in_loop();
  if (!ready()) return;
  servers_->resolve();
  start_round(why);
}

void IceCore::end_round() {
  if (!round_) return;
  auto round = std::exchange(round_, nullptr);
  for (auto &path : round->release()) bury(std::move(path));
}

void IceCore::on_path_state(const std::shared_ptr<IcePath> &path, IceState state) {
  if (ended_) return;
  LOG_DEBUG("path %p is %s", static_cast<void *>(path.get()), name(state));
  if (round_ && round_->contains(path)) {
    if (state == IceState::Connected) {
      swap_in(path);
    } else if (state == IceState::Failed) {
      bool more = round_->remove(path);
      bury(path);
      if (more) return;
      end_round();
      if (!active_) set_state(IceState::Failed);
    }
  } else if (path == active_ && (state == IceState::Connected || state == IceState::Failed)) {
    set_state(state);
    publish_snapshot();
  }
}

void IceCore::swap_in(const std::shared_ptr<IcePath> &path) {
  round_->remove(path);
  std::shared_ptr<IcePath> old = std::exchange(active_, path);
  end_round();
  channel_->set_wire(active_->wire());
  if (old) {
    replayed_ += channel_->replay();
    ++swaps_;
    retire(std::move(old));
  }
  schedule_nominations();
  publish_snapshot();
  LOG_INFO("path %p is in use", static_cast<void *>(active_.get()));
  set_state(IceState::Connected);
}

// The peer may have heard a loser of the race last; it must come back at once, not with libnice's
// next check in five seconds.
void IceCore::schedule_nominations() {
  for (int delay_ms : {20, 100, 300}) {
    loop_.call_after(milliseconds(delay_ms),
                     [weak = weak_from_this(), path = std::weak_ptr<IcePath>(active_)] {
                       auto self = weak.lock();
                       auto winner = path.lock();
                       if (self && winner && !self->ended_ && winner == self->active_) {
                         winner->nominate();
                       }
                     });
  }
}

// A replaced path still hears what is on its way, but not for long: its next keep-alive check
// would nominate it again at the peer.
void IceCore::retire(std::shared_ptr<IcePath> path) {
  retired_.push_back(path);
  loop_.call_after(options_.retire, [weak = weak_from_this(), old = std::weak_ptr<IcePath>(path)] {
    auto self = weak.lock();
    auto path = old.lock();
    if (!self || self->ended_ || !path) return;
    std::erase(self->retired_, path);
    self->bury(std::move(path));
  });
}

void IceCore::bury(std::shared_ptr<IcePath> path) {
  if (!loop_.in_loop()) {  // the loop has ended, and nothing is under way any more
    path->close([] {});
    return;
  }
  IcePath &dead = *path;
  dying_.push_back(std::move(path));
  dead.close([self = shared_from_this()] {
    // Its last owner lets go in the loop, once no sending thread uses it.
    self->loop_.post([self] { self->reap(); });
  });
}

void IceCore::reap() {
  bool busy = false;
  std::erase_if(dying_, [&busy](const std::shared_ptr<IcePath> &path) {
    bool used = path.use_count() > 1 || (path->wire() && path->wire().use_count() > 1);
    busy |= used && path->released();
    if (!used) LOG_DEBUG("path %p is gone", static_cast<void *>(path.get()));
    return !used;
  });
  if (busy) loop_.post([self = shared_from_this()] { self->reap(); });
  if (ended_ && dying_.empty()) drained_ = true;
}

void IceCore::on_path_pair(const std::shared_ptr<IcePath> &path) {
  if (ended_ || path != active_) return;
  publish_snapshot();
  auto transport = Ref<GstWebRTCICETransport>::adopt(
      static_cast<GstWebRTCICETransport *>(g_weak_ref_get(&transport_)));
  if (transport) gst_webrtc_ice_transport_selected_pair_change(transport.get());
}

void IceCore::on_path_packet(const uint8_t *data, std::size_t size) {
  channel_->received(data, size);
  schedule_repeat();
}

void IceCore::schedule_repeat() {
  auto deadline = channel_->repeat_deadline();
  if (deadline == repeat_at_) return;
  cancel(repeat_timer_);
  repeat_at_ = deadline;
  if (!deadline) return;
  repeat_timer_ = loop_.call_at(*deadline, [weak = weak_from_this()] {
    auto self = weak.lock();
    if (!self || self->ended_) return;
    self->repeat_timer_ = 0;
    self->repeat_at_.reset();
    self->channel_->repeat();
    self->schedule_repeat();
  });
}

void IceCore::publish_snapshot() {
  const auto path = active_ ? active_ : round_ ? round_->any() : nullptr;
  if (!path) return;
  IceSnapshot fresh = path->snapshot();
  LockGuard lock(mutex_);
  std::swap(snapshot_, fresh);
}

void IceCore::set_state(IceState state) {
  if (state == state_) return;
  state_ = state;
  LOG_INFO("ICE is %s", name(state));
  auto transport = Ref<GstWebRTCICETransport>::adopt(
      static_cast<GstWebRTCICETransport *>(g_weak_ref_get(&transport_)));
  // webrtcbin starts DTLS from within this call.
  if (transport) {
    gst_webrtc_ice_transport_connection_state_change(transport.get(), to_webrtc(state));
  }
  if (state_callback_ && !ended_) {
    auto callback = state_callback_;
    callback(state);
  }
}

void IceCore::close() {
  {
    LockGuard lock(mutex_);
    if (!open_) return;
    open_ = false;
  }
  ended_ = true;
  state_callback_ = nullptr;
  channel_->set_wire(nullptr);
  servers_->close();
  if (loop_.in_loop()) {
    cancel(sync_timer_);
    cancel(repeat_timer_);
  }
  std::vector<std::shared_ptr<IcePath>> paths = std::exchange(retired_, {});
  if (active_) paths.push_back(std::exchange(active_, nullptr));
  end_round();
  for (auto &path : paths) bury(std::move(path));
  if (!loop_.in_loop()) dying_.clear();
  if (dying_.empty()) drained_ = true;
}

}  // namespace oairt
