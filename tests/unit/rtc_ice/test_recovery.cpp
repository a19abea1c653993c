// What becomes of a call when the network between the agent and its peer fails: silence that ends,
// a NAT that forgets, UDP that is blocked, slow networks, restarts. All on 127.0.0.1.
#include <thread>

#include "ice_bench.h"
#include "lite_peer.h"
#include "recovery_driver.h"
#include "udp_relay.h"

using namespace std::chrono_literals;
using oairt::Clock;
using oairt::Duration;
using oairt::IceAgent;
using oairt::IceOptions;
using oairt::IceState;
using oairt::Secret;
using oairt::TimePoint;
using oairt::to_ms;
using oairt::test::DriverTimes;
using oairt::test::IceBench;
using oairt::test::LitePeer;
using oairt::test::RecoveryDriver;
using oairt::test::run_in;
using oairt::test::UdpRelay;
using oairt::test::wait_for;

namespace {

using Bytes = std::vector<uint8_t>;

Bytes packet(unsigned number) {
  return {0x80, 111, static_cast<uint8_t>(number >> 8), static_cast<uint8_t>(number)};
}

Bytes record(uint8_t number) { return {23, 254, 253, 0, 1, 0, 0, 0, 0, 0, number, 0, 1, number}; }

void connect(IceBench &bench, LitePeer &peer, const std::vector<std::string> &candidates) {
  bench.set_local();
  bench.set_remote(peer.ufrag, peer.pwd, candidates);
  fail_unless(bench.wait_state(IceState::Connected));
}

void probe(IceBench &bench) {
  run_in(bench.loop(), [&] { bench.agent().probe(); });
}

// For what is to be seen as silence: nothing happens meanwhile, so there is nothing to wait for.
void let_pass(Duration time) {
  fail_if(wait_for([] { return false; }, time));
}

bool heard_since(IceBench &bench, TimePoint since, Duration limit = 2s) {
  return wait_for([&] { return bench.agent().last_heard() > since; }, limit);
}

uint16_t port_of(const std::string &candidate) {
  std::istringstream words(candidate);
  std::string word;
  for (int i = 0; i < 6; ++i) words >> word;
  return static_cast<uint16_t>(std::stoi(word));
}

// One talks, as a call does.
class Talk {
 public:
  explicit Talk(IceBench &bench) : bench_(bench), thread_([this] { run(); }) {}
  ~Talk() {
    over_ = true;
    thread_.join();
  }

 private:
  void run() {
    for (unsigned i = 0; !over_; ++i) {
      bench_.send(packet(i));
      std::this_thread::sleep_for(20ms);
    }
  }
  IceBench &bench_;
  std::atomic<bool> over_{false};
  std::thread thread_;
};

}  // namespace

GST_START_TEST(a_probe_is_answered_and_counts_as_a_sign_of_life) {
  for (bool tcp : {false, true}) {
    LitePeer peer;
    IceBench bench;
    connect(bench, peer, {tcp ? peer.tcp_candidate() : peer.udp_candidate()});
    let_pass(500ms);  // the nominations that follow a connect
    auto before = bench.agent().counters();
    TimePoint since = Clock::now();
    int nominations = peer.nominations;
    probe(bench);
    fail_unless(heard_since(bench, since));
    fail_unless_equals_uint64(bench.agent().counters().answers, before.answers + 1);
    fail_unless_equals_int(peer.nominations, nominations + 1);
    fail_unless(bench.agent().last_inbound() < since);
    fail_unless_equals_int(bench.received_count(), 0);
  }
}
GST_END_TEST

GST_START_TEST(a_forged_answer_counts_for_nothing) {
  LitePeer peer;
  IceBench bench;
  connect(bench, peer, {peer.udp_candidate()});
  let_pass(500ms);
  for (auto forgery : {LitePeer::Forgery::Password, LitePeer::Forgery::Transaction}) {
    peer.forgery = forgery;
    TimePoint since = Clock::now();
    for (int i = 0; i < 5; ++i) probe(bench);
    fail_if(heard_since(bench, since, 200ms));
  }
  peer.forgery = LitePeer::Forgery::None;
  TimePoint since = Clock::now();
  probe(bench);
  fail_unless(heard_since(bench, since));
}
GST_END_TEST

