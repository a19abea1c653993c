#include <algorithm>
#include <utility>

#include "base/log.h"
#include "rtc/ice_core.h"

OAIRT_LOG_USE(ice)

namespace oairt {
namespace {

// webrtcbin hands the candidates over one by one; the choice of local addresses wants them all.
constexpr Duration kCandidateBurst = milliseconds(1);
// A path that was heard so recently is in no need of haste.
constexpr Duration kRecently = milliseconds(300);
// A second allocation at a TURN server is not asked for lightly.
constexpr Duration kRelayElsewhere = milliseconds(1000);
// Each check of a loser's pulls the peer over, who sends to it until one of ours arrives: a round
// trip in all. libnice sends them 0, 0.5 and 1.5 s from the begin, so these ages are far from any.
constexpr Duration kLoserEnds[] = {milliseconds(1200), milliseconds(2900)};
constexpr Duration kLoserHears = milliseconds(300);

Duration hearing_time(const IcePath &loser) {
  Duration age = Clock::now() - loser.begun();
  for (Duration end : kLoserEnds) {
    if (end - age >= kLoserHears) return end - age;
  }
  return kLoserHears;
}

}  // namespace

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
  if (!active_ && efforts_.empty()) {
    start_round("connect");
  } else if (!efforts_.empty()) {
    // A path cannot take further local addresses once it has gathered.
    if (!same_reach(round_destinations_, destinations())) {
      end_rounds();
      start_round("another kind of address");
      return;
    }
    for (const Effort &effort : efforts_) {
      for (const auto &path : effort.round->udp_paths()) {
        path->add_remote(candidates_.with(IceCandidate::Transport::Udp));
      }
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
  config.devices = kind == IceRound::Kind::Udp            ? IcePathConfig::Devices::Preferred
                   : kind == IceRound::Kind::UdpElsewhere ? IcePathConfig::Devices::Others
                                                          : IcePathConfig::Devices::All;
  config.controlling = controlling_;
  // The first check of an aggressive path pulls the peer over, whether its answer will come or not.
  config.aggressive = options_.aggressive_nomination && !gentle_;
  config.pacing = options_.pacing;
  config.tos = tos_;
  return config;
}

bool IceCore::active_is_well() const {
  return active_ && state_ == IceState::Connected &&
         Clock::now() - channel_->last_heard_on_wire() <= kRecently &&
         active_->has_address(list_local_addresses());
}

Duration IceCore::effort_time() const {
  Duration round_trips = round_trip_.value_or(Duration::zero()) * 5 / 2;
  return options_.migration_tcp_delay + std::max(options_.effort, round_trips);
}

// For a newer effort. The oldest goes on for as long as an answer may be on its way to it; of those
// between it and the newest one is enough.
void IceCore::make_room() {
  TimePoint now = Clock::now();
  auto give_up_if = [this](auto condition) {
    auto kept = std::stable_partition(efforts_.begin(), efforts_.end(),
                                      [&](const Effort &effort) { return !condition(effort); });
    std::vector<Effort> over(std::make_move_iterator(kept),
                             std::make_move_iterator(efforts_.end()));
    efforts_.erase(kept, efforts_.end());
    for (Effort &effort : over) give_up(effort.round);
  };
  give_up_if([&](const Effort &effort) {
    return now - effort.since > effort_time() || !effort.round->any();
  });
  while (efforts_.size() >= kMaxEfforts) {
    auto round = efforts_[1].round;
    give_up_if([&round](const Effort &effort) { return effort.round == round; });
  }
}

void IceCore::give_up(const std::shared_ptr<IceRound> &round) {
  for (auto &path : round->release()) bury(std::move(path));
}

void IceCore::start_round(const char *why) {
  make_room();
  gentle_ = efforts_.empty() && active_is_well();
  if (!active_ && state_ == IceState::New) set_state(IceState::Checking);
  LOG_INFO("looking for a path: %s", why);
  round_destinations_ = destinations();
  auto make = [weak = weak_from_this()](IceRound::Kind kind) {
    auto self = weak.lock();
    return self && !self->ended_ ? self->make_path(kind) : nullptr;
  };
  efforts_.push_back({std::make_shared<IceRound>(loop_, make), Clock::now()});
  plan_round();
  publish_snapshot();
}

// UDP, once more UDP, then TCP. Called again when more is known of the peer.
void IceCore::plan_round() {
  auto round = efforts_.back().round;
  Duration tcp_delay =
      active_ ? std::min(options_.tcp_delay, options_.migration_tcp_delay) : options_.tcp_delay;
  bool tcp = options_.ice_tcp && !options_.relay_only &&
             !candidates_.with(IceCandidate::Transport::TcpPassive).empty();
  bool udp = options_.relay_only || servers_->has_relays() ||
             !candidates_.with(IceCandidate::Transport::Udp).empty();
  if (tcp) round->want(IceRound::Kind::Tcp, {udp ? tcp_delay : Duration::zero()});
  if (!udp) return;
  std::vector<Duration> delays = {Duration::zero()};
  // A second allocation at a TURN server for the same end would be a waste.
  if (!options_.relay_only && options_.hedge_delay > Duration::zero()) {
    delays.push_back(options_.hedge_delay);
  }
  round->want(IceRound::Kind::Udp, delays);
  // While a call hangs on it no device is better than another.
  bool urgent = active_ && !gentle_;
  round->want(IceRound::Kind::UdpElsewhere, {urgent                ? Duration::zero()
                                             : options_.relay_only ? kRelayElsewhere
                                                                   : options_.elsewhere_delay});
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
  if (kind != IceRound::Kind::Tcp) path->add_relays(servers_->relays());
  path->add_remote(candidates_.with(kind == IceRound::Kind::Tcp
                                        ? IceCandidate::Transport::TcpPassive
                                        : IceCandidate::Transport::Udp));
  LOG_INFO("path %p started by %s", static_cast<void *>(path.get()),
           kind == IceRound::Kind::Tcp ? "tcp" : "udp");
  return path;
}

void IceCore::on_servers_changed() {
  if (ended_ || efforts_.empty()) return;
  if (!same_reach(round_destinations_, destinations())) {
    end_rounds();
    start_round("a relay became known");
    return;
  }
  for (const Effort &effort : efforts_) {
    for (const auto &path : effort.round->udp_paths()) {
      path->add_relays(servers_->relays());
    }
  }
}

void IceCore::migrate(const char *why) {
  loop_.assert_in_loop();
  if (!ready()) return;
  servers_->resolve();
  start_round(why);
}

void IceCore::stop_migrating() {
  loop_.assert_in_loop();
  if (ended_ || !active_ || efforts_.empty()) return;
  LOG_INFO("the path in use is well, no other is looked for");
  end_rounds_gently();
  abandon_restart();
  schedule_nominations();  // a check of theirs may have pulled the peer over
}

void IceCore::end_rounds() {
  for (Effort &effort : std::exchange(efforts_, {})) give_up(effort.round);
}

// The peer may be sending to a loser of the race this moment.
void IceCore::end_rounds_gently() {
  for (Effort &effort : std::exchange(efforts_, {})) {
    for (auto &path : effort.round->release()) {
      Duration time = hearing_time(*path);
      retire(std::move(path), time);
    }
  }
}

// The peer may know the old credentials still; while the path in use lives they are the safer bet.
void IceCore::abandon_restart() {
  if (!before_restart_) return;
  local_ = std::move(before_restart_->local);
  remote_ = std::move(before_restart_->remote);
  candidates_ = std::move(before_restart_->candidates);
  before_restart_.reset();
}

IceCore::Effort *IceCore::effort_of(const std::shared_ptr<IcePath> &path) {
  auto found = std::find_if(efforts_.begin(), efforts_.end(),
                            [&path](const Effort &effort) { return effort.round->contains(path); });
  return found != efforts_.end() ? &*found : nullptr;
}

void IceCore::on_pending_failed(Effort &effort, const std::shared_ptr<IcePath> &path) {
  auto round = effort.round;
  bool more = round->remove(path);
  bury(path);
  if (more) return;
  give_up(round);
  std::erase_if(efforts_, [&round](const Effort &one) { return one.round == round; });
  if (!efforts_.empty()) return;
  abandon_restart();
  if (!active_) set_state(IceState::Failed);
}

}  // namespace oairt
