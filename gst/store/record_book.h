// The record in use: turns changes into sealed rows, one transaction at a time.
// Thread-bound to the store's own thread. Keeps of each item no more than version and time.
// Never uses a version number twice.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "store/backend.h"
#include "store/pending.h"
#include "store/record_reader.h"
#include "store/sealing.h"

namespace oairt {

class RecordBook {
 public:
  explicit RecordBook(const Sealer &sealer) : sealer_(sealer) {}

  // `last_number`: of the records that exist.
  void begin(int64_t last_number) { last_number_ = last_number; }
  // Goes on with a record that was read.
  void resume(const ReadRecord &read);
  // The record in use, 0: none.
  int64_t number() const { return number_; }
  int64_t last_write_ms() const { return last_write_ms_; }

  // What the next write has to hold beside its changes: the row that tells whether a key fits.
  Row session_row() const;
  Batch translate(const std::vector<Change> &changes, int64_t now_ms);
  // Erases the items of the record in use that are older.
  Batch expire_items(int64_t before_ms);
  // There is no record in use any more.
  void forget();
  // All that was stored is gone: the next change begins a record with the state that is known.
  void start_over();

 private:
  struct Version {
    int64_t change = 0, time_ms = 0;
  };
  void ensure_open(int64_t now_ms);
  void save_item(const Change &change, Batch &batch);
  void close(int64_t closed_ms, Batch &batch, int64_t now_ms);
  void put_ledger(Batch &batch, int64_t now_ms);
  void put_head(Batch &batch);

  const Sealer &sealer_;
  int64_t last_number_ = 0;
  int64_t number_ = 0;
  int64_t opened_ms_ = 0, closed_ms_ = 0, last_write_ms_ = 0;
  int64_t last_change_ = 0, head_change_ = 0;
  std::string state_;
  std::map<int64_t, Version> items_;
  bool head_changed_ = false, items_changed_ = false;
};

// Erases of a closed record the items that are older; empty: there are none.
Batch expire_closed(const Sealer &sealer, const std::vector<Row> &rows, int64_t before_ms);

}  // namespace oairt
