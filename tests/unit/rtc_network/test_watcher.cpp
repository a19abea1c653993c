// What the watcher tells of links, addresses and routes that come and go, in a namespace of its
// own.
#include <mutex>
#include <vector>

#include "network_space.h"
#include "rtc/network_watcher.h"
#include "support/check.h"
#include "support/loop_run.h"

using namespace std::chrono_literals;
using oairt::Clock;
using oairt::EventLoop;
using oairt::make_network_watcher;
using oairt::NetworkChange;
using oairt::NetworkWatcher;
using oairt::to_string;
using oairt::test::NetworkSpace;
using oairt::test::run_in;
using oairt::test::wait_for;

namespace {

class Watched {
 public:
  Watched() {
    run_in(loop_, [this] {
      watcher_ = make_network_watcher(loop_, [this](const NetworkChange &change) {
        loop_.assert_in_loop();
        std::lock_guard lock(mutex_);
        changes_.push_back(std::string(to_string(change.kind)) + " " + change.device +
                           (change.address.empty() ? "" : " " + change.address));
      });
    });
    fail_unless(watcher_ != nullptr);
  }
  ~Watched() {
    run_in(loop_, [this] { watcher_.reset(); });
    loop_.stop();
  }
  int count(const std::string &change) {
    std::lock_guard lock(mutex_);
    return static_cast<int>(std::count(changes_.begin(), changes_.end(), change));
  }
  bool comes(const std::string &change) {
    return wait_for([&] { return count(change) > 0; }, 5s);
  }
  std::string all() {
    std::lock_guard lock(mutex_);
    std::string text;
    for (const std::string &change : changes_) text += change + "\n";
    return text;
  }
  void forget() {
    std::lock_guard lock(mutex_);
    changes_.clear();
  }
  EventLoop &loop() { return loop_; }

 private:
  EventLoop loop_{"watcher"};
  std::unique_ptr<NetworkWatcher> watcher_;
  std::mutex mutex_;
  std::vector<std::string> changes_;
};

constexpr char kPair[] = "ip link add a0 type veth peer name b0\nip link set b0 up";

}  // namespace

GST_START_TEST(links_that_go_up_and_down_are_told_once) {
  NetworkSpace space;
  Watched watched;
  space.run(kPair);
  space.run("ip link set a0 up");
  fail_unless(watched.comes("link-up a0"));
  fail_unless(wait_for([&] { return watched.count("link-up a0") >= 1; }));
  // What is no change of state is no news.
  space.run("ip link set a0 mtu 1400\nip link set a0 txqueuelen 500");
  auto since = Clock::now();
  space.run("ip link set a0 down");
  fail_unless(watched.comes("link-down a0"));
  g_print("link down told %.1f ms after the command began\n", oairt::to_ms(Clock::now() - since));
  fail_unless_equals_int(watched.count("link-down a0"), 1);
  watched.forget();
  // The far end is set down: the carrier is gone, the link is still up.
  space.run("ip link set a0 up");
  fail_unless(watched.comes("link-up a0"));
  space.run("ip link set b0 down");
  fail_unless(watched.comes("link-down a0"));
  space.run("ip link set b0 up");
  fail_unless(wait_for([&] { return watched.count("link-up a0") >= 2; }));
  space.run("ip link set a0 up\nip link del a0");
  fail_unless(wait_for([&] { return watched.count("link-down a0") >= 2; }));
  assert_text(std::to_string(watched.all().find(" lo")), std::to_string(std::string::npos));
}
GST_END_TEST

GST_START_TEST(addresses_are_told_when_they_can_be_used) {
  NetworkSpace space;
  space.run(kPair);
  space.run("ip link set a0 up");
  Watched watched;
  space.run("ip addr add 10.9.1.2/24 dev a0");
  fail_unless(watched.comes("address-added a0 10.9.1.2"));
  space.run("ip addr add 169.254.3.4/16 dev a0\nip addr add 127.0.0.5/8 dev lo");
  // Tentative until nobody objects; with a prompt carrier that takes a second.
  space.run("ip addr add 2001:db8::2/64 dev a0");
  fail_unless_equals_int(watched.count("address-added a0 2001:db8::2"), 0);
  fail_unless(watched.comes("address-added a0 2001:db8::2"));
  // The lifetime is renewed: no news.
  space.run("ip addr change 10.9.1.2/24 dev a0 valid_lft 300 preferred_lft 300");
  space.run("ip addr del 10.9.1.2/24 dev a0\nip addr del 2001:db8::2/64 dev a0");
  fail_unless(watched.comes("address-removed a0 10.9.1.2"));
  fail_unless(watched.comes("address-removed a0 2001:db8::2"));
  fail_unless_equals_int(watched.count("address-added a0 10.9.1.2"), 1);
  std::string all = watched.all();
  fail_unless(all.find("169.254") == std::string::npos, "%s", all.c_str());
  fail_unless(all.find("127.0") == std::string::npos, "%s", all.c_str());
  fail_unless(all.find("fe80") == std::string::npos, "%s", all.c_str());
}
GST_END_TEST

GST_START_TEST(a_default_route_that_comes_or_goes_is_told) {
  NetworkSpace space;
  space.run(kPair);
  space.run("ip link set a0 up\nip addr add 10.9.1.2/24 dev a0");
  Watched watched;
  space.run("ip route add 10.8.0.0/16 via 10.9.1.1");
  space.run("ip route add default via 10.9.1.1");
  fail_unless(watched.comes("route-changed a0"));
  space.run("ip route del default");
  fail_unless(wait_for([&] { return watched.count("route-changed a0") == 2; }));
}
GST_END_TEST

GST_START_TEST(an_overflow_is_told_and_made_good) {
  NetworkSpace space;
  space.run(kPair);
  space.run("ip link set a0 up");
  Watched watched;
  // The loop stands still while the kernel tells more than the socket holds.
  run_in(watched.loop(), [&] {
    space.run(
        "for i in $(seq 1 60); do for j in $(seq 1 250); do echo addr add 10.$i.$j.1/32 "
        "dev a0; done; done | ip -batch -");
    space.run("ip addr flush dev a0 scope global\nip addr add 10.99.99.99/32 dev a0");
    space.run("ip link set a0 down");
  });
  fail_unless(watched.comes("link-down a0"));
  fail_unless(watched.comes("address-added a0 10.99.99.99"));
  fail_unless(watched.comes("route-changed "));
  watched.forget();
  space.run("ip addr add 10.99.99.98/32 dev a0");
  fail_unless(watched.comes("address-added a0 10.99.99.98"));
}
GST_END_TEST

int main(int argc, char **argv) {
  if (const char *why = oairt::test::why_no_network_space()) {
    g_print("skipped: %s\n", why);
    return 77;
  }
  return oairt::test::run_tests(
      argc, argv, "rtc_network_watcher", __FILE__,
      "links_that_go_up_and_down_are_told_once, addresses_are_told_when_they_can_be_used, "
      "a_default_route_that_comes_or_goes_is_told, an_overflow_is_told_and_made_good",
      {links_that_go_up_and_down_are_told_once, addresses_are_told_when_they_can_be_used,
       a_default_route_that_comes_or_goes_is_told, an_overflow_is_told_and_made_good});
}
