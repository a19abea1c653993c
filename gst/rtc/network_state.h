// What rtnetlink has told of the machine's links and addresses so far, and what of each further
// message is news: the kernel repeats itself whenever a counter or a lifetime changes.
// Thread-bound: the owner guards it. Pure over bytes.
// Never trusts a length in a message; loopback and link-local are none of its business.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <linux/netlink.h>

#include "rtc/network_watcher.h"

namespace oairt {

class NetworkState {
 public:
  using Changes = std::vector<NetworkChange>;

  // The messages of one read; what is new is added to `changes`.
  void apply(const void *data, std::size_t size, Changes &changes);
  // Around the answers to a full request: what is not told again is gone.
  void begin_sync();
  void end_sync(Changes &changes);

 private:
  struct Link {
    std::string device;
    bool up = false, carrier = false, loopback = false, seen = true;
  };
  struct Address {
    int link = 0;
    bool seen = true;
  };
  void apply_one(const nlmsghdr &message, Changes &changes);
  void on_link(const nlmsghdr &message, Changes &changes);
  void on_address(const nlmsghdr &message, Changes &changes);
  void on_route(const nlmsghdr &message, Changes &changes);
  void drop_link(int index, Changes &changes);
  void drop_address(const std::pair<int, std::string> &key, Changes &changes);
  std::string device(int index) const;

  std::map<int, Link> links_;
  std::map<std::pair<int, std::string>, Address> addresses_;
};

}  // namespace oairt
