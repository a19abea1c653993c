#include "store/record_reader.h"

#include <algorithm>

namespace oairt {
namespace {

class Reader {
 public:
  Reader(const Sealer &sealer, const std::vector<Row> &rows) : sealer_(sealer), rows_(rows) {}

  ReadRecord read() {
    read_ledger();
    for (const Row &row : rows_) {
      if (row.key.kind == RowKind::Record) take_head(row);
      if (row.key.kind == RowKind::Item) take_item(row);
    }
    if (listed_) count_missing();
    return std::move(result_);
  }

 private:
  std::optional<std::string> open(const Row &row) {
    Unsealed unsealed = sealer_.unseal(row);
    result_.old_key |= unsealed.old_key;
    result_.unknown_key |= unsealed.refusal == Refusal::UnknownKey;
    if (unsealed.refusal == Refusal::None) return std::move(unsealed.text);
    ++result_.record.unreadable;
    return std::nullopt;
  }

  void read_ledger() {
    auto found = std::find_if(rows_.begin(), rows_.end(),
                              [](const Row &row) { return row.key.kind == RowKind::Ledger; });
    if (found == rows_.end()) {
      // Each transaction writes one: somebody took it away.
      result_.record.unreadable += !rows_.empty();
      return;
    }
    result_.last_write_ms = found->time_ms;
    std::optional<std::string> text = open(*found);
    std::optional<Ledger> ledger = text ? Ledger::decode(*text) : std::nullopt;
    if (ledger) result_.ledger = std::move(*ledger);
    listed_ = ledger.has_value();
  }

  void take_head(const Row &row) {
    head_seen_ = true;
    StoredRecord &record = result_.record;
    record.number = row.key.record;
    record.opened_ms = row.time_ms;
    record.closed_ms = listed_ ? result_.ledger.closed_ms : row.closed_ms;
    if (listed_ && row.change != result_.ledger.head_change) {
      ++record.unreadable;
      return;
    }
    result_.ledger.head_change = row.change;
    if (std::optional<std::string> text = open(row)) record.state = std::move(*text);
  }

  void take_item(const Row &row) {
    StoredRecord &record = result_.record;
    record.number = row.key.record;
    result_.item_times[row.key.slot] = row.time_ms;
    auto entry = result_.ledger.items.find(row.key.slot);
    if (listed_ && (entry == result_.ledger.items.end() || entry->second != row.change)) {
      ++record.unreadable;
      return;
    }
    std::optional<std::string> text = open(row);
    if (!text) return;
    result_.ledger.items[row.key.slot] = row.change;
    record.items.push_back({row.key.slot, row.time_ms, std::move(*text)});
  }

  void count_missing() {
    for (auto [slot, change] : result_.ledger.items) {
      result_.record.unreadable += result_.item_times.count(slot) == 0;
    }
    result_.record.unreadable += !head_seen_ && result_.ledger.head_change != 0;
  }

  const Sealer &sealer_;
  const std::vector<Row> &rows_;
  ReadRecord result_;
  bool listed_ = false;  // there is a ledger to judge by
  bool head_seen_ = false;
};

}  // namespace

ReadRecord read_record(const Sealer &sealer, const std::vector<Row> &rows) {
  return Reader(sealer, rows).read();
}

}  // namespace oairt
