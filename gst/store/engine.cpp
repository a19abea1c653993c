#include "store/engine.h"

#include <algorithm>
#include <ctime>

#include <glib.h>

#include "base/log.h"
#include "base/reaper.h"

OAIRT_LOG_DEFINE(store, "openairealtime-store", "Records of sessions")
OAIRT_LOG_USE(store)

namespace oairt {
namespace {

constexpr Duration kFirstBackoff = milliseconds(200);
constexpr Duration kMaxBackoff = std::chrono::seconds(5);
// Several changes that wait go in one transaction, up to about this.
constexpr std::size_t kBatchBytes = 4 << 20;
// How soon it is tried again to clean up behind one who reads.
constexpr Duration kScrubPause = milliseconds(50);
constexpr Duration kForLong = std::chrono::hours(24);

Duration backoff_after(int failures) {
  return std::min(kMaxBackoff, kFirstBackoff * (1 << std::min(failures - 1, 8)));
}

}  // namespace

Engine::Engine(EventLoop &loop, StoreOptions options, std::unique_ptr<Backend> backend,
               StoreListener &listener, StoreHooks hooks)
    : options_(std::move(options)),
      hooks_(std::move(hooks)),
      backend_(std::move(backend)),
      listener_(&listener),
      loop_(&loop),
      retention_(options_.retention) {
  backend_->set_retention(options_.retention);
}

// ---- In the loop ----

void Engine::start() {
  reaper::expect();
  LockGuard guard(lock_);  // it may be at its end before it is assigned
  thread_ = std::thread([self = shared_from_this()] {
    self->run();
    // Joined by who can wait: the thread is at its end.
    reaper::finish([self] {
      LockGuard guard(self->lock_);
      self->thread_.join();
    });
  });
}

void Engine::push(Change change) {
  LockGuard guard(lock_);
  if (refused_ || losing_ || close_by_ || stop_) return;
  pending_.add(std::move(change));
  changed_.notify_all();
}

void Engine::erase(std::function<void(Status)> done) {
  LockGuard guard(lock_);
  if (refused_ || close_by_) {
    Error error =
        refused_ ? config_error("Nothing was erased: the store cannot be used, as was told before.")
                 : storage_error("Nothing was erased: the store is closed.");
    loop_->post([self = shared_from_this(), done = std::move(done), error] {
      if (self->listener_ != nullptr) done(error);
    });
    return;
  }
  pending_.clear();
  erasing_.push_back(std::move(done));
  changed_.notify_all();
}

void Engine::set_retention(std::chrono::seconds retention) {
  LockGuard guard(lock_);
  if (retention == retention_ || retention.count() < 0) return;
  retention_ = retention;
  retention_changed_ = true;
  changed_.notify_all();
}

void Engine::close(TimePoint deadline, std::function<void(bool)> done) {
  LockGuard guard(lock_);
  if (close_by_) return;
  if (refused_) {
    loop_->post([self = shared_from_this(), done = std::move(done)] {
      if (self->listener_ != nullptr) done(false);
    });
    return;
  }
  close_by_ = deadline;
  on_closed_ = std::move(done);
  // A write that hangs does not keep the answer.
  loop_->call_at(deadline, [weak = weak_from_this()] {
    if (std::shared_ptr<Engine> self = weak.lock()) {
      self->backend_->interrupt();
      std::function<void(bool)> late;
      bool written = false;
      {
        LockGuard late_guard(self->lock_);
        late = std::exchange(self->on_closed_, nullptr);
        written = self->all_written_;
      }
      if (late && self->listener_ != nullptr) late(written);
    }
  });
  changed_.notify_all();
}

void Engine::detach() {
  listener_ = nullptr;
  {
    LockGuard guard(lock_);
    loop_ = nullptr;
    stop_ = true;
    pending_.clear();
    changed_.notify_all();
  }
  backend_->interrupt();
}

// ---- On the store's own thread ----

int64_t Engine::wall_ms() const {
  return hooks_.wall_ms ? hooks_.wall_ms() : g_get_real_time() / 1000;
}

int64_t Engine::running_ms() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1000000;
}

void Engine::in_loop(std::function<void()> task) {
  LockGuard guard(lock_);
  if (loop_ == nullptr) return;
  loop_->post([self = shared_from_this(), task = std::move(task)] {
    if (self->listener_ != nullptr) task();
  });
}

void Engine::tell(std::function<void(StoreListener &)> event) {
  in_loop([this, event = std::move(event)] { event(*listener_); });
}

bool Engine::stopping() {
  LockGuard guard(lock_);
  return stop_ || (close_by_ && Clock::now() >= *close_by_);
}

void Engine::wait_for_work(TimePoint limit) {
  LockGuard guard(lock_);
  if (close_by_) limit = std::min(limit, *close_by_);
  bool closing = close_by_.has_value();
  changed_.wait_until(lock_, limit, [&]() OAIRT_REQUIRES(lock_) {
    bool news = !pending_.empty() || !erasing_.empty() || retention_changed_ || close_by_;
    return stop_ || close_by_.has_value() != closing || (news && stage_ == Stage::Running);
  });
}

void Engine::run() {
  pthread_setname_np(pthread_self(), "oairt-store");
  while (!stopping()) {
    if (stage_ == Stage::Opening) {
      open_step();
    } else if (stage_ == Stage::Running) {
      work_step();
    } else {
      break;
    }
    LockGuard guard(lock_);
    bool idle = pending_.empty() && !in_flight_ && erasing_.empty();
    if (close_by_ && (idle || standby_told_)) break;
  }
  finish();
}

