// The only process-wide state of the core: which sessions there are, by key.
#include <unordered_map>

#include "base/lock.h"
#include "base/reaper.h"
#include "session/session_impl.h"

namespace oairt {
namespace {

struct Registry {
  Mutex lock;
  std::unordered_map<std::string, std::weak_ptr<SessionImpl>> sessions OAIRT_GUARDED_BY(lock);
};

Registry &registry() {
  static auto *instance = new Registry;
  return *instance;
}

}  // namespace

const char *to_string(ConnectionState state) {
  switch (state) {
    case ConnectionState::Idle:
      return "idle";
    case ConnectionState::Connecting:
      return "connecting";
    case ConnectionState::Connected:
      return "connected";
    case ConnectionState::Reconnecting:
      return "reconnecting";
    case ConnectionState::Failed:
      return "failed";
    case ConnectionState::Closed:
      return "closed";
    case ConnectionState::Standby:
      return "standby";
  }
  return "unknown";
}

std::shared_ptr<Session> Session::acquire(const std::string &key) {
  auto &all = registry();
  LockGuard guard(all.lock);
  std::erase_if(all.sessions, [](const auto &entry) { return entry.second.expired(); });
  auto &slot = all.sessions[key];
  if (auto existing = slot.lock()) return existing;
  auto session = std::make_shared<SessionImpl>(key);
  session->set_self(session);
  slot = session;
  return session;
}

bool Session::wait_for_ended(TimePoint deadline) {
  return reaper::wait_idle(deadline) && wait_for_closed_peers(deadline);
}

}  // namespace oairt
