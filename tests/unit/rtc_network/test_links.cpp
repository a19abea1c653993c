// A call over two links in namespaces of its own: links that go, links that turn into black holes,
// addresses that change; a watcher and the policy's rules drive the agent as in a session.
#include <thread>

#include "ice_bench.h"
#include "lite_peer.h"
#include "network_space.h"
#include "recovery_driver.h"
#include "rtc/network_watcher.h"

using namespace std::chrono_literals;
using oairt::Clock;
using oairt::Duration;
using oairt::IceOptions;
using oairt::IceState;
using oairt::make_network_watcher;
using oairt::NetworkChange;
using oairt::NetworkWatcher;
using oairt::TimePoint;
using oairt::to_ms;
using oairt::test::IceBench;
using oairt::test::LitePeer;
using oairt::test::NetworkSpace;
using oairt::test::RecoveryDriver;
using oairt::test::run_in;
using oairt::test::wait_for;

namespace {

constexpr char kServer[] = "10.9.9.9";

// The server has one address behind both links; the first link is the preferred way to it.
class TwoLinks {
 public:
  explicit TwoLinks(bool second = true) {
    add_link(1, 100);
    if (second) add_link(2, 200);
    space.run_far(std::string("ip addr add ") + kServer + "/32 dev lo");
    space.in_far([this] { peer = std::make_unique<LitePeer>(kServer); });
  }
  void add_link(int n, int metric) {
    std::string i = std::to_string(n), net = "10.9." + i + ".";
    space.run("ip link add a" + i + " type veth peer name b" + i + "\nip link set b" + i +
              " netns @far\nip addr add " + net + "2/24 dev a" + i + "\nip link set a" + i + " up");
    space.run_far("ip addr add " + net + "1/24 dev b" + i + "\nip link set b" + i + " up");
    add_route(n, metric);
  }
  void add_route(int n, int metric) {
    std::string i = std::to_string(n);
    space.run("ip route add default via 10.9." + i + ".1 dev a" + i + " metric " +
              std::to_string(metric));
  }

  NetworkSpace space;
  std::unique_ptr<LitePeer> peer;
};

// The session's part: a call that talks, watched and driven.
class Call {
 public:
  explicit Call(TwoLinks &net, IceOptions options = {}) : bench(std::move(options)) {
    run_in(bench.loop(), [this] {
      watcher_ = make_network_watcher(bench.loop(),
                                      [this](const NetworkChange &change) { on_change(change); });
    });
    bench.set_local();
    bench.set_remote(net.peer->ufrag, net.peer->pwd,
                     {net.peer->udp_candidate(), net.peer->tcp_candidate()});
    fail_unless(bench.wait_state(IceState::Connected));
    driver_ = std::make_unique<RecoveryDriver>(bench);
    talk_ = std::thread([this] {
      for (uint8_t i = 0; !over_; ++i) {
        bench.send({0x80, 111, 0, i});
        std::this_thread::sleep_for(20ms);
      }
    });
    talks(5);
  }
  ~Call() {
    over_ = true;
    talk_.join();
    driver_.reset();
    run_in(bench.loop(), [this] { watcher_.reset(); });
  }
  void talks(std::size_t more) {
    std::size_t count = bench.received_count();
    fail_unless(wait_for([&] { return bench.received_count() >= count + more; }));
  }
  bool moves(uint64_t before, Duration limit = 10s) {
    return wait_for([&] { return bench.agent().swaps() > before; }, limit);
  }
  std::string device() { return bench.agent().selected_pair()->device; }

  IceBench bench;
  std::atomic<TimePoint> migrated{TimePoint()};  // when a change of the network last asked for it

 private:
  void on_change(const NetworkChange &change) {
    auto pair = bench.agent().selected_pair();
    bool ours = pair && (change.kind == NetworkChange::Kind::LinkDown
                             ? change.device == pair->device
                             : change.kind == NetworkChange::Kind::AddressRemoved &&
                                   change.address == pair->base_address);
    bool silent = Clock::now() - bench.agent().last_heard() > 280ms;
    bool news = change.kind == NetworkChange::Kind::LinkUp ||
                change.kind == NetworkChange::Kind::AddressAdded ||
                change.kind == NetworkChange::Kind::RouteChanged;
    if (!ours && !(news && silent)) return;
    migrated = Clock::now();
    bench.agent().migrate(to_string(change.kind));
  }
  std::unique_ptr<NetworkWatcher> watcher_;
  std::unique_ptr<RecoveryDriver> driver_;
  std::atomic<bool> over_{false};
  std::thread talk_;
};

}  // namespace

