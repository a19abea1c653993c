// Keys and seals: who can open what, and what is refused.
#include <filesystem>
#include <set>
#include <thread>

#include <sys/stat.h>

#include "store/key_ring.h"
#include "store/record_reader.h"
#include "store/sealing.h"
#include "store_bench.h"
#include "support/check.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

const std::string kHexA(64, 'a'), kHexB(64, 'B'), kHexC = std::string(32, '0') + kHexA.substr(32);

std::string key_file(StateHome &home, const std::string &content, int mode = 0600,
                     const std::string &name = "key") {
  std::string path = home.file(name);
  std::ofstream(path, std::ios::binary) << content;
  chmod(path.c_str(), static_cast<mode_t>(mode));
  return path;
}

std::size_t keys_in(StateHome &home, const std::string &content) {
  Result<KeyRing> ring = load_key_ring(key_file(home, content), false);
  return ring ? ring->keys.size() : 0;
}

GST_START_TEST(key_files_are_read_in_every_form) {
  StateHome home;
  assert_equals_int(keys_in(home, kHexA), 1);
  assert_equals_int(keys_in(home, kHexA + "\n" + kHexB + "\r\n\n" + kHexC), 3);
  std::string raw(32, '\xf7');
  raw[3] = '\n';
  assert_equals_int(keys_in(home, raw), 1);
  assert_equals_int(keys_in(home, raw + "\n" + kHexA + "\n" + raw + "\n"), 3);
  for (const std::string &wrong :
       {std::string(), std::string("\n"), std::string(32, 'a'), kHexA.substr(1), kHexA + "0",
        kHexA + "\nshort", kHexA + " " + kHexB, raw.substr(1), std::string(200000, 'a')}) {
    fail_unless(keys_in(home, wrong) == 0, "%zu bytes are taken for a key", wrong.size());
    Result<KeyRing> ring = load_key_ring(key_file(home, wrong), false);
    fail_unless(ring.error().code == ErrorCode::Config);
    assert_contains(ring.error().message, "holds no key");
  }
  Result<KeyRing> missing = load_key_ring(home.file("nowhere"), true);
  fail_unless(!missing && missing.error().code == ErrorCode::Config);
  assert_contains(missing.error().message, "openssl rand");
  Result<KeyRing> first = load_key_ring(key_file(home, kHexA), false);
  fail_unless(first.ok() && first->warning.empty());
  Result<KeyRing> again = load_key_ring(key_file(home, kHexB + "\n" + kHexA), false);
  fail_unless(again->find(first->keys[0].id()) == std::optional<std::size_t>(1));
}
GST_END_TEST

GST_START_TEST(a_key_that_others_can_read_is_told) {
  StateHome home;
  for (int mode : {0640, 0604, 0660}) {
    Result<KeyRing> ring = load_key_ring(key_file(home, kHexA, mode), false);
    fail_unless(ring.ok());
    assert_contains(ring->warning, "chmod 600");
  }
  StoreOptions options;
  options.uri = "sqlite:" + home.file("rows.sqlite");
  options.session = "kiosk";
  options.key_file = key_file(home, kHexA, 0644);
  Driver driver(options);
  driver.wait_for_record();
  driver.wait_for_event("healed");
  assert_contains(driver.troubles().at(0).message, "chmod 600");
}
GST_END_TEST

GST_START_TEST(systemds_credential_comes_before_a_key_of_our_own) {
  StateHome home;
  g_setenv("CREDENTIALS_DIRECTORY", home.path().c_str(), TRUE);
  key_file(home, kHexB, 0400, "openairealtime-store-key");
  Result<KeyRing> ring = load_key_ring("", true);
  fail_unless(ring.ok());
  assert_text(ring->source, home.file("openairealtime-store-key"));
  fail_if(std::filesystem::exists(home.file("state")));
}
GST_END_TEST

GST_START_TEST(a_key_is_made_once_however_many_ask) {
  StateHome home;
  fail_if(load_key_ring("", false).ok());
  std::vector<std::thread> threads;
  std::vector<std::string> ids(16);
  for (std::string &id : ids) {
    threads.emplace_back([&id] {
      Result<KeyRing> ring = load_key_ring("", true);
      if (ring) id.assign(ring->keys[0].id().begin(), ring->keys[0].id().end());
    });
  }
  for (std::thread &thread : threads) thread.join();
  assert_equals_int(ids[0].size(), 8);
  assert_equals_int(std::set<std::string>(ids.begin(), ids.end()).size(), 1);
  std::string directory = home.file("state/gst-openai-realtime");
  auto files = std::filesystem::directory_iterator(directory);
  assert_equals_int(std::distance(begin(files), end(files)), 1);
  struct stat about {};
  stat((directory + "/store.key").c_str(), &about);
  assert_equals_int(about.st_mode & 0777, 0600);
}
GST_END_TEST

