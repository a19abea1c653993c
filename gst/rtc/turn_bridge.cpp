#include "rtc/turn_bridge.h"

#include <utility>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "base/log.h"

OAIRT_LOG_USE(ice)

namespace oairt {
namespace {

void set_no_delay(GIOStream *stream) {
  if (!G_IS_SOCKET_CONNECTION(stream)) return;
  GSocket *socket = g_socket_connection_get_socket(G_SOCKET_CONNECTION(stream));
  g_socket_set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1, nullptr);
}

std::string proxy_uri(const ServerUri &proxy) {
  GString_ user(g_uri_escape_string(proxy.user.c_str(), nullptr, FALSE));
  std::string password(proxy.password.reveal());
  GString_ escaped(g_uri_escape_string(password.c_str(), nullptr, FALSE));
  explicit_bzero(password.data(), password.size());
  bool ipv6 = proxy.host.find(':') != std::string::npos;
  std::string place =
      (ipv6 ? "[" + proxy.host + "]" : proxy.host) + ":" + std::to_string(proxy.port);
  if (proxy.user.empty()) return "http://" + place;
  return std::string("http://") + user.get() + ":" + escaped.get() + "@" + place;
}

constexpr std::size_t kPumpBytes = 16 * 1024;

void close_stream(const Ref<GIOStream> &stream) {
  if (stream) {
    g_io_stream_close_async(stream.get(), G_PRIORITY_DEFAULT, nullptr, nullptr, nullptr);
  }
}

}  // namespace

// One connection of libnice's and its counterpart. Owned by the operations that are under way; the
// first that ends closes both ends, which ends the other.
struct TurnBridge::Link {
  Ref<GIOStream> local, remote;
  Ref<GCancellable> cancellable;
  std::string host;
  OnBytes on_bytes;
};

// One direction. Owned by its operation.
struct TurnBridge::Pump {
  std::shared_ptr<Link> link;
  GInputStream *from;
  GOutputStream *to;
  bool inward;
  std::vector<uint8_t> bytes = std::vector<uint8_t>(kPumpBytes);
  std::size_t size = 0;
};

TurnBridge::TurnBridge(const ServerUri &server, bool tls, const ServerUri *proxy,
                       const std::string &ca_file, OnBytes on_bytes)
    : host_(server.host),
      on_bytes_(std::move(on_bytes)),
      server_port_(server.port),
      service_(Ref<GSocketService>::adopt(g_socket_service_new())),
      client_(Ref<GSocketClient>::adopt(g_socket_client_new())),
      cancellable_(Ref<GCancellable>::adopt(g_cancellable_new())) {
  g_socket_client_set_tls(client_.get(), tls);
  g_socket_client_set_timeout(client_.get(), 10);
  if (proxy != nullptr) {
    auto resolver =
        Ref<GProxyResolver>::adopt(g_simple_proxy_resolver_new(proxy_uri(*proxy).c_str(), nullptr));
    g_socket_client_set_proxy_resolver(client_.get(), resolver.get());
  } else {
    g_socket_client_set_enable_proxy(client_.get(), FALSE);
  }
  if (!ca_file.empty()) {
    authorities_ = Ref<GTlsDatabase>::adopt(g_tls_file_database_new(ca_file.c_str(), nullptr));
    if (!authorities_) LOG_WARNING("cannot read the certificates in %s", ca_file.c_str());
  }
  events_ =
      SignalConnection(client_.get(), "event", G_CALLBACK(&TurnBridge::on_client_event), this);
  incoming_ =
      SignalConnection(service_.get(), "incoming", G_CALLBACK(&TurnBridge::on_incoming), this);
  auto any = Ref<GSocketAddress>::adopt(g_inet_socket_address_new_from_string("127.0.0.1", 0));
  GSocketAddress *bound = nullptr;
  if (g_socket_listener_add_address(G_SOCKET_LISTENER(service_.get()), any.get(),
                                    G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, nullptr, &bound,
                                    nullptr)) {
    port_ = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
    g_object_unref(bound);
    g_socket_service_start(service_.get());
  }
}

