// Rows in one SQLite file, shared by all sessions of this machine; a session's owner is who holds
// the flock'ed file beside it.
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <glib.h>
#include <sodium.h>
#include <sys/stat.h>

#include "base/lock.h"
#include "store/backend.h"
#include "store/files.h"
#include "store/sqlite_database.h"
#include "store/sqlite_schema.h"

namespace oairt {
namespace {

constexpr Duration kOpenPatience = std::chrono::seconds(2);
constexpr Duration kStandbyPause = milliseconds(50);

constexpr char kColumns[] = "SELECT record, kind, slot, time_ms, closed_ms, change, sealed ";

// A name for files: what a session may be called, a file may not.
std::string file_name_of(const std::string &session) {
  std::array<unsigned char, 8> digest;
  crypto_generichash(digest.data(), digest.size(),
                     reinterpret_cast<const unsigned char *>(session.data()), session.size(),
                     nullptr, 0);
  char name[2 * digest.size() + 1];
  sodium_bin2hex(name, sizeof name, digest.data(), digest.size());
  return name;
}

class SqliteBackend final : public Backend {
 public:
  SqliteBackend(std::string path, std::string session, bool read_only)
      : path_(std::move(path)), session_(std::move(session)), read_only_(read_only) {}
  ~SqliteBackend() override {
    disconnect();
    release();
  }

  Result<Opened> open() override;
  void disconnect() override;
  Result<Claim> claim() override;
  void release() override;
  Duration standby_pause() const override { return kStandbyPause; }
  Result<std::vector<Row>> read_heads() override;
  Result<std::vector<Row>> read_record(int64_t record) override;
  Result<Written> write(const Batch &batch) override;
  Result<bool> scrub() override;
  void interrupt() override;

 private:
  struct Statements {
    SqliteStatement put, erase, erase_record, erase_all, heads, record;
  };
  Status open_for_reading();
  Status create_file();
  Result<Opened> open_checked(bool after_damage);
  Status prepare();
  // The file that is open is still the one of that name; somebody may have removed it.
  Status check_place() const;
  Result<std::vector<Row>> rows_of(SqliteStatement &statement);
  Status put_all(const Batch &batch);
  Status in_transaction(const Batch &batch);
  void use(std::unique_ptr<SqliteDatabase> database);

