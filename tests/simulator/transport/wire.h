// The sockets of all peers: one UDP socket and one TCP listener with RFC 4571 framing.
// Thread-bound to the context it was opened on.
// Never blocks, and never buffers without a bound: what does not fit is dropped, as on a network.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/result.h"
#include "transport/address.h"
#include "transport/bytes.h"
#include "transport/source.h"

namespace oairt::sim {

class Wire : public std::enable_shared_from_this<Wire> {
 public:
  struct Hooks {
    std::function<void(const Flow &, BytesView)> on_packet;
    std::function<void(const Flow &)> on_tcp_closed;
  };

  static Result<std::shared_ptr<Wire>> open(GMainContext *context, const std::string &listen,
                                            uint16_t udp_port, uint16_t tcp_port, Hooks hooks);
  ~Wire();

  uint16_t udp_port() const { return udp_port_; }
  uint16_t tcp_port() const { return tcp_port_; }
  void send(const Flow &flow, BytesView packet);
  // A TCP connection that nobody trusts within 15 s is closed by sweep().
  void trust(const Flow &flow);
  void close_connection(const Flow &flow);
  // Leaves a TCP connection open and deaf for a minute, as a server does that is gone behind a
  // relay.
  void abandon(const Flow &flow);
  void sweep();
  void close();  // no callback after this

 private:
  struct Connection;
  using Connections = std::unordered_map<uint64_t, std::shared_ptr<Connection>>;

  Wire(GMainContext *context, Hooks hooks);
  Status open_udp(const SocketAddress &address);
  Status open_tcp(const SocketAddress &address);
  bool on_udp_readable();
  bool receive_datagram(Bytes &buffer);
  bool on_tcp_acceptable();
  bool on_tcp_readable(const std::shared_ptr<Connection> &connection);
  bool on_tcp_writable(const std::shared_ptr<Connection> &connection);
  bool take_frames(const std::shared_ptr<Connection> &connection);
  void send_udp(const Flow &flow, BytesView packet);
  void send_tcp(Connection &connection, BytesView packet);
  void drop(const std::shared_ptr<Connection> &connection);

  GMainContext *context_;
  Hooks hooks_;
  bool closed_ = false;
  int udp_fd_ = -1, tcp_fd_ = -1;
  uint16_t udp_port_ = 0, tcp_port_ = 0;
  Source udp_source_, tcp_source_;
  Connections connections_;
  uint64_t next_connection_ = 1;
};

}  // namespace oairt::sim
