// Where sealed rows are kept: one interface, three places (memory, SQLite, Redis).
// Thread-bound to the store's own thread, which it may block for a second or two; interrupt() is
// thread-safe. Never sees a text that is not sealed.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/store.h"

namespace oairt {

enum class RowKind : int {
  Session = 0,  // record 0: tells whether a key fits
  Record = 1,   // the record's state
  Ledger = 2,   // which version of which row is the valid one; time_ms: the record's last change
  Item = 3,
};

struct RowKey {
  int64_t record = 0;
  RowKind kind = RowKind::Item;
  int64_t slot = 0;  // 0 unless it is an item

  auto operator<=>(const RowKey &) const = default;
};

struct Row {
  RowKey key;
  int64_t time_ms = 0;
  int64_t closed_ms = 0;  // of a Record
  int64_t change = 0;     // another one each time the row is written anew
  std::string sealed;

  bool operator==(const Row &) const = default;
};

// One transaction; erased first, then put.
struct Batch {
  bool erase_all = false;
  std::vector<int64_t> erase_records;
  std::vector<RowKey> erase;
  std::vector<Row> put;

  bool empty() const { return !erase_all && erase_records.empty() && erase.empty() && put.empty(); }
  bool erases() const { return erase_all || !erase_records.empty() || !erase.empty(); }
};

enum class Claim {
  Taken,    // from now on, whoever had it before
  Kept,     // it was ours, and nobody had it since
  Emptied,  // the same, but what was stored is gone
  Held,     // another one drives the session
};

enum class Written { Yes, NotOwner };

class Backend {
 public:
  virtual ~Backend() = default;

  struct Opened {
    std::optional<Error> mishap;  // opened nevertheless; the user should know
  };
  // Again after disconnect(); ErrorCode::Config: trying again cannot help.
  virtual Result<Opened> open() = 0;
  // The session is not given back by it.
  virtual void disconnect() = 0;

  virtual Result<Claim> claim() = 0;
  // How often the claim is to be renewed; nothing: it lasts.
  virtual std::optional<Duration> renewal() const { return std::nullopt; }
  virtual Result<Written> renew() { return Written::Yes; }
  virtual void release() = 0;
  // How often one that waits for its turn asks for it.
  virtual Duration standby_pause() const = 0;

  virtual Result<std::vector<Row>> read_heads() = 0;  // Session and Record rows, ascending
  virtual Result<std::vector<Row>> read_record(int64_t record) = 0;  // all of it, ascending
  // Committed, as safe as the place can make it, when it returns. To be repeated after an error.
  virtual Result<Written> write(const Batch &batch) = 0;
  // What was erased leaves the free space too; false: not yet, somebody reads there.
  virtual Result<bool> scrub() { return true; }
  // When a record goes by itself if nobody comes back; nothing: never.
  virtual void set_retention(std::chrono::seconds retention) {}
  virtual Status set_expiry(int64_t record, std::optional<std::chrono::seconds> left) {
    return Success{};
  }

  // A call under way, and each that follows, ends soon.
  virtual void interrupt() {}
};

// Only for reading, without a claim, if `read_only`: nothing is made then.
std::unique_ptr<Backend> make_memory_backend(const std::string &session);
std::unique_ptr<Backend> make_sqlite_backend(const std::string &path, const std::string &session,
                                             bool read_only = false);

inline Error storage_error(std::string message, std::string detail = {}) {
  return {ErrorCode::Storage, std::move(message), std::move(detail), {}, {}};
}
inline Error config_error(std::string message, std::string detail = {}) {
  return {ErrorCode::Config, std::move(message), std::move(detail), {}, {}};
}

}  // namespace oairt