TurnBridge::~TurnBridge() {
  incoming_.disconnect();
  events_.disconnect();
  g_socket_service_stop(service_.get());
  g_socket_listener_close(G_SOCKET_LISTENER(service_.get()));
  g_cancellable_cancel(cancellable_.get());
}

void TurnBridge::on_client_event(GSocketClient *, GSocketClientEvent event, GSocketConnectable *,
                                 GIOStream *stream, gpointer data) {
  auto *self = static_cast<TurnBridge *>(data);
  if (event == G_SOCKET_CLIENT_TLS_HANDSHAKING && self->authorities_) {
    g_tls_connection_set_database(G_TLS_CONNECTION(stream), self->authorities_.get());
  }
}

gboolean TurnBridge::on_incoming(GSocketService *, GSocketConnection *connection, GObject *,
                                 gpointer data) {
  auto *self = static_cast<TurnBridge *>(data);
  set_no_delay(G_IO_STREAM(connection));
  auto *link = new Link{Ref<GIOStream>::share(G_IO_STREAM(connection)),
                        {},
                        self->cancellable_,
                        self->host_,
                        self->on_bytes_};
  g_socket_client_connect_to_host_async(self->client_.get(), self->host_.c_str(),
                                        self->server_port_, self->cancellable_.get(),
                                        &TurnBridge::on_connected, link);
  return TRUE;
}

void TurnBridge::on_connected(GObject *client, GAsyncResult *result, gpointer data) {
  std::shared_ptr<Link> link(static_cast<Link *>(data));
  GError *raw_error = nullptr;
  GSocketConnection *connection =
      g_socket_client_connect_to_host_finish(G_SOCKET_CLIENT(client), result, &raw_error);
  UniqueError error(raw_error);
  if (connection == nullptr) {
    if (!g_error_matches(error.get(), G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
      LOG_WARNING("cannot reach the TURN server %s: %s", link->host.c_str(), error->message);
    }
    close_stream(link->local);
    return;
  }
  link->remote = Ref<GIOStream>::adopt(G_IO_STREAM(connection));
  set_no_delay(link->remote.get());
  GIOStream *local = link->local.get(), *remote = link->remote.get();
  pump(std::make_unique<Pump>(Pump{link, g_io_stream_get_input_stream(local),
                                   g_io_stream_get_output_stream(remote), false}));
  pump(std::make_unique<Pump>(Pump{link, g_io_stream_get_input_stream(remote),
                                   g_io_stream_get_output_stream(local), true}));
}

void TurnBridge::pump(std::unique_ptr<Pump> pump) {
  GInputStream *from = pump->from;
  GCancellable *cancellable = pump->link->cancellable.get();
  uint8_t *bytes = pump->bytes.data();
  g_input_stream_read_async(from, bytes, kPumpBytes, G_PRIORITY_DEFAULT, cancellable,
                            &TurnBridge::on_read, pump.release());
}

void TurnBridge::on_read(GObject *stream, GAsyncResult *result, gpointer data) {
  std::unique_ptr<Pump> self(static_cast<Pump *>(data));
  gssize size = g_input_stream_read_finish(G_INPUT_STREAM(stream), result, nullptr);
  if (size <= 0) {
    close_stream(self->link->local);
    close_stream(self->link->remote);
    return;
  }
  self->size = static_cast<std::size_t>(size);
  if (self->inward) self->link->on_bytes(self->bytes.data(), self->size);
  GOutputStream *to = self->to;
  GCancellable *cancellable = self->link->cancellable.get();
  const uint8_t *bytes = self->bytes.data();
  std::size_t count = self->size;
  g_output_stream_write_all_async(to, bytes, count, G_PRIORITY_DEFAULT, cancellable,
                                  &TurnBridge::on_written, self.release());
}

void TurnBridge::on_written(GObject *stream, GAsyncResult *result, gpointer data) {
  std::unique_ptr<Pump> self(static_cast<Pump *>(data));
  if (g_output_stream_write_all_finish(G_OUTPUT_STREAM(stream), result, nullptr, nullptr)) {
    pump(std::move(self));
    return;
  }
  close_stream(self->link->local);
  close_stream(self->link->remote);
}

}  // namespace oairt
