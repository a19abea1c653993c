#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "base/event_loop.h"
#include "base/reaper.h"
#include "base/secret.h"
#include "support/check.h"

using oairt::Clock;
using oairt::EventLoop;
using oairt::Secret;
using oairt::test::wait_for;

GST_START_TEST(tasks_run_in_order_on_the_loop_thread) {
  std::vector<int> order;
  std::atomic<bool> all_in_loop{true};
  {
    EventLoop loop("test");
    for (int i = 0; i < 100; ++i) {
      loop.post([&, i] {
        order.push_back(i);
        all_in_loop = all_in_loop && loop.in_loop();
      });
    }
    loop.stop();
  }
  fail_unless_equals_int(order.size(), 100);
  for (int i = 0; i < 100; ++i) fail_unless_equals_int(order[i], i);
  fail_unless(all_in_loop);
}
GST_END_TEST

GST_START_TEST(tasks_posted_from_a_task_run_later_never_inline) {
  EventLoop loop("test");
  std::atomic<bool> inner_ran{false}, inline_run{false};
  loop.post([&] {
    loop.post([&] { inner_ran = true; });
    inline_run = inner_ran.load();
  });
  fail_unless(wait_for([&] { return inner_ran.load(); }));
  fail_if(inline_run);
}
GST_END_TEST

GST_START_TEST(a_timer_fires_once_not_before_its_time_and_can_be_cancelled) {
  EventLoop loop("test");
  std::atomic<int> fired{0}, cancelled{0};
  oairt::TimePoint start = Clock::now();
  std::atomic<double> after_ms{0};
  loop.post([&] {
    loop.call_after(std::chrono::milliseconds(20), [&] {
      after_ms = oairt::to_ms(Clock::now() - start);
      ++fired;
    });
    auto id = loop.call_after(std::chrono::milliseconds(5), [&] { ++cancelled; });
    loop.cancel(id);
    loop.cancel(id);
    loop.cancel(4711);
  });
  fail_unless(wait_for([&] { return fired.load() == 1; }));
  fail_unless(after_ms >= 19.9, "fired after %f ms", after_ms.load());
  loop.stop();
  fail_unless_equals_int(fired, 1);
  fail_unless_equals_int(cancelled, 0);
}
GST_END_TEST

// Not before `from`, with whatever wakes the loop up then, and by itself at the latest.
GST_START_TEST(a_timer_with_slack_goes_along_with_what_wakes_the_loop) {
  using std::chrono::milliseconds;
  EventLoop loop("test");
  std::atomic<int> early{0}, alone{0}, cancelled{0};
  oairt::TimePoint start = Clock::now();
  std::atomic<double> alone_ms{0};
  loop.post([&] {
    loop.call_between(start + milliseconds(20), start + std::chrono::hours(1), [&] { ++early; });
    auto id = loop.call_between(start, start + milliseconds(1), [&] { ++cancelled; });
    loop.cancel(id);
  });
  while (Clock::now() < start + milliseconds(15)) loop.post([] {});
  bool too_soon = early != 0 && Clock::now() < start + milliseconds(20);
  fail_if(too_soon);
  fail_unless(wait_for([&] {
    loop.post([] {});
    return early.load() == 1;
  }));
  start = Clock::now();
  loop.post([&] {
    loop.call_between(start + milliseconds(10), start + milliseconds(20), [&] {
      alone_ms = oairt::to_ms(Clock::now() - start);
      ++alone;
    });
  });
  fail_unless(wait_for([&] { return alone.load() == 1; }));
  fail_unless(alone_ms >= 9.9, "fired after %f ms", alone_ms.load());
  loop.stop();
  fail_unless(early == 1 && alone == 1 && cancelled == 0);
}
GST_END_TEST

GST_START_TEST(a_loop_that_stands_still_is_seen_from_outside) {
  EventLoop loop("test");
  std::atomic<bool> held{false};
  std::promise<void> release;
  fail_unless(loop.delay() == oairt::Duration::zero());
  loop.post([&] {
    held = true;
    release.get_future().wait();
  });
  fail_unless(wait_for([&] { return held.load(); }));
  loop.delay();  // asks
  fail_unless(wait_for([&] { return loop.delay() >= std::chrono::milliseconds(30); }));
  release.set_value();
  fail_unless(wait_for([&] { return loop.delay() == oairt::Duration::zero(); }));
}
GST_END_TEST

