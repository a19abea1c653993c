// What holds for every store, wherever it keeps its rows.
#include "store_bench.h"
#include "support/check.h"
#include "support/loop_run.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

constexpr int64_t kDay = 24 * 60 * 60 * 1000;

GST_START_TEST(what_was_saved_is_there_again) {
  Place place;
  Driver former(place.options());
  StoredRecord empty = former.wait_for_record();
  assert_equals_int64(empty.number, 0);
  former.save(1, "good morning", 1000 + now_ms());
  former.save(2, "how are you?");
  former.state("{\"turns\": 1}");
  former.save(2, "how are you today?");
  former.save(3, "");
  former.save(5, std::string("zero \0 inside", 13));
  former.save(4, "to be erased");
  former.erase(4);
  fail_unless(former.close());

  Driver latter(place.options());
  StoredRecord record = latter.wait_for_record();
  assert_text(told(record), "1:good morning 2:how are you today? 3: 5:zero " +
                                std::string(1, '\0') + " inside | {\"turns\": 1}");
  assert_equals_int(record.unreadable, 0);
  fail_unless(record.opened_ms > 0 && record.closed_ms == 0 && record.number > 0);
  fail_unless(record.items[0].time_ms > now_ms() - 60000);
  fail_unless(former.troubles().empty() && latter.troubles().empty());
}
GST_END_TEST

GST_START_TEST(a_thousand_items_come_back_in_order) {
  Place place;
  {
    Driver driver(place.options());
    // Also while it is not open yet.
    for (int slot = 1; slot <= 1000; ++slot) {
      driver.save(slot, "item " + std::to_string(slot));
      if (slot % 10 == 0) driver.state("state " + std::to_string(slot));
    }
    fail_unless(driver.close());
  }
  Driver driver(place.options());
  StoredRecord record = driver.wait_for_record();
  assert_equals_int(record.items.size(), 1000);
  for (int slot = 1; slot <= 1000; ++slot) {
    assert_text(record.items[slot - 1].text, "item " + std::to_string(slot));
  }
  assert_text(record.state, "state 1000");
}
GST_END_TEST

GST_START_TEST(a_closed_record_stays_and_the_next_save_begins_another) {
  Place place;
  int64_t now = now_ms();
  {
    Driver driver(place.options());
    driver.wait_for_record();
    driver.save(1, "first visitor");
    driver.state("one");
    driver.close_record(now);
    driver.close_record(now + 1);  // there is none: nothing happens
    driver.save(1, "second visitor");
    driver.close_record(now + 5);
    driver.save(7, "third visitor");
    driver.state("three");
    fail_unless(driver.close());
  }
  std::vector<StoredRecord> records = records_of(place.options());
  assert_equals_int(records.size(), 3);
  assert_text(told(records[0]), "1:first visitor | one");
  assert_text(told(records[1]), "1:second visitor | ");
  assert_text(told(records[2]), "7:third visitor | three");
  assert_equals_int64(records[0].closed_ms, now);
  assert_equals_int64(records[1].closed_ms, now + 5);
  assert_equals_int64(records[2].closed_ms, 0);
  Driver driver(place.options());
  assert_text(told(driver.wait_for_record()), "7:third visitor | three");
  driver.close_record(now + 9);
  fail_unless(driver.close());
  Driver after(place.options());
  assert_equals_int64(after.wait_for_record().number, 0);
}
GST_END_TEST

GST_START_TEST(an_erased_session_leaves_nothing) {
  Place place;
  Driver driver(place.options());
  Driver neighbour(place.options("kiosk-2"));
  neighbour.wait_for_record();
  neighbour.save(1, "stays");
  fail_unless(neighbour.close());
  driver.wait_for_record();
  driver.save(1, "one");
  driver.close_record(now_ms());
  driver.save(1, "two");
  driver.state("state");
  fail_unless(driver.erase_session().ok());
  assert_equals_int(records_of(place.options()).size(), 0);
  driver.save(9, "anew");
  fail_unless(driver.close());
  std::vector<StoredRecord> records = records_of(place.options());
  assert_equals_int(records.size(), 1);
  assert_text(told(records[0]), "9:anew | ");
  assert_equals_int(records[0].unreadable, 0);
  assert_equals_int(records_of(place.options("kiosk-2")).size(), 1);
}
GST_END_TEST

GST_START_TEST(an_erasure_also_takes_what_waits) {
  Place place;
  Driver owner(place.options());
  owner.wait_for_record();
  Driver waiting(place.options());
  waiting.wait_for_event("standby");
  waiting.save(1, "never seen");
  waiting.state("nor this");
  Awaited<bool> erased;
  std::thread asks([&] { erased.callback()(waiting.erase_session().ok()); });
  owner.save(3, "theirs, and gone too");
  fail_unless(owner.close());
  asks.join();
  fail_unless(erased.wait() == true);
  assert_text(told(waiting.wait_for_record()), "| ");
  fail_unless(waiting.close());
  assert_equals_int(records_of(place.options()).size(), 0);
}
GST_END_TEST

