// The pure parts: what waits, versions, time, addresses.
#include <random>

#include "store/ledger.h"
#include "store/pending.h"
#include "store/retention_clock.h"
#include "store/store_uri.h"
#include "store_bench.h"
#include "support/check.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

using Kind = Change::Kind;

std::string told(const std::vector<Change> &changes) {
  std::string text;
  for (const Change &change : changes) {
    const char *verbs[] = {"save ", "erase ", "state ", "close "};
    text += verbs[static_cast<int>(change.kind)];
    if (change.kind == Kind::SaveItem || change.kind == Kind::EraseItem) {
      text += std::to_string(change.slot);
    }
    text += change.text + "; ";
  }
  return text;
}

GST_START_TEST(the_last_save_of_a_slot_wins) {
  Pending pending;
  pending.add({Kind::SaveItem, 1, 0, "a"});
  pending.add({Kind::SaveState, 0, 0, "A"});
  pending.add({Kind::SaveItem, 2, 0, "b"});
  pending.add({Kind::SaveItem, 1, 0, "cc"});
  pending.add({Kind::SaveState, 0, 0, "B"});
  assert_equals_int(pending.bytes(), 4);
  pending.add({Kind::CloseRecord, 0, 5, ""});
  pending.add({Kind::SaveItem, 1, 0, "d"});
  pending.add({Kind::SaveState, 0, 0, "C"});
  pending.add({Kind::EraseItem, 1, 0, ""});
  assert_text(told(pending.take(1000)), "save 2b; save 1cc; state B; close ; state C; erase 1; ");
  fail_unless(pending.empty() && pending.bytes() == 0);
}
GST_END_TEST

GST_START_TEST(what_was_taken_is_not_touched_any_more) {
  Pending pending;
  pending.add({Kind::SaveItem, 1, 0, "aaaa"});
  pending.add({Kind::SaveItem, 2, 0, "bbbb"});
  pending.add({Kind::SaveState, 0, 0, "cccc"});
  assert_text(told(pending.take(1)), "save 1aaaa; ");
  pending.add({Kind::SaveItem, 1, 0, "dddd"});
  assert_text(told(pending.take(8)), "save 2bbbb; state cccc; ");
  pending.add({Kind::SaveState, 0, 0, "eeee"});
  assert_text(told(pending.take(8)), "save 1dddd; state eeee; ");
  pending.add({Kind::SaveItem, 1, 0, "ffff"});
  pending.clear();
  pending.add({Kind::SaveItem, 1, 0, "gggg"});
  assert_text(told(pending.take(8)), "save 1gggg; ");
}
GST_END_TEST

GST_START_TEST(a_ledger_is_read_as_it_was_written) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    Ledger ledger;
    ledger.closed_ms = static_cast<int64_t>(random()) >> (random() % 64);
    ledger.head_change = static_cast<int64_t>(random()) >> (random() % 64);
    for (uint64_t count = random() % 50; count > 0; --count) {
      ledger.items[static_cast<int64_t>(random()) >> (random() % 64)] =
          static_cast<int64_t>(random()) >> (random() % 64);
    }
    std::string bytes = ledger.encode();
    fail_unless(Ledger::decode(bytes) == ledger);
    bytes.resize(random() % bytes.size());
    (void)Ledger::decode(bytes);
    for (char &byte : bytes) byte = static_cast<char>(random());
    (void)Ledger::decode(bytes);
  }
  Ledger usual;
  usual.head_change = 0x123456789abc;
  for (int slot = 1; slot <= 1000; ++slot) usual.items[slot] = usual.head_change + slot;
  fail_unless(usual.encode().size() < 2100);
}
GST_END_TEST

constexpr int64_t kHour = 60 * 60 * 1000;
constexpr int64_t kYear = 365 * 24 * kHour;
constexpr int64_t kNow = 57 * kYear;

GST_START_TEST(a_clock_that_jumps_ahead_has_to_prove_itself) {
  RetentionClock clock;
  clock.start(kNow, 0, kNow - kHour);
  assert_equals_int64(clock.now_ms(kNow + kHour, kHour), kNow + kHour);
  assert_equals_int64(clock.now_ms(kNow + 3 * kYear, 2 * kHour), kNow + 2 * kHour);
  assert_equals_int64(clock.now_ms(kNow + 2 * kHour, 2 * kHour), kNow + 2 * kHour);
  assert_equals_int64(clock.now_ms(kNow + 3 * kYear, 2 * kHour + 1), kNow + 2 * kHour + 1);
  assert_equals_int64(clock.now_ms(kNow + 3 * kYear, 3 * kHour), kNow + 3 * kHour);
  assert_equals_int64(clock.now_ms(kNow + 3 * kYear, 3 * kHour + 1), kNow + 3 * kYear);
}
GST_END_TEST

