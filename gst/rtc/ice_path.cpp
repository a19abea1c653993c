#include "rtc/ice_path.h"

#include <algorithm>
#include <cstring>

#include "base/log.h"

OAIRT_LOG_USE(ice)

namespace oairt {
namespace {

constexpr guint kComponent = NICE_COMPONENT_TYPE_RTP;
// For STUN and TURN servers; checks are repeated after 500 ms whatever this says.
constexpr guint kFirstRetransmitMs = 100;
constexpr guint kRetransmissions = 7;
constexpr guint kIdleMs = 100;

IceState to_state(guint state) {
  switch (state) {
    case NICE_COMPONENT_STATE_CONNECTED:
    case NICE_COMPONENT_STATE_READY:
      return IceState::Connected;
    case NICE_COMPONENT_STATE_FAILED:
      return IceState::Failed;
    case NICE_COMPONENT_STATE_CONNECTING:
      return IceState::Checking;
    default:
      return IceState::New;
  }
}

NiceCandidateType to_nice(IceCandidate::Type type) {
  switch (type) {
    case IceCandidate::Type::ServerReflexive:
      return NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE;
    case IceCandidate::Type::PeerReflexive:
      return NICE_CANDIDATE_TYPE_PEER_REFLEXIVE;
    case IceCandidate::Type::Relay:
      return NICE_CANDIDATE_TYPE_RELAYED;
    case IceCandidate::Type::Host:
      break;
  }
  return NICE_CANDIDATE_TYPE_HOST;
}

NiceCandidate *make_candidate(const IceCandidate &from, guint stream) {
  NiceCandidate *candidate = nice_candidate_new(to_nice(from.type));
  candidate->stream_id = stream;
  candidate->component_id = kComponent;
  candidate->transport = from.transport == IceCandidate::Transport::Udp
                             ? NICE_CANDIDATE_TRANSPORT_UDP
                             : NICE_CANDIDATE_TRANSPORT_TCP_PASSIVE;
  candidate->priority = from.priority;
  g_strlcpy(candidate->foundation, from.foundation.c_str(), NICE_CANDIDATE_MAX_FOUNDATION);
  if (!nice_address_set_from_string(&candidate->addr, from.address.c_str())) {
    nice_candidate_free(candidate);
    return nullptr;
  }
  nice_address_set_port(&candidate->addr, from.port);
  return candidate;
}

std::string text(const Secret &secret) { return std::string(secret.reveal()); }

NiceAgent *make_agent(GMainContext *context, const IcePathConfig &config) {
  // Without consent freshness: libnice 0.1.21 gives a silent path up after 10 s and then refuses to
  // send on it even if the peer comes back. The agent keeps to RFC 7675 itself.
  int options = NICE_AGENT_OPTION_ICE_TRICKLE;
  if (!config.aggressive) options |= NICE_AGENT_OPTION_REGULAR_NOMINATION;
  NiceAgent *agent = nice_agent_new_full(context, NICE_COMPATIBILITY_RFC5245,
                                         static_cast<NiceAgentOption>(options));
  auto pacing = std::chrono::duration_cast<milliseconds>(config.pacing).count();
  g_object_set(agent, "upnp", FALSE, "ice-udp", config.tcp ? FALSE : TRUE, "ice-tcp",
               config.tcp ? TRUE : FALSE, "controlling-mode", config.controlling ? TRUE : FALSE,
               "force-relay", config.relay_only ? TRUE : FALSE, "stun-pacing-timer",
               static_cast<guint>(std::max<decltype(pacing)>(pacing, 1)), "stun-initial-timeout",
               kFirstRetransmitMs, "stun-max-retransmissions", kRetransmissions, nullptr);
  if (config.stun) {
    g_object_set(agent, "stun-server", config.stun->address.c_str(), "stun-server-port",
                 static_cast<guint>(config.stun->port), nullptr);
  }
  return agent;
}

using WeakPath = std::weak_ptr<IcePath>;

}  // namespace

IcePath::IcePath(EventLoop &loop, std::weak_ptr<IcePathListener> listener, IcePathConfig config)
    : loop_(loop),
      listener_(std::move(listener)),
      config_(std::move(config)),
      checks_(config_.local, config_.remote, config_.controlling) {}

IcePath::~IcePath() {
  if (!agent_ || closed_) return;
  detach();
  nice_agent_remove_stream(agent_.get(), stream_);
}

gulong IcePath::connect_signal(const char *signal, GCallback callback) {
  return g_signal_connect_data(
      agent_.get(), signal, callback, new WeakPath(weak_from_this()),
      [](gpointer data, GClosure *) { delete static_cast<WeakPath *>(data); }, GConnectFlags(0));
}

bool IcePath::gather() {
  loop_.assert_in_loop();
  std::vector<std::string> preferred = preferred_sources(config_.destinations);
  std::vector<LocalAddress> addresses =
      choose_local_addresses(list_local_addresses(), config_.destinations, preferred);
  const bool many_devices = count_devices(addresses) > 1;
  if (config_.devices != IcePathConfig::Devices::All) {
    auto [first, others] = split_by_preference(std::move(addresses), preferred);
    addresses = config_.devices == IcePathConfig::Devices::Preferred ? first : others;
  }
  if (addresses.empty()) return false;
  addresses_ = addresses;
  agent_ = Ref<NiceAgent>::adopt(make_agent(loop_.context(), config_));
  stream_ = nice_agent_add_stream(agent_.get(), 1);
  state_handler_ = connect_signal("component-state-changed", G_CALLBACK(&IcePath::on_state));
  pair_handler_ = connect_signal("new-selected-pair-full", G_CALLBACK(&IcePath::on_pair));
  nice_agent_attach_recv(agent_.get(), stream_, kComponent, loop_.context(), &IcePath::on_packet,
                         this);
  nice_agent_set_local_credentials(agent_.get(), stream_, config_.local.ufrag.c_str(),
                                   text(config_.local.pwd).c_str());
  nice_agent_set_remote_credentials(agent_.get(), stream_, config_.remote.ufrag.c_str(),
                                    text(config_.remote.pwd).c_str());
  for (const LocalAddress &local : addresses) {
    NiceAddress address;
    nice_address_init(&address);
    if (nice_address_set_from_string(&address, local.address.c_str())) {
      nice_agent_add_local_address(agent_.get(), &address);
    }
  }
  if (config_.tos != 0) set_tos(config_.tos);
  wire_ = std::make_shared<IceWire>(agent_.get(), stream_);
  if (!nice_agent_gather_candidates(agent_.get(), stream_)) return false;
  prepare_sockets(addresses, many_devices);
  LOG_DEBUG("path %p gathers from %zu addresses", static_cast<void *>(this), addresses.size());
  return true;
}

void IcePath::prepare_sockets(const std::vector<LocalAddress> &addresses, bool pin) {
  GPtrArray *sockets = nice_agent_get_sockets(agent_.get(), stream_, kComponent);
  if (sockets == nullptr) return;
  if (pin) {
    for (guint i = 0; i < sockets->len; ++i) {
      bind_to_device(G_SOCKET(g_ptr_array_index(sockets, i)), addresses);
    }
  }
  if (!config_.relay_only && !config_.tcp) {
    early_ = std::make_unique<EarlyReader>(
        loop_.context(), sockets,
        [this](const uint8_t *data, std::size_t size) { deliver(data, size); });
  }
  g_ptr_array_unref(sockets);
  // The path owns the peek, and it is gone before the path is.
  peek_ = std::make_unique<SocketPeek>(
      loop_.context(), [this] { return checks_.waiting(); },
      [this](const uint8_t *data, std::size_t size) { overhear(data, size); });
  watch_sockets();
}

void IcePath::watch_sockets() {
  if (!peek_ || closed_) return;
  GPtrArray *sockets = nice_agent_get_sockets(agent_.get(), stream_, kComponent);
  peek_->watch(sockets);
  if (sockets != nullptr) g_ptr_array_unref(sockets);
}

void IcePath::add_relays(const std::vector<RelayServer> &relays) {
  if (!agent_ || closed_) return;
  for (const RelayServer &relay : relays) {
    bool known = std::any_of(relays_.begin(), relays_.end(), [&relay](const RelayServer &other) {
      return other.server.address == relay.server.address &&
             other.server.port == relay.server.port && other.transport == relay.transport;
    });
    if (known || relays_.size() >= NICE_CANDIDATE_MAX_TURN_SERVERS) continue;
    relays_.push_back(relay);
    nice_agent_set_relay_info(agent_.get(), stream_, kComponent, relay.server.address.c_str(),
                              relay.server.port, relay.user.c_str(), text(relay.password).c_str(),
                              relay.transport == TurnTransport::Udp ? NICE_RELAY_TYPE_TURN_UDP
                                                                    : NICE_RELAY_TYPE_TURN_TCP);
  }
}

void IcePath::add_remote(const std::vector<IceCandidate> &candidates) {
  if (!agent_ || closed_) return;
  GSList *list = nullptr;
  for (const IceCandidate &candidate : candidates) {
    bool known = std::any_of(
        remote_.begin(), remote_.end(),
        [&candidate](const IceCandidate &other) { return other.same_target(candidate); });
    if (known) continue;
    remote_.push_back(candidate);
    if (NiceCandidate *nice = make_candidate(candidate, stream_)) list = g_slist_append(list, nice);
  }
  if (early_) early_->add_peers(candidates);
  if (list != nullptr) nice_agent_set_remote_candidates(agent_.get(), stream_, kComponent, list);
  g_slist_free_full(list, reinterpret_cast<GDestroyNotify>(nice_candidate_free));
}

void IcePath::set_tos(unsigned tos) {
  if (agent_ && !closed_) nice_agent_set_stream_tos(agent_.get(), stream_, static_cast<gint>(tos));
}

bool IcePath::probe() {
  if (closed_ || !wire_ || !was_connected_) return false;
  std::vector<uint8_t> check = checks_.make(Clock::now());
  return !check.empty() && wire_->send(check.data(), check.size());
}

void IcePath::overhear(const uint8_t *data, std::size_t size) {
  if (closed_) return;
  auto round_trip = checks_.find_answer(data, size, Clock::now());
  auto listener = listener_.lock();
  if (round_trip && listener) listener->on_path_answer(shared_from_this(), *round_trip);
}

std::string IcePath::device_of(const std::string &address) const {
  for (const LocalAddress &local : addresses_) {
    if (local.address == address) return local.device;
  }
  // That of a relay is the server's; with a single device there is no doubt all the same.
  bool single = count_devices(addresses_) == 1 && !addresses_.front().loopback;
  return single ? addresses_.front().device : "";
}

bool IcePath::has_address(const std::vector<LocalAddress> &now) const {
  auto pair = snapshot().pair();
  if (!pair) return false;
  return std::any_of(now.begin(), now.end(), [&pair](const LocalAddress &local) {
    return local.running && local.address == pair->base_address;
  });
}

void IcePath::on_state(NiceAgent *, guint, guint, guint state, gpointer data) {
  auto self = static_cast<WeakPath *>(data)->lock();
  if (!self) return;
  // All is decided: libnice would look for work every few ms for five seconds more.
  if (state == NICE_COMPONENT_STATE_READY) {
    g_object_set(self->agent_.get(), "idle-timeout", kIdleMs, nullptr);
  }
  if (self->loop_.in_loop()) {
    self->handle_state(to_state(state));
  } else {
    self->loop_.post([weak = WeakPath(self), state] {
      if (auto path = weak.lock()) path->handle_state(to_state(state));
    });
  }
}

void IcePath::handle_state(IceState state) {
  if (closed_ || state == state_) return;
  state_ = state;
  if (state != IceState::Checking) early_.reset();
  if (state == IceState::Connected) {
    was_connected_ = true;
    watch_sockets();  // a TCP connection is a socket of its own
  }
  if (auto listener = listener_.lock()) listener->on_path_state(shared_from_this(), state);
}

void IcePath::on_pair(NiceAgent *, guint, guint, NiceCandidate *, NiceCandidate *, gpointer data) {
  auto self = static_cast<WeakPath *>(data)->lock();
  if (!self) return;
  // Never inline: libnice signals the pair before the state that makes it usable.
  self->loop_.post([weak = WeakPath(self)] {
    auto path = weak.lock();
    if (!path || path->closed_) return;
    path->watch_sockets();
    if (auto listener = path->listener_.lock()) listener->on_path_pair(path);
  });
}

void IcePath::on_packet(NiceAgent *, guint, guint, guint size, gchar *data, gpointer self) {
  auto *bytes = reinterpret_cast<const uint8_t *>(data);
  auto *path = static_cast<IcePath *>(self);
  if (packet_kind(bytes, size) == PacketKind::Stun) {
    path->overhear(bytes, size);  // where libnice takes what it did not ask for as data
  } else {
    path->deliver(bytes, size);
  }
}

void IcePath::deliver(const uint8_t *data, std::size_t size) {
  if (auto listener = listener_.lock()) listener->on_path_packet(*this, data, size);
}

IceSnapshot IcePath::snapshot() const {
  IceSnapshot snapshot;
  if (!agent_ || closed_) return snapshot;
  auto copy = [this](GSList *list, std::vector<CandidateInfo> &out) {
    for (GSList *item = list; item != nullptr; item = item->next) {
      out.push_back(describe_candidate(*static_cast<NiceCandidate *>(item->data), relays_, false));
    }
    g_slist_free_full(list, reinterpret_cast<GDestroyNotify>(nice_candidate_free));
  };
  copy(nice_agent_get_local_candidates(agent_.get(), stream_, kComponent), snapshot.local);
  copy(nice_agent_get_remote_candidates(agent_.get(), stream_, kComponent), snapshot.remote);
  NiceCandidate *local = nullptr, *remote = nullptr;
  if (nice_agent_get_selected_pair(agent_.get(), stream_, kComponent, &local, &remote)) {
    snapshot.selected_local = describe_candidate(*local, relays_, true);
    snapshot.selected_remote = describe_candidate(*remote, relays_, false);
    CandidateInfo &own = *snapshot.selected_local;
    own.device = device_of(own.base);
    if (own.device.empty()) own.base.clear();
  }
  return snapshot;
}

bool IcePath::has_allocation() const { return !relays_.empty(); }

void IcePath::detach() {
  closed_ = true;
  early_.reset();
  peek_.reset();
  g_signal_handler_disconnect(agent_.get(), state_handler_);
  g_signal_handler_disconnect(agent_.get(), pair_handler_);
  // Not without a callback: then libnice reads nothing, not even a TURN server's farewell.
  nice_agent_attach_recv(
      agent_.get(), stream_, kComponent, loop_.context(),
      [](NiceAgent *, guint, guint, guint, gchar *, gpointer) {}, nullptr);
}

void IcePath::close(std::function<void()> done) {
  if (closed_) return;
  closed_ = true;
  if (!agent_) {
    released_ = true;
    done();
    return;
  }
  detach();
  if (!has_allocation() || !loop_.in_loop()) {
    nice_agent_remove_stream(agent_.get(), stream_);
    released_ = true;
    done();
    return;
  }
  // Giving the relay back first, else it stays taken at the server for ten minutes.
  using Closing = std::pair<std::shared_ptr<IcePath>, std::function<void()>>;
  nice_agent_close_async(agent_.get(), &IcePath::on_relays_released,
                         new Closing(shared_from_this(), std::move(done)));
}

void IcePath::on_relays_released(GObject *, GAsyncResult *, gpointer data) {
  using Closing = std::pair<std::shared_ptr<IcePath>, std::function<void()>>;
  std::unique_ptr<Closing> closing(static_cast<Closing *>(data));
  IcePath &path = *closing->first;
  nice_agent_remove_stream(path.agent_.get(), path.stream_);
  path.released_ = true;
  auto done = std::move(closing->second);
  closing.reset();
  done();
}

}  // namespace oairt
