// What is special about a store in Redis: it can go, come back, freeze, and be taken over.
#include <csignal>

#include "driver_process.h"
#include "store_bench.h"
#include "support/check.h"
#include "support/http_fixture.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

constexpr char kWords[] = "the quick brown secret";

StoreOptions options_for(const RedisServer &server, Duration lease = milliseconds(900)) {
  StoreOptions options;
  options.uri = server.uri();
  options.session = "kiosk";
  options.lease = lease;
  return options;
}

GST_START_TEST(a_server_that_dies_and_comes_back_empty_costs_no_new_item) {
  StateHome home;
  RedisServer server;
  StoreOptions options = options_for(server);
  Driver driver(options);
  driver.wait_for_record();
  driver.save(1, "lost with the server");
  driver.state("state");
  fail_unless(wait_for([&] { return !records_of(options).empty(); }));
  server.kill();
  for (int slot = 2; slot <= 50; ++slot) driver.save(slot, std::to_string(slot));
  driver.wait_for_event("trouble");
  assert_contains(driver.troubles().at(0).message, "There is no connection to the Redis server");
  server.start();
  driver.wait_for_event("healed");
  fail_unless(driver.close());
  StoredRecord record = records_of(options).at(0);
  assert_equals_int(record.items.size(), 49);
  assert_equals_int(record.unreadable, 0);
  assert_text(record.state, "state");
  assert_equals_int(driver.count("lost"), 0);
  assert_equals_int(driver.count("trouble"), 1);
  assert_equals_int(driver.count("emptied"), 1);
}
GST_END_TEST

GST_START_TEST(a_server_with_a_disk_of_its_own_loses_nothing) {
  StateHome home;
  RedisServer server({"--appendonly", "yes", "--appendfsync", "always"});
  StoreOptions options = options_for(server);
  Driver driver(options);
  driver.wait_for_record();
  for (int slot = 1; slot <= 20; ++slot) driver.save(slot, std::to_string(slot));
  server.kill();
  for (int slot = 21; slot <= 40; ++slot) driver.save(slot, std::to_string(slot));
  driver.wait_for_event("trouble");
  server.start();
  driver.wait_for_event("healed");
  fail_unless(driver.close());
  StoredRecord record = records_of(options).at(0);
  assert_equals_int(record.items.size(), 40);
  assert_equals_int(record.unreadable, 0);
  assert_equals_int(driver.count("emptied") + driver.count("lost"), 0);
}
GST_END_TEST

GST_START_TEST(a_server_that_freezes_holds_nobody_up) {
  StateHome home;
  RedisServer server;
  StoreOptions options = options_for(server, std::chrono::seconds(30));
  Driver driver(options);
  driver.wait_for_record();
  server.freeze();
  TimePoint start = Clock::now();
  driver.save(1, "one");
  driver.wait_for_event("trouble");
  fail_unless(Clock::now() - start < milliseconds(2500));
  start = Clock::now();
  fail_if(driver.close(milliseconds(200)));
  driver.destroy();
  fail_unless(Clock::now() - start < milliseconds(1500));
  server.thaw();
}
GST_END_TEST

GST_START_TEST(another_process_takes_over_when_the_first_is_killed) {
  StateHome home;
  RedisServer server;
  StoreOptions options = options_for(server);
  DriverProcess owner(options, "flood");
  owner.wait_for_line("w10");
  Driver heir(options);
  heir.wait_for_event("standby");
  owner.wait_for_line("w15");
  TimePoint killed = Clock::now();
  owner.kill();
  std::size_t committed = 15;
  for (const std::string &line : owner.rest()) committed += line[0] == 'w';
  heir.wait_for_record();
  double without_ms = to_ms(Clock::now() - killed);
  std::size_t there = 0;
  for (const StoredRecord &record : records_of(options)) {
    there += record.items.size();
    assert_equals_int(record.unreadable, 0);
  }
  std::printf("killed after %zu items: %.0f ms without a driver (lease 900 ms), %zu items lost\n",
              committed, without_ms, committed > there ? committed - there : 0);
  fail_unless(there >= committed && without_ms < 1500);
  heir.save(100000, "goes on");
  fail_unless(heir.close());
}
GST_END_TEST

GST_START_TEST(an_owner_that_was_silent_too_long_is_refused) {
  StateHome home;
  RedisServer server;
  StoreOptions options = options_for(server, milliseconds(400));
  DriverProcess owner(options, "talk");
  owner.say("save 1 of the first owner");
  owner.wait_for_line("opened");
  fail_unless(wait_for([&] { return !records_of(options).empty(); }));
  owner.freeze();
  owner.say("save 2 of one that is none");
  Driver heir(options);
  heir.wait_for_record();
  heir.save(10, "of the second owner");
  owner.signal(SIGCONT);
  owner.wait_for_line("lost");
  owner.say("save 3 waits for its turn");
  fail_unless(wait_for([&] {
                return told(records_of(options).at(0)) ==
                       "1:of the first owner 10:of the second owner | ";
              }),
              "%s", told(records_of(options).at(0)).c_str());
  fail_unless(heir.close());
  owner.wait_for_line("opened");
  owner.say("close");
  owner.wait_for_line("closed");
  // What it was told before it knew is gone, or waited for its turn if that came late.
  std::string all = told(records_of(options).at(0));
  assert_contains(all, "1:of the first owner ");
  assert_contains(all, "3:waits for its turn 10:of the second owner | ");
  assert_equals_int(heir.count("lost"), 0);
}
GST_END_TEST

