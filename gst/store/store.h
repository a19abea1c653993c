// What a session keeps beyond its process: records of items, sealed before they leave memory.
// Thread-bound to the event loop it was made for: methods and listener are called there, never
// inline in one another; the work is done on a thread of its own.
// Never blocks its caller, never drops a change because the place behind it is out of order.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/result.h"

namespace oairt {

struct StoreOptions {
  // "sqlite:PATH" (a file, made with its directory), "redis://[USER:PASSWORD@]HOST[:PORT][/DB]",
  // "rediss://..." (the same over TLS), "memory:" (as long as the process). Empty: "sqlite:" in
  // XDG_STATE_HOME/gst-openai-realtime.
  std::string uri;
  std::string session;  // the name whose records these are
  // 32 bytes, raw or 64 hexadecimal digits, a line each: the first seals, all open (rotation).
  // Empty: systemd's credential "openairealtime-store-key", else a file made 0600 in
  // XDG_STATE_HOME/gst-openai-realtime. Not used by "memory:".
  std::string key_file;
  std::string ca_file;                                      // of rediss://; empty: the system's
  std::chrono::seconds retention = std::chrono::hours(24);  // 0: kept for ever
  Duration lease = std::chrono::seconds(10);  // how long a silent owner keeps the session

  bool operator==(const StoreOptions &) const = default;
};

// `slot` is the place in the record: chosen by the owner, ascending; saving a slot again replaces
// it.
struct StoredItem {
  int64_t slot = 0;
  int64_t time_ms = 0;  // since 1970; readable in the store
  std::string text;     // sealed in the store

  bool operator==(const StoredItem &) const = default;
};

struct StoredRecord {
  int64_t number = 0;             // 0: there is none
  int64_t opened_ms = 0;          // since 1970
  int64_t closed_ms = 0;          // 0: in use
  std::string state;              // one text about the whole record; sealed in the store
  std::vector<StoredItem> items;  // ascending slots
  std::size_t unreadable = 0;     // rows that were refused: moved, replayed, damaged, another key
};

class StoreListener {
 public:
  virtual ~StoreListener() = default;
  // This process drives the session from now on. `record`: the one in use, as it was left.
  virtual void on_store_opened(StoredRecord record) = 0;
  // Another process drives it; on_store_opened follows when that one ends or falls silent.
  virtual void on_store_standby() = 0;
  // Another process has taken it over, since this one was silent for longer than the lease:
  // nothing that was not written yet will be. Then as after on_store_standby.
  virtual void on_store_lost() = 0;
  // Changes are kept in memory and written when the store is back; once until on_store_healed.
  // Also for what the user should know though the store works (a damaged file was set aside, a key
  // that others can read): then after on_store_opened, and on_store_healed follows at once.
  // Before on_store_opened: go on without what is stored; the store is tried again by itself.
  // ErrorCode::Config (a key that does not fit, a file of a newer version): will not heal; nothing
  // there is changed.
  virtual void on_store_trouble(const Error &error) = 0;
  virtual void on_store_healed() = 0;
  // While this process drives the session, what was stored has gone (a damaged file was set aside,
  // a server lost its data): save again, in the same slots, what is still known. The state that was
  // saved last, and what waits, is written anyway.
  virtual void on_store_emptied() {}
};

class Store {
 public:
  // Config error for options that cannot be right, told without passwords.
  static Result<std::unique_ptr<Store>> create(EventLoop &loop, StoreOptions options,
                                               StoreListener &listener);
  // What waits to be written is given up; close() first. No callback comes any more.
  virtual ~Store() = default;

  // Each is one transaction, in order, on the record in use (one is made by the first save if there
  // is none). Before on_store_opened they wait for it.
  virtual void save_item(StoredItem item) = 0;
  virtual void erase_item(int64_t slot) = 0;
  virtual void save_state(std::string text) = 0;
  // Closes the record in use: it stays until `retention` is over. The next save begins another.
  virtual void close_record(int64_t now_ms) = 0;
  // All records of the session, and what waits to be written: gone, also from the file's free
  // space. The next save begins anew. `done` comes when it is so: in trouble, or while another
  // process drives the session, that is later; with an error if it cannot be or close() ends it.
  virtual void erase_session(std::function<void(Status)> done) = 0;
  virtual void set_retention(std::chrono::seconds retention) = 0;
  // Writes what waits, at most until the deadline, and gives the lease back; `done` comes in the
  // loop and says whether all was written.
  virtual void close(TimePoint deadline, std::function<void(bool all_written)> done) = 0;
};

// All records of a session, for who holds the key. Blocks: not for an event loop.
Result<std::vector<StoredRecord>> read_all_records(const StoreOptions &options);

}  // namespace oairt
