// A network between a client and the simulator on one machine: delays, jitters, reorders and loses
// UDP packets, delays TCP bytes. Needs no privileges. Owns one thread; the methods are thread-safe.
// Never changes a byte. Stands in for a path, not for a router: no queue, no rate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/clock.h"

namespace oairt::test {

// Of each direction.
struct RelayLink {
  Duration delay{0};
  Duration jitter{0};  // uniform, plus or minus; UDP packets overtake each other by it
  double loss = 0;     // 0..1, of UDP packets
};

class NetworkRelay {
 public:
  enum class Towards { Server, Client };
  struct Packet {
    TimePoint at;
    Towards towards;
    const uint8_t *data;
    std::size_t size;
    bool lost;
    uint16_t client;  // its port: tells one flow from another
  };
  // Every UDP packet as it comes in, before it is lost or delayed; on the relay's thread.
  using Observer = std::function<void(const Packet &)>;

  explicit NetworkRelay(RelayLink link, uint64_t seed = 1);
  ~NetworkRelay();
  NetworkRelay(const NetworkRelay &) = delete;
  NetworkRelay &operator=(const NetworkRelay &) = delete;

  // Listens on every IPv4 address. What comes before the target is set is lost. A new TCP
  // connection costs its first bytes a round trip, as its handshake would.
  uint16_t open_udp();
  uint16_t open_tcp();
  // Where to on 127.0.0.1, by the port that open_…() returned.
  void set_target(uint16_t port, uint16_t target);
  void set_observer(Observer observer);
  // Of those that would not be lost anyway: true loses it. On the relay's thread.
  using Filter = std::function<bool(const Packet &)>;
  void set_filter(Filter filter);
  // Of UDP packets that way, from now on.
  void set_loss(Towards towards, double loss);

  struct Stats {
    uint64_t to_server = 0, to_client = 0, lost = 0;  // UDP packets
  };
  Stats stats() const;

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

}  // namespace oairt::test
