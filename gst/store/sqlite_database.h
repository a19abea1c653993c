// SQLite as owners and errors: a connection, its prepared statements, what went wrong and what the
// user can do about it. Thread-bound.
// Never waits longer than kBusyWait for another process.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <sqlite3.h>

#include "base/clock.h"
#include "base/ref.h"
#include "base/result.h"

namespace oairt {

class SqliteDatabase;

// Prepared once, run often: bind in order, then step until it gives no row; reset by itself.
class SqliteStatement {
 public:
  SqliteStatement() = default;

  SqliteStatement &bind(int64_t value);
  SqliteStatement &bind(std::string_view text);
  SqliteStatement &bind_bytes(std::string_view bytes);
  // Whether there is a row.
  Result<bool> step();
  Status run();
  int64_t number(int column) const;
  std::string text(int column) const;
  std::string bytes(int column) const;

 private:
  friend class SqliteDatabase;
  const SqliteDatabase *database_ = nullptr;
  Unique<sqlite3_stmt, sqlite3_finalize> statement_;
  int next_ = 1;
};

class SqliteDatabase {
 public:
  static constexpr milliseconds kBusyWait{1000};

  // Opens what is there; makes nothing.
  static Result<std::unique_ptr<SqliteDatabase>> open(const std::string &path, bool read_only);

  const std::string &path() const { return path_; }
  Status run(const char *sql);
  Result<SqliteStatement> prepare(const char *sql) const;
  // The first column of the first row.
  Result<int64_t> ask_number(const char *sql);
  Result<std::string> ask_text(const char *sql);
  // The last call failed since the file is no database, or no longer a whole one.
  bool damaged() const;
  void interrupt() { sqlite3_interrupt(connection_.get()); }  // thread-safe while it is open
  Error error() const;

 private:
  SqliteDatabase(std::string path, sqlite3 *connection)
      : path_(std::move(path)), connection_(connection) {}

  std::string path_;
  Unique<sqlite3, sqlite3_close_v2> connection_;
};

}  // namespace oairt
