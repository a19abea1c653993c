// The STUN, TURN and proxy servers of a session, with their names resolved in the background and
// kept: when the network changes, the name service may be the last thing to come back.
// Thread-bound to the event loop, and lookups end there.
// Never waits for a lookup, never logs a user name or password.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gio/gio.h>

#include "base/ref.h"
#include "rtc/turn_bridge.h"
#include "rtc/turn_uri.h"

namespace oairt {

struct ServerAddress {
  std::string address;
  uint16_t port = 0;
};

struct RelayServer {
  ServerAddress server;
  TurnTransport transport = TurnTransport::Udp;
  std::string user;
  Secret password;
  std::shared_ptr<TurnBridge> bridge;  // kept for as long as a path goes through it
};

class IceServers : public std::enable_shared_from_this<IceServers> {
 public:
  // `on_change` runs in the loop when a lookup brought an address that was not known before,
  // `on_bytes` with what comes from a server by a way that libnice does not show.
  IceServers(std::function<void()> on_change, TurnBridge::OnBytes on_bytes)
      : on_change_(std::move(on_change)), on_bytes_(std::move(on_bytes)) {}
  ~IceServers();
  IceServers(const IceServers &) = delete;
  IceServers &operator=(const IceServers &) = delete;

  void set_stun(std::optional<ServerUri> uri);
  void add_turn(ServerUri uri);
  void clear_turn();
  void set_proxy(std::optional<ServerUri> uri);
  void set_ca_file(std::string path) { ca_file_ = std::move(path); }
  // Looks every name up, again if it was; what is known stays in use meanwhile.
  void resolve();
  void close();

  std::optional<ServerAddress> stun() const;
  std::vector<RelayServer> relays() const;
  bool has_relays() const { return !turn_.empty(); }

 private:
  struct Entry {
    ServerUri uri;
    std::vector<std::string> addresses;
    bool resolving = false;
    std::shared_ptr<TurnBridge> tcp_bridge, tls_bridge;  // where libnice cannot go by itself
  };
  struct Lookup {
    std::weak_ptr<IceServers> servers;
    std::weak_ptr<Entry> entry;
  };
  void resolve(const std::shared_ptr<Entry> &entry);
  void open_bridges(Entry &entry);
  static void on_resolved(GObject *resolver, GAsyncResult *result, gpointer data);

  std::function<void()> on_change_;
  const TurnBridge::OnBytes on_bytes_;
  std::shared_ptr<Entry> stun_;
  std::optional<ServerUri> proxy_;
  std::string ca_file_;
  std::vector<std::shared_ptr<Entry>> turn_;
  Ref<GCancellable> cancellable_ = Ref<GCancellable>::adopt(g_cancellable_new());
};

}  // namespace oairt
