// What is special about a store in a file: its form, damage, and all that a disk can do.
#include <filesystem>

#include <sched.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "store/sqlite_schema.h"
#include "store_bench.h"
#include "support/check.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT
namespace fs = std::filesystem;

namespace {

constexpr char kWords[] = "the quick brown secret";

StoreOptions options_in(const std::string &directory) {
  StoreOptions options;
  options.uri = "sqlite:" + directory + "/rows.sqlite";
  options.session = "kiosk";
  return options;
}

class Sql {
 public:
  explicit Sql(const std::string &path) {
    fail_unless(sqlite3_open(path.c_str(), &database_) == SQLITE_OK);
  }
  ~Sql() { sqlite3_close(database_); }
  void run(const std::string &sql) {
    char *why = nullptr;
    int code = sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, &why);
    fail_unless(code == SQLITE_OK, "%s", why);
  }
  int64_t number(const std::string &sql) {
    sqlite3_stmt *statement = nullptr;
    fail_unless(sqlite3_prepare_v2(database_, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK);
    fail_unless(sqlite3_step(statement) == SQLITE_ROW);
    int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
  }

 private:
  sqlite3 *database_ = nullptr;
};

std::string path_of(const StoreOptions &options) { return options.uri.substr(7); }

void fill(const StoreOptions &options, int items = 3) {
  Driver driver(options);
  driver.wait_for_record();
  for (int slot = 1; slot <= items; ++slot) driver.save(slot, kWords + std::to_string(slot));
  driver.state(std::string("state of ") + kWords);
  fail_unless(driver.close());
}

std::string content_of(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

void overwrite(const std::string &path, std::size_t at, const std::string &bytes) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(at));
  file << bytes;
}

std::size_t files_like(const std::string &directory, const std::string &part) {
  std::size_t found = 0;
  for (const auto &entry : fs::directory_iterator(directory)) {
    found += entry.path().filename().string().find(part) != std::string::npos;
  }
  return found;
}

int mode_of(const std::string &path) {
  struct stat about {};
  fail_unless(stat(path.c_str(), &about) == 0);
  return about.st_mode & 0777;
}

GST_START_TEST(what_is_made_is_private) {
  StateHome home;
  umask(0);
  StoreOptions options = options_in(home.file("deep/er"));
  Driver driver(options);
  driver.wait_for_record();
  driver.save(1, kWords);
  fail_unless(wait_for([&] { return !records_of(options).empty(); }));
  assert_equals_int(mode_of(home.file("deep")), 0700);
  assert_equals_int(mode_of(home.file("deep/er")), 0700);
  for (const auto &entry : fs::recursive_directory_iterator(home.path())) {
    if (entry.is_directory()) continue;
    fail_unless(mode_of(entry.path()) == 0600, "%s", entry.path().c_str());
  }
  fail_unless(fs::exists(home.file("state/gst-openai-realtime/store.key")));
  fail_unless(driver.close());
  assert_equals_int(files_like(home.file("deep/er"), ".owner-"), 0);
}
GST_END_TEST

GST_START_TEST(no_word_is_readable_and_erased_rows_are_gone) {
  StateHome home;
  StoreOptions options = options_in(home.path());
  Driver driver(options);
  driver.wait_for_record();
  driver.save(1, kWords);
  driver.save(2, std::string(kWords) + std::string(50000, 'x'));
  driver.state(kWords);
  fail_unless(wait_for([&] {
    std::vector<StoredRecord> all = records_of(options);
    return all.size() == 1 && all[0].state == kWords;
  }));
  fail_unless(fs::exists(path_of(options) + "-wal"));
  assert_equals_int(files_with(home.path(), kWords).size(), 0);
  assert_equals_int(files_with(home.path(), "xxxxxxxx").size(), 0);
  fail_unless(!files_with(home.path(), "kiosk").empty(), "the search finds nothing at all");

  Result<std::unique_ptr<Backend>> reader = make_backend(options, true);
  fail_unless(reader.ok() && reader.value()->open().ok());
  Result<std::vector<Row>> rows = reader.value()->read_record(1);
  fail_unless(rows.ok() && rows->size() == 4);
  for (const Row &row : rows.value()) {
    fail_unless(!files_with(home.path(), row.sealed.substr(0, 40)).empty());
  }
  fail_unless(driver.erase_session().ok());
  for (const Row &row : rows.value()) {
    assert_equals_int(files_with(home.path(), row.sealed.substr(0, 40)).size(), 0);
  }
  fail_unless(fs::file_size(path_of(options)) < 30000, "the file does not shrink");
}
GST_END_TEST

