#include "store/sqlite_database.h"

#include "store/backend.h"

namespace oairt {
namespace {

std::string sentence_for(int code, const std::string &path) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return "The disk with the store " + path + " is full: make room.";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return "The store " + path +
             " may not be written: check the permissions of the file, of its directory and of the "
             "disk.";
    case SQLITE_CANTOPEN:
      return "The store " + path +
             " cannot be opened: check that its directory exists and may be written, and that the "
             "process may still open files.";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "The store " + path +
             " is locked by another program: end what has opened it (sqlite3, a backup).";
    case SQLITE_IOERR:
      return "The disk with the store " + path +
             " fails to read or write: check its space, its limits and the system's log.";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return "The store " + path + " is damaged.";
    default:
      return "The store " + path + " cannot be used.";
  }
}

}  // namespace

SqliteStatement &SqliteStatement::bind(int64_t value) {
  sqlite3_bind_int64(statement_.get(), next_++, value);
  return *this;
}

// The caller's text outlives the step that follows.
SqliteStatement &SqliteStatement::bind(std::string_view text) {
  sqlite3_bind_text64(statement_.get(), next_++, text.data(), text.size(), SQLITE_STATIC,
                      SQLITE_UTF8);
  return *this;
}

SqliteStatement &SqliteStatement::bind_bytes(std::string_view bytes) {
  sqlite3_bind_blob64(statement_.get(), next_++, bytes.data(), bytes.size(), SQLITE_STATIC);
  return *this;
}

Result<bool> SqliteStatement::step() {
  int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  next_ = 1;
  if (code == SQLITE_DONE) {
    sqlite3_reset(statement_.get());
    sqlite3_clear_bindings(statement_.get());
    return false;
  }
  Error error = database_->error();
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
  return error;
}

Status SqliteStatement::run() {
  while (true) {
    Result<bool> row = step();
    if (!row) return row.error();
    if (!row.value()) return Success{};
  }
}

int64_t SqliteStatement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string SqliteStatement::text(int column) const { return bytes(column); }

std::string SqliteStatement::bytes(int column) const {
  const void *data = sqlite3_column_blob(statement_.get(), column);
  auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return data == nullptr ? std::string() : std::string(static_cast<const char *>(data), size);
}

Result<std::unique_ptr<SqliteDatabase>> SqliteDatabase::open(const std::string &path,
                                                             bool read_only) {
  sqlite3 *connection = nullptr;
  int flags = (read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX |
              SQLITE_OPEN_EXRESCODE;
  int code = sqlite3_open_v2(path.c_str(), &connection, flags, nullptr);
  std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(path, connection));
  if (code != SQLITE_OK) {
    return storage_error(sentence_for(code, path), sqlite3_errstr(code));
  }
  sqlite3_busy_timeout(connection, static_cast<int>(kBusyWait.count()));
  return database;
}

// SQLite's own words name tables and places, never what is stored.
Error SqliteDatabase::error() const {
  int code = sqlite3_extended_errcode(connection_.get());
  return storage_error(sentence_for(code, path_), std::string(sqlite3_errmsg(connection_.get())) +
                                                      " (" + std::to_string(code) + ")");
}

bool SqliteDatabase::damaged() const {
  int code = sqlite3_errcode(connection_.get()) & 0xff;
  return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

Status SqliteDatabase::run(const char *sql) {
  if (sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) return error();
  return Success{};
}

Result<SqliteStatement> SqliteDatabase::prepare(const char *sql) const {
  sqlite3_stmt *made = nullptr;
  int code =
      sqlite3_prepare_v3(connection_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr);
  if (code != SQLITE_OK) return error();
  SqliteStatement statement;
  statement.database_ = this;
  statement.statement_.reset(made);
  return statement;
}

Result<int64_t> SqliteDatabase::ask_number(const char *sql) {
  Result<SqliteStatement> statement = prepare(sql);
  if (!statement) return statement.error();
  Result<bool> row = statement->step();
  if (!row) return row.error();
  return row.value() ? statement->number(0) : 0;
}

Result<std::string> SqliteDatabase::ask_text(const char *sql) {
  Result<SqliteStatement> statement = prepare(sql);
  if (!statement) return statement.error();
  Result<bool> row = statement->step();
  if (!row) return row.error();
  return row.value() ? statement->text(0) : std::string();
}

}  // namespace oairt
