#include "transport/wire.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"

namespace oairt::sim {
namespace {

constexpr size_t kMaxPacketBytes = 65535;
constexpr size_t kMaxQueuedBytes = 1 << 20;
constexpr size_t kMaxConnections = 512;
constexpr int kSocketBufferBytes = 4 << 20;
constexpr int kPacketsPerTurn = 64;
constexpr auto kTrustWithin = std::chrono::seconds(15);
constexpr auto kAbandonedFor = std::chrono::seconds(60);

Error system_error(const std::string &what) {
  return Error{ErrorCode::Network, what + ": " + std::strerror(errno)};
}

int open_socket(const SocketAddress &address, int type) {
  int fd = socket(address.family(), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fd;
  int on = 1;
  if (type == SOCK_STREAM) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (address.family() == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
  if (bind(fd, address.native(), address.native_size()) != 0) {
    int saved = errno;
    ::close(fd);
    errno = saved;
    return -1;
  }
  return fd;
}

SocketAddress bound_address(int fd) {
  sockaddr_storage storage = {};
  socklen_t size = sizeof(storage);
  getsockname(fd, reinterpret_cast<sockaddr *>(&storage), &size);
  return SocketAddress::from_native(reinterpret_cast<sockaddr *>(&storage), size);
}

// The address that a datagram was sent to, from its control data.
SocketAddress destination_of(msghdr &header, uint16_t port) {
  for (cmsghdr *item = CMSG_FIRSTHDR(&header); item; item = CMSG_NXTHDR(&header, item)) {
    if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(item), sizeof(info));
      sockaddr_in native = {};
      native.sin_family = AF_INET;
      native.sin_port = htons(port);
      native.sin_addr = info.ipi_addr;
      return SocketAddress::from_native(reinterpret_cast<sockaddr *>(&native), sizeof(native));
    }
    if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      std::memcpy(&info, CMSG_DATA(item), sizeof(info));
      sockaddr_in6 native = {};
      native.sin6_family = AF_INET6;
      native.sin6_port = htons(port);
      native.sin6_addr = info.ipi6_addr;
      return SocketAddress::from_native(reinterpret_cast<sockaddr *>(&native), sizeof(native));
    }
  }
  return {};
}

// Makes a datagram leave from the address the peer talks to, whatever the routes say.
size_t set_origin(msghdr &header, const SocketAddress &local) {
  cmsghdr *item = CMSG_FIRSTHDR(&header);
  if (local.family() == AF_INET) {
    in_pktinfo info = {};
    info.ipi_spec_dst = local.v4()->sin_addr;
    item->cmsg_level = IPPROTO_IP;
    item->cmsg_type = IP_PKTINFO;
    item->cmsg_len = CMSG_LEN(sizeof(info));
    std::memcpy(CMSG_DATA(item), &info, sizeof(info));
    return CMSG_SPACE(sizeof(info));
  }
  if (local.family() == AF_INET6) {
    in6_pktinfo info = {};
    info.ipi6_addr = local.v6()->sin6_addr;
    item->cmsg_level = IPPROTO_IPV6;
    item->cmsg_type = IPV6_PKTINFO;
    item->cmsg_len = CMSG_LEN(sizeof(info));
    std::memcpy(CMSG_DATA(item), &info, sizeof(info));
    return CMSG_SPACE(sizeof(info));
  }
  return 0;
}

}  // namespace

struct Wire::Connection {
  ~Connection() {
    readable.reset();
    writable.reset();
    ::close(fd);
  }
  int fd = -1;
  Flow flow;
  bool trusted = false;
  TimePoint opened = Clock::now();
  Bytes input, output;
  Source readable, writable;
};

Wire::Wire(GMainContext *context, Hooks hooks) : context_(context), hooks_(std::move(hooks)) {
  g_main_context_ref(context_);
}

Wire::~Wire() {
  close();
  g_main_context_unref(context_);
}

