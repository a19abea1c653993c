// A door on 127.0.0.1 to one TURN server over TLS, or through an HTTP proxy: libnice itself speaks
// TURN over plain TCP only (its "TLS" is the plain protocol on another port).
// Thread-bound to the event loop, all I/O is asynchronous there.
// Never connects to a server whose certificate does not match its name.
#pragma once

#include <memory>
#include <string>

#include <gio/gio.h>

#include "base/ref.h"
#include "rtc/turn_uri.h"

namespace oairt {

class TurnBridge {
 public:
  // `proxy` may be null; `ca_file` may be empty: the system's authorities.
  TurnBridge(const ServerUri &server, bool tls, const ServerUri *proxy, const std::string &ca_file);
  ~TurnBridge();
  TurnBridge(const TurnBridge &) = delete;
  TurnBridge &operator=(const TurnBridge &) = delete;

  uint16_t port() const { return port_; }  // 0: it could not be opened

 private:
  struct Link;
  static gboolean on_incoming(GSocketService *service, GSocketConnection *connection,
                              GObject *source, gpointer self);
  static void on_client_event(GSocketClient *client, GSocketClientEvent event,
                              GSocketConnectable *connectable, GIOStream *stream, gpointer self);
  static void on_connected(GObject *client, GAsyncResult *result, gpointer link);
  static void on_spliced(GObject *stream, GAsyncResult *result, gpointer link);

  const std::string host_;
  const uint16_t server_port_;
  uint16_t port_ = 0;
  Ref<GSocketService> service_;
  Ref<GSocketClient> client_;
  Ref<GTlsDatabase> authorities_;
  Ref<GCancellable> cancellable_;
  SignalConnection incoming_, events_;
};

}  // namespace oairt
