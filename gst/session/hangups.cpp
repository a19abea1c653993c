#include "session/hangups.h"

#include <algorithm>
#include <utility>

namespace oairt {
namespace {
constexpr Duration kPatience = milliseconds(800);
}  // namespace

Hangups::~Hangups() {
  for (const auto &pending : pending_) loop_.cancel(pending.timer);
}

void Hangups::send(Hangup hangup) {
  uint64_t id = next_++;
  auto timer = loop_.call_after(kPatience, [this, id] { finished(id); });
  pending_.push_back({id, std::move(hangup), timer});
  const Hangup &request = pending_.back().hangup;
  std::weak_ptr<bool> alive = alive_;
  request.signalling->hang_up(request.credential, request.call, [this, id, alive] {
    if (!alive.expired()) finished(id);
  });
}

void Hangups::when_done(std::function<void()> done) {
  if (pending_.empty()) {
    done();
  } else {
    when_done_ = std::move(done);
  }
}

void Hangups::finished(uint64_t id) {
  auto position = std::find_if(pending_.begin(), pending_.end(),
                               [id](const Pending &pending) { return pending.id == id; });
  if (position == pending_.end()) return;
  loop_.cancel(position->timer);
  // The signalling may be calling us right now.
  std::shared_ptr<Signalling> old(position->hangup.signalling.release());
  loop_.post([old] {});
  pending_.erase(position);
  if (pending_.empty() && when_done_) std::exchange(when_done_, nullptr)();
}

}  // namespace oairt
