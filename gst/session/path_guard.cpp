#include "session/path_guard.h"

#include <utility>

#include "base/log.h"

OAIRT_LOG_USE(session)

namespace oairt {

PathGuard::PathGuard(EventLoop &loop, Callback callback)
    : loop_(loop), callback_(std::move(callback)) {}

void PathGuard::start() {
  if (network_) return;
  network_ =
      make_network_watcher(loop_, [this](const NetworkChange &change) { on_change(change); });
}

void PathGuard::watch(IceAgent *agent, TimePoint now) {
  agent_ = agent;
  swaps_ = agent != nullptr ? agent->swaps() : 0;
  watch_.reset(now);
}

void PathGuard::tick(TimePoint now) {
  if (agent_ == nullptr) return;
  uint64_t swaps = agent_->swaps();
  bool moved = swaps != swaps_;
  // A new path is proof enough: the peer answered on it a moment ago.
  PathWatch::Finding finding = watch_.look(moved ? now : agent_->last_heard(), now);
  if (finding.probe) agent_->probe();
  swaps_ = swaps;
  // What is told may end this watch.
  if (finding.lost) lost("silence", agent_->last_heard());
  if (finding.back || moved) {
    LOG_INFO("the service is heard%s", moved ? " on another path" : " again");
    callback_(recovery::PathBack{moved});
  }
}

void PathGuard::path_failed(TimePoint now) {
  if (agent_ == nullptr || watch_.lost()) return;
  watch_.declare_lost(now);
  lost("path-failed", agent_->last_heard());
}

void PathGuard::lost(const char *fault, TimePoint since) {
  LOG_INFO("nothing is heard from the service: %s", fault);
  callback_(recovery::PathLost{fault, since});
}

bool PathGuard::concerns_path(const NetworkChange &change) const {
  auto pair = agent_->selected_pair();
  if (!pair) return false;
  switch (change.kind) {
    case NetworkChange::Kind::LinkDown:
      return !pair->device.empty() && pair->device == change.device;
    case NetworkChange::Kind::AddressRemoved:
      return !pair->base_address.empty() && pair->base_address == change.address;
    default:
      return false;
  }
}

void PathGuard::on_change(const NetworkChange &change) {
  LOG_DEBUG("network: %s %s", to_string(change.kind), change.device.c_str());
  if (agent_ != nullptr && concerns_path(change) && !watch_.lost()) {
    TimePoint now = Clock::now();
    watch_.declare_lost(now);
    lost(to_string(change.kind), agent_->last_heard());
    return;
  }
  switch (change.kind) {
    case NetworkChange::Kind::LinkUp:
    case NetworkChange::Kind::AddressAdded:
    case NetworkChange::Kind::RouteChanged:
      callback_(recovery::NetworkChanged{});
      break;
    default:
      break;
  }
}

}  // namespace oairt
