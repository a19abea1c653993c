// A process that writes is killed at any moment, hundreds of times: what was committed is there,
// and the store is whole. OAIRT_KILLS=300 for the long form.
#include <csignal>
#include <filesystem>
#include <map>
#include <random>

#include "driver_process.h"
#include "store_bench.h"
#include "support/check.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT
namespace fs = std::filesystem;

namespace {

StoreOptions options_in(const std::string &directory) {
  StoreOptions options;
  options.uri = "sqlite:" + directory + "/rows.sqlite";
  options.session = "kiosk";
  return options;
}

int kills() {
  const char *wanted = g_getenv("OAIRT_KILLS");
  return wanted != nullptr ? static_cast<int>(g_ascii_strtoll(wanted, nullptr, 10)) : 60;
}

bool set_aside(const std::string &directory) {
  for (const auto &entry : fs::directory_iterator(directory)) {
    if (entry.path().string().find(".damaged-") != std::string::npos) return true;
  }
  return false;
}

// Slot -> text, over all records; each has to be what was saved.
std::map<int64_t, std::string> items_of(const StoreOptions &options) {
  std::map<int64_t, std::string> items;
  for (const StoredRecord &record : records_of(options)) {
    assert_equals_int(record.unreadable, 0);
    for (const StoredItem &item : record.items) {
      assert_text(item.text, "item " + std::to_string(item.slot));
      items[item.slot] = item.text;
    }
  }
  return items;
}

struct Tally {
  std::map<std::string, int> fell;  // after which sign of life
  std::size_t committed = 0, unacknowledged = 0, lost = 0;
  int64_t next_slot = 1;
};

void kill_once(const StoreOptions &options, std::chrono::microseconds after, Tally &tally) {
  DriverProcess driver(options, "flood", tally.next_slot);
  driver.wait_for_line("o");
  g_usleep(static_cast<gulong>(after.count()));
  driver.kill();
  std::string last = "o";
  std::vector<int64_t> committed;
  for (const std::string &line : driver.rest()) {
    last = line.substr(0, 1);
    int64_t slot = line.size() > 1 ? g_ascii_strtoll(line.c_str() + 1, nullptr, 10) : 0;
    if (last == "w") committed.push_back(slot);
    if (last == "s") tally.next_slot = slot + 1;
  }
  ++tally.fell[last];
  if (!fs::exists(options.uri.substr(7))) return;
  if (fs::file_size(options.uri.substr(7)) == 0) return;  // killed while it was made
  std::map<int64_t, std::string> there = items_of(options);
  for (int64_t slot : committed) tally.lost += there.count(slot) == 0;
  tally.committed += committed.size();
  tally.unacknowledged += there.count(tally.next_slot - 1) != 0 && last == "s";
}

GST_START_TEST(no_kill_takes_what_was_committed) {
  StateHome home;
  std::mt19937 random(static_cast<unsigned>(g_get_real_time()));
  Tally tally;
  int count = kills();
  for (int round = 0; round < count; ++round) {
    // A store of its own for some, so that its making is hit too.
    std::string directory = home.file("store-" + std::to_string(round / 25));
    StoreOptions options = options_in(directory);
    int limit = round % 4 == 0 ? 12000 : 60000;
    kill_once(options, std::chrono::microseconds(random() % limit), tally);
    if (fs::exists(directory)) fail_if(set_aside(directory), "a whole store was set aside");
  }
  std::printf(
      "%d kills: %d while starting, %d when open, %d on the way of an item, %d between two; "
      "%zu items committed, %zu lost, %zu there though not acknowledged\n",
      count, tally.fell["o"], tally.fell["p"], tally.fell["s"], tally.fell["w"], tally.committed,
      tally.lost, tally.unacknowledged);
  assert_equals_int(tally.lost, 0);
  fail_unless(tally.committed > 0 && tally.fell["s"] + tally.fell["w"] > 0);
}
GST_END_TEST

// What a power cut may leave of the log: its beginning, up to any byte, and garbage behind it.
GST_START_TEST(a_log_cut_at_any_byte_is_a_whole_store) {
  StateHome home;
  StoreOptions options = options_in(home.file("store"));
  std::string path = options.uri.substr(7);
  {
    DriverProcess driver(options, "flood", 1);
    driver.wait_for_line("w60");
    driver.kill();
  }
  std::size_t size = fs::file_size(path + "-wal");
  std::mt19937 random(5);
  std::size_t least = 1000, most = 0;
  for (int round = 0; round < 60; ++round) {
    StoreOptions copy = options_in(home.file("copy-" + std::to_string(round)));
    std::string target = copy.uri.substr(7);
    fs::create_directory(fs::path(target).parent_path());
    fs::copy_file(path, target);
    fs::copy_file(path + "-wal", target + "-wal");
    std::size_t at = random() % size;
    fs::resize_file(target + "-wal", at);
    if (round % 2 == 0) {
      std::ofstream(target + "-wal", std::ios::binary | std::ios::app) << std::string(5000, '\x5a');
    }
    Driver driver(copy);
    driver.wait_for_record();
    fail_unless(driver.close() && driver.troubles().empty());
    std::map<int64_t, std::string> items = items_of(copy);
    for (std::size_t slot = 1; slot <= items.size(); ++slot) {
      fail_unless(items.count(static_cast<int64_t>(slot)) == 1, "a hole at %zu", slot);
    }
    fail_if(set_aside(fs::path(target).parent_path()));
    least = std::min(least, items.size());
    most = std::max(most, items.size());
  }
  std::printf("60 cuts of a log of %zu bytes: %zu to %zu items, no hole\n", size, least, most);
  fail_unless(most > least);
}
GST_END_TEST

GST_START_TEST(the_next_process_drives_at_once_when_the_first_is_killed) {
  StateHome home;
  StoreOptions options = options_in(home.path());
  DriverProcess owner(options, "flood", 1);
  owner.wait_for_line("w20");
  Driver heir(options);
  heir.wait_for_event("standby");
  owner.wait_for_line("w30");
  TimePoint killed = Clock::now();
  owner.kill();
  heir.wait_for_record();
  double without_ms = to_ms(Clock::now() - killed);
  std::size_t committed = 30;
  for (const std::string &line : owner.rest()) committed += line[0] == 'w';
  std::size_t there = items_of(options).size();
  std::printf("%.0f ms without a driver, %zu items lost\n", without_ms,
              committed > there ? committed - there : 0);
  fail_unless(there >= committed && without_ms < 2000);
  heir.save(10000, "item 10000");
  fail_unless(heir.close());
}
GST_END_TEST

}  // namespace

OAIRT_TEST_MAIN(store_crash, no_kill_takes_what_was_committed,
                a_log_cut_at_any_byte_is_a_whole_store,
                the_next_process_drives_at_once_when_the_first_is_killed)