GST_START_TEST(one_drives_the_session_and_the_next_takes_over) {
  Place place;
  Driver former(place.options());
  former.wait_for_record();
  former.save(1, "from the first");
  Driver latter(place.options());
  latter.wait_for_event("standby");
  latter.save(2, "from the second");
  former.state("left so");
  fail_unless(former.close());
  assert_text(told(latter.wait_for_record()), "1:from the first | left so");
  fail_unless(latter.close());
  assert_text(told(records_of(place.options()).at(0)),
              "1:from the first 2:from the second | left so");
  assert_equals_int(latter.count("standby"), 1);
  assert_equals_int(former.count("lost"), 0);
}
GST_END_TEST

GST_START_TEST(a_store_that_is_dropped_gives_the_session_back) {
  Place place;
  Driver former(place.options());
  former.wait_for_record();
  TimePoint start = Clock::now();
  former.destroy();
  Driver latter(place.options());
  latter.wait_for_record();
  fail_unless(Clock::now() - start < milliseconds(1200), "it waited for the lease's end");
  assert_equals_int(former.events().size(), 1);
}
GST_END_TEST

GST_START_TEST(sessions_do_not_see_each_other) {
  Place place;
  Driver one(place.options("one")), two(place.options("two"));
  one.wait_for_record();
  two.wait_for_record();
  one.save(1, "of one");
  two.save(1, "of two");
  fail_unless(one.close() && two.close());
  assert_text(told(records_of(place.options("one")).at(0)), "1:of one | ");
  assert_text(told(records_of(place.options("two")).at(0)), "1:of two | ");
}
GST_END_TEST

GST_START_TEST(what_is_older_than_the_retention_goes) {
  Place place;
  int64_t real = now_ms();
  std::atomic<int64_t> clock{real - 3 * kDay};
  StoreHooks hooks;
  hooks.wall_ms = [&clock] { return clock.load(); };
  StoreOptions options = place.options();
  options.retention = std::chrono::hours(24 * 7);
  {
    Driver driver(options, hooks);
    driver.wait_for_record();
    driver.save(1, "closed long ago", clock);
    driver.close_record(clock);
    driver.save(1, "old item", clock);
    fail_unless(driver.close());
  }
  clock = real - kDay / 2;
  {
    Driver driver(options, hooks);
    driver.wait_for_record();
    driver.save(2, "young item", clock);
    driver.state("state");
    fail_unless(driver.close());
  }
  assert_equals_int(records_of(options).size(), 2);
  clock = real;
  options.retention = std::chrono::hours(24);
  {
    Driver driver(options, hooks);
    assert_text(told(driver.wait_for_record()), "2:young item | state");
    fail_unless(wait_for([&] { return records_of(options).size() == 1; }));
    fail_unless(wait_for([&] { return records_of(options).at(0).items.size() == 1; }));
    assert_equals_int(records_of(options).at(0).unreadable, 0);
    driver.set_retention(std::chrono::hours(11));
    fail_unless(wait_for([&] { return records_of(options).empty(); }));
    driver.save(3, "goes on", clock);
    fail_unless(driver.close());
  }
  assert_text(told(records_of(options).at(0)), "3:goes on | ");
}
GST_END_TEST

GST_START_TEST(a_closed_record_loses_its_old_items_only) {
  Place place;
  int64_t real = now_ms();
  std::atomic<int64_t> clock{real - 30 * 60 * 60 * 1000};
  StoreHooks hooks;
  hooks.wall_ms = [&clock] { return clock.load(); };
  StoreOptions options = place.options();
  Driver driver(options, hooks);
  driver.wait_for_record();
  driver.save(1, "of yesterday", clock);
  driver.save(2, "of today", real - 1000);
  driver.close_record(real - 500);
  fail_unless(driver.close());
  clock = real;
  Driver again(options, hooks);
  again.wait_for_record();
  fail_unless(wait_for([&] { return records_of(options).at(0).items.size() == 1; }));
  assert_text(told(records_of(options).at(0)), "2:of today | ");
  assert_equals_int(records_of(options).at(0).unreadable, 0);
}
GST_END_TEST

std::unique_ptr<Backend> claimed_backend(const StoreOptions &options) {
  Result<std::unique_ptr<Backend>> backend = make_backend(options, false);
  fail_unless(backend.ok() && backend.value()->open().ok());
  Result<Claim> claim = backend.value()->claim();
  fail_unless(claim.ok() && claim.value() == Claim::Taken);
  return std::move(backend).value();
}

std::vector<Row> rows_in(Backend &backend, int64_t record) {
  Result<std::vector<Row>> rows = backend.read_record(record);
  fail_unless(rows.ok());
  return rows.value();
}