GST_START_TEST(nothing_readable_reaches_the_server_and_it_forgets_by_itself) {
  StateHome home;
  RedisServer server({"--appendonly", "yes"});
  StoreOptions options = options_for(server);
  options.retention = std::chrono::seconds(100);
  Driver driver(options);
  driver.wait_for_record();
  driver.save(1, kWords);
  driver.state(kWords);
  driver.close_record(now_ms());
  driver.save(1, kWords);
  fail_unless(driver.close());
  fail_unless(!files_with(server.directory(), "kiosk").empty());
  assert_equals_int(files_with(server.directory(), kWords).size(), 0);
  std::string keys = server.command({"KEYS", "*"});
  for (const char *key : {"records", "record:0", "record:1", "record:2"}) {
    std::string name = std::string("openairealtime:{kiosk}:") + key;
    assert_contains(keys, name);
    int64_t left = g_ascii_strtoll(server.command({"TTL", name}).c_str(), nullptr, 10);
    fail_unless(left > 0 && left <= 100, "%s: %d", key, static_cast<int>(left));
  }
  fail_if(keys.find("lease") != std::string::npos, "the lease was not given back");
  options.retention = std::chrono::seconds(0);
  Driver again(options);
  again.wait_for_record();
  again.set_retention(std::chrono::seconds(50));
  fail_unless(wait_for([&] {
    return g_ascii_strtoll(server.command({"TTL", "openairealtime:{kiosk}:record:1"}).c_str(),
                           nullptr, 10) <= 50;
  }));
  again.set_retention(std::chrono::seconds(0));
  fail_unless(wait_for([&] {
    return server.command({"TTL", "openairealtime:{kiosk}:record:1"}) == "-1\n";
  }));
}
GST_END_TEST

GST_START_TEST(a_password_is_asked_for_and_never_shown) {
  StateHome home;
  RedisServer server({"--user", "kiosk", "on", ">hunter2", "~openairealtime:*", "+@all", "--user",
                      "default", "off"});
  StoreOptions options = options_for(server);
  std::string host = "127.0.0.1:" + std::to_string(server.port());
  for (const char *login : {"", "kiosk:wrong-hunter3@", ":hunter2@"}) {
    options.uri = "redis://" + std::string(login) + host;
    Driver driver(options);
    driver.wait_for_event("trouble");
    Error error = driver.troubles().at(0);
    fail_unless(error.code == ErrorCode::Auth, "%s", error.message.c_str());
    fail_unless((error.message + error.detail).find("hunter") == std::string::npos);
  }
  options.uri = "redis://kiosk:hunter2@" + host + "/2";
  Driver driver(options);
  driver.wait_for_record();
  driver.save(1, "one");
  fail_unless(driver.close());
  assert_text(told(records_of(options).at(0)), "1:one | ");
  options.uri = "redis://kiosk:hunter2@" + host;
  assert_equals_int(records_of(options).size(), 0);
}
GST_END_TEST

GST_START_TEST(tls_is_spoken_and_certificates_are_checked) {
  StateHome home;
  CertificateMaker maker;
  Certificate own = maker.make("IP:127.0.0.1"), other = maker.make("IP:127.0.0.1");
  RedisServer server;
  server.kill();
  std::string port = std::to_string(server.tls_port());
  server.start({"--tls-port", port, "--tls-cert-file", own.certificate_file, "--tls-key-file",
                own.key_file, "--tls-ca-cert-file", own.certificate_file, "--tls-auth-clients",
                "no"});
  StoreOptions options = options_for(server);
  options.uri = "rediss://127.0.0.1:" + port;
  for (const std::string &ca : {std::string(), other.certificate_file}) {
    options.ca_file = ca;
    Driver driver(options);
    driver.wait_for_event("trouble");
    fail_unless(driver.troubles().at(0).code == ErrorCode::Security, "%s",
                driver.troubles().at(0).message.c_str());
  }
  options.ca_file = own.certificate_file;
  Driver driver(options);
  driver.wait_for_record();
  for (int slot = 1; slot <= 20; ++slot) driver.save(slot, std::string(100000, 'a'));
  fail_unless(driver.close());
  assert_equals_int(records_of(options).at(0).items.size(), 20);
  options.uri = server.uri();  // no TLS there: the same rows
  assert_equals_int(records_of(options).at(0).items.size(), 20);
}
GST_END_TEST

GST_START_TEST(what_is_no_redis_is_told) {
  StateHome home;
  RedisServer server;
  StoreOptions options = options_for(server);
  options.uri = "rediss://127.0.0.1:" + std::to_string(server.port());
  Driver secure(options);
  TimePoint start = Clock::now();
  secure.wait_for_event("trouble");
  fail_unless(Clock::now() - start < std::chrono::seconds(3));
  server.freeze();
  Driver silent(options);
  start = Clock::now();
  silent.wait_for_event("trouble");
  fail_unless(Clock::now() - start < std::chrono::seconds(3));
  server.thaw();
}
GST_END_TEST

}  // namespace

OAIRT_TEST_MAIN_UNLESS(RedisServer::absent(), store_redis,
                       a_server_that_dies_and_comes_back_empty_costs_no_new_item,
                       a_server_with_a_disk_of_its_own_loses_nothing,
                       a_server_that_freezes_holds_nobody_up,
                       another_process_takes_over_when_the_first_is_killed,
                       an_owner_that_was_silent_too_long_is_refused,
                       nothing_readable_reaches_the_server_and_it_forgets_by_itself,
                       a_password_is_asked_for_and_never_shown,
                       tls_is_spoken_and_certificates_are_checked, what_is_no_redis_is_told)
