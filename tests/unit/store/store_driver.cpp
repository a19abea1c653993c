// A process that drives a stored session, to be killed, stopped and taken over from.
//   store-driver URI SESSION LEASE_MS flood   saves items until it is killed; on its output "o": it
//                                             starts, "p": opened, "sN": item N is on its way,
//                                             "wN": it was committed
//   store-driver URI SESSION LEASE_MS talk    reads "save SLOT TEXT" and "close", prints events
#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <future>
#include <iostream>
#include <mutex>
#include <sstream>

#include <unistd.h>

#include "base/event_loop.h"
#include "base/reaper.h"
#include "store/engine.h"

using namespace oairt;  // NOLINT

namespace {

// In one write(2) a line, so that what was printed before the kill is there.
void print(const std::string &line) {
  std::string whole = line + "\n";
  if (write(STDOUT_FILENO, whole.data(), whole.size()) < 0) std::_Exit(1);
}

class Listener final : public StoreListener {
 public:
  explicit Listener(bool talks) : talks_(talks) {}

  void on_store_opened(StoredRecord record) override {
    std::lock_guard guard(lock_);
    opened_ = true;
    if (talks_) print("opened " + std::to_string(record.items.size()));
    changed_.notify_all();
  }
  void on_store_standby() override { say("standby"); }
  void on_store_lost() override { say("lost"); }
  void on_store_trouble(const Error &error) override { say("trouble " + error.message); }
  void on_store_healed() override { say("healed"); }

  void written(const Batch &batch) {
    std::lock_guard guard(lock_);
    for (const Row &row : batch.put) {
      if (row.key.kind == RowKind::Item) written_ = std::max(written_, row.key.slot);
    }
    changed_.notify_all();
  }
  void wait_opened() {
    std::unique_lock lock(lock_);
    changed_.wait(lock, [this] { return opened_; });
  }
  void wait_written(int64_t slot) {
    std::unique_lock lock(lock_);
    changed_.wait(lock, [&] { return written_ >= slot; });
  }

 private:
  void say(const std::string &line) {
    if (talks_) print(line);
  }
  bool talks_;
  std::mutex lock_;
  std::condition_variable changed_;
  bool opened_ = false;
  int64_t written_ = 0;  // the last slot
};

[[noreturn]] void flood(EventLoop &loop, Store &store, Listener &listener, int64_t slot) {
  listener.wait_opened();
  print("p");
  for (;; ++slot) {
    print("s" + std::to_string(slot));
    loop.post([&, slot] {
      store.save_item({slot, g_get_real_time() / 1000, "item " + std::to_string(slot)});
      if (slot % 3 == 0) store.save_state("state " + std::to_string(slot));
      if (slot % 20 == 0) store.close_record(g_get_real_time() / 1000);
    });
    listener.wait_written(slot);
    print("w" + std::to_string(slot));
  }
}

int talk(EventLoop &loop, Store &store) {
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    std::string verb, text;
    int64_t slot = 0;
    words >> verb >> slot >> std::ws;
    std::getline(words, text);
    if (verb == "close") break;
    loop.post([&, slot, text] { store.save_item({slot, g_get_real_time() / 1000, text}); });
  }
  std::mutex lock;
  std::condition_variable changed;
  bool closed = false;
  loop.post([&] {
    store.close(Clock::now() + std::chrono::seconds(5), [&](bool written) {
      std::lock_guard guard(lock);
      print(written ? "closed" : "closed, not all written");
      closed = true;
      changed.notify_all();
    });
  });
  std::unique_lock waiting(lock);
  changed.wait(waiting, [&] { return closed; });
  return 0;
}

}  // namespace

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  print("o");
  StoreOptions options;
  options.uri = argv[1];
  options.session = argv[2];
  options.lease = milliseconds(std::atoi(argv[3]));
  bool talks = std::string(argv[4]) == "talk";
  EventLoop loop("store-driver");
  Listener listener(talks);
  StoreHooks hooks;
  hooks.written = [&listener](const Batch &batch) { listener.written(batch); };
  std::unique_ptr<Store> store;
  std::promise<void> made;
  loop.post([&] {
    Result<std::unique_ptr<Store>> result = make_store(loop, options, listener, hooks);
    if (!result) std::_Exit(3);
    store = std::move(result).value();
    made.set_value();
  });
  made.get_future().wait();
  if (!talks) flood(loop, *store, listener, argc > 5 ? std::atoll(argv[5]) : 1);
  int status = talk(loop, *store);
  loop.post([&] { store.reset(); });
  loop.stop();
  reaper::wait_idle(Clock::now() + std::chrono::seconds(5));
  return status;
}