GST_START_TEST(a_path_that_comes_back_is_in_use_again_at_once_and_nothing_is_missed) {
  LitePeer peer;
  std::atomic<int> records{0};
  peer.on_packet = [&](const Bytes &bytes) { records += bytes[0] == 23; };
  IceOptions options;
  options.consent_interval = 200ms;
  options.consent_timeout = 1500ms;
  options.opening_repeat = 0ms;
  for (Duration outage : {Duration(900ms), Duration(3s)}) {
    UdpRelay network(port_of(peer.udp_candidate()));
    IceBench bench(options);
    connect(bench, peer, {network.candidate()});
    std::string before = peer.remote();
    DriverTimes patient;
    patient.migrate_after = 1h;
    RecoveryDriver driver(bench, patient);
    records = 0;
    network.blocked = true;
    for (uint8_t i = 0; i < 20; ++i) bench.send(record(i));
    let_pass(outage);
    bool lost = outage > options.consent_timeout;
    fail_unless(bench.wait_state(lost ? IceState::Failed : IceState::Connected));
    if (lost) {
      // Only the question is sent to a peer that may not want us any more.
      auto sent = bench.agent().bytes_sent();
      bench.send(packet(1));
      fail_unless_equals_uint64(bench.agent().bytes_sent(), sent);
    }
    TimePoint back = Clock::now();
    network.blocked = false;
    fail_unless(wait_for([&] { return records == 20; }, 1s));
    double took = to_ms(Clock::now() - back);
    g_print("outage of %.0f ms: all records there %.0f ms after its end\n", to_ms(outage), took);
    fail_unless(took < 300);  // 100 on an idle machine
    fail_unless(bench.wait_state(IceState::Connected));
    assert_text(peer.remote(), before);
    fail_unless_equals_uint64(bench.agent().swaps(), 0);
    fail_unless(bench.agent().counters().replayed_records >= 20);
    std::size_t count = bench.received_count();
    bench.send(packet(2));
    fail_unless(wait_for([&] { return bench.received_count() > count; }));
  }
}
GST_END_TEST

GST_START_TEST(what_was_sent_again_before_the_peer_heard_us_is_sent_once_more) {
  LitePeer peer;
  std::atomic<int> records{0};
  peer.on_packet = [&](const Bytes &bytes) { records += bytes[0] == 23; };
  peer.echo = false;
  IceOptions options;
  options.opening_repeat = 0ms;
  IceBench bench(options);
  connect(bench, peer, {peer.udp_candidate()});
  peer.deaf = true;
  for (uint8_t i = 0; i < 10; ++i) bench.send(record(i));
  fail_unless(wait_for([&] { return peer.dropped >= 10; }));
  let_pass(options.resume_after + 100ms);
  // It is heard, and does not hear us yet.
  peer.send(packet(1));
  fail_unless(wait_for([&] { return bench.agent().counters().replayed_records >= 10; }));
  fail_unless_equals_int(records, 0);
  for (unsigned i = 2; i < 12; ++i) {
    peer.send(packet(i));
    let_pass(20ms);
  }
  TimePoint hears = Clock::now();
  peer.deaf = false;
  fail_unless(wait_for([&] { return records >= 10; }, 1500ms));
  g_print("all records there %.0f ms after the peer heard us\n", to_ms(Clock::now() - hears));
}
GST_END_TEST

