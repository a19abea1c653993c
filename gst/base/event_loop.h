// One thread with one GMainContext: the only place where a session touches the world.
// Thread-safe: post(), delay(), stop(), in_loop(). Everything else is thread-bound to the loop.
// Never runs a posted function inline, and never drops one that was posted before stop().
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include <glib-object.h>

#include "base/clock.h"

namespace oairt {

class EventLoop {
 public:
  using Task = std::function<void()>;
  using TimerId = unsigned;

  explicit EventLoop(std::string thread_name);
  // Stops if that was not done. Must not be destroyed from the loop's own thread.
  ~EventLoop();
  EventLoop(const EventLoop &) = delete;
  EventLoop &operator=(const EventLoop &) = delete;

  // Runs the task on the loop thread, in the order of posting. Thread-safe.
  void post(Task task);
  // For how long the loop has owed an answer: asked now, or by an earlier call. Zero when it had
  // none to give, so one has to look again and again. Thread-safe.
  Duration delay();
  // Runs what was posted so far, then ends the thread and joins it. Not from the loop's thread.
  void stop();
  // stop() waits, for kPatience at most, until the object is finalized: what works for it in
  // another thread (a TLS handshake) brings its end to this loop, and without it leaks. In the loop
  // only.
  static constexpr Duration kPatience = std::chrono::seconds(2);
  void outlive(GObject *object);

  // Runs the task once, at or shortly after `when`. In the loop only.
  TimerId call_at(TimePoint when, Task task);
  // The same, but as soon as the loop is awake for something else at or after `from`: what has to
  // be looked at again and again need not wake it up each time.
  TimerId call_between(TimePoint from, TimePoint latest, Task task);
  TimerId call_after(Duration delay, Task task) { return call_at(Clock::now() + delay, task); }
  void cancel(TimerId id);  // unknown and expired ids are ignored

  bool in_loop() const { return g_thread_self() == thread_; }  // thread-safe
  void assert_in_loop() const { g_assert(in_loop()); }
  GMainContext *context() const { return context_; }  // thread-default inside the loop

 private:
  struct Expected;
  static gpointer run(gpointer self);
  void drain();
  TimerId start(GSource *source, TimePoint when, Task task);

  GMainContext *context_;
  GMainLoop *main_loop_;
  GThread *thread_ = nullptr;
  std::shared_ptr<Expected> expected_;
  std::atomic<Duration> asked_at_{Duration::zero()};  // since the clock's epoch; zero: nothing is
  std::unordered_map<TimerId, GSource *> timers_;     // touched by the loop thread only
  TimerId next_timer_ = 1;
};

}  // namespace oairt