void Engine::finish() {
  {
    LockGuard guard(lock_);
    all_written_ = pending_.empty() && !in_flight_ && erasing_.empty() && !refused_;
  }
  backend_->release();
  backend_->disconnect();
  answer_close();
}

void Engine::answer_close() {
  std::function<void(bool)> done;
  bool written = false;
  std::vector<std::function<void(Status)>> erasing;
  {
    LockGuard guard(lock_);
    done = std::exchange(on_closed_, nullptr);
    written = all_written_;
    erasing.swap(erasing_);
  }
  for (std::function<void(Status)> &erased : erasing) {
    in_loop([erased = std::move(erased)] {
      erased(
          storage_error("The session's records could not be erased before the end: call it "
                        "again when the store can be reached."));
    });
  }
  if (done) in_loop([done = std::move(done), written] { done(written); });
}

void Engine::fail(const Error &error) {
  backend_->disconnect();
  bool for_good = error.code == ErrorCode::Config;
  if (for_good || !trouble_told_) {
    LOG_WARNING("%s (%s)", error.message.c_str(), error.detail.c_str());
    trouble_told_ = true;
    tell([error](StoreListener &listener) { listener.on_store_trouble(error); });
  }
  if (!for_good) {
    stage_ = Stage::Opening;
    wait_for_work(Clock::now() + backoff_after(++failures_));
    return;
  }
  stage_ = Stage::Refused;
  backend_->release();
  LockGuard guard(lock_);
  refused_ = true;
  pending_.clear();
}

void Engine::heal() {
  failures_ = 0;
  if (!std::exchange(trouble_told_, false)) return;
  LOG_INFO("the store is back");
  tell([](StoreListener &listener) { listener.on_store_healed(); });
}

// What a write needs is there, or was lost on the way: `ours`.
Status Engine::write(const Batch &batch, bool &ours) {
  Result<Written> written = backend_->write(batch);
  if (!written) return written.error();
  ours = written.value() == Written::Yes;
  if (!ours) {
    stage_ = Stage::Opening;
    return Success{};
  }
  if (std::optional<Duration> renewal = backend_->renewal()) renew_at_ = Clock::now() + *renewal;
  scrub_due_ = scrub_due_ || batch.erases();
  heal();
  if (hooks_.written) hooks_.written(batch);
  return Success{};
}

bool Engine::erase_requested() {
  LockGuard guard(lock_);
  return !erasing_.empty();
}

Status Engine::erase_all() {
  in_flight_.reset();
  Batch batch;
  batch.erase_all = true;
  bool ours = false;
  if (Status done = write(batch, ours); !done || !ours) return done;
  book_->forget();
  book_->begin(0);
  session_row_due_ = true;
  to_reseal_.clear();
  resealing_ = false;
  Result<bool> scrubbed = backend_->scrub();
  if (!scrubbed) return scrubbed.error();
  if (!scrubbed.value()) {
    std::this_thread::sleep_for(kScrubPause);
    return Success{};
  }
  scrub_due_ = false;
  std::vector<std::function<void(Status)>> done;
  {
    LockGuard guard(lock_);
    done.swap(erasing_);
  }
  for (std::function<void(Status)> &erased : done) {
    in_loop([erased = std::move(erased)] { erased(Success{}); });
  }
  return Success{};
}

Status Engine::write_pending() {
  if (!in_flight_) {
    std::vector<Change> changes;
    {
      LockGuard guard(lock_);
      // What waits was saved after the erasure that is due, and must not be written before it.
      if (erasing_.empty()) changes = pending_.take(kBatchBytes);
    }
    if (changes.empty()) return Success{};
    in_flight_.emplace(InFlight{std::move(changes), {}});
    in_flight_->batch = book_->translate(in_flight_->changes, wall_ms());
    if (in_flight_->batch.empty()) {
      in_flight_.reset();
      return Success{};
    }
  }
  Batch batch = in_flight_->batch;
  if (session_row_due_) batch.put.push_back(book_->session_row());
  bool ours = false;
  if (Status done = write(batch, ours); !done || !ours) return done;
  session_row_due_ = false;
  in_flight_.reset();
  return Success{};
}

Status Engine::renew_claim() {
  std::optional<Duration> renewal = backend_->renewal();
  if (!renewal || Clock::now() < renew_at_) return Success{};
  Result<Written> renewed = backend_->renew();
  if (!renewed) return renewed.error();
  if (renewed.value() == Written::NotOwner) stage_ = Stage::Opening;
  renew_at_ = Clock::now() + *renewal;
  return Success{};
}

void Engine::work_step() {
  Status done = erase_requested() ? erase_all() : write_pending();
  if (done && stage_ == Stage::Running) done = renew_claim();
  if (done && stage_ == Stage::Running) done = expire();
  bool more = in_flight_.has_value() || stage_ != Stage::Running;
  {
    LockGuard guard(lock_);
    more = more || !pending_.empty() || !erasing_.empty();
  }
  if (done && !more && resealing_) {
    done = reseal_step();
    more = true;
  }
  if (!done) {
    fail(done.error());
    return;
  }
  if (more) return;
  TimePoint limit = Clock::now() + kForLong;
  if (backend_->renewal()) limit = std::min(limit, renew_at_);
  wait_for_work(std::min(limit, expire_at_));
}

}  // namespace oairt
