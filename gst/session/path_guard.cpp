#include "session/path_guard.h"

#include <utility>

#include "base/log.h"

OAIRT_LOG_USE(session)

namespace oairt {
namespace {
constexpr Duration kAskInterval = milliseconds(100);
// What a link had taken in before it went comes after the news of it.
constexpr Duration kLastOfALink = milliseconds(100);
}  // namespace

PathGuard::PathGuard(EventLoop &loop, Callback callback, Ask ask)
    : loop_(loop), callback_(std::move(callback)), ask_(std::move(ask)) {}

void PathGuard::start() {
  if (network_) return;
  network_ =
      make_network_watcher(loop_, [this](const NetworkChange &change) { on_change(change); });
}

void PathGuard::watch(IceAgent *agent, TimePoint now) {
  agent_ = agent;
  swaps_ = agent != nullptr ? agent->swaps() : 0;
  moved_ = false;
  watch_.reset(now);
  if (agent != nullptr) answer_watch_.reset(counts(), now);
}

AnswerWatch::Counts PathGuard::counts() const {
  IceCounters counters = agent_->counters();
  return {counters.probes, counters.answers, counters.round_trip};
}

void PathGuard::tick(TimePoint now, TimePoint sound) {
  if (agent_ == nullptr) return;
  bool moved = std::exchange(swaps_, agent_->swaps()) != agent_->swaps();
  moved_ = moved_ || moved;
  bool was_lost = watch_.lost();
  TimePoint sign = was_lost ? proof(sound, now) : agent_->last_heard();
  PathWatch::Finding finding = watch_.look(sign, now);
  if (finding.probe) agent_->probe();
  if (watch_.lost()) ask_if_heard(moved, now);
  if (moved || was_lost) answer_watch_.restart(counts(), now);
  // What is told may end this watch.
  if (finding.lost) {
    lost("silence", agent_->last_heard(), now);
  } else if (finding.back) {
    LOG_INFO("the service is heard%s", moved_ ? " on another path" : " again");
    callback_(recovery::PathBack{moved_});
  } else if (moved && !was_lost) {
    callback_(recovery::PathBack{true});
  } else if (!was_lost) {
    look_for_answers(now);
  }
}

void PathGuard::look_for_answers(TimePoint now) {
  AnswerWatch::Finding finding = answer_watch_.look(counts(), now);
  if (finding.check) agent_->probe();
  if (finding.unheard) declare_unheard(answer_watch_.last_proof(), now);
}

void PathGuard::ask_if_heard(bool moved, TimePoint now) {
  bool heard = proof_ != Proof::Answer && agent_->last_heard() > lost_at_;
  if (!moved && (!heard || now - asked_at_ < kAskInterval)) return;
  asked_at_ = now;
  ask_();
}

void PathGuard::path_failed(TimePoint now) {
  if (agent_ == nullptr || watch_.lost()) return;
  watch_.declare_lost(now);
  lost("path-failed", agent_->last_heard(), now);
}

void PathGuard::no_sound(TimePoint since, TimePoint now) {
  if (agent_ == nullptr || watch_.lost()) return;
  watch_.declare_lost(now);
  lost("no-sound", since, now);
  proof_ = Proof::Sound;
}

void PathGuard::unheard(TimePoint now) {
  if (agent_ == nullptr || watch_.lost()) return;
  declare_unheard(now, now);
}

void PathGuard::declare_unheard(TimePoint since, TimePoint now) {
  watch_.declare_lost(now);
  answers_ = agent_->counters().answers;
  lost("unheard", since, now);
  proof_ = Proof::Answer;
}

TimePoint PathGuard::proof(TimePoint sound, TimePoint now) const {
  switch (proof_) {
    case Proof::Sound:
      return sound;
    case Proof::Answer:
      return agent_->counters().answers != answers_ ? now : lost_at_;
    case Proof::Link:
      if (!moved_ && agent_->last_inbound() < lost_at_ + kLastOfALink) return lost_at_;
      break;
    case Proof::Packet:
      break;
  }
  return agent_->last_inbound();
}

void PathGuard::lost(const char *fault, TimePoint since, TimePoint now) {
  proof_ = Proof::Packet;
  moved_ = false;
  lost_at_ = now;
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
    lost(to_string(change.kind), agent_->last_heard(), now);
    proof_ = Proof::Link;
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
