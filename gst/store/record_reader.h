// Makes a record of its sealed rows, and leaves out what does not open or is not the valid version.
// Pure but for the cost of decryption.
// Never takes a row for valid that its ledger does not know.
#pragma once

#include <map>
#include <vector>

#include "store/backend.h"
#include "store/ledger.h"
#include "store/sealing.h"
#include "store/store.h"

namespace oairt {

struct ReadRecord {
  StoredRecord record;
  Ledger ledger;  // as it is stored; of the rows that are valid if that does not open
  std::map<int64_t, int64_t> item_times;  // also of those that were refused
  int64_t last_write_ms = 0;              // by the writer's clock
  bool old_key = false;                   // some row is sealed with another key than the first
  bool unknown_key = false;               // some row with one that is not in the ring
};

// Rows of one record, ascending.
ReadRecord read_record(const Sealer &sealer, const std::vector<Row> &rows);

}  // namespace oairt
