// Takes DTLS handshake records off a path's sockets while ICE still waits for its first answer. An
// ICE-lite server starts DTLS with the same breath it answers the check; when the network swaps the
// two, libnice drops the ClientHello as coming from nowhere, and the next comes a second later.
// Thread-bound to the context it is made for.
// Never takes anything else from libnice, nor from an address that is no candidate of the peer.
#pragma once

#include <functional>
#include <vector>

#include <gio/gio.h>
#include <sys/socket.h>

#include "rtc/ice_candidate.h"

namespace oairt {

class EarlyReader {
 public:
  using OnPacket = std::function<void(const uint8_t *data, std::size_t size)>;

  EarlyReader(GMainContext *context, GPtrArray *sockets, OnPacket on_packet);
  ~EarlyReader();
  EarlyReader(const EarlyReader &) = delete;
  EarlyReader &operator=(const EarlyReader &) = delete;

  void add_peers(const std::vector<IceCandidate> &peers);

 private:
  struct Source;
  static gboolean prepare(GSource *source, gint *timeout);
  static gboolean check(GSource *source);
  static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer data);
  static void finalize(GSource *source);
  bool from_peer(const sockaddr_storage &from) const;

  OnPacket on_packet_;
  std::vector<IceCandidate> peers_;
  std::vector<GSource *> sources_;
};

}  // namespace oairt
