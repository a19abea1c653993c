// Stores as a session uses them, and what they tell. Thread-safe: driven from the test's thread.
// Never waits for ever.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/lock.h"
#include "redis_server.h"
#include "store/engine.h"
#include "store/store.h"

namespace oairt::test {

// A directory that is also XDG_STATE_HOME, so that nothing of the user's is touched.
class StateHome {
 public:
  StateHome();
  ~StateHome();
  const std::string &path() const { return path_; }
  std::string file(const std::string &name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Where the tests that hold for every store run: OAIRT_STORE is memory, sqlite or redis.
class Place {
 public:
  static const char *absent();
  Place();
  StoreOptions options(const std::string &session = "kiosk-1") const;
  bool is(const std::string &kind) const { return kind_ == kind; }
  StateHome &home() { return home_; }
  RedisServer *redis() { return redis_.get(); }

 private:
  StateHome home_;
  std::string kind_;
  std::unique_ptr<RedisServer> redis_;
};

// One store on a loop of its own. Its events, in order: "opened", "standby", "lost", "healed",
// "emptied", "trouble: MESSAGE".
class Driver final : public StoreListener {
 public:
  explicit Driver(StoreOptions options, StoreHooks hooks = {});
  ~Driver() override;

  void save(int64_t slot, const std::string &text, int64_t time_ms = 0);
  void erase(int64_t slot);
  void state(const std::string &text);
  void close_record(int64_t now_ms);
  Status erase_session();
  void set_retention(std::chrono::seconds retention);
  bool close(Duration within = std::chrono::seconds(10));
  void destroy();

  std::vector<std::string> events();
  std::size_t count(const std::string &start);
  // Waits until that many events begin so.
  void wait_for_event(const std::string &start, std::size_t count = 1,
                      Duration limit = std::chrono::seconds(15));
  // Opened, and as it was left.
  StoredRecord wait_for_record(std::size_t count = 1);
  std::vector<Error> troubles();
  EventLoop &loop() { return loop_; }

  void on_store_opened(StoredRecord record) override;
  void on_store_standby() override { add("standby"); }
  void on_store_lost() override { add("lost"); }
  void on_store_trouble(const Error &error) override;
  void on_store_healed() override { add("healed"); }
  void on_store_emptied() override { add("emptied"); }

 private:
  void add(std::string event);
  template <typename Task>
  void run(Task task);

  EventLoop loop_{"test-store"};
  std::unique_ptr<Store> store_;
  Mutex lock_;
  std::vector<std::string> events_ OAIRT_GUARDED_BY(lock_);
  std::vector<Error> troubles_ OAIRT_GUARDED_BY(lock_);
  StoredRecord record_ OAIRT_GUARDED_BY(lock_);
};

int64_t now_ms();
// "SLOT:TEXT SLOT:TEXT | STATE"
std::string told(const StoredRecord &record);
// Those of the options, or the test fails.
std::vector<StoredRecord> records_of(const StoreOptions &options);
// The files below a directory that hold the bytes.
std::vector<std::string> files_with(const std::string &directory, const std::string &bytes);

}  // namespace oairt::test
