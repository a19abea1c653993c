// Owners of GSources on a given context: timers and file descriptor watches as closures.
// Thread-bound to the thread that runs the context.
// Never fires after it was reset or destroyed, also when that happens inside its own callback.
#pragma once

#include <functional>
#include <utility>

#include <glib-unix.h>
#include <glib.h>

namespace oairt::sim {

class Source {
 public:
  using Callback = std::function<bool()>;  // false: the source is done

  Source() = default;
  Source(Source &&other) noexcept : source_(std::exchange(other.source_, nullptr)) {}
  Source &operator=(Source &&other) noexcept {
    reset();
    source_ = std::exchange(other.source_, nullptr);
    return *this;
  }
  ~Source() { reset(); }

  static Source timer(GMainContext *context, unsigned interval_ms, Callback callback) {
    GSource *source = g_timeout_source_new(interval_ms);
    g_source_set_callback(source, &Source::on_timer, new Callback(std::move(callback)),
                          &Source::drop);
    return attach(source, context);
  }
  static Source watch(GMainContext *context, int fd, GIOCondition condition, Callback callback) {
    GSource *source = g_unix_fd_source_new(fd, condition);
    g_source_set_callback(source, G_SOURCE_FUNC(&Source::on_fd), new Callback(std::move(callback)),
                          &Source::drop);
    return attach(source, context);
  }

  void reset() {
    if (GSource *source = std::exchange(source_, nullptr)) {
      g_source_destroy(source);
      g_source_unref(source);
    }
  }
  bool active() const { return source_ != nullptr && !g_source_is_destroyed(source_); }

 private:
  static Source attach(GSource *source, GMainContext *context) {
    g_source_attach(source, context);
    Source owner;
    owner.source_ = source;
    return owner;
  }
  static gboolean on_timer(gpointer data) { return (*static_cast<Callback *>(data))(); }
  static gboolean on_fd(gint, GIOCondition, gpointer data) {
    return (*static_cast<Callback *>(data))();
  }
  static void drop(gpointer data) { delete static_cast<Callback *>(data); }

  GSource *source_ = nullptr;
};

}  // namespace oairt::sim