GST_START_TEST(a_nat_that_forgot_us_learns_of_us_by_a_probe) {
  LitePeer peer;
  UdpRelay network(port_of(peer.udp_candidate()));
  IceBench bench;
  connect(bench, peer, {network.candidate()});
  let_pass(400ms);
  std::string before = peer.remote();
  RecoveryDriver driver(bench);
  Talk talk(bench);
  fail_unless(wait_for([&] { return bench.received_count() > 5; }));
  TimePoint since = Clock::now();
  network.rebind();
  fail_unless(wait_for([&] { return peer.remote() != before; }, 2s));
  std::size_t count = bench.received_count();
  fail_unless(wait_for([&] { return bench.received_count() > count + 3; }));
  g_print("heard again %.0f ms after the NAT forgot\n", to_ms(Clock::now() - since));
  fail_unless_equals_uint64(bench.agent().swaps(), 0);
}
GST_END_TEST

GST_START_TEST(tcp_takes_over_when_udp_is_blocked_in_a_call) {
  LitePeer peer;
  IceBench bench;
  connect(bench, peer, {peer.udp_candidate(), peer.tcp_candidate()});
  RecoveryDriver driver(bench);
  Talk talk(bench);
  fail_unless(wait_for([&] { return bench.received_count() > 5; }));
  TimePoint since = Clock::now();
  peer.deaf_on_udp = true;
  fail_unless(wait_for([&] { return bench.agent().swaps() > 0; }, 5s));
  std::size_t count = bench.received_count();
  fail_unless(wait_for([&] { return bench.received_count() > count; }));
  double took = to_ms(Clock::now() - since);
  g_print("on TCP %.0f ms after UDP was blocked\n", took);
  fail_unless(took < 1500);
  assert_contains(peer.remote(), "tcp ");
  assert_text(bench.agent().selected_pair()->remote, "host/tcp");
  fail_unless(wait_for([&] { return driver.stops > 0; }));
}
GST_END_TEST

GST_START_TEST(renewals_do_not_kill_a_path_on_a_slow_network) {
  LitePeer peer;
  UdpRelay network(port_of(peer.udp_candidate()));
  IceBench bench;
  network.delay_ms = 200;
  connect(bench, peer, {network.candidate()});
  // Its round trips are known now; the path dies, another is looked for every 300 ms.
  fail_unless(wait_for([&] { return bench.agent().counters().answers > 0; }));
  let_pass(700ms);
  TimePoint since = Clock::now();
  for (int i = 0; i < 10 && bench.agent().swaps() == 0; ++i) {
    bench.migrate("renewed");
    wait_for([&] { return bench.agent().swaps() > 0; }, 300ms);
  }
  fail_unless(wait_for([&] { return bench.agent().swaps() > 0; }, 100ms));
  g_print("another path after %.0f ms at a round trip of 400 ms\n", to_ms(Clock::now() - since));
  // Unknown to us, the round trip grew to 800 ms.
  network.delay_ms = 400;
  let_pass(1s);
  for (int i = 0; i < 10 && bench.agent().swaps() == 1; ++i) {
    bench.migrate("renewed");
    wait_for([&] { return bench.agent().swaps() > 1; }, 300ms);
  }
  fail_unless(wait_for([&] { return bench.agent().swaps() > 1; }, 100ms));
}
GST_END_TEST

GST_START_TEST(the_peer_ends_on_the_path_that_is_in_use) {
  LitePeer peer;
  UdpRelay slow(port_of(peer.udp_candidate()));
  IceBench bench;
  connect(bench, peer, {peer.udp_candidate(), slow.candidate()});
  Talk talk(bench);
  // Checks of the losers are still on their way when the winner is in use.
  slow.delay_ms = 150;
  for (int i = 0; i < 4; ++i) {
    uint64_t swaps = bench.agent().swaps();
    bench.migrate("another");
    fail_unless(wait_for([&] { return bench.agent().swaps() > swaps; }));
    let_pass(450ms);
    assert_text(peer.remote(), "udp " + bench.agent().selected_pair()->local_address);
  }
  // An effort that is stopped leaves the peer where it was.
  fail_unless(wait_for([&] { return bench.received_count() > 20; }));
  std::string before = peer.remote();
  uint64_t swaps = bench.agent().swaps();
  run_in(bench.loop(), [&] {
    bench.agent().migrate("harmless");
    bench.agent().stop_migrating();
  });
  let_pass(450ms);
  fail_unless_equals_uint64(bench.agent().swaps(), swaps);
  assert_text(peer.remote(), before);
}
GST_END_TEST

