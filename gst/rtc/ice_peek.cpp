#include "rtc/ice_peek.h"

#include <algorithm>
#include <array>
#include <utility>

#include <sys/socket.h>

namespace oairt {
namespace {

// An answer to a check takes about 100 bytes; a TURN server adds 40, TCP may put others before it.
constexpr std::size_t kMaxPeek = 2048;
constexpr uint8_t kCookie[] = {0x21, 0x12, 0xa4, 0x42};

// RFC 7983: DTLS and RTP, which most packets are. On a stream it may be the middle of anything.
bool is_media(const uint8_t *datagram) {
  return (datagram[0] >= 20 && datagram[0] <= 63) || datagram[0] >= 128;
}

}  // namespace

struct SocketPeek::Source {
  GSource source;
  SocketPeek *owner;
  GSocket *socket;
  GPollFD poll;
  bool datagrams;
  bool polled;
  bool looked;  // what waits was seen, it is libnice's turn
  std::vector<uint8_t> *bytes;
};

SocketPeek::SocketPeek(GMainContext *context, Wanted wanted, OnBytes on_bytes)
    : context_(context), wanted_(std::move(wanted)), on_bytes_(std::move(on_bytes)) {}

SocketPeek::~SocketPeek() {
  for (GSource *source : sources_) {
    g_source_destroy(source);
    g_source_unref(source);
  }
}

void SocketPeek::watch(GPtrArray *sockets) {
  static GSourceFuncs functions = {&SocketPeek::prepare,
                                   &SocketPeek::check,
                                   &SocketPeek::dispatch,
                                   &SocketPeek::finalize,
                                   nullptr,
                                   nullptr};
  for (guint i = 0; sockets != nullptr && i < sockets->len; ++i) {
    auto *socket = G_SOCKET(g_ptr_array_index(sockets, i));
    bool known = std::any_of(sources_.begin(), sources_.end(), [socket](GSource *source) {
      return reinterpret_cast<Source *>(source)->socket == socket;
    });
    if (known || g_socket_is_closed(socket)) continue;
    GSource *source = g_source_new(&functions, sizeof(Source));
    auto *self = reinterpret_cast<Source *>(source);
    self->owner = this;
    self->socket = static_cast<GSocket *>(g_object_ref(socket));
    self->bytes = new std::vector<uint8_t>;
    self->poll = {g_socket_get_fd(socket), G_IO_IN, 0};
    self->datagrams = g_socket_get_socket_type(socket) == G_SOCKET_TYPE_DATAGRAM;
    self->polled = true;
    g_source_add_poll(source, &self->poll);
    g_source_set_priority(source, G_PRIORITY_DEFAULT - 10);
    g_source_attach(source, context_);
    sources_.push_back(source);
  }
}

void SocketPeek::stop_polling(Source &self) {
  if (std::exchange(self.polled, false)) g_source_remove_poll(&self.source, &self.poll);
}

// libnice closes a TCP socket that failed, and its number may soon be another's.
gboolean SocketPeek::prepare(GSource *source, gint *timeout) {
  auto *self = reinterpret_cast<Source *>(source);
  if (self->polled && g_socket_is_closed(self->socket)) stop_polling(*self);
  *timeout = -1;
  return FALSE;
}

gboolean SocketPeek::check(GSource *source) {
  auto *self = reinterpret_cast<Source *>(source);
  if (!self->polled || (self->poll.revents & G_IO_IN) == 0) return FALSE;
  if (std::exchange(self->looked, false) || !self->owner->wanted_()) return FALSE;
  std::array<uint8_t, kMaxPeek> seen;
  ssize_t size =
      recv(g_socket_get_fd(self->socket), seen.data(), seen.size(), MSG_PEEK | MSG_DONTWAIT);
  if (size <= 0 || (self->datagrams && is_media(seen.data()))) return FALSE;
  auto end = seen.begin() + size;
  if (std::search(seen.begin(), end, std::begin(kCookie), std::end(kCookie)) == end) return FALSE;
  self->bytes->assign(seen.begin(), end);
  return TRUE;
}

gboolean SocketPeek::dispatch(GSource *source, GSourceFunc, gpointer) {
  auto *self = reinterpret_cast<Source *>(source);
  self->looked = true;
  std::vector<uint8_t> bytes = std::exchange(*self->bytes, {});
  auto on_bytes = self->owner->on_bytes_;
  on_bytes(bytes.data(), bytes.size());
  return G_SOURCE_CONTINUE;
}

void SocketPeek::finalize(GSource *source) {
  auto *self = reinterpret_cast<Source *>(source);
  g_object_unref(self->socket);
  delete self->bytes;
}

}  // namespace oairt
