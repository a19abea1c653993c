#include "udp_relay.h"

#include <functional>

#include <gst/check/gstcheck.h>

namespace oairt::test {
namespace {

Ref<GSocket> local_socket() {
  auto any = Ref<GSocketAddress>::adopt(g_inet_socket_address_new_from_string("127.0.0.1", 0));
  auto socket = Ref<GSocket>::adopt(g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM,
                                                 G_SOCKET_PROTOCOL_DEFAULT, nullptr));
  g_socket_set_blocking(socket.get(), FALSE);
  fail_unless(g_socket_bind(socket.get(), any.get(), FALSE, nullptr));
  return socket;
}

bool same(GSocketAddress *a, GSocketAddress *b) {
  return g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(a)) ==
         g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(b));
}

std::vector<char> receive(GSocket *socket, Ref<GSocketAddress> *from) {
  std::vector<char> bytes(4096);
  GSocketAddress *address = nullptr;
  gssize size =
      g_socket_receive_from(socket, &address, bytes.data(), bytes.size(), nullptr, nullptr);
  *from = Ref<GSocketAddress>::adopt(address);
  bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return bytes;
}

}  // namespace

UdpRelay::UdpRelay(uint16_t target_port) : front_(local_socket()) {
  target_ =
      Ref<GSocketAddress>::adopt(g_inet_socket_address_new_from_string("127.0.0.1", target_port));
  loop_ = std::make_unique<EventLoop>("udp-relay");
  loop_->post([this] { front_source_ = watch(front_.get(), [this] { from_client(); }); });
}

UdpRelay::~UdpRelay() {
  loop_->post([this] {
    for (auto &mapping : mappings_) close(*mapping);
    g_source_destroy(front_source_);
    g_source_unref(front_source_);
  });
  loop_->stop();
}

std::string UdpRelay::candidate() const {
  auto local = Ref<GSocketAddress>::adopt(g_socket_get_local_address(front_.get(), nullptr));
  return "a=candidate:1 1 udp 2130706431 127.0.0.1 " +
         std::to_string(g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(local.get()))) +
         " typ host";
}

GSource *UdpRelay::watch(GSocket *socket, std::function<void()> ready) {
  using Ready = std::function<void()>;
  GSource *source = g_socket_create_source(socket, G_IO_IN, nullptr);
  auto call = +[](GSocket *, GIOCondition, gpointer data) -> gboolean {
    (*static_cast<Ready *>(data))();
    return TRUE;
  };
  g_source_set_callback(source, G_SOURCE_FUNC(call), new Ready(std::move(ready)),
                        [](gpointer data) { delete static_cast<Ready *>(data); });
  g_source_attach(source, loop_->context());
  return source;
}

void UdpRelay::open(Mapping &mapping) {
  mapping.socket = local_socket();
  mapping.source = watch(mapping.socket.get(), [this, &mapping] { from_peer(mapping); });
}

void UdpRelay::close(Mapping &mapping) {
  g_source_destroy(mapping.source);
  g_source_unref(mapping.source);
  mapping.socket = nullptr;
}

void UdpRelay::rebind() {
  loop_->post([this] {
    for (auto &mapping : mappings_) {
      auto old = mapping->socket;  // until the new one has another port
      close(*mapping);
      open(*mapping);
    }
  });
}

void UdpRelay::from_client() {
  Ref<GSocketAddress> from;
  std::vector<char> bytes = receive(front_.get(), &from);
  if (bytes.empty() || blocked) return;
  Mapping *found = nullptr;
  for (auto &mapping : mappings_) {
    if (same(mapping->client.get(), from.get())) found = mapping.get();
  }
  if (found == nullptr) {
    mappings_.push_back(std::make_unique<Mapping>());
    found = mappings_.back().get();
    found->client = from;
    open(*found);
  }
  ++to_peer;
  forward(found->socket, target_, std::move(bytes));
}

void UdpRelay::from_peer(Mapping &mapping) {
  Ref<GSocketAddress> from;
  std::vector<char> bytes = receive(mapping.socket.get(), &from);
  if (bytes.empty() || blocked) return;
  ++to_client;
  forward(front_, mapping.client, std::move(bytes));
}

void UdpRelay::forward(Ref<GSocket> socket, Ref<GSocketAddress> to, std::vector<char> bytes) {
  auto send = [socket, to, bytes = std::move(bytes)] {
    g_socket_send_to(socket.get(), to.get(), bytes.data(), bytes.size(), nullptr, nullptr);
  };
  int delay = delay_ms;
  if (delay == 0) {
    send();
  } else {
    loop_->call_after(milliseconds(delay), send);
  }
}

}  // namespace oairt::test