GST_START_TEST(an_effort_that_is_lost_does_not_pull_the_peer_off_a_healthy_path) {
  LitePeer peer;
  IceBench bench;
  connect(bench, peer, {peer.udp_candidate()});
  Talk talk(bench);
  fail_unless(wait_for([&] { return bench.received_count() > 5; }));
  std::string before = peer.remote();
  peer.forgery = LitePeer::Forgery::Password;  // libnice takes no such answer either
  bench.migrate("of no use");
  fail_unless(wait_for([&] { return peer.sources().size() > 1; }));
  let_pass(300ms);
  assert_text(peer.remote(), before);
  fail_unless_equals_uint64(bench.agent().swaps(), 0);
}
GST_END_TEST

GST_START_TEST(a_restart_that_fails_leaves_the_old_credentials) {
  LitePeer peer, other;
  IceBench bench;
  connect(bench, peer, {peer.udp_candidate()});
  // The answer never comes: the call goes on, and can migrate.
  run_in(bench.loop(), [&] { bench.agent().begin_restart(); });
  bench.migrate("while a restart waits for its answer");
  fail_unless(wait_for([&] { return bench.agent().swaps() == 1; }));
  // The answer comes, its candidates are dead; the policy gives up.
  other.deaf = true;
  run_in(bench.loop(), [&] {
    bench.agent().finish_restart({other.ufrag, Secret(other.pwd)}, {other.udp_candidate()});
    bench.agent().finish_restart({"stray", Secret("straystraystraystray")}, {});
  });
  bench.send(packet(1));
  fail_unless(wait_for([&] { return bench.received_count() == 1; }));
  run_in(bench.loop(), [&] {
    bench.agent().migrate("looks for the new peer");
    bench.agent().stop_migrating();
    bench.agent().migrate("back at the old one");
  });
  fail_unless(wait_for([&] { return bench.agent().swaps() == 2; }));
  bench.send(packet(2));
  fail_unless(wait_for([&] { return bench.received_count() == 2; }));
  fail_unless_equals_int(other.packets, 0);
}
GST_END_TEST

GST_START_TEST(a_migration_in_a_restart_finds_the_new_peer) {
  LitePeer peer, other;
  IceBench bench;
  connect(bench, peer, {peer.udp_candidate()});
  other.deaf = true;
  run_in(bench.loop(), [&] {
    bench.agent().begin_restart();
    bench.agent().finish_restart({other.ufrag, Secret(other.pwd)}, {other.udp_candidate()});
  });
  bench.migrate("silence");
  other.deaf = false;
  bench.migrate("silence");
  fail_unless(wait_for([&] { return bench.agent().swaps() == 1; }));
  bench.send(packet(1));
  fail_unless(wait_for([&] { return bench.received_count() == 1; }));
  fail_unless_equals_int(other.packets, 1);
}
GST_END_TEST

OAIRT_TEST_MAIN(rtc_ice_recovery, a_probe_is_answered_and_counts_as_a_sign_of_life,
                a_forged_answer_counts_for_nothing,
                a_path_that_comes_back_is_in_use_again_at_once_and_nothing_is_missed,
                what_was_sent_again_before_the_peer_heard_us_is_sent_once_more,
                a_nat_that_forgot_us_learns_of_us_by_a_probe,
                tcp_takes_over_when_udp_is_blocked_in_a_call,
                renewals_do_not_kill_a_path_on_a_slow_network,
                the_peer_ends_on_the_path_that_is_in_use,
                an_effort_that_is_lost_does_not_pull_the_peer_off_a_healthy_path,
                a_restart_that_fails_leaves_the_old_credentials,
                a_migration_in_a_restart_finds_the_new_peer)
