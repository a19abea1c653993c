// The form of the file: made, brought up to date, judged, set aside when it is damaged.
// Thread-bound; for who holds the file's opening lock.
// Never deletes a file, never touches one that a newer version or another program has made.
#pragma once

#include <string>

#include "base/result.h"
#include "store/sqlite_database.h"

namespace oairt::sqlite_schema {

constexpr int kVersion = 2;

enum class Verdict { Ours, Damaged };

// Config error: another program's file, or of a newer version.
Result<Verdict> judge(SqliteDatabase &database);
// How this connection works from now on.
Status set_up(SqliteDatabase &database);
// From whatever older version, one transaction a step.
Status bring_up_to_date(SqliteDatabase &database);
// Renames the file and what belongs to it; the new name of it.
Result<std::string> set_aside(const std::string &path);

}  // namespace oairt::sqlite_schema