Result<std::shared_ptr<Wire>> Wire::open(GMainContext *context, const std::string &listen,
                                         uint16_t udp_port, uint16_t tcp_port, Hooks hooks) {
  auto udp_address = SocketAddress::parse(listen, udp_port);
  auto tcp_address = SocketAddress::parse(listen, tcp_port);
  if (!udp_address || !tcp_address) {
    return Error{ErrorCode::Config, "the address to listen on is not numeric: " + listen};
  }
  std::shared_ptr<Wire> wire(new Wire(context, std::move(hooks)));
  if (Status status = wire->open_udp(*udp_address); !status) return status.error();
  if (Status status = wire->open_tcp(*tcp_address); !status) return status.error();
  std::weak_ptr<Wire> weak = wire;
  wire->udp_source_ = Source::watch(context, wire->udp_fd_, G_IO_IN, [weak] {
    auto self = weak.lock();
    return self && self->on_udp_readable();
  });
  wire->tcp_source_ = Source::watch(context, wire->tcp_fd_, G_IO_IN, [weak] {
    auto self = weak.lock();
    return self && self->on_tcp_acceptable();
  });
  return wire;
}

Status Wire::open_udp(const SocketAddress &address) {
  udp_fd_ = open_socket(address, SOCK_DGRAM);
  if (udp_fd_ < 0) return system_error("cannot listen on UDP " + address.to_string());
  int on = 1, bytes = kSocketBufferBytes;
  if (address.family() == AF_INET) {
    setsockopt(udp_fd_, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
  } else {
    setsockopt(udp_fd_, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
  }
  setsockopt(udp_fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
  setsockopt(udp_fd_, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
  udp_port_ = bound_address(udp_fd_).port();
  return Success{};
}

Status Wire::open_tcp(const SocketAddress &address) {
  tcp_fd_ = open_socket(address, SOCK_STREAM);
  if (tcp_fd_ < 0 || listen(tcp_fd_, 128) != 0) {
    return system_error("cannot listen on TCP " + address.to_string());
  }
  tcp_port_ = bound_address(tcp_fd_).port();
  return Success{};
}

void Wire::close() {
  closed_ = true;
  udp_source_.reset();
  tcp_source_.reset();
  connections_.clear();
  if (udp_fd_ >= 0) ::close(udp_fd_);
  if (tcp_fd_ >= 0) ::close(tcp_fd_);
  udp_fd_ = tcp_fd_ = -1;
}

void Wire::send(const Flow &flow, BytesView packet) {
  if (closed_ || packet.size() > kMaxPacketBytes) return;
  if (flow.protocol == Protocol::Udp) {
    send_udp(flow, packet);
  } else if (auto found = connections_.find(flow.tcp_connection); found != connections_.end()) {
    send_tcp(*found->second, packet);
  }
}

void Wire::trust(const Flow &flow) {
  auto found = connections_.find(flow.tcp_connection);
  if (found != connections_.end()) found->second->trusted = true;
}

void Wire::close_connection(const Flow &flow) { connections_.erase(flow.tcp_connection); }

void Wire::abandon(const Flow &flow) {
  auto found = connections_.find(flow.tcp_connection);
  if (found == connections_.end()) return;
  found->second->trusted = false;
  found->second->opened = Clock::now() + kAbandonedFor - kTrustWithin;
}

void Wire::sweep() {
  TimePoint now = Clock::now();
  std::erase_if(connections_, [now](const auto &entry) {
    return !entry.second->trusted && now - entry.second->opened > kTrustWithin;
  });
}

bool Wire::on_udp_readable() {
  Bytes buffer(kMaxPacketBytes);
  for (int i = 0; i < kPacketsPerTurn && !closed_; ++i) {
    if (!receive_datagram(buffer)) break;
  }
  return !closed_;
}

bool Wire::receive_datagram(Bytes &buffer) {
  Flow flow;
  sockaddr_storage from = {};
  alignas(cmsghdr) uint8_t control[256];
  iovec part = {buffer.data(), buffer.size()};
  msghdr header = {};
  header.msg_name = &from;
  header.msg_namelen = sizeof(from);
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof(control);
  ssize_t size = recvmsg(udp_fd_, &header, MSG_DONTWAIT);
  if (size < 0) return errno == EINTR;
  flow.remote = SocketAddress::from_native(reinterpret_cast<sockaddr *>(&from), header.msg_namelen);
  flow.local = destination_of(header, udp_port_);
  if (size > 0) hooks_.on_packet(flow, BytesView(buffer).first(static_cast<size_t>(size)));
  return true;
}

void Wire::send_udp(const Flow &flow, BytesView packet) {
  alignas(cmsghdr) uint8_t control[256] = {};
  iovec part = {const_cast<uint8_t *>(packet.data()), packet.size()};
  msghdr header = {};
  header.msg_name = const_cast<sockaddr *>(flow.remote.native());
  header.msg_namelen = flow.remote.native_size();
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof(control);
  header.msg_controllen = set_origin(header, flow.local);
  // A full buffer or a missing route is a lost packet: the layers above live with loss.
  (void)sendmsg(udp_fd_, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
}

bool Wire::on_tcp_acceptable() {
  sockaddr_storage from = {};
  socklen_t size = sizeof(from);
  int fd =
      accept4(tcp_fd_, reinterpret_cast<sockaddr *>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return true;
  auto connection = std::make_shared<Connection>();
  connection->fd = fd;
  if (connections_.size() >= kMaxConnections) return true;
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  connection->flow.protocol = Protocol::Tcp;
  connection->flow.remote = SocketAddress::from_native(reinterpret_cast<sockaddr *>(&from), size);
  connection->flow.local = bound_address(fd);
  connection->flow.tcp_connection = next_connection_++;
  connections_[connection->flow.tcp_connection] = connection;
  std::weak_ptr<Wire> weak = weak_from_this();
  std::weak_ptr<Connection> weak_connection = connection;
  connection->readable = Source::watch(context_, fd, G_IO_IN, [weak, weak_connection] {
    auto self = weak.lock();
    auto alive = weak_connection.lock();
    return self && alive && self->on_tcp_readable(alive);
  });
  return true;
}

bool Wire::on_tcp_readable(const std::shared_ptr<Connection> &connection) {
  uint8_t chunk[16384];
  ssize_t size = recv(connection->fd, chunk, sizeof(chunk), MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (size <= 0) {
    drop(connection);
    return false;
  }
  append(connection->input, BytesView(chunk, static_cast<size_t>(size)));
  return take_frames(connection);
}

bool Wire::take_frames(const std::shared_ptr<Connection> &connection) {
  // Taken out of the connection first: a callback may close it.
  Bytes input = std::move(connection->input);
  connection->input.clear();
  size_t at = 0;
  while (input.size() - at >= 2) {
    size_t size = read_u16(&input[at]);
    if (input.size() - at - 2 < size) break;
    if (size > 0) hooks_.on_packet(connection->flow, BytesView(input).subspan(at + 2, size));
    if (closed_ || !connections_.contains(connection->flow.tcp_connection)) return false;
    at += 2 + size;
  }
  input.erase(input.begin(), input.begin() + static_cast<ptrdiff_t>(at));
  connection->input = std::move(input);
  return true;
}

void Wire::send_tcp(Connection &connection, BytesView packet) {
  if (connection.output.size() + packet.size() > kMaxQueuedBytes) return;
  Bytes frame;
  append_u16(frame, static_cast<uint16_t>(packet.size()));
  append(frame, packet);
  size_t done = 0;
  if (connection.output.empty()) {
    ssize_t sent = ::send(connection.fd, frame.data(), frame.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    done = sent > 0 ? static_cast<size_t>(sent) : 0;
  }
  if (done == frame.size()) return;
  append(connection.output, BytesView(frame).subspan(done));
  if (connection.writable.active()) return;
  std::weak_ptr<Wire> weak = weak_from_this();
  std::weak_ptr<Connection> weak_connection = connections_[connection.flow.tcp_connection];
  connection.writable = Source::watch(context_, connection.fd, G_IO_OUT, [weak, weak_connection] {
    auto self = weak.lock();
    auto alive = weak_connection.lock();
    return self && alive && self->on_tcp_writable(alive);
  });
}

bool Wire::on_tcp_writable(const std::shared_ptr<Connection> &connection) {
  Bytes &output = connection->output;
  ssize_t sent = ::send(connection->fd, output.data(), output.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  // The reading side notices a dead connection; here it only stops the writing.
  if (sent < 0) output.clear();
  if (sent > 0) output.erase(output.begin(), output.begin() + sent);
  return !output.empty();
}

void Wire::drop(const std::shared_ptr<Connection> &connection) {
  if (connections_.erase(connection->flow.tcp_connection) > 0) {
    hooks_.on_tcp_closed(connection->flow);
  }
}

}  // namespace oairt::sim
