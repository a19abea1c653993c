// A GLib source that goes off at a monotonic time, over and over as it is set.
// Thread-bound to its context.
// Never goes off by itself a second time: it is set anew each time.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include <glib.h>

#include "base/clock.h"

namespace oairt::sim {

class Alarm {
 public:
  Alarm(GMainContext *context, int priority, std::function<void()> task) : task_(std::move(task)) {
    static GSourceFuncs functions = {nullptr, nullptr, &Alarm::dispatch, nullptr, nullptr, nullptr};
    source_ = g_source_new(&functions, sizeof(GSource));
    g_source_set_priority(source_, priority);
    g_source_set_ready_time(source_, -1);
    g_source_set_callback(source_, &Alarm::on_ready, this, nullptr);
    g_source_attach(source_, context);
  }
  ~Alarm() {
    g_source_destroy(source_);
    g_source_unref(source_);
  }
  Alarm(const Alarm &) = delete;
  Alarm &operator=(const Alarm &) = delete;

  void set_us(int64_t monotonic_us) { g_source_set_ready_time(source_, monotonic_us); }
  void set(std::optional<TimePoint> when) {
    if (!when) return set_us(-1);
    auto delay = std::chrono::duration_cast<std::chrono::microseconds>(*when - Clock::now());
    set_us(g_get_monotonic_time() + (delay.count() > 0 ? delay.count() + 1 : 0));
  }

 private:
  static gboolean dispatch(GSource *, GSourceFunc callback, gpointer self) {
    return callback(self);
  }
  static gboolean on_ready(gpointer data) {
    auto *self = static_cast<Alarm *>(data);
    self->set_us(-1);
    self->task_();
    return G_SOURCE_CONTINUE;
  }

  GSource *source_;
  std::function<void()> task_;
};

}  // namespace oairt::sim
