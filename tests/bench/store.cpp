// What a stored item costs: the caller in its loop, and until it is committed; how long a session
// takes to open with what it has.
//   bench-store [--items N]
#include <condition_variable>
#include <mutex>

#include "base/reaper.h"
#include "figures.h"
#include "store_bench.h"
#include "support/check.h"
#include "support/loop_run.h"

using namespace oairt;         // NOLINT
using namespace oairt::bench;  // NOLINT
using oairt::test::run_in;

namespace {

// As long as a spoken sentence with what belongs to it.
const std::string kText(400, 'a');

class Listener final : public StoreListener {
 public:
  void on_store_opened(StoredRecord) override {
    std::lock_guard guard(lock_);
    opened_ = true;
    changed_.notify_all();
  }
  void on_store_standby() override {}
  void on_store_lost() override {}
  void on_store_trouble(const Error &error) override {
    std::fprintf(stderr, "%s\n", error.message.c_str());
  }
  void on_store_healed() override {}
  void written() {
    std::lock_guard guard(lock_);
    ++written_;
    changed_.notify_all();
  }
  void wait_opened() {
    std::unique_lock lock(lock_);
    changed_.wait(lock, [this] { return opened_; });
  }
  int written_so_far() {
    std::lock_guard guard(lock_);
    return written_;
  }
  void wait_written(int count) {
    std::unique_lock lock(lock_);
    changed_.wait(lock, [&] { return written_ >= count; });
  }

 private:
  std::mutex lock_;
  std::condition_variable changed_;
  bool opened_ = false;
  int written_ = 0;
};

class Run {
 public:
  explicit Run(const StoreOptions &options) {
    StoreHooks hooks;
    hooks.written = [this](const Batch &) { listener_.written(); };
    TimePoint start = Clock::now();
    run_in(loop_, [&] {
      store_ = std::move(make_store(loop_, options, listener_, hooks)).value();
      return true;
    });
    listener_.wait_opened();
    open_ms_ = to_ms(Clock::now() - start);
  }
  ~Run() {
    test::Awaited<bool> closed;
    run_in(loop_, [&] {
      store_->close(Clock::now() + std::chrono::seconds(60), closed.callback());
      return true;
    });
    closed.wait(std::chrono::seconds(60));
    run_in(loop_, [&] {
      store_.reset();
      return true;
    });
    loop_.stop();
    reaper::wait_idle(Clock::now() + std::chrono::seconds(10));
  }

  double open_ms() const { return open_ms_; }
  Listener &listener() { return listener_; }
  // What the call took, in microseconds.
  double save(int64_t slot) {
    return run_in(loop_, [&] {
      StoredItem item{slot, test::now_ms(), kText};
      TimePoint start = Clock::now();
      store_->save_item(std::move(item));
      return to_ms(Clock::now() - start) * 1000;
    });
  }

 private:
  EventLoop loop_{"bench"};
  Listener listener_;
  std::unique_ptr<Store> store_;
  double open_ms_ = 0;
};

void print_with_tail(const std::string &what, const std::string &who, const std::string &unit,
                     const Series &series) {
  print_figure(what, who, unit, series);
  print_figure(what + ", p99", who, unit, series.at(0.99));
}

void measure(const std::string &who, int items) {
  g_setenv("OAIRT_STORE", who.c_str(), TRUE);
  test::Place place;
  if (!make_backend(place.options(), false)) return;  // a build without Redis
  {
    Series caller, committed;
    Run run(place.options("cost"));
    for (int slot = 1; slot <= items; ++slot) {
      int before = run.listener().written_so_far();
      TimePoint start = Clock::now();
      caller.add(run.save(slot));
      run.listener().wait_written(before + 1);
      committed.add(to_ms(Clock::now() - start));
    }
    print_with_tail("one item saved: the caller", who, "us", caller);
    print_with_tail("one item saved: until it is committed", who, "ms", committed);
  }
  for (int count : {10, 100, 1000}) {
    StoreOptions options = place.options("open-" + std::to_string(count));
    {
      Run run(options);
      for (int slot = 1; slot <= count; ++slot) run.save(slot);
    }
    Series open;
    for (int round = 0; round < 7; ++round) open.add(Run(options).open_ms());
    print_figure("opened with " + std::to_string(count) + " items", who, "ms", open);
  }
}

int run(int argc, char **argv) {
  int items = static_cast<int>(number_option(argc, argv, "--items", 500));
  for (const char *who : {"memory", "sqlite", "redis"}) {
    if (std::string(who) == "redis" && test::RedisServer::absent() != nullptr) continue;
    measure(who, items);
  }
  return 0;
}

}  // namespace

int main(int argc, char **argv) { return run_bench(argc, argv, run); }
