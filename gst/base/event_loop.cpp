#include "base/event_loop.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

OAIRT_LOG_DEFINE(loop, "openairealtime-loop", "Event loops")
OAIRT_LOG_USE(loop)

namespace oairt {
namespace {

void attach(GSource *source, EventLoop::Task task, GMainContext *context) {
  g_source_set_callback(
      source,
      [](gpointer data) -> gboolean {
        (*static_cast<EventLoop::Task *>(data))();
        return G_SOURCE_REMOVE;
      },
      new EventLoop::Task(std::move(task)),
      [](gpointer data) { delete static_cast<EventLoop::Task *>(data); });
  g_source_attach(source, context);
}

struct SlackSource {
  GSource source;
  gint64 from_us;
};

// What has passed is now.
gint64 loop_time_us(TimePoint when) {
  auto delay = std::chrono::duration_cast<std::chrono::microseconds>(when - Clock::now()).count();
  return g_get_monotonic_time() + (delay > 0 ? delay : 0);
}

}  // namespace

// Outlives the loop where an object does.
struct EventLoop::Expected {
  explicit Expected(GMainContext *owner) : context(g_main_context_ref(owner)) {}
  ~Expected() { g_main_context_unref(context); }
  Expected(const Expected &) = delete;
  Expected &operator=(const Expected &) = delete;

  GMainContext *context;
  std::atomic<int> objects{0};
};

EventLoop::EventLoop(std::string thread_name)
    : context_(g_main_context_new()),
      main_loop_(g_main_loop_new(context_, FALSE)),
      expected_(std::make_shared<Expected>(context_)) {
  thread_ = g_thread_new(thread_name.c_str(), &EventLoop::run, this);
}

EventLoop::~EventLoop() {
  stop();
  g_main_loop_unref(main_loop_);
  g_main_context_unref(context_);
}

gpointer EventLoop::run(gpointer data) {
  auto *self = static_cast<EventLoop *>(data);
  g_main_context_push_thread_default(self->context_);
  g_main_loop_run(self->main_loop_);
  // What a task holds may cancel or start timers in its destructor.
  while (!self->timers_.empty()) {
    auto node = self->timers_.extract(self->timers_.begin());
    g_source_destroy(node.mapped());
    g_source_unref(node.mapped());
  }
  self->drain();
  g_main_context_pop_thread_default(self->context_);
  return nullptr;
}

// What the last tasks set going (socket closes, cancelled requests) gets its turn too.
void EventLoop::drain() {
  gint64 limit = g_get_monotonic_time() +
                 std::chrono::duration_cast<std::chrono::microseconds>(kPatience).count();
  GSource *wake = g_timeout_source_new(0);
  g_source_set_ready_time(wake, limit);
  g_source_set_dummy_callback(wake);
  g_source_attach(wake, context_);
  bool more = true;
  while ((more || expected_->objects > 0) && g_get_monotonic_time() < limit) {
    more = g_main_context_iteration(context_, expected_->objects > 0);
  }
  g_source_destroy(wake);
  g_source_unref(wake);
  if (int left = expected_->objects; left > 0) {
    LOG_WARNING("%d connections are still open at the end of their event loop", left);
  }
}

void EventLoop::outlive(GObject *object) {
  assert_in_loop();
  ++expected_->objects;
  g_object_weak_ref(
      object,
      [](gpointer data, GObject *) {
        auto *expected = static_cast<std::shared_ptr<Expected> *>(data);
        --(*expected)->objects;
        g_main_context_wakeup((*expected)->context);
        delete expected;
      },
      new std::shared_ptr<Expected>(expected_));
}

void EventLoop::post(Task task) {
  GSource *source = g_idle_source_new();
  g_source_set_priority(source, G_PRIORITY_DEFAULT);
  attach(source, std::move(task), context_);
  g_source_unref(source);
}

Duration EventLoop::delay() {
  Duration now = Clock::now().time_since_epoch(), asked_at = Duration::zero();
  if (!asked_at_.compare_exchange_strong(asked_at, now)) {
    return std::max(now - asked_at, Duration::zero());
  }
  post([this] { asked_at_ = Duration::zero(); });
  return Duration::zero();
}

void EventLoop::stop() {
  if (thread_ == nullptr) return;
  g_assert(!in_loop());
  post([this] { g_main_loop_quit(main_loop_); });
  g_thread_join(thread_);
  thread_ = nullptr;
}

EventLoop::TimerId EventLoop::call_at(TimePoint when, Task task) {
  return start(g_timeout_source_new(0), when, std::move(task));
}

EventLoop::TimerId EventLoop::call_between(TimePoint from, TimePoint latest, Task task) {
  static GSourceFuncs functions = {
      nullptr,
      [](GSource *source) -> gboolean {
        return g_source_get_time(source) >= reinterpret_cast<SlackSource *>(source)->from_us;
      },
      [](GSource *, GSourceFunc callback, gpointer data) -> gboolean { return callback(data); },
      nullptr,
      nullptr,
      nullptr};
  GSource *source = g_source_new(&functions, sizeof(SlackSource));
  reinterpret_cast<SlackSource *>(source)->from_us = loop_time_us(from);
  return start(source, latest, std::move(task));
}

// Takes the source over.
EventLoop::TimerId EventLoop::start(GSource *source, TimePoint when, Task task) {
  assert_in_loop();
  TimerId id = next_timer_++;
  g_source_set_ready_time(source, loop_time_us(when));
  timers_.emplace(id, source);
  attach(
      source,
      [this, id, task = std::move(task)] {
        auto node = timers_.extract(id);
        if (!node.empty()) {
          task();
          g_source_unref(node.mapped());
        }
      },
      context_);
  return id;
}

void EventLoop::cancel(TimerId id) {
  assert_in_loop();
  auto node = timers_.extract(id);
  if (node.empty()) return;
  g_source_destroy(node.mapped());
  g_source_unref(node.mapped());
}

}  // namespace oairt
