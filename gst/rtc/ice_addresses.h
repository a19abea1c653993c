// Which local addresses a path gathers from, and on which device its sockets are pinned.
// Thread-bound to the event loop; quick: asks the kernel, never the network.
// Never offers an address that no candidate of the peer could be reached from.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <gio/gio.h>

namespace oairt {

struct LocalAddress {
  std::string address;
  std::string device;
  bool ipv6 = false;
  bool loopback = false;
  bool running = true;  // its device has a carrier
  bool operator==(const LocalAddress &) const = default;
};

// What has to be reached: the peer's candidates and the STUN and TURN servers.
struct Destination {
  std::string address;
  uint16_t port = 0;
};

// Every address of every device that is up; also of one whose carrier flag lags behind (Linux sets
// IFF_RUNNING up to a second late, libnice's own scan waits for it).
std::vector<LocalAddress> list_local_addresses();

// Pure. Loopback is taken only for loopback destinations, and the rest only for others; the
// addresses in `preferred` come first, so that their checks are sent first.
std::vector<LocalAddress> choose_local_addresses(const std::vector<LocalAddress> &all,
                                                 const std::vector<Destination> &destinations,
                                                 const std::vector<std::string> &preferred);

// Pure. First those on the devices that routing prefers, then those on the others; a device without
// a carrier is not preferred where another has one. All are first if routing prefers none.
std::pair<std::vector<LocalAddress>, std::vector<LocalAddress>> split_by_preference(
    std::vector<LocalAddress> addresses, const std::vector<std::string> &preferred);

// The source addresses the kernel's routing picks for the destinations.
std::vector<std::string> preferred_sources(const std::vector<Destination> &destinations);

// True if addresses chosen for `before` also serve `after`.
bool same_reach(const std::vector<Destination> &before, const std::vector<Destination> &after);

// Linux routes by destination: without this a socket bound to the second link's address leaves by
// the first. Needs no privilege on kernels >= 5.7 for a socket that is not yet bound to a device;
// false where it is refused, which is no error.
bool bind_to_device(GSocket *socket, const std::vector<LocalAddress> &addresses);
// How many devices besides loopback the addresses are spread over.
std::size_t count_devices(const std::vector<LocalAddress> &addresses);

}  // namespace oairt
