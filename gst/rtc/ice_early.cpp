#include "rtc/ice_early.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/ref.h"

namespace oairt {
namespace {

constexpr uint8_t kHandshake = 22;  // alerts of a stranger could end the call
constexpr std::size_t kMaxPacket = 4096;
constexpr std::size_t kMaxTaken = 16;

}  // namespace

// Looks at what waits on the socket before libnice does, and is ready only when it took something;
// so it never keeps libnice, whose source has a lower priority, from running.
struct EarlyReader::Source {
  GSource source;
  EarlyReader *reader;
  GSocket *socket;
  GPollFD poll;  // not add_unix_fd(): GLib would take the source for ready whatever check() says
  std::vector<std::vector<uint8_t>> *taken;
};

EarlyReader::EarlyReader(GMainContext *context, GPtrArray *sockets, OnPacket on_packet)
    : on_packet_(std::move(on_packet)) {
  static GSourceFuncs functions = {&EarlyReader::prepare,
                                   &EarlyReader::check,
                                   &EarlyReader::dispatch,
                                   &EarlyReader::finalize,
                                   nullptr,
                                   nullptr};
  for (guint i = 0; sockets != nullptr && i < sockets->len; ++i) {
    auto *socket = G_SOCKET(g_ptr_array_index(sockets, i));
    if (g_socket_get_socket_type(socket) != G_SOCKET_TYPE_DATAGRAM) continue;
    GSource *source = g_source_new(&functions, sizeof(Source));
    auto *self = reinterpret_cast<Source *>(source);
    self->reader = this;
    self->socket = static_cast<GSocket *>(g_object_ref(socket));
    self->taken = new std::vector<std::vector<uint8_t>>;
    self->poll = {g_socket_get_fd(socket), G_IO_IN, 0};
    g_source_add_poll(source, &self->poll);
    g_source_set_priority(source, G_PRIORITY_DEFAULT - 10);
    g_source_attach(source, context);
    sources_.push_back(source);
  }
}

EarlyReader::~EarlyReader() {
  for (GSource *source : sources_) {
    g_source_destroy(source);
    g_source_unref(source);
  }
}

void EarlyReader::add_peers(const std::vector<IceCandidate> &peers) {
  peers_.insert(peers_.end(), peers.begin(), peers.end());
}

bool EarlyReader::from_peer(const sockaddr_storage &from) const {
  auto address = Ref<GSocketAddress>::adopt(
      g_socket_address_new_from_native(const_cast<sockaddr_storage *>(&from), sizeof(from)));
  if (!address || !G_IS_INET_SOCKET_ADDRESS(address.get())) return false;
  auto *inet = G_INET_SOCKET_ADDRESS(address.get());
  std::string text =
      GString_(g_inet_address_to_string(g_inet_socket_address_get_address(inet))).get();
  uint16_t port = g_inet_socket_address_get_port(inet);
  return std::any_of(peers_.begin(), peers_.end(), [&](const IceCandidate &peer) {
    return peer.port == port && peer.address == text;
  });
}

gboolean EarlyReader::prepare(GSource *, gint *timeout) {
  *timeout = -1;
  return FALSE;
}

gboolean EarlyReader::check(GSource *source) {
  auto *self = reinterpret_cast<Source *>(source);
  if ((self->poll.revents & G_IO_IN) == 0) return FALSE;
  int fd = g_socket_get_fd(self->socket);
  while (self->taken->size() < kMaxTaken) {
    uint8_t first = 0;
    sockaddr_storage from{};
    socklen_t from_size = sizeof(from);
    ssize_t size = recvfrom(fd, &first, 1, MSG_PEEK | MSG_DONTWAIT,
                            reinterpret_cast<sockaddr *>(&from), &from_size);
    if (size != 1 || first != kHandshake || !self->reader->from_peer(from)) break;
    std::vector<uint8_t> packet(kMaxPacket);
    size = recv(fd, packet.data(), packet.size(), MSG_DONTWAIT);
    if (size <= 0) break;
    packet.resize(static_cast<std::size_t>(size));
    self->taken->push_back(std::move(packet));
  }
  return !self->taken->empty();
}

gboolean EarlyReader::dispatch(GSource *source, GSourceFunc, gpointer) {
  auto *self = reinterpret_cast<Source *>(source);
  auto on_packet = self->reader->on_packet_;
  for (const auto &packet : std::exchange(*self->taken, {})) {
    on_packet(packet.data(), packet.size());
  }
  return G_SOURCE_CONTINUE;
}

void EarlyReader::finalize(GSource *source) {
  auto *self = reinterpret_cast<Source *>(source);
  g_object_unref(self->socket);
  delete self->taken;
}

}  // namespace oairt