GST_START_TEST(timers_that_never_fired_are_released_at_the_end) {
  auto held = std::make_shared<int>(1);
  {
    EventLoop loop("test");
    loop.post([&] { loop.call_after(std::chrono::hours(1), [held] {}); });
    loop.stop();
  }
  fail_unless_equals_int(held.use_count(), 1);
}
GST_END_TEST

GST_START_TEST(what_ends_with_the_loop_may_cancel_and_start_timers) {
  EventLoop loop("test");
  struct Owner {
    explicit Owner(EventLoop &loop) : loop(loop) {}
    ~Owner() {
      for (auto id : timers) loop.cancel(id);
      loop.call_after(std::chrono::hours(1), [] {});
      *gone = true;
    }
    EventLoop &loop;
    std::vector<EventLoop::TimerId> timers;
    std::shared_ptr<std::atomic<bool>> gone = std::make_shared<std::atomic<bool>>(false);
  };
  auto gone = std::make_shared<std::atomic<bool>>(false);
  loop.post([&loop, gone] {
    auto owner = std::make_shared<Owner>(loop);
    owner->gone = gone;
    for (int i = 0; i < 20; ++i) {
      owner->timers.push_back(loop.call_after(std::chrono::hours(1), [] {}));
    }
    loop.call_after(std::chrono::hours(1), [owner] {});
  });
  loop.stop();
  fail_unless(*gone);
}
GST_END_TEST

GST_START_TEST(the_end_waits_for_what_another_thread_brings) {
  EventLoop loop("test");
  auto *object = G_OBJECT(g_object_new(G_TYPE_OBJECT, nullptr));
  std::atomic<bool> at_end{false}, brought{false};
  loop.post([&] {
    loop.outlive(object);
    std::shared_ptr<void> end(nullptr, [&](void *) { at_end = true; });
    loop.call_after(std::chrono::hours(1), [end] {});
  });
  std::thread other([&] {
    while (!at_end) std::this_thread::yield();
    loop.post([&] {
      brought = true;
      g_object_unref(object);
    });
  });
  loop.stop();
  fail_unless(brought);
  other.join();
}
GST_END_TEST

GST_START_TEST(what_never_ends_holds_a_loop_for_a_while_only) {
  GObject *object = G_OBJECT(g_object_new(G_TYPE_OBJECT, nullptr));
  {
    EventLoop loop("test");
    loop.post([&] { loop.outlive(object); });
    loop.post([&] {  // never done with
      GSource *source = g_idle_source_new();
      g_source_set_callback(
          source, [](gpointer) -> gboolean { return G_SOURCE_CONTINUE; }, nullptr, nullptr);
      g_source_attach(source, loop.context());
      g_source_unref(source);
    });
    oairt::TimePoint start = Clock::now();
    loop.stop();
    fail_unless(Clock::now() - start < 5 * EventLoop::kPatience);
  }
  g_object_unref(object);
}
GST_END_TEST

GST_START_TEST(a_secret_is_wiped_when_it_is_replaced_or_dies) {
  Secret secret("sk-very-secret");
  const char *bytes = secret.reveal().data();
  fail_unless(secret == Secret("sk-very-secret"));
  secret.wipe();
  // The memory is still owned by the vector's allocation, emptied but not freed.
  for (int i = 0; i < 14; ++i) fail_unless_equals_int(bytes[i], 0);
  fail_unless(secret.empty());
}
GST_END_TEST

GST_START_TEST(the_reaper_waits_for_what_was_announced) {
  std::atomic<bool> done{false};
  oairt::reaper::expect();
  fail_if(oairt::reaper::wait_idle(Clock::now() + std::chrono::milliseconds(10)));
  oairt::reaper::finish([&] { done = true; });
  fail_unless(oairt::reaper::wait_idle(Clock::now() + std::chrono::seconds(5)));
  fail_unless(done);
}
GST_END_TEST

OAIRT_TEST_MAIN(
    base, tasks_run_in_order_on_the_loop_thread, tasks_posted_from_a_task_run_later_never_inline,
    a_timer_fires_once_not_before_its_time_and_can_be_cancelled,
    a_timer_with_slack_goes_along_with_what_wakes_the_loop,
    a_loop_that_stands_still_is_seen_from_outside, timers_that_never_fired_are_released_at_the_end,
    what_ends_with_the_loop_may_cancel_and_start_timers,
    the_end_waits_for_what_another_thread_brings, what_never_ends_holds_a_loop_for_a_while_only,
    a_secret_is_wiped_when_it_is_replaced_or_dies, the_reaper_waits_for_what_was_announced)
