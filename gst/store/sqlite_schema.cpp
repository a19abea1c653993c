#include "store/sqlite_schema.h"

#include <array>
#include <cerrno>
#include <cstdio>

#include <glib.h>
#include <unistd.h>

#include "store/backend.h"
#include "store/files.h"

namespace oairt::sqlite_schema {
namespace {

// Marks the file as ours ("oAiS").
constexpr int64_t kApplicationId = 0x6f416953;

// What leads from version N to N + 1. A step is never changed once it was released.
constexpr std::array<const char *, kVersion> kSteps = {
    // Rows as in backend.h. `sealed` is all that holds words.
    "CREATE TABLE rows ("
    "  session TEXT NOT NULL, record INTEGER NOT NULL, kind INTEGER NOT NULL,"
    "  slot INTEGER NOT NULL, time_ms INTEGER NOT NULL, closed_ms INTEGER NOT NULL,"
    "  change INTEGER NOT NULL, sealed BLOB NOT NULL,"
    "  PRIMARY KEY (session, record, kind, slot));"
    "PRAGMA application_id = 1866557779;",
    // Heads are found without reading the items.
    "CREATE INDEX heads ON rows (session, record) WHERE kind < 2;",
};

// Whether this call failed on a damaged file; then that is the verdict.
template <typename T>
Result<Verdict> damaged_or(SqliteDatabase &database, const Result<T> &failed) {
  if (database.damaged()) return Verdict::Damaged;
  return failed.error();
}

}  // namespace

Result<Verdict> judge(SqliteDatabase &database) {
  Result<int64_t> version = database.ask_number("PRAGMA user_version");
  if (!version) return damaged_or(database, version);
  Result<int64_t> application = database.ask_number("PRAGMA application_id");
  if (!application) return damaged_or(database, application);
  Result<int64_t> tables = database.ask_number("SELECT count(*) FROM sqlite_schema");
  if (!tables) return damaged_or(database, tables);
  bool empty = tables.value() == 0 && version.value() == 0;
  if (!empty && application.value() != kApplicationId) {
    return config_error("The file " + database.path() +
                        " is the database of another program, and was left alone: name another "
                        "file in the store's URI.");
  }
  if (version.value() > kVersion) {
    return config_error(
        "The store " + database.path() +
            " was written by a newer version of this plugin, and was left alone: use that version, "
            "or name another file in the store's URI.",
        "version " + std::to_string(version.value()) + ", known " + std::to_string(kVersion));
  }
  Result<std::string> check = database.ask_text("PRAGMA quick_check(1)");
  if (!check) return damaged_or(database, check);
  return check.value() == "ok" ? Verdict::Ours : Verdict::Damaged;
}

// WAL: a reader never stops the writer, and what a crash cuts off is one unfinished transaction.
// synchronous=FULL: in WAL mode NORMAL would return before the transaction is on the disk, so that
// a power cut took what was acknowledged. secure_delete: erased rows are overwritten.
Status set_up(SqliteDatabase &database) {
  for (const char *pragma :
       {"PRAGMA auto_vacuum = INCREMENTAL", "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL", "PRAGMA secure_delete = ON", "PRAGMA temp_store = MEMORY",
        "PRAGMA trusted_schema = OFF", "PRAGMA cell_size_check = ON"}) {
    if (Status done = database.run(pragma); !done) return done;
  }
  return Success{};
}

Status bring_up_to_date(SqliteDatabase &database) {
  Result<int64_t> version = database.ask_number("PRAGMA user_version");
  if (!version) return version.error();
  for (auto step = static_cast<std::size_t>(version.value()); step < kSteps.size(); ++step) {
    std::string sql = std::string("BEGIN IMMEDIATE;") + kSteps[step] +
                      "PRAGMA user_version = " + std::to_string(step + 1) + ";COMMIT;";
    if (Status done = database.run(sql.c_str()); !done) {
      (void)database.run("ROLLBACK");
      return done;
    }
  }
  return Success{};
}

Result<std::string> set_aside(const std::string &path) {
  char time[32];
  g_snprintf(time, sizeof time, "%" G_GINT64_FORMAT, g_get_real_time() / 1000);
  std::string aside = path + ".damaged-" + time;
  // The log first: alone beside a new file it would be taken for that one's.
  for (const char *part : {"-wal", "-shm", ""}) {
    std::string from = path + part;
    if (rename(from.c_str(), (aside + part).c_str()) != 0 && errno != ENOENT) {
      int why = errno;
      return storage_error("The store " + path +
                               " is damaged and could not be set aside: check the permissions of "
                               "its directory.",
                           g_strerror(why));
    }
  }
  sync_directory_of(path);
  return aside;
}

}  // namespace oairt::sqlite_schema
