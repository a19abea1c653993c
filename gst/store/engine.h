// What is behind a Store: the thread that opens, claims, writes, renews and erases, and the queue
// before it. push(), erase(), close(), detach() and set_retention(): of the loop thread; run() and
// all that is private: of its own thread, unless a lock says otherwise.
// Never calls the listener but through the loop; never holds the lock while it writes.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "base/event_loop.h"
#include "base/lock.h"
#include "store/backend.h"
#include "store/pending.h"
#include "store/record_book.h"
#include "store/retention_clock.h"
#include "store/sealing.h"
#include "store/store.h"

namespace oairt {

// For tests: other clocks, another place.
struct StoreHooks {
  std::function<int64_t()> wall_ms;                        // since 1970
  std::function<std::unique_ptr<Backend>()> make_backend;  // texts are sealed for it
  std::function<void(const Batch &)> written;  // on the store's thread, after each transaction
};

class Engine : public std::enable_shared_from_this<Engine> {
 public:
  Engine(EventLoop &loop, StoreOptions options, std::unique_ptr<Backend> backend,
         StoreListener &listener, StoreHooks hooks);

  void start();
  void push(Change change);
  void erase(std::function<void(Status)> done);
  void set_retention(std::chrono::seconds retention);
  void close(TimePoint deadline, std::function<void(bool)> done);
  // Nothing is told any more; the thread ends by itself, as soon as what it waits for lets it.
  void detach();

 private:
  enum class Stage { Opening, Running, Refused };
  struct InFlight {
    std::vector<Change> changes;
    Batch batch;
  };

  void run();
  void finish();
  bool stopping();
  // Until something is to be done, or `limit`.
  void wait_for_work(TimePoint limit);

  void open_step();
  Status make_sealer();
  bool take_claim(Claim claim);  // whether the session is ours
  void lose();
  Status load();
  Status check_key(const std::vector<Row> &heads);
  Status take_up(const std::vector<Row> &heads);
  void opened(StoredRecord record);

  void work_step();
  bool erase_requested();
  Status erase_all();
  Status write_pending();
  Status write(const Batch &batch, bool &ours);
  Status renew_claim();
  Status expire();
  Status expire_record(const Row &head, int64_t before_ms);
  Status expire_all(std::chrono::seconds retention, bool changed);
  Status reseal_step();
  void fail(const Error &error);
  void heal();
  void answer_close();

  int64_t wall_ms() const;
  static int64_t running_ms();
  void tell(std::function<void(StoreListener &)> event);
  void in_loop(std::function<void()> task);

  const StoreOptions options_;
  const StoreHooks hooks_;
  std::unique_ptr<Backend> backend_;  // run() and interrupt()
  StoreListener *listener_;           // touched in the loop only

  Mutex lock_;
  Condition changed_;
  EventLoop *loop_ OAIRT_GUARDED_BY(lock_);  // nullptr once detached
  Pending pending_ OAIRT_GUARDED_BY(lock_);
  std::vector<std::function<void(Status)>> erasing_ OAIRT_GUARDED_BY(lock_);
  std::chrono::seconds retention_ OAIRT_GUARDED_BY(lock_);
  bool retention_changed_ OAIRT_GUARDED_BY(lock_) = false;
  bool stop_ OAIRT_GUARDED_BY(lock_) = false;
  bool refused_ OAIRT_GUARDED_BY(lock_) = false;
  // Saves of an owner that does not know yet that it is none are dropped.
  bool losing_ OAIRT_GUARDED_BY(lock_) = false;
  std::optional<TimePoint> close_by_ OAIRT_GUARDED_BY(lock_);
  std::function<void(bool)> on_closed_ OAIRT_GUARDED_BY(lock_);
  bool all_written_ OAIRT_GUARDED_BY(lock_) = false;  // known before the place is left

  std::thread thread_ OAIRT_GUARDED_BY(lock_);
  Stage stage_ = Stage::Opening;
  std::unique_ptr<Sealer> sealer_;
  std::unique_ptr<RecordBook> book_;  // once the session was ours
  std::optional<InFlight> in_flight_;
  bool session_row_due_ = false;
  bool scrub_due_ = false;  // something was erased
  bool standby_told_ = false, trouble_told_ = false;
  std::vector<Error> notices_;  // for the user, once the store is open
  int failures_ = 0;
  TimePoint renew_at_, expire_at_;
  RetentionClock retention_clock_;
  std::vector<int64_t> to_reseal_;
  bool resealing_ = false;
};

Result<std::unique_ptr<Store>> make_store(EventLoop &loop, StoreOptions options,
                                          StoreListener &listener, StoreHooks hooks);
// For the place that the options name.
Result<std::unique_ptr<Backend>> make_backend(const StoreOptions &options, bool read_only);

}  // namespace oairt
