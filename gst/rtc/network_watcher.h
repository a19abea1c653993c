// Tells what happens to the machine's links and addresses, within milliseconds, from rtnetlink:
// GNetworkMonitor says nothing of a link that was set down.
// Thread-bound to the event loop; the callback runs there, never inline.
// Never polls, never needs a privilege.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/event_loop.h"

namespace oairt {

struct NetworkChange {
  enum class Kind {
    LinkDown,  // not up or without carrier
    LinkUp,    // up, with or without carrier as yet
    AddressRemoved,
    AddressAdded,  // usable: not tentative, not link-local
    RouteChanged,  // a default route came or went
  };
  Kind kind = Kind::RouteChanged;
  std::string device;   // "wlan0"
  std::string address;  // of the address kinds, as text
};
const char *to_string(NetworkChange::Kind kind);

class NetworkWatcher {
 public:
  using Callback = std::function<void(const NetworkChange &)>;
  virtual ~NetworkWatcher() = default;
};

// Null where the kernel gives no such socket (then the callback never comes; all else goes on).
std::unique_ptr<NetworkWatcher> make_network_watcher(EventLoop &loop,
                                                     NetworkWatcher::Callback callback);

}  // namespace oairt