GST_START_TEST(an_older_form_is_brought_up_to_date) {
  StateHome home;
  StoreOptions options = options_in(home.path());
  fill(options);
  {
    Sql sql(path_of(options));
    sql.run("DROP INDEX heads; PRAGMA user_version = 1;");
  }
  Driver driver(options);
  assert_equals_int(driver.wait_for_record().items.size(), 3);
  fail_unless(driver.close());
  Sql sql(path_of(options));
  assert_equals_int64(sql.number("PRAGMA user_version"), sqlite_schema::kVersion);
  assert_equals_int64(sql.number("SELECT count(*) FROM sqlite_schema WHERE name = 'heads'"), 1);
  assert_equals_int64(sql.number("PRAGMA auto_vacuum"), 2);
}
GST_END_TEST

void check_untouched(const StoreOptions &options, const std::string &told) {
  std::string before = content_of(path_of(options));
  Driver driver(options);
  driver.wait_for_event("trouble");
  Error error = driver.troubles().at(0);
  fail_unless(error.code == ErrorCode::Config);
  assert_contains(error.message, told);
  driver.save(1, kWords);
  fail_if(driver.erase_session().ok());
  fail_if(driver.close());
  assert_equals_int(driver.count("opened") + driver.count("healed"), 0);
  fail_unless(content_of(path_of(options)) == before, "the file was changed");
  fail_unless(files_like(fs::path(path_of(options)).parent_path(), ".damaged-") == 0);
}

GST_START_TEST(a_newer_form_is_left_alone) {
  StateHome home;
  StoreOptions options = options_in(home.path());
  fill(options);
  {
    Sql sql(path_of(options));
    sql.run("PRAGMA user_version = 99;");
  }
  check_untouched(options, "newer version");
}
GST_END_TEST

GST_START_TEST(another_programs_database_is_left_alone) {
  StateHome home;
  StoreOptions options = options_in(home.path());
  {
    Sql sql(path_of(options));
    sql.run("CREATE TABLE photos (name TEXT); INSERT INTO photos VALUES ('me.jpg');");
  }
  check_untouched(options, "another program");
}
GST_END_TEST

void check_set_aside(const StoreOptions &options, const std::string &how) {
  std::string directory = fs::path(path_of(options)).parent_path();
  std::string damaged = content_of(path_of(options));
  Driver driver(options);
  driver.wait_for_event("trouble");
  assert_contains(driver.troubles().at(0).message, "has been set aside as");
  StoredRecord record = driver.wait_for_record();
  fail_unless(record.number == 0, "%s", how.c_str());
  driver.wait_for_event("healed");
  driver.save(1, "goes on");
  fail_unless(driver.close());
  assert_text(told(records_of(options).at(0)), "1:goes on | ");
  bool kept = false;
  for (const auto &entry : fs::directory_iterator(directory)) {
    std::string name = entry.path().filename();
    if (name.find(".damaged-") == std::string::npos) continue;
    kept = kept || content_of(entry.path()) == damaged;
    fs::remove(entry.path());
  }
  fail_unless(kept, "%s: the damaged file is not there as it was", how.c_str());
}

GST_START_TEST(a_damaged_file_is_set_aside) {
  StateHome home;
  StoreOptions options = options_in(home.path());
  std::string path = path_of(options);
  fill(options, 200);
  overwrite(path, 0, "no database at all, is it?");
  check_set_aside(options, "header");
  fill(options, 200);
  overwrite(path, 4096, std::string(4096, '\xa5'));
  check_set_aside(options, "page");
  fill(options, 200);
  overwrite(path, 0, std::string(4096, '\0'));
  check_set_aside(options, "zeros");
  fill(options, 200);
  fs::resize_file(path, fs::file_size(path) / 2 + 100);
  check_set_aside(options, "cut");
  fs::resize_file(path, 10);
  check_set_aside(options, "stub");
}
GST_END_TEST

GST_START_TEST(a_store_that_was_removed_is_begun_again) {
  StateHome home;
  StoreOptions options = options_in(home.file("store"));
  Driver driver(options);
  driver.wait_for_record();
  driver.save(1, "before");
  driver.state("state");
  fail_unless(wait_for([&] { return !records_of(options).empty(); }));
  fs::remove_all(home.file("store"));
  driver.save(2, "after");
  driver.wait_for_event("trouble");
  driver.wait_for_event("emptied");
  driver.wait_for_event("healed");
  fail_unless(driver.close());
  assert_text(told(records_of(options).at(0)), "2:after | state");
  assert_equals_int(driver.count("lost"), 0);
}
GST_END_TEST

