#include "store/record_book.h"

#include <algorithm>

#include <sodium.h>

namespace oairt {
namespace {

constexpr char kKeyCheck[] = "openairealtime store";

// Versions start anywhere: rows of a record that was erased do not fit into its successor of the
// same number.
int64_t random_start() {
  return (static_cast<int64_t>(randombytes_random() & 0xffff) << 32) + randombytes_random() + 1;
}

}  // namespace

void RecordBook::resume(const ReadRecord &read) {
  forget();
  number_ = read.record.number;
  last_number_ = std::max(last_number_, number_);
  opened_ms_ = read.record.opened_ms;
  last_write_ms_ = read.last_write_ms;
  state_ = read.record.state;
  head_change_ = read.ledger.head_change;
  last_change_ = head_change_;
  for (auto [slot, change] : read.ledger.items) {
    auto time = read.item_times.find(slot);
    items_[slot] = {change, time == read.item_times.end() ? opened_ms_ : time->second};
    last_change_ = std::max(last_change_, change);
  }
}

Row RecordBook::session_row() const {
  Row row;
  row.key = {0, RowKind::Session, 0};
  sealer_.seal(row, kKeyCheck);
  return row;
}

void RecordBook::forget() {
  number_ = 0;
  closed_ms_ = 0;
  state_.clear();
  items_.clear();
  head_changed_ = items_changed_ = false;
}

void RecordBook::start_over() {
  std::string state = std::move(state_);
  forget();
  state_ = std::move(state);
}

void RecordBook::ensure_open(int64_t now_ms) {
  if (number_ != 0) return;
  number_ = ++last_number_;
  opened_ms_ = now_ms;
  closed_ms_ = 0;
  last_change_ = random_start();
  head_changed_ = true;
}

void RecordBook::save_item(const Change &change, Batch &batch) {
  Row row;
  row.key = {number_, RowKind::Item, change.slot};
  row.time_ms = change.time_ms;
  row.change = ++last_change_;
  sealer_.seal(row, change.text);
  items_[change.slot] = {row.change, row.time_ms};
  batch.put.push_back(std::move(row));
  items_changed_ = true;
}

void RecordBook::put_head(Batch &batch) {
  Row row;
  row.key = {number_, RowKind::Record, 0};
  row.time_ms = opened_ms_;
  row.closed_ms = closed_ms_;
  row.change = head_change_ = ++last_change_;
  sealer_.seal(row, state_);
  batch.put.push_back(std::move(row));
}

void RecordBook::put_ledger(Batch &batch, int64_t now_ms) {
  if (!head_changed_ && !items_changed_) return;
  if (head_changed_) put_head(batch);
  Ledger ledger;
  ledger.closed_ms = closed_ms_;
  ledger.head_change = head_change_;
  for (const auto &[slot, version] : items_) ledger.items[slot] = version.change;
  Row row;
  row.key = {number_, RowKind::Ledger, 0};
  row.time_ms = last_write_ms_ = now_ms;
  row.change = ++last_change_;
  sealer_.seal(row, ledger.encode());
  batch.put.push_back(std::move(row));
  head_changed_ = items_changed_ = false;
}

void RecordBook::close(int64_t closed_ms, Batch &batch, int64_t now_ms) {
  if (number_ == 0) {
    state_.clear();
    return;
  }
  closed_ms_ = std::max<int64_t>(closed_ms, 1);
  head_changed_ = true;
  put_ledger(batch, now_ms);
  forget();
}

Batch RecordBook::translate(const std::vector<Change> &changes, int64_t now_ms) {
  Batch batch;
  for (const Change &change : changes) {
    switch (change.kind) {
      case Change::Kind::SaveItem:
        ensure_open(now_ms);
        save_item(change, batch);
        break;
      case Change::Kind::EraseItem:
        if (number_ == 0 || items_.erase(change.slot) == 0) break;
        std::erase_if(batch.put, [&](const Row &row) {
          return row.key == RowKey{number_, RowKind::Item, change.slot};
        });
        batch.erase.push_back({number_, RowKind::Item, change.slot});
        items_changed_ = true;
        break;
      case Change::Kind::SaveState:
        ensure_open(now_ms);
        state_ = change.text;
        head_changed_ = true;
        break;
      case Change::Kind::CloseRecord:
        close(change.time_ms, batch, now_ms);
        break;
    }
  }
  if (number_ != 0) put_ledger(batch, now_ms);
  return batch;
}

Batch RecordBook::expire_items(int64_t before_ms) {
  Batch batch;
  for (auto item = items_.begin(); item != items_.end();) {
    if (item->second.time_ms >= before_ms) {
      ++item;
      continue;
    }
    batch.erase.push_back({number_, RowKind::Item, item->first});
    item = items_.erase(item);
    items_changed_ = true;
  }
  // Nobody used the record: its last change stays where it was.
  if (number_ != 0) put_ledger(batch, last_write_ms_);
  return batch;
}

Batch expire_closed(const Sealer &sealer, const std::vector<Row> &rows, int64_t before_ms) {
  Batch batch;
  for (const Row &row : rows) {
    if (row.key.kind == RowKind::Item && row.time_ms < before_ms) batch.erase.push_back(row.key);
  }
  if (batch.erase.empty()) return batch;
  auto ledger_row = std::find_if(rows.begin(), rows.end(),
                                 [](const Row &row) { return row.key.kind == RowKind::Ledger; });
  if (ledger_row == rows.end()) return batch;
  Unsealed unsealed = sealer.unseal(*ledger_row);
  std::optional<Ledger> ledger = Ledger::decode(unsealed.text);
  if (unsealed.refusal != Refusal::None || !ledger) return batch;
  for (const RowKey &key : batch.erase) ledger->items.erase(key.slot);
  Row row = *ledger_row;
  ++row.change;
  sealer.seal(row, ledger->encode());
  batch.put.push_back(std::move(row));
  return batch;
}

}  // namespace oairt
