#include "rtc/ice_round.h"

#include <algorithm>
#include <utility>

namespace oairt {
namespace {
constexpr Duration kGatherRetry = milliseconds(100);
}  // namespace

IceRound::IceRound(EventLoop &loop, MakePath make_path)
    : loop_(loop), make_path_(std::move(make_path)) {}

IceRound::~IceRound() {
  if (!over_) release();
}

void IceRound::want(Kind kind, const std::vector<Duration> &delays) {
  if (over_ || std::exchange(wanted_[static_cast<int>(kind)], true)) return;
  for (Duration delay : delays) {
    if (delay > Duration::zero()) start_later(kind, delay);
  }
  for (Duration delay : delays) {
    if (delay <= Duration::zero()) start(kind);
  }
}

void IceRound::start_later(Kind kind, Duration delay) {
  auto id = std::make_shared<EventLoop::TimerId>(0);
  *id = loop_.call_after(delay, [weak = weak_from_this(), kind, id] {
    auto self = weak.lock();
    if (!self || self->over_) return;
    std::erase(self->timers_, *id);
    self->start(kind);
  });
  timers_.push_back(*id);
}

void IceRound::start(Kind kind) {
  auto path = make_path_(kind);
  if (!path) {
    // That there is no other device is no reason to wait for one.
    if (kind != Kind::UdpElsewhere) start_later(kind, kGatherRetry);
  } else if (over_) {
    path->close([path] {});
  } else {
    runners_.push_back({kind, std::move(path)});
  }
}

bool IceRound::contains(const std::shared_ptr<IcePath> &path) const {
  return std::any_of(runners_.begin(), runners_.end(),
                     [&path](const Runner &runner) { return runner.path == path; });
}

std::vector<std::shared_ptr<IcePath>> IceRound::udp_paths() const {
  std::vector<std::shared_ptr<IcePath>> out;
  for (const Runner &runner : runners_) {
    if (runner.kind != Kind::Tcp) out.push_back(runner.path);
  }
  return out;
}

std::shared_ptr<IcePath> IceRound::any() const {
  return runners_.empty() ? nullptr : runners_.front().path;
}

bool IceRound::remove(const std::shared_ptr<IcePath> &path) {
  std::erase_if(runners_, [&path](const Runner &runner) { return runner.path == path; });
  return !runners_.empty() || !timers_.empty();
}

std::vector<std::shared_ptr<IcePath>> IceRound::release() {
  over_ = true;
  if (loop_.in_loop()) {
    for (EventLoop::TimerId timer : timers_) loop_.cancel(timer);
  }
  timers_.clear();
  std::vector<std::shared_ptr<IcePath>> out;
  for (Runner &runner : std::exchange(runners_, {})) out.push_back(std::move(runner.path));
  return out;
}

}  // namespace oairt