GST_START_TEST(a_clock_that_is_set_back_erases_nothing) {
  RetentionClock clock;
  clock.start(kNow, 0, kNow);
  assert_equals_int64(clock.now_ms(kNow - kYear, 1000), kNow - kYear);
  assert_equals_int64(clock.now_ms(kNow - kYear + 1000, 2000), kNow - kYear + 1000);
}
GST_END_TEST

GST_START_TEST(a_machine_that_starts_in_another_time_erases_nothing_at_once) {
  RetentionClock clock;
  clock.start(0, 0, kNow);  // 1970, until the network tells the time
  assert_equals_int64(clock.now_ms(5000, 5000), 5000);
  assert_equals_int64(clock.now_ms(kNow + kHour, 6000), 6000);
  assert_equals_int64(clock.now_ms(kNow + 2 * kHour, 6000 + kHour), kNow + 2 * kHour);
  clock.start(kNow + 20 * kYear, 0, kNow);
  assert_equals_int64(clock.now_ms(kNow + 20 * kYear, 1000), kNow + 1000);
  clock.start(kNow + kYear, 0, kNow);  // it was off
  assert_equals_int64(clock.now_ms(kNow + kYear, 0), kNow + kYear);
}
GST_END_TEST

GST_START_TEST(addresses_are_taken_apart) {
  StateHome home;
  Result<StoreUri> uri = parse_store_uri("redis://us%40er:p%2Fw:d@[::1]:7000/3");
  fail_unless(uri.ok());
  assert_text(uri->user, "us@er");
  assert_text(std::string(uri->password.reveal()), "p/w:d");
  assert_text(uri->host, "::1");
  assert_text(uri->name(), "the Redis server [::1]:7000");
  fail_unless(uri->port == 7000 && uri->database == 3 && !uri->tls);
  uri = parse_store_uri("rediss://:secret@cache.example.com");
  fail_unless(uri.ok() && uri->tls && uri->port == 6379 && uri->user.empty());
  assert_text(std::string(uri->password.reveal()), "secret");
  uri = parse_store_uri("sqlite:/var/lib/x/../kiosk.sqlite");
  assert_text(uri.value().path, "/var/lib/kiosk.sqlite");
  fail_unless(parse_store_uri("sqlite:rows").value().path[0] == '/');
  fail_unless(parse_store_uri("memory:").value().kind == StoreUri::Kind::Memory);
  assert_contains(parse_store_uri("").value().path, "/gst-openai-realtime/");
}
GST_END_TEST

GST_START_TEST(addresses_that_cannot_be_are_told_without_their_passwords) {
  for (const char *wrong :
       {"redis:", "redis://", "redis://u:hunter2@", "redis://u:hunter2@host/x", "hunter2",
        "redis://u:hunter2@host:port", "redis://u:hunter2@host/0?a=b", "redis://hunter2@host",
        "redis://u:hunter2%@host", "http://u:hunter2@host", "redis://u:hunter2@host/99999999999",
        "sqlite:", "sqlite:~/x", "sqlite:/tmp/", "memory", "redis://u:hunter2@ho st"}) {
    Result<StoreUri> uri = parse_store_uri(wrong);
    fail_if(uri.ok(), "%s", wrong);
    fail_unless(uri.error().code == ErrorCode::Config);
    std::string all = uri.error().message + uri.error().detail;
    fail_unless(all.find("hunter2") == std::string::npos, "%s", all.c_str());
  }
  StoreOptions options;
  options.uri = "memory:";
  fail_if(check_store_options(options).ok(), "no session name");
  options.session = "a\nb";
  fail_if(check_store_options(options).ok());
  options.session = "\xff";
  fail_if(check_store_options(options).ok());
  options.session = std::string(257, 'a');
  fail_if(check_store_options(options).ok());
  options.session = "Empfang Süd";
  fail_unless(check_store_options(options).ok());
  options.retention = std::chrono::seconds(-1);
  fail_if(check_store_options(options).ok());
  options.retention = {};
  options.lease = {};
  fail_if(check_store_options(options).ok());
}
GST_END_TEST

}  // namespace

OAIRT_TEST_MAIN(store_parts, the_last_save_of_a_slot_wins, what_was_taken_is_not_touched_any_more,
                a_ledger_is_read_as_it_was_written, a_clock_that_jumps_ahead_has_to_prove_itself,
                a_clock_that_is_set_back_erases_nothing,
                a_machine_that_starts_in_another_time_erases_nothing_at_once,
                addresses_are_taken_apart,
                addresses_that_cannot_be_are_told_without_their_passwords)
