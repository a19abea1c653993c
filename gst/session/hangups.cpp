#include "session/hangups.h"

#include <algorithm>
#include <utility>

namespace oairt {
namespace {
constexpr Duration kPatience = milliseconds(800);
constexpr Duration kPatienceForAnswer = std::chrono::seconds(15);
}  // namespace

Hangups::~Hangups() {
  for (const auto &pending : pending_) loop_.cancel(pending.timer);
}

void Hangups::send(Hangup hangup) {
  uint64_t id = next_++;
  Duration patience = hangup.awaited ? kPatienceForAnswer : kPatience;
  auto timer = loop_.call_after(patience, [this, id] { finished(id); });
  pending_.emplace_back(id, std::move(hangup), timer);
  const auto &awaited = pending_.back().hangup.awaited;
  if (!awaited) {
    request(id);
    return;
  }
  std::weak_ptr<bool> alive = alive_;
  awaited->callback = [this, id, alive](Result<Answer> answer) {
    if (alive.expired()) return;
    if (auto position = find(id); answer && position != pending_.end()) {
      position->hangup.call = std::move(answer).value();
      request(id);
    } else {
      finished(id);
    }
  };
}

std::vector<Hangups::Pending>::iterator Hangups::find(uint64_t id) {
  return std::find_if(pending_.begin(), pending_.end(),
                      [id](const Pending &pending) { return pending.id == id; });
}

void Hangups::request(uint64_t id) {
  auto position = find(id);
  if (position == pending_.end()) return;
  if (position->hangup.call.resource.empty()) {
    finished(id);
    return;
  }
  std::weak_ptr<bool> alive = alive_;
  const Hangup &hangup = position->hangup;
  hangup.signalling->hang_up(hangup.credential, hangup.call, [this, id, alive] {
    if (!alive.expired()) finished(id);
  });
}

void Hangups::when_done(std::function<void()> done) {
  if (pending_.empty()) {
    done();
    return;
  }
  when_done_ = std::move(done);
  for (auto &pending : pending_) {  // nobody who ends waits for an answer that may never come
    if (!pending.hangup.awaited) continue;
    loop_.cancel(pending.timer);
    pending.timer = loop_.call_after(kPatience, [this, id = pending.id] { finished(id); });
  }
}

void Hangups::finished(uint64_t id) {
  auto position = find(id);
  if (position == pending_.end()) return;
  loop_.cancel(position->timer);
  // The signalling may be calling us right now.
  std::shared_ptr<Signalling> old(position->hangup.signalling.release());
  loop_.post([old] {});
  pending_.erase(position);
  if (pending_.empty() && when_done_) std::exchange(when_done_, nullptr)();
}

}  // namespace oairt
