// Looks at what waits on a path's sockets before libnice reads it: libnice drops the answers to our
// own checks unseen, as to questions it never asked.
// Thread-bound to the context it is made for; the callback runs there.
// Never takes a byte away: libnice reads all of it.
#pragma once

#include <functional>
#include <vector>

#include <gio/gio.h>

#include "base/ref.h"

namespace oairt {

class SocketPeek {
 public:
  using Wanted = std::function<bool()>;
  using OnBytes = std::function<void(const uint8_t *data, std::size_t size)>;

  // `wanted` says whether looking is worth the while.
  SocketPeek(GMainContext *context, Wanted wanted, OnBytes on_bytes);
  ~SocketPeek();
  SocketPeek(const SocketPeek &) = delete;
  SocketPeek &operator=(const SocketPeek &) = delete;

  // Those that are watched already are skipped.
  void watch(GPtrArray *sockets);

 private:
  struct Source;
  static gboolean prepare(GSource *source, gint *timeout);
  static gboolean check(GSource *source);
  static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer data);
  static void finalize(GSource *source);
  static void stop_polling(Source &source);

  GMainContext *context_;
  Wanted wanted_;
  OnBytes on_bytes_;
  std::vector<GSource *> sources_;
};

}  // namespace oairt