GST_START_TEST(the_call_takes_the_second_link_at_once_when_the_first_goes_down) {
  TwoLinks net;
  Call call(net);
  assert_text(call.device(), "a1");
  assert_text(call.bench.agent().selected_pair()->base_address, "10.9.1.2");
  for (int i = 0; i < 2; ++i) {
    TimePoint since = Clock::now();
    net.space.run(i == 0 ? "ip link set a1 down" : "ip addr del 10.9.2.2/24 dev a2");
    fail_unless(call.moves(static_cast<uint64_t>(i)));
    TimePoint asked = call.migrated;
    g_print("another link %.0f ms after migrate(), %.0f ms after the command began\n",
            to_ms(Clock::now() - asked), to_ms(Clock::now() - since));
    fail_unless(to_ms(Clock::now() - asked) < 100 || i == 1);
    call.talks(5);
    assert_text(call.device(), i == 0 ? "a2" : "a1");
    if (i == 0) {
      net.space.run("ip link set a1 up");
      net.add_route(1, 100);
    }
  }
}
GST_END_TEST

GST_START_TEST(a_black_hole_of_the_link_in_use_is_left_for_the_other) {
  TwoLinks net;
  Call call(net);
  assert_text(call.device(), "a1");
  TimePoint since = Clock::now();
  // No route back, no error, no event here.
  net.space.run_far("ip route add blackhole 10.9.1.2/32");
  fail_unless(call.moves(0));
  call.talks(1);
  g_print("on the other link %.0f ms after the black hole\n", to_ms(Clock::now() - since));
  fail_unless(to_ms(Clock::now() - since) < 1500);
  assert_text(call.device(), "a2");
}
GST_END_TEST

GST_START_TEST(the_only_address_goes_and_another_comes) {
  TwoLinks net(false);
  Call call(net);
  net.space.run("ip addr del 10.9.1.2/24 dev a1");
  fail_unless(wait_for([&] { return Clock::now() - call.bench.agent().last_heard() > 1s; }));
  TimePoint since = Clock::now();
  net.space.run("ip addr add 10.9.1.77/24 dev a1\nip route add default via 10.9.1.1");
  fail_unless(call.moves(0));
  call.talks(3);
  g_print("talking again %.0f ms after the address came\n", to_ms(Clock::now() - since));
  fail_unless(to_ms(Clock::now() - since) < 1000);
  assert_text(call.bench.agent().selected_pair()->base_address, "10.9.1.77");
}
GST_END_TEST

GST_START_TEST(the_only_link_is_replaced_by_one_that_was_not_there) {
  TwoLinks net(false);
  Call call(net);
  net.space.run("ip link set a1 down");
  fail_unless(wait_for([&] { return Clock::now() - call.bench.agent().last_heard() > 1s; }));
  TimePoint since = Clock::now();
  net.add_link(2, 50);
  fail_unless(call.moves(0));
  call.talks(3);
  g_print("talking %.0f ms after the new link was made\n", to_ms(Clock::now() - since));
  assert_text(call.device(), "a2");
}
GST_END_TEST

GST_START_TEST(a_link_that_comes_back_carries_the_same_path) {
  TwoLinks net(false);
  Call call(net);
  std::string before = net.peer->remote();
  net.space.run_far("ip route add blackhole 10.9.1.2/32");
  fail_unless(wait_for([&] { return Clock::now() - call.bench.agent().last_heard() > 2s; }));
  TimePoint since = Clock::now();
  net.space.run_far("ip route del blackhole 10.9.1.2/32");
  call.talks(3);
  g_print("talking %.0f ms after the black hole ended\n", to_ms(Clock::now() - since));
  fail_unless(to_ms(Clock::now() - since) < 500);
}
GST_END_TEST

GST_START_TEST(the_peer_follows_through_many_changes_under_two_links) {
  TwoLinks net;
  Call call(net);
  for (int i = 0; i < 6; ++i) {
    uint64_t swaps = call.bench.agent().swaps();
    call.bench.migrate("another");
    fail_unless(call.moves(swaps));
    call.talks(20);
    auto pair = call.bench.agent().selected_pair();
    assert_text(net.peer->remote().substr(4), pair->local_address);
  }
}
GST_END_TEST

int main(int argc, char **argv) {
  if (const char *why = oairt::test::why_no_network_space()) {
    g_print("skipped: %s\n", why);
    return 77;
  }
  return oairt::test::run_tests(
      argc, argv, "rtc_network_links", __FILE__,
      "the_call_takes_the_second_link_at_once_when_the_first_goes_down, "
      "a_black_hole_of_the_link_in_use_is_left_for_the_other, "
      "the_only_address_goes_and_another_comes, "
      "the_only_link_is_replaced_by_one_that_was_not_there, "
      "a_link_that_comes_back_carries_the_same_path, "
      "the_peer_follows_through_many_changes_under_two_links",
      {the_call_takes_the_second_link_at_once_when_the_first_goes_down,
       a_black_hole_of_the_link_in_use_is_left_for_the_other,
       the_only_address_goes_and_another_comes, the_only_link_is_replaced_by_one_that_was_not_there,
       a_link_that_comes_back_carries_the_same_path,
       the_peer_follows_through_many_changes_under_two_links});
}
