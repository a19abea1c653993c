// The network between the agent and a peer on 127.0.0.1: it delays, swallows, and forgets its
// address translation, after which the peer sees the same client come from another port.
// Thread-safe; works on a loop of its own.
// Never changes a packet.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include <gio/gio.h>

#include "base/event_loop.h"
#include "base/ref.h"

namespace oairt::test {

class UdpRelay {
 public:
  explicit UdpRelay(uint16_t target_port);
  ~UdpRelay();

  std::string candidate() const;
  void rebind();  // every client gets a new port towards the peer, the old ones are dead

  std::atomic<bool> blocked{false};
  std::atomic<int> delay_ms{0};  // each way
  std::atomic<int> to_peer{0}, to_client{0};

 private:
  struct Mapping {
    Ref<GSocketAddress> client;
    Ref<GSocket> socket;
    GSource *source = nullptr;
  };
  GSource *watch(GSocket *socket, std::function<void()> ready);
  void open(Mapping &mapping);
  void close(Mapping &mapping);
  void from_client();
  void from_peer(Mapping &mapping);
  void forward(Ref<GSocket> socket, Ref<GSocketAddress> to, std::vector<char> bytes);

  Ref<GSocketAddress> target_;
  Ref<GSocket> front_;
  GSource *front_source_ = nullptr;
  std::vector<std::unique_ptr<Mapping>> mappings_;
  std::unique_ptr<EventLoop> loop_;
};

}  // namespace oairt::test