  std::string path_, session_;
  bool read_only_;
  Mutex lock_;  // for interrupt(): the connection may go at that moment
  std::unique_ptr<SqliteDatabase> database_;
  std::optional<FileIdentity> file_;       // that is open
  std::optional<FileIdentity> last_file_;  // also after disconnect()
  Statements statements_;
  std::unique_ptr<FileLock> owner_;
  bool blank_ = false;    // there is not even a table
  bool emptied_ = false;  // since the last claim
};

void SqliteBackend::use(std::unique_ptr<SqliteDatabase> database) {
  LockGuard guard(lock_);
  database_ = std::move(database);
}

void SqliteBackend::disconnect() {
  statements_ = {};
  use(nullptr);
  file_.reset();
}

void SqliteBackend::interrupt() {
  LockGuard guard(lock_);
  if (database_ != nullptr) database_->interrupt();
}

Status SqliteBackend::create_file() {
  OwnedFile file(::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file) {
    emptied_ = true;
    sync_directory_of(path_);
    return Success{};
  }
  int why = errno;
  if (why == EEXIST) {
    struct stat about {};
    if (stat(path_.c_str(), &about) == 0 && about.st_size == 0) emptied_ = true;
    return Success{};
  }
  return storage_error("The store " + path_ +
                           " could not be made: check the path, the space and the permissions of "
                           "its directory.",
                       g_strerror(why));
}

Result<Backend::Opened> SqliteBackend::open() {
  disconnect();
  if (read_only_) {
    if (Status opened = open_for_reading(); !opened) return opened.error();
    return Opened{};
  }
  std::string directory = path_.substr(0, path_.rfind('/'));
  if (Status made = make_private_directory(directory); !made) return made.error();
  // One process at a time makes, judges and renames.
  Result<std::unique_ptr<FileLock>> opening =
      FileLock::take(path_ + ".lock", Clock::now() + kOpenPatience);
  if (!opening) return opening.error();
  if (!opening.value()) {
    return storage_error("The store " + path_ + " is being opened by another process for long.");
  }
  Result<Opened> opened = open_checked(false);
  if (!opened) disconnect();
  return opened;
}

Result<Backend::Opened> SqliteBackend::open_checked(bool after_damage) {
  if (Status made = create_file(); !made) return made.error();
  Result<std::unique_ptr<SqliteDatabase>> database = SqliteDatabase::open(path_, false);
  if (!database) return database.error();
  use(std::move(database.value()));
  Result<sqlite_schema::Verdict> verdict = sqlite_schema::judge(*database_);
  if (!verdict) return verdict.error();
  if (verdict.value() == sqlite_schema::Verdict::Damaged) {
    if (after_damage) return storage_error("The disk with the store " + path_ + " is damaged.");
    // Before the connection ends: it would take the log with it.
    Result<std::string> aside = sqlite_schema::set_aside(path_);
    if (!aside) return aside.error();
    use(nullptr);
    Result<Opened> opened = open_checked(true);
    if (opened) {
      opened->mishap = storage_error(
          "The store " + path_ + " was damaged and has been set aside as " + aside.value() +
          "; a new one was begun. The old one may be repaired with sqlite3's .recover.");
    }
    return opened;
  }
  if (Status set = sqlite_schema::set_up(*database_); !set) return set.error();
  if (Status done = sqlite_schema::bring_up_to_date(*database_); !done) return done.error();
  if (Status done = prepare(); !done) return done.error();
  file_ = identify(path_);
  if (last_file_ && last_file_ != file_) emptied_ = true;
  last_file_ = file_;
  return Opened{};
}

Status SqliteBackend::open_for_reading() {
  if (!identify(path_)) {
    return config_error("There is no store " + path_ + ": check the path.");
  }
  // Reading a log needs to write its index, where that may be.
  Result<std::unique_ptr<SqliteDatabase>> database =
      SqliteDatabase::open(path_, access(path_.c_str(), W_OK) != 0);
  if (!database) return database.error();
  use(std::move(database.value()));
  Result<sqlite_schema::Verdict> verdict = sqlite_schema::judge(*database_);
  if (!verdict) return verdict.error();
  if (verdict.value() == sqlite_schema::Verdict::Damaged) {
    return storage_error("The store " + path_ +
                         " is damaged; sqlite3's .recover may bring back what is whole.");
  }
  Result<int64_t> version = database_->ask_number("PRAGMA user_version");
  if (!version) return version.error();
  blank_ = version.value() == 0;  // its maker was killed before the first row
  return blank_ ? Status(Success{}) : prepare();
}

Status SqliteBackend::prepare() {
  std::string heads =
      std::string(kColumns) + "FROM rows WHERE session = ? AND kind < 2 ORDER BY record, kind";
  std::string record =
      std::string(kColumns) + "FROM rows WHERE session = ? AND record = ? ORDER BY kind, slot";
  struct Wanted {
    SqliteStatement &statement;
    const char *sql;
  };
  for (const Wanted &wanted : {
           Wanted{statements_.put, "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?)"},
           Wanted{statements_.erase,
                  "DELETE FROM rows WHERE session = ? AND record = ? AND kind = ? AND slot = ?"},
           Wanted{statements_.erase_record, "DELETE FROM rows WHERE session = ? AND record = ?"},
           Wanted{statements_.erase_all, "DELETE FROM rows WHERE session = ?"},
           Wanted{statements_.heads, heads.c_str()},
           Wanted{statements_.record, record.c_str()},
       }) {
    Result<SqliteStatement> prepared = database_->prepare(wanted.sql);
    if (!prepared) return prepared.error();
    wanted.statement = std::move(prepared).value();
  }
  return Success{};
}

Result<Claim> SqliteBackend::claim() {
  bool emptied = std::exchange(emptied_, false), was_owner = owner_ != nullptr;
  if (owner_ && owner_->holds()) return emptied ? Claim::Emptied : Claim::Kept;
  owner_.reset();
  Result<std::unique_ptr<FileLock>> lock =
      FileLock::try_take(path_ + ".owner-" + file_name_of(session_));
  if (!lock) return lock.error();
  if (!lock.value()) return Claim::Held;
  owner_ = std::move(lock).value();
  // Store and lock file both gone: nobody can have gone on with what was there.
  return emptied && was_owner ? Claim::Emptied : Claim::Taken;
}

void SqliteBackend::release() {
  if (owner_) owner_->remove();
  owner_.reset();
}

Result<std::vector<Row>> SqliteBackend::rows_of(SqliteStatement &statement) {
  std::vector<Row> rows;
  while (true) {
    Result<bool> more = statement.step();
    if (!more) return more.error();
    if (!more.value()) return rows;
    Row &row = rows.emplace_back();
    row.key.record = statement.number(0);
    row.key.kind = static_cast<RowKind>(statement.number(1));
    row.key.slot = statement.number(2);
    row.time_ms = statement.number(3);
    row.closed_ms = statement.number(4);
    row.change = statement.number(5);
    row.sealed = statement.bytes(6);
  }
}

Result<std::vector<Row>> SqliteBackend::read_heads() {
  if (blank_) return std::vector<Row>();
  statements_.heads.bind(session_);
  return rows_of(statements_.heads);
}

Result<std::vector<Row>> SqliteBackend::read_record(int64_t record) {
  if (blank_) return std::vector<Row>();
  statements_.record.bind(session_).bind(record);
  return rows_of(statements_.record);
}

Status SqliteBackend::check_place() const {
  if (database_ != nullptr && file_ && identify(path_) == file_) return Success{};
  return storage_error("The store " + path_ +
                       " was removed or replaced by somebody while it was in use; it is opened "
                       "again.");
}

Status SqliteBackend::put_all(const Batch &batch) {
  Statements &use = statements_;
  if (batch.erase_all) {
    if (Status done = use.erase_all.bind(session_).run(); !done) return done;
  }
  for (int64_t record : batch.erase_records) {
    if (Status done = use.erase_record.bind(session_).bind(record).run(); !done) return done;
  }
  for (const RowKey &key : batch.erase) {
    use.erase.bind(session_).bind(key.record).bind(static_cast<int64_t>(key.kind)).bind(key.slot);
    if (Status done = use.erase.run(); !done) return done;
  }
  for (const Row &row : batch.put) {
    use.put.bind(session_).bind(row.key.record).bind(static_cast<int64_t>(row.key.kind));
    use.put.bind(row.key.slot).bind(row.time_ms).bind(row.closed_ms).bind(row.change);
    if (Status done = use.put.bind_bytes(row.sealed).run(); !done) return done;
  }
  return Success{};
}

Status SqliteBackend::in_transaction(const Batch &batch) {
  if (Status begun = database_->run("BEGIN IMMEDIATE"); !begun) return begun;
  Status done = put_all(batch);
  if (done) done = database_->run("COMMIT");
  if (!done) (void)database_->run("ROLLBACK");
  return done;
}

Result<Written> SqliteBackend::write(const Batch &batch) {
  if (Status place = check_place(); !place) return place.error();
  if (!owner_ || !owner_->holds()) return Written::NotOwner;
  if (Status done = in_transaction(batch); !done) return done.error();
  return Written::Yes;
}

// The pages that are free go, then the log, which still holds what they held.
Result<bool> SqliteBackend::scrub() {
  if (Status done = database_->run("PRAGMA incremental_vacuum"); !done) return done.error();
  Result<int64_t> busy = database_->ask_number("PRAGMA wal_checkpoint(TRUNCATE)");
  if (!busy) return busy.error();
  return busy.value() == 0;
}

}  // namespace

std::unique_ptr<Backend> make_sqlite_backend(const std::string &path, const std::string &session,
                                             bool read_only) {
  return std::make_unique<SqliteBackend>(path, session, read_only);
}

}  // namespace oairt