KeyRing ring_of(StateHome &home, const std::string &lines) {
  Result<KeyRing> ring = load_key_ring(key_file(home, lines), false);
  fail_unless(ring.ok());
  return std::move(ring).value();
}

GST_START_TEST(a_row_opens_only_where_it_was_sealed) {
  StateHome home;
  Sealer sealer(ring_of(home, kHexA), "kiosk");
  Row row;
  row.key = {3, RowKind::Item, 7};
  row.time_ms = 1000;
  row.change = 12;
  sealer.seal(row, "words");
  Row twin = row;
  sealer.seal(twin, "words");
  fail_unless(twin.sealed != row.sealed, "the same nonce twice");
  assert_text(sealer.unseal(row).text, "words");
  auto refused = [&](auto change) {
    Row other = row;
    change(other);
    return sealer.unseal(other).refusal != Refusal::None;
  };
  fail_unless(refused([](Row &other) { other.key.record = 4; }));
  fail_unless(refused([](Row &other) { other.key.slot = 8; }));
  fail_unless(refused([](Row &other) { other.key.kind = RowKind::Record; }));
  fail_unless(refused([](Row &other) { other.time_ms = 1001; }));
  fail_unless(refused([](Row &other) { other.closed_ms = 1; }));
  fail_unless(refused([](Row &other) { other.change = 11; }));
  fail_unless(Sealer(ring_of(home, kHexA), "kiosk2").unseal(row).refusal == Refusal::Altered);
  fail_unless(Sealer(ring_of(home, kHexB), "kiosk").unseal(row).refusal == Refusal::UnknownKey);
  for (std::size_t at = 0; at < row.sealed.size(); ++at) {
    fail_unless(refused([at](Row &other) { other.sealed[at] ^= 1; }), "byte %zu", at);
    fail_unless(refused([at](Row &other) { other.sealed.resize(at); }), "cut at %zu", at);
  }
  Unsealed rotated = Sealer(ring_of(home, kHexB + "\n" + kHexA), "kiosk").unseal(row);
  fail_unless(rotated.text == "words" && rotated.old_key);
}
GST_END_TEST

StoreOptions with_key(StateHome &home, const std::string &lines) {
  StoreOptions options;
  options.uri = "sqlite:" + home.file("rows.sqlite");
  options.session = "kiosk";
  options.key_file = key_file(home, lines);
  return options;
}

GST_START_TEST(a_wrong_key_changes_nothing) {
  StateHome home;
  {
    Driver driver(with_key(home, kHexA));
    driver.wait_for_record();
    driver.save(1, "words");
    fail_unless(driver.close());
  }
  Result<std::vector<StoredRecord>> records = read_all_records(with_key(home, kHexB));
  fail_unless(!records && records.error().code == ErrorCode::Config);
  assert_contains(records.error().message, "does not fit");
  {
    Driver driver(with_key(home, kHexB));
    driver.save(1, "other words");
    driver.wait_for_event("trouble");
    Error error = driver.troubles().at(0);
    fail_unless(error.code == ErrorCode::Config);
    assert_contains(error.message, "does not fit");
    fail_unless(error.message.find(kHexB) == std::string::npos);
    fail_if(driver.close());
  }
  assert_text(told(records_of(with_key(home, kHexA)).at(0)), "1:words | ");
}
GST_END_TEST

GST_START_TEST(after_a_rotation_the_old_key_can_go) {
  StateHome home;
  {
    Driver driver(with_key(home, kHexA));
    driver.wait_for_record();
    for (int slot = 1; slot <= 20; ++slot) driver.save(slot, "closed");
    driver.close_record(now_ms());
    for (int slot = 1; slot <= 20; ++slot) driver.save(slot, "open");
    driver.state("state");
    fail_unless(driver.close());
  }
  Driver driver(with_key(home, kHexB + "\n" + kHexA));
  assert_equals_int(driver.wait_for_record().items.size(), 20);
  // Row by row: the old key's last one goes when all are done.
  fail_unless(wait_for([&] { return !read_all_records(with_key(home, kHexA)).ok(); }));
  std::vector<StoredRecord> records = records_of(with_key(home, kHexB));
  assert_equals_int(records.size(), 2);
  for (const StoredRecord &record : records) {
    assert_equals_int(record.unreadable, 0);
    assert_equals_int(record.items.size(), 20);
  }
  assert_text(records[1].state, "state");
}
GST_END_TEST

}  // namespace

OAIRT_TEST_MAIN(store_sealing, key_files_are_read_in_every_form, a_key_that_others_can_read_is_told,
                systemds_credential_comes_before_a_key_of_our_own,
                a_key_is_made_once_however_many_ask, a_row_opens_only_where_it_was_sealed,
                a_wrong_key_changes_nothing, after_a_rotation_the_old_key_can_go)
