// How the engine comes to drive a session: keys, claim, the record as it was left.
#include <algorithm>

#include "base/log.h"
#include "store/engine.h"

OAIRT_LOG_USE(store)

namespace oairt {

Status Engine::make_sealer() {
  if (sealer_) return Success{};
  bool process_only = options_.uri == "memory:";
  Result<KeyRing> ring =
      process_only ? Result<KeyRing>(process_key_ring()) : load_key_ring(options_.key_file, true);
  if (!ring) return ring.error();
  if (!ring->warning.empty()) {
    notices_.push_back(storage_error(ring->warning));
  }
  sealer_ = std::make_unique<Sealer>(std::move(ring).value(), options_.session);
  return Success{};
}

void Engine::open_step() {
  Status ready = make_sealer();
  if (!ready) return fail(ready.error());
  Result<Backend::Opened> opened = backend_->open();
  if (!opened) return fail(opened.error());
  if (opened->mishap) notices_.push_back(*opened->mishap);
  while (!stopping()) {
    Result<Claim> claim = backend_->claim();
    if (!claim) return fail(claim.error());
    if (take_claim(claim.value())) break;
    heal();
    {
      LockGuard guard(lock_);
      if (close_by_) return;
    }
    wait_for_work(Clock::now() + backend_->standby_pause());
  }
  if (stopping()) return;
  Status loaded = book_ ? Status(Success{}) : load();
  if (!loaded) return fail(loaded.error());
  if (stage_ != Stage::Opening) return;
  stage_ = Stage::Running;
  if (std::optional<Duration> renewal = backend_->renewal()) renew_at_ = Clock::now() + *renewal;
  for (const Error &notice : std::exchange(notices_, {})) {
    LOG_WARNING("%s", notice.message.c_str());
    trouble_told_ = true;
    tell([notice](StoreListener &listener) { listener.on_store_trouble(notice); });
  }
  // What could not be written has to be written first.
  if (!in_flight_ && !erase_requested()) heal();
}

bool Engine::take_claim(Claim claim) {
  if (claim == Claim::Held) {
    if (book_) {
      lose();
    } else if (!standby_told_) {
      tell([](StoreListener &listener) { listener.on_store_standby(); });
    }
    standby_told_ = true;
    return false;
  }
  standby_told_ = false;
  if (!book_ || claim == Claim::Kept) return true;
  if (claim == Claim::Taken) {
    lose();  // to one that has ended since
    return true;
  }
  book_->start_over();
  tell([](StoreListener &listener) { listener.on_store_emptied(); });
  session_row_due_ = true;
  if (in_flight_) in_flight_->batch = book_->translate(in_flight_->changes, wall_ms());
  if (in_flight_ && in_flight_->batch.empty()) in_flight_.reset();
  return true;
}

void Engine::lose() {
  LOG_WARNING("another process has taken the session over");
  book_.reset();
  in_flight_.reset();
  resealing_ = false;
  {
    LockGuard guard(lock_);
    pending_.clear();
    losing_ = true;
  }
  in_loop([this] {
    {
      LockGuard guard(lock_);
      losing_ = false;
    }
    listener_->on_store_lost();
  });
}

// A damaged row does not stop a store; a key that opens nothing does.
Status Engine::check_key(const std::vector<Row> &heads) {
  bool unknown = false;
  for (const Row &row : heads) {
    Refusal refusal = sealer_->unseal(row).refusal;
    if (refusal == Refusal::None) return Success{};
    unknown = unknown || refusal == Refusal::UnknownKey;
  }
  if (!unknown) return Success{};
  return config_error(
      "The key in " + sealer_->ring().source + " does not fit the records of the session \"" +
      options_.session +
      "\": add the key that they were sealed with as a further line of the key file, or use "
      "another session name. Nothing was changed.");
}

Status Engine::load() {
  book_ = std::make_unique<RecordBook>(*sealer_);
  session_row_due_ = true;
  if (erase_requested()) {
    Status erased = erase_all();
    if (!erased) book_.reset();
    if (erased) opened({});
    return erased;
  }
  Result<std::vector<Row>> heads = backend_->read_heads();
  Status loaded = heads ? check_key(heads.value()) : Status(heads.error());
  if (loaded) loaded = take_up(heads.value());
  if (!loaded) book_.reset();
  return loaded;
}

Status Engine::take_up(const std::vector<Row> &heads) {
  to_reseal_.clear();
  resealing_ = false;
  int64_t last = 0, newest = 0;
  const Row *in_use = nullptr;
  for (const Row &row : heads) {
    newest = std::max({newest, row.time_ms, row.closed_ms});
    if (row.key.kind == RowKind::Session) {
      Unsealed unsealed = sealer_->unseal(row);
      session_row_due_ = unsealed.refusal != Refusal::None;
      resealing_ = unsealed.old_key;
      continue;
    }
    last = std::max(last, row.key.record);
    to_reseal_.push_back(row.key.record);
    in_use = row.closed_ms == 0 ? &row : nullptr;
  }
  book_->begin(last);
  ReadRecord read;
  if (in_use != nullptr) {
    Result<std::vector<Row>> rows = backend_->read_record(in_use->key.record);
    if (!rows) return rows.error();
    read = oairt::read_record(*sealer_, rows.value());
    newest = std::max(newest, read.last_write_ms);
  }
  retention_clock_.start(wall_ms(), running_ms(), newest);
  expire_at_ = Clock::now();
  std::chrono::seconds retention;
  {
    LockGuard guard(lock_);
    retention = retention_;
  }
  int64_t before = retention_clock_.now_ms(wall_ms(), running_ms()) -
                   std::chrono::milliseconds(retention).count();
  bool worn = retention.count() > 0 && read.last_write_ms < before;
  if (in_use != nullptr && !worn && read.record.closed_ms == 0) {
    book_->resume(read);
    if (retention.count() > 0) {
      std::erase_if(read.record.items,
                    [before](const StoredItem &item) { return item.time_ms < before; });
    }
    opened(std::move(read.record));
  } else {
    opened({});
  }
  return Success{};
}

void Engine::opened(StoredRecord record) {
  LOG_INFO("session opened with record %" G_GINT64_FORMAT ": %zu items, %zu rows unreadable",
           record.number, record.items.size(), record.unreadable);
  auto shared = std::make_shared<StoredRecord>(std::move(record));
  tell([shared](StoreListener &listener) { listener.on_store_opened(std::move(*shared)); });
}

}  // namespace oairt