void put(Backend &backend, const Row &row) {
  Batch batch;
  batch.put.push_back(row);
  Result<Written> written = backend.write(batch);
  fail_unless(written.ok() && written.value() == Written::Yes);
}

// Somebody who may write to the place puts rows back that were valid once.
GST_START_TEST(a_row_that_was_put_back_moved_or_taken_away_is_noticed) {
  Place place;
  StoreOptions options = place.options();
  auto session = [&](auto use) {
    Driver driver(options);
    driver.wait_for_record();
    use(driver);
    fail_unless(driver.close());
  };
  session([](Driver &driver) {
    driver.save(1, "old one");
    driver.save(2, "two");
    driver.save(3, "three");
    driver.state("old state");
  });
  std::vector<Row> old = rows_in(*claimed_backend(options), 1);
  assert_equals_int(old.size(), 5);
  session([](Driver &driver) {
    driver.save(1, "new one");
    driver.erase(2);
    driver.state("new state");
  });
  std::vector<Row> valid = rows_in(*claimed_backend(options), 1);
  auto check = [&](const std::vector<Row> &rows, const std::string &text, std::size_t unreadable) {
    {
      std::unique_ptr<Backend> backend = claimed_backend(options);
      for (const Row &row : rows) put(*backend, row);
    }
    StoredRecord record = records_of(options).at(0);
    assert_text(told(record), text);
    assert_equals_int(record.unreadable, unreadable);
    std::unique_ptr<Backend> backend = claimed_backend(options);
    Batch tidy;
    tidy.erase = {old[3].key};
    tidy.put = valid;
    fail_unless(backend->write(tidy).ok());
  };
  auto find = [](std::vector<Row> &rows, RowKind kind, int64_t slot) {
    for (Row &row : rows) {
      if (row.key.kind == kind && row.key.slot == slot) return row;
    }
    return Row{};
  };
  Row old_one = find(old, RowKind::Item, 1), old_two = find(old, RowKind::Item, 2);
  Row head = find(old, RowKind::Record, 0), ledger = find(old, RowKind::Ledger, 0);
  check({}, "1:new one 3:three | new state", 0);
  check({old_one}, "3:three | new state", 1);
  check({old_two}, "1:new one 3:three | new state", 1);
  check({head}, "1:new one 3:three | ", 1);
  check({ledger}, "3:three | ", 3);
  Row moved = find(valid, RowKind::Item, 3);
  moved.key.slot = 1;
  check({moved}, "3:three | new state", 1);
  std::unique_ptr<Backend> backend = claimed_backend(options);
  Batch away;
  away.erase.push_back({1, RowKind::Item, 3});
  fail_unless(backend->write(away).ok());
  backend.reset();
  assert_equals_int(records_of(options).at(0).unreadable, 1);
}
GST_END_TEST

GST_START_TEST(only_the_owner_writes) {
  Place place;
  StoreOptions options = place.options();
  std::unique_ptr<Backend> owner = claimed_backend(options);
  Result<std::unique_ptr<Backend>> other = make_backend(options, false);
  fail_unless(other.ok() && other.value()->open().ok());
  Result<Claim> claim = other.value()->claim();
  fail_unless(claim.ok() && claim.value() == Claim::Held);
  Batch batch;
  batch.put.push_back({{1, RowKind::Item, 1}, 1, 0, 1, "sealed"});
  Result<Written> written = other.value()->write(batch);
  fail_unless(written.ok() && written.value() == Written::NotOwner);
  fail_unless(rows_in(*owner, 1).empty());
  fail_unless(owner->write(batch).value() == Written::Yes);
  assert_equals_int(rows_in(*other.value(), 1).size(), 1);
  fail_unless(owner->claim().value() == Claim::Kept);
}
GST_END_TEST

GST_START_TEST(without_a_retention_all_is_kept) {
  Place place;
  StoreOptions options = place.options();
  options.retention = std::chrono::seconds(0);
  {
    Driver driver(options);
    driver.wait_for_record();
    driver.save(1, "of 1970", 1000);
    fail_unless(driver.close());
  }
  Driver driver(options);
  assert_text(told(driver.wait_for_record()), "1:of 1970 | ");
}
GST_END_TEST

}  // namespace

OAIRT_TEST_MAIN_UNLESS(Place::absent(), store_suite, what_was_saved_is_there_again,
                       a_thousand_items_come_back_in_order,
                       a_closed_record_stays_and_the_next_save_begins_another,
                       an_erased_session_leaves_nothing, an_erasure_also_takes_what_waits,
                       one_drives_the_session_and_the_next_takes_over,
                       a_store_that_is_dropped_gives_the_session_back,
                       sessions_do_not_see_each_other, what_is_older_than_the_retention_goes,
                       a_closed_record_loses_its_old_items_only,
                       a_row_that_was_put_back_moved_or_taken_away_is_noticed,
                       only_the_owner_writes, without_a_retention_all_is_kept)