GST_START_TEST(a_lock_of_another_program_is_waited_out) {
  StateHome home;
  StoreOptions options = options_in(home.path());
  Driver driver(options);
  driver.wait_for_record();
  driver.save(1, "one");
  fail_unless(wait_for([&] { return !records_of(options).empty(); }));
  {
    Sql sql(path_of(options));
    sql.run("BEGIN IMMEDIATE");
    for (int slot = 2; slot <= 20; ++slot) driver.save(slot, std::to_string(slot));
    for (int turn = 1; turn <= 20; ++turn) driver.state("state " + std::to_string(turn));
    driver.wait_for_event("trouble");
    assert_contains(driver.troubles().at(0).message, "locked by another program");
    fail_if(driver.close(milliseconds(300)), "it says that all was written");
  }
  Driver next(options);
  assert_equals_int(next.wait_for_record().items.size(), 1);
  Sql sql(path_of(options));
  sql.run("BEGIN IMMEDIATE");
  next.save(2, "two");
  next.wait_for_event("trouble");
  sql.run("ROLLBACK");
  next.wait_for_event("healed");
  fail_unless(next.close());
  assert_text(told(records_of(options).at(0)), "1:one 2:two | ");
  assert_equals_int(next.count("trouble"), 1);
}
GST_END_TEST

// A small file system of our own; false: it may not be mounted.
bool mount_small(const std::string &directory) {
  fs::create_directory(directory);
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("tmpfs", directory.c_str(), "tmpfs", 0, "size=400k") != 0) {
    std::printf("not tested: a file system may not be mounted here\n");
    return false;
  }
  return true;
}

GST_START_TEST(a_full_disk_costs_nothing) {
  StateHome home;
  std::string disk = home.file("disk");
  if (!mount_small(disk)) return;
  StoreOptions options = options_in(disk);
  Driver driver(options);
  driver.wait_for_record();
  driver.save(1, "before");
  fail_unless(wait_for([&] { return !records_of(options).empty(); }));
  std::string ballast = disk + "/ballast";
  {
    std::ofstream file(ballast, std::ios::binary);
    for (int block = 0; block < 500 && file; ++block) file << std::string(1024, 'b') << std::flush;
  }
  for (int slot = 2; slot <= 30; ++slot) driver.save(slot, std::string(1000, 'a'));
  driver.state("state");
  driver.wait_for_event("trouble");
  assert_contains(driver.troubles().at(0).message, "full");
  fs::remove(ballast);
  driver.wait_for_event("healed");
  fail_unless(driver.close());
  StoredRecord record = records_of(options).at(0);
  assert_equals_int(record.items.size(), 30);
  assert_equals_int(record.unreadable, 0);
  assert_equals_int(driver.count("trouble"), 1);
  umount2(disk.c_str(), MNT_DETACH);
}
GST_END_TEST

GST_START_TEST(a_read_only_disk_is_told_and_tried_again) {
  StateHome home;
  std::string disk = home.file("disk");
  if (!mount_small(disk)) return;
  StoreOptions options = options_in(disk);
  fill(options, 2);
  fail_unless(mount("none", disk.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0);
  {
    Driver driver(options);
    driver.wait_for_event("trouble");
    assert_contains(driver.troubles().at(0).message, "permissions");
    driver.save(3, "meanwhile");
    fail_unless(mount("none", disk.c_str(), nullptr, MS_REMOUNT, "size=400k") == 0);
    assert_equals_int(driver.wait_for_record().items.size(), 2);
    driver.wait_for_event("healed");
    fail_unless(driver.close());
  }
  assert_equals_int(records_of(options).at(0).items.size(), 3);
  umount2(disk.c_str(), MNT_DETACH);
}
GST_END_TEST

}  // namespace

OAIRT_TEST_MAIN(store_sqlite, what_is_made_is_private, no_word_is_readable_and_erased_rows_are_gone,
                an_older_form_is_brought_up_to_date, a_newer_form_is_left_alone,
                another_programs_database_is_left_alone, a_damaged_file_is_set_aside,
                a_store_that_was_removed_is_begun_again, a_lock_of_another_program_is_waited_out,
                a_full_disk_costs_nothing, a_read_only_disk_is_told_and_tried_again)
