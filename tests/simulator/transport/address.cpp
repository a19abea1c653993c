#include "transport/address.h"

#include <algorithm>
#include <cstring>

#include <arpa/inet.h>

namespace oairt::sim {

std::optional<SocketAddress> SocketAddress::parse(const std::string &ip, uint16_t port) {
  SocketAddress address;
  auto *v4 = reinterpret_cast<sockaddr_in *>(&address.storage_);
  if (inet_pton(AF_INET, ip.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    return address;
  }
  auto *v6 = reinterpret_cast<sockaddr_in6 *>(&address.storage_);
  if (inet_pton(AF_INET6, ip.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    return address;
  }
  return std::nullopt;
}

SocketAddress SocketAddress::from_native(const sockaddr *native, socklen_t size) {
  SocketAddress address;
  std::memcpy(&address.storage_, native, std::min<size_t>(size, sizeof(address.storage_)));
  return address;
}

uint16_t SocketAddress::port() const {
  if (family() == AF_INET) return ntohs(v4()->sin_port);
  if (family() == AF_INET6) return ntohs(v6()->sin6_port);
  return 0;
}

std::string SocketAddress::ip() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET) inet_ntop(AF_INET, &v4()->sin_addr, text, sizeof(text));
  if (family() == AF_INET6) inet_ntop(AF_INET6, &v6()->sin6_addr, text, sizeof(text));
  return text;
}

bool SocketAddress::is_any() const {
  std::string raw = raw_ip();
  return raw.find_first_not_of('\0') == std::string::npos;
}

std::string SocketAddress::raw_ip() const {
  if (family() == AF_INET) return {reinterpret_cast<const char *>(&v4()->sin_addr), 4};
  if (family() == AF_INET6) return {reinterpret_cast<const char *>(&v6()->sin6_addr), 16};
  return {};
}

std::string SocketAddress::to_string() const {
  std::string host = family() == AF_INET6 ? "[" + ip() + "]" : ip();
  return host + ":" + std::to_string(port());
}

socklen_t SocketAddress::native_size() const {
  return family() == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

std::string Flow::key() const {
  if (protocol == Protocol::Tcp) return "t" + std::to_string(tcp_connection);
  uint16_t port = remote.port();
  std::string key = "u" + remote.raw_ip();
  key.append(reinterpret_cast<const char *>(&port), sizeof(port));
  return key + local.raw_ip();
}

std::string Flow::label() const {
  return remote.to_string() + (protocol == Protocol::Tcp ? "/tcp" : "/udp");
}

}  // namespace oairt::sim
