#include <fstream>
#include <sstream>

#include <arpa/inet.h>
#include <dirent.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/address_book.h"
#include "http/reachability.h"
#include "support/http_bench.h"

using namespace oairt;        // NOLINT: a test reads better without the prefix
using namespace oairt::test;  // NOLINT

using std::chrono::seconds;

namespace {

constexpr Duration kLong = seconds(10);

// A port of 127.0.0.1 (or ::1): bound only, listening, or listening and deaf.
class Port {
 public:
  explicit Port(int family = AF_INET) : family_(family) {
    socket_ = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_storage address = make_address(0);
    bound_ = socket_ >= 0 && bind(socket_, as_sockaddr(address), size()) == 0;
    socklen_t length = sizeof(address);
    if (bound_) getsockname(socket_, as_sockaddr(address), &length);
    port_ = ntohs(reinterpret_cast<sockaddr_in *>(&address)->sin_port);
  }
  ~Port() {
    for (int filler : fillers_) close(filler);
    if (socket_ >= 0) close(socket_);
  }
  bool bound() const { return bound_; }
  int number() const { return port_; }
  std::string url(const char *host = "127.0.0.1") const {
    return "http://" + std::string(host) + ":" + std::to_string(port_) + "/v1?key=hidden";
  }
  void open(int backlog = 16) { fail_unless_equals_int(listen(socket_, backlog), 0); }
  // What comes when the queue is full is dropped without a word.
  void go_deaf() {
    open(0);
    for (int i = 0; i < 4; ++i) {
      int filler = socket(family_, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      sockaddr_storage address = make_address(port_);
      static_cast<void>(connect(filler, as_sockaddr(address), size()));
      fillers_.push_back(filler);
    }
  }
  void hear_again() {
    listen(socket_, 16);
    for (int filler : fillers_) close(filler);
    fillers_.clear();
  }

 private:
  static sockaddr *as_sockaddr(sockaddr_storage &address) {
    return reinterpret_cast<sockaddr *>(&address);
  }
  socklen_t size() const { return family_ == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6); }
  sockaddr_storage make_address(int port) const {
    sockaddr_storage address{};
    address.ss_family = static_cast<sa_family_t>(family_);
    reinterpret_cast<sockaddr_in *>(&address)->sin_port = htons(static_cast<uint16_t>(port));
    if (family_ == AF_INET) {
      reinterpret_cast<sockaddr_in *>(&address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else {
      reinterpret_cast<sockaddr_in6 *>(&address)->sin6_addr = in6addr_loopback;
    }
    return address;
  }

  int family_;
  int socket_ = -1;
  int port_ = 0;
  bool bound_ = false;
  std::vector<int> fillers_;
};

class ProbeBench {
 public:
  explicit ProbeBench(const std::string &url, const std::string &proxy = {}) {
    in([&] { probe = make_reachability_probe(loop, url, proxy); });
  }
  ~ProbeBench() { drop(); }
  template <typename Task>
  void in(Task task) {
    run_in(loop, [&] { return task(), true; });
  }
  Awaited<Reach> start(Duration timeout) {
    Awaited<Reach> reach;
    in([&] {
      probe->ask(timeout, reach.callback());
      fail_unless_equals_int(reach.calls(), 0);
    });
    return reach;
  }
  std::string ask(Duration timeout = kLong) {
    auto reach = start(timeout).wait();
    return reach ? to_string(*reach) : "(nothing)";
  }
  void drop() {
    in([&] { probe.reset(); });
  }
  EventLoop loop{"test-loop"};
  std::unique_ptr<ReachabilityProbe> probe;
};

std::string ask(const std::string &url, const std::string &proxy = {}, Duration timeout = kLong) {
  return ProbeBench(url, proxy).ask(timeout);
}

int open_files() {
  int count = 0;
  DIR *directory = opendir("/proc/self/fd");
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;
}

// Sockets of this machine, in whatever state (FIN_WAIT, TIME_WAIT), whose other end is the port.
int sockets_to(int port) {
  char hex[8];
  g_snprintf(hex, sizeof(hex), ":%04X", static_cast<unsigned>(port));
  std::ifstream table("/proc/net/tcp");
  int count = 0;
  for (std::string line; std::getline(table, line);) {
    std::istringstream words(line);
    std::string number, local, remote;
    words >> number >> local >> remote;
    if (remote.ends_with(hex)) ++count;
  }
  return count;
}

}  // namespace

GST_START_TEST(a_port_that_listens_is_reachable_and_a_closed_one_refuses) {
  Port port;
  ProbeBench bench(port.url());
  assert_text(bench.ask(), "refused");
  port.open();
  assert_text(bench.ask(), "reachable");
  ProbeBench named(port.url("localhost"));  // ::1 refuses, if it is there
  assert_text(named.ask(), "reachable");
  Port closed;
  assert_text(ask(closed.url("localhost")), "refused");
}
GST_END_TEST

GST_START_TEST(any_address_of_a_name_will_do) {
  Port port(AF_INET6);
  if (!port.bound()) return;  // no IPv6 here
  port.open();
  assert_text(ask(port.url("[::1]")), "reachable");
  Port closed(AF_INET6);
  assert_text(ask(closed.url("[::1]")), "refused");
}
GST_END_TEST

GST_START_TEST(who_says_nothing_is_not_waited_for_and_found_again_at_once) {
  Port port;
  port.go_deaf();
  ProbeBench bench(port.url());
  TimePoint before = Clock::now();
  assert_text(bench.ask(milliseconds(200)), "no answer");
  fail_unless(Clock::now() - before >= milliseconds(195));
  fail_unless(Clock::now() - before < seconds(5));
  auto patient = bench.start(kLong);
  auto hasty = bench.start(milliseconds(50));
  fail_unless(hasty.wait() == Reach::NoAnswer);
  port.hear_again();
  before = Clock::now();
  assert_text(bench.ask(), "reachable");
  fail_unless(Clock::now() - before < milliseconds(900), "as slow as a repeated SYN");
  fail_unless(patient.wait() == Reach::Reachable);  // by its repeated SYN
}
GST_END_TEST

GST_START_TEST(the_same_probe_sees_the_server_go_and_come_back) {
  auto port = std::make_unique<Port>();
  port->open();
  ProbeBench bench(port->url());
  assert_text(bench.ask(), "reachable");
  int number = port->number();
  port.reset();
  assert_text(bench.ask(), "refused");
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int yes = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(number));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  fail_unless_equals_int(bind(listener, reinterpret_cast<sockaddr *>(&address), sizeof(address)),
                         0);
  fail_unless_equals_int(listen(listener, 16), 0);
  TimePoint before = Clock::now();
  assert_text(bench.ask(), "reachable");
  fail_unless(Clock::now() - before < milliseconds(900));
  close(listener);
}
GST_END_TEST

GST_START_TEST(no_name_no_way_and_no_url_are_no_answer) {
  TimePoint before = Clock::now();
  assert_text(ask("https://nobody.invalid/v1", "", seconds(2)), "no answer");
  assert_text(ask("http://224.0.0.1:9/"), "no answer");  // there is no TCP to a multicast group
  for (const char *url : {"", "nonsense", "http://", "http://127.0.0.1:99999/"}) {
    assert_text(ask(url), "no answer");
  }
  fail_unless(Clock::now() - before < seconds(9));
}
GST_END_TEST

GST_START_TEST(the_proxy_is_asked_in_place_of_the_server_but_not_for_this_machine) {
  Port proxy;
  const char *far = "https://nobody.invalid/v1";
  std::string address = "127.0.0.1:" + std::to_string(proxy.number());
  assert_text(ask(far, "http://" + address), "refused");
  proxy.open();
  assert_text(ask(far, "http://" + address), "reachable");
  assert_text(ask(far, "socks5://user:hidden@" + address), "reachable");
  Port closed;
  assert_text(ask(closed.url(), "http://" + address), "refused");
}
GST_END_TEST

GST_START_TEST(an_endpoint_has_the_usual_port_of_its_scheme) {
  auto text = [](const char *uri) {
    auto endpoint = endpoint_of(uri);
    return endpoint ? endpoint->host + " " + std::to_string(endpoint->port) : std::string("none");
  };
  assert_text(text("https://api.openai.com/v1"), "api.openai.com 443");
  assert_text(text("http://user:p%40ss@proxy.example"), "proxy.example 80");
  assert_text(text("socks5://proxy.example"), "proxy.example 1080");
  assert_text(text("https://[2001:db8::1]:8443/"), "2001:db8::1 8443");
  assert_text(text("proxy.example:3128"), "none");
}
GST_END_TEST

GST_START_TEST(a_probe_that_is_gone_does_not_call_back) {
  Port deaf, heard;
  deaf.go_deaf();
  heard.open();
  for (const std::string &url :
       {deaf.url(), heard.url(), heard.url("localhost"), std::string("https://nobody.invalid")}) {
    ProbeBench bench(url);
    Awaited<Reach> reach;
    bench.in([&] {
      bench.probe->ask(milliseconds(20), reach.callback());
      bench.probe.reset();
    });
    Awaited<bool> later;
    bench.in([&] {
      bench.loop.call_after(milliseconds(60), [done = later.callback()] { done(true); });
    });
    fail_unless(later.wait().has_value());
    fail_unless_equals_int(reach.calls(), 0);
  }
}
GST_END_TEST

GST_START_TEST(the_callback_may_ask_again_or_end_the_probe) {
  Port port;
  port.open();
  ProbeBench bench(port.url());
  Awaited<Reach> third;
  bench.in([&] {
    bench.probe->ask(kLong, [&, done = third.callback()](Reach) {
      bench.probe->ask(kLong, [&, done](Reach reach) {
        bench.probe.reset();
        done(reach);
      });
    });
  });
  fail_unless(third.wait() == Reach::Reachable);
}
GST_END_TEST

GST_START_TEST(many_probes_leave_nothing_behind) {
  Port port, deaf;
  port.open(512);
  deaf.go_deaf();
  {
    ProbeBench bench(port.url()), waiting(deaf.url());
    bench.ask();
    int before = open_files();
    std::vector<Awaited<Reach>> answers;
    for (int i = 0; i < 100; ++i) {
      answers.push_back(bench.start(kLong));
      answers.push_back(waiting.start(milliseconds(100)));
    }
    for (std::size_t i = 0; i < answers.size(); ++i) {
      fail_unless(answers[i].wait() == (i % 2 == 0 ? Reach::Reachable : Reach::NoAnswer));
      fail_unless_equals_int(answers[i].calls(), 1);
    }
    fail_unless_equals_int(open_files(), before);
  }
  fail_unless_equals_int(sockets_to(port.number()), 0);
}
GST_END_TEST

GST_START_TEST(no_payload_is_sent_and_no_log_holds_more_than_the_host) {
  LogCapture log;
  std::atomic<long> received{-1};
  RawServer server([&](int socket, int) {
    char byte;
    received = recv(socket, &byte, 1, 0);
  });
  std::string address = "127.0.0.1:" + std::to_string(server.port());
  assert_text(ask("https://" + address + "/hidden?key=hidden"), "reachable");
  assert_text(ask("https://far.invalid/hidden", "http://user:hidden@" + address), "reachable");
  fail_unless(wait_for([&] { return server.connections() == 2; }));
  fail_unless(received <= 0);
  assert_contains(log.text(), address + ": reachable");
  fail_if(log.text().find("hidden") != std::string::npos);
}
GST_END_TEST

OAIRT_TEST_MAIN(reachability, a_port_that_listens_is_reachable_and_a_closed_one_refuses,
                any_address_of_a_name_will_do,
                who_says_nothing_is_not_waited_for_and_found_again_at_once,
                the_same_probe_sees_the_server_go_and_come_back,
                no_name_no_way_and_no_url_are_no_answer,
                the_proxy_is_asked_in_place_of_the_server_but_not_for_this_machine,
                an_endpoint_has_the_usual_port_of_its_scheme,
                a_probe_that_is_gone_does_not_call_back,
                the_callback_may_ask_again_or_end_the_probe, many_probes_leave_nothing_behind,
                no_payload_is_sent_and_no_log_holds_more_than_the_host)
