// What the engine does between writes: erases what is too old, seals anew with the first key.
#include <algorithm>

#include "base/log.h"
#include "store/engine.h"

OAIRT_LOG_USE(store)

namespace oairt {
namespace {

constexpr Duration kMaxExpiryPause = std::chrono::minutes(10);
constexpr Duration kMinExpiryPause = milliseconds(250);

}  // namespace

Status Engine::expire() {
  std::chrono::seconds retention;
  bool changed;
  {
    LockGuard guard(lock_);
    retention = retention_;
    changed = std::exchange(retention_changed_, false);
  }
  if (!changed && Clock::now() < expire_at_) return Success{};
  Duration pause = retention.count() > 0 ? Duration(retention) / 8 : kMaxExpiryPause;
  expire_at_ = Clock::now() + std::clamp<Duration>(pause, kMinExpiryPause, kMaxExpiryPause);
  if (changed) backend_->set_retention(retention);
  if (retention.count() > 0 || changed) {
    if (Status done = expire_all(retention, changed); !done) return done;
  }
  if (!scrub_due_ || stage_ != Stage::Running) return Success{};
  Result<bool> scrubbed = backend_->scrub();
  if (!scrubbed) return scrubbed.error();
  scrub_due_ = !scrubbed.value();
  return Success{};
}

Status Engine::expire_all(std::chrono::seconds retention, bool changed) {
  Result<std::vector<Row>> heads = backend_->read_heads();
  if (!heads) return heads.error();
  int64_t now = retention_clock_.now_ms(wall_ms(), running_ms());
  for (const Row &head : heads.value()) {
    if (head.key.kind != RowKind::Record) continue;
    if (changed) {
      int64_t end = head.closed_ms != 0 ? head.closed_ms : now;
      std::optional<std::chrono::seconds> left;
      if (retention.count() > 0) {
        auto age = std::chrono::seconds(std::max<int64_t>(0, now - end) / 1000);
        left = std::max(retention - age, std::chrono::seconds(1));
      }
      if (Status set = backend_->set_expiry(head.key.record, left); !set) return set;
    }
    if (retention.count() == 0) continue;
    int64_t before = now - std::chrono::milliseconds(retention).count();
    if (Status done = expire_record(head, before); !done) return done;
    if (stage_ != Stage::Running) return Success{};
  }
  return Success{};
}

Status Engine::expire_record(const Row &head, int64_t before_ms) {
  Batch batch;
  int64_t number = head.key.record;
  if (number == book_->number()) {
    if (book_->last_write_ms() < before_ms) {
      batch.erase_records.push_back(number);
      book_->forget();
    } else {
      batch = book_->expire_items(before_ms);
    }
  } else if (head.closed_ms != 0 && head.closed_ms < before_ms) {
    batch.erase_records.push_back(number);
  } else if (head.time_ms < before_ms) {
    Result<std::vector<Row>> rows = backend_->read_record(number);
    if (!rows) return rows.error();
    bool worn = std::all_of(rows->begin(), rows->end(), [&](const Row &row) {
      return std::max(row.time_ms, row.closed_ms) < before_ms;
    });
    if (worn) {
      batch.erase_records.push_back(number);
    } else {
      batch = expire_closed(*sealer_, rows.value(), before_ms);
    }
  }
  if (batch.empty()) return Success{};
  // As a change of its own, which is repeated if it fails.
  in_flight_.emplace(InFlight{{}, std::move(batch)});
  return write_pending();
}

// One record a step, so that changes do not wait; the session's own row last, as the sign that all
// is done.
Status Engine::reseal_step() {
  Batch batch;
  if (to_reseal_.empty()) {
    batch.put.push_back(book_->session_row());
    in_flight_.emplace(InFlight{{}, std::move(batch)});
    resealing_ = false;
    LOG_INFO("all rows of the session are sealed with the first key");
    return write_pending();
  }
  Result<std::vector<Row>> rows = backend_->read_record(to_reseal_.back());
  if (!rows) return rows.error();
  for (Row &row : rows.value()) {
    Unsealed unsealed = sealer_->unseal(row);
    if (unsealed.refusal != Refusal::None || !unsealed.old_key) continue;
    sealer_->seal(row, unsealed.text);
    batch.put.push_back(std::move(row));
  }
  to_reseal_.pop_back();
  if (batch.empty()) return Success{};
  in_flight_.emplace(InFlight{{}, std::move(batch)});
  return write_pending();
}

}  // namespace oairt
