// Watches the path of the current call: what is heard on it, and what happens to the link and the
// address it uses.
// Thread-bound to the event loop; the callback runs there.
// Never decides what is done about it: that is the policy's business.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/event_loop.h"
#include "policy/path_watch.h"
#include "policy/recovery_events.h"
#include "rtc/ice_agent.h"
#include "rtc/network_watcher.h"

namespace oairt {

class PathGuard {
 public:
  using Callback = std::function<void(const recovery::Event &event)>;

  PathGuard(EventLoop &loop, Callback callback);

  // Begins to listen to what the kernel tells of links and addresses. In the loop.
  void start();
  void set_silence(Duration silence) { watch_.set_silence(silence); }
  // The call in use; null: none. The agent is only used until the next watch().
  void watch(IceAgent *agent, TimePoint now);
  // To be called every 20 ms or so while there is a call.
  void tick(TimePoint now);
  void path_failed(TimePoint now);

 private:
  void on_change(const NetworkChange &change);
  void lost(const char *fault, TimePoint since);
  bool concerns_path(const NetworkChange &change) const;

  EventLoop &loop_;
  const Callback callback_;
  PathWatch watch_;
  IceAgent *agent_ = nullptr;
  uint64_t swaps_ = 0;
  std::unique_ptr<NetworkWatcher> network_;
};

}  // namespace oairt
