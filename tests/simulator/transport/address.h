// An IPv4 or IPv6 address with a port, and the 5-tuple ("flow") a packet came by.
// Thread-safe: plain values.
// Never asks a resolver: addresses are numeric.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <netinet/in.h>
#include <sys/socket.h>

namespace oairt::sim {

class SocketAddress {
 public:
  SocketAddress() = default;
  static std::optional<SocketAddress> parse(const std::string &ip, uint16_t port);
  static SocketAddress from_native(const sockaddr *native, socklen_t size);

  int family() const { return storage_.ss_family; }
  uint16_t port() const;
  std::string ip() const;
  bool is_any() const;
  // Address bytes: 4, 16, or none for an empty address.
  std::string raw_ip() const;
  std::string to_string() const;  // "192.0.2.1:3478", "[::1]:3478"

  const sockaddr *native() const { return reinterpret_cast<const sockaddr *>(&storage_); }
  socklen_t native_size() const;
  const sockaddr_in *v4() const { return reinterpret_cast<const sockaddr_in *>(&storage_); }
  const sockaddr_in6 *v6() const { return reinterpret_cast<const sockaddr_in6 *>(&storage_); }

 private:
  sockaddr_storage storage_ = {};
};

enum class Protocol { Udp, Tcp };

struct Flow {
  Protocol protocol = Protocol::Udp;
  SocketAddress remote;
  SocketAddress local;          // where the packet arrived: the answer must leave from there
  uint64_t tcp_connection = 0;  // 0 with UDP

  std::string key() const;    // equal for packets of one flow
  std::string label() const;  // "192.0.2.1:4444/udp"
};

}  // namespace oairt::sim
