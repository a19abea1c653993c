// A door on 127.0.0.1 to one TURN server over TCP, TLS, or through an HTTP proxy: libnice itself
// speaks TURN over plain TCP only (its "TLS" is the plain protocol on another port), and does not
// show its sockets, where the answers to our own checks come by.
// Thread-bound to the event loop, all I/O is asynchronous there.
// Never connects to a server whose certificate does not match its name.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <gio/gio.h>

#include "base/ref.h"
#include "rtc/turn_uri.h"

namespace oairt {

class TurnBridge {
 public:
  // Sees what the server sends, in the clear.
  using OnBytes = std::function<void(const uint8_t *data, std::size_t size)>;

  // `proxy` may be null; `ca_file` may be empty: the system's authorities.
  TurnBridge(const ServerUri &server, bool tls, const ServerUri *proxy, const std::string &ca_file,
             OnBytes on_bytes);
  ~TurnBridge();
  TurnBridge(const TurnBridge &) = delete;
  TurnBridge &operator=(const TurnBridge &) = delete;

  uint16_t port() const { return port_; }  // 0: it could not be opened

 private:
  struct Link;
  struct Pump;
  static gboolean on_incoming(GSocketService *service, GSocketConnection *connection,
                              GObject *source, gpointer self);
  static void on_client_event(GSocketClient *client, GSocketClientEvent event,
                              GSocketConnectable *connectable, GIOStream *stream, gpointer self);
  static void on_connected(GObject *client, GAsyncResult *result, gpointer link);
  static void pump(std::unique_ptr<Pump> pump);
  static void on_read(GObject *stream, GAsyncResult *result, gpointer pump);
  static void on_written(GObject *stream, GAsyncResult *result, gpointer pump);

  const std::string host_;
  const OnBytes on_bytes_;
  const uint16_t server_port_;
  uint16_t port_ = 0;
  Ref<GSocketService> service_;
  Ref<GSocketClient> client_;
  Ref<GTlsDatabase> authorities_;
  Ref<GCancellable> cancellable_;
  SignalConnection incoming_, events_;
};

}  // namespace oairt
