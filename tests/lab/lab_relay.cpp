// A wire between two network interfaces that delays, jitters, loses, reorders and doubles frames.
// Runs alone in a namespace that has nothing but these two; adds about 0.1 ms of its own.
//   lab-relay INTERFACE INTERFACE [--seed N] [NAME=VALUE]...
// NAME=VALUE, also as lines on standard input while it runs:
//   delay=MS jitter=MS   of each direction; jitter is uniform, plus or minus
//   loss=SHARE           of IP packets, 0 to 1
//   double=SHARE         is delivered twice
//   reorder=SHARE        overtakes: is sent without its delay
//   keep_order=1         jitter never lets a packet overtake another
//   block=1              nothing passes
// A line of JSON with its counts answers each line; the end of the input ends it.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

using namespace oairt;  // NOLINT

namespace {

// In front of each frame: what the kernel left undone (checksums, segmentation) passes through.
constexpr std::size_t kOffloadHeader = 10;
constexpr std::size_t kLargestFrame = 70000;
constexpr int kQueueBytes = 8 << 20;

struct Conditions {
  double delay = 0, jitter = 0, loss = 0, doubled = 0, reorder = 0;
  bool keep_order = false, block = false;

  bool set(const std::string &text) {
    auto equals = text.find('=');
    if (equals == std::string::npos) return false;
    std::string name = text.substr(0, equals);
    double value = std::atof(text.c_str() + equals + 1);
    std::map<std::string, double *> numbers = {{"delay", &delay},
                                               {"jitter", &jitter},
                                               {"loss", &loss},
                                               {"double", &doubled},
                                               {"reorder", &reorder}};
    std::map<std::string, bool *> switches = {{"keep_order", &keep_order}, {"block", &block}};
    if (auto found = numbers.find(name); found != numbers.end()) *found->second = value;
    if (auto found = switches.find(name); found != switches.end()) *found->second = value != 0;
    return numbers.count(name) + switches.count(name) > 0;
  }
};

[[noreturn]] void give_up(const std::string &why) {
  std::cerr << "lab-relay: " << why << ": " << std::strerror(errno) << "\n";
  std::exit(1);
}

int open_interface(const std::string &name) {
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
  if (fd < 0) give_up("no packet socket");
  int on = 1, bytes = kQueueBytes;
  sockaddr_ll address = {};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(if_nametoindex(name.c_str()));
  packet_mreq all = {};
  all.mr_ifindex = address.sll_ifindex;
  all.mr_type = PACKET_MR_PROMISC;
  if (bind(fd, reinterpret_cast<sockaddr *>(&address), sizeof address) != 0 ||
      setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on) != 0 ||
      setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) != 0 ||
      setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all) != 0) {
    give_up("cannot use " + name);
  }
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes);
  return fd;
}

class Wire {
 public:
  Wire(const std::string &left, const std::string &right, uint64_t seed, Conditions conditions)
      : conditions_(conditions),
        random_(seed),
        ends_{open_interface(left), open_interface(right)},
        buffer_(kLargestFrame) {}

  void run() {
    print_counts();
    while (true) {
      std::array<pollfd, 3> polled = {
          {{ends_[0], POLLIN, 0}, {ends_[1], POLLIN, 0}, {0, POLLIN, 0}}};
      timespec wait = until_due();
      if (ppoll(polled.data(), polled.size(), &wait, nullptr) > 0) {
        for (int side : {0, 1}) {
          if (polled[side].revents != 0) receive(side);
        }
        if (polled[2].revents != 0 && !take_orders()) return;
      }
      send_due();
    }
  }

 private:
  struct Frame {
    int side;
    std::vector<uint8_t> bytes;
  };

  double share() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  timespec until_due() const {
    Duration wait = std::chrono::seconds(1);
    if (!queue_.empty()) wait = std::max(queue_.begin()->first - Clock::now(), Duration::zero());
    auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(wait).count();
    return {static_cast<time_t>(ns / 1000000000), static_cast<long>(ns % 1000000000)};
  }

  void receive(int from) {
    while (true) {
      ssize_t size = recv(ends_[from], buffer_.data(), buffer_.size(), MSG_DONTWAIT);
      if (size <= static_cast<ssize_t>(kOffloadHeader) + ETH_HLEN) return;
      carry(1 - from, {buffer_.begin(), buffer_.begin() + size});
    }
  }

  void carry(int to, std::vector<uint8_t> bytes) {
    ++passed_;
    bool is_ip = bytes[kOffloadHeader + 12] == 0x08 && bytes[kOffloadHeader + 13] == 0x00;
    if (conditions_.block) {
      ++lost_;
      return;
    }
    // What finds the neighbour's address is not what is tested.
    if (!is_ip) return deliver({to, std::move(bytes)});
    if (share() < conditions_.loss) {
      ++lost_;
      return;
    }
    bool twice = share() < conditions_.doubled;
    if (twice) {
      ++doubled_;
      queue_.emplace(arrival(to), Frame{to, bytes});
    }
    queue_.emplace(arrival(to), Frame{to, std::move(bytes)});
  }

  TimePoint arrival(int to) {
    TimePoint now = Clock::now();
    if (share() < conditions_.reorder) {
      ++reordered_;
      return now;
    }
    double ms = conditions_.delay + conditions_.jitter * (2 * share() - 1);
    auto at = now + std::chrono::duration_cast<Duration>(
                        std::chrono::duration<double, std::milli>(std::max(0.0, ms)));
    if (conditions_.keep_order) at = last_[to] = std::max(last_[to], at);
    return at;
  }

  void send_due() {
    while (!queue_.empty() && queue_.begin()->first <= Clock::now()) {
      deliver(queue_.begin()->second);
      queue_.erase(queue_.begin());
    }
  }

  void deliver(const Frame &frame) {
    (void)!send(ends_[frame.side], frame.bytes.data(), frame.bytes.size(), MSG_DONTWAIT);
  }

  bool take_orders() {
    char bytes[1024];
    ssize_t got = read(0, bytes, sizeof bytes);
    if (got <= 0) return false;
    typed_.append(bytes, static_cast<std::size_t>(got));
    for (auto end = typed_.find('\n'); end != std::string::npos; end = typed_.find('\n')) {
      std::string line = typed_.substr(0, end) + " ";
      typed_.erase(0, end + 1);
      for (auto space = line.find(' '); space != std::string::npos; space = line.find(' ')) {
        if (space > 0 && !conditions_.set(line.substr(0, space))) {
          std::cerr << "lab-relay: what is " << line.substr(0, space) << "?\n";
        }
        line.erase(0, space + 1);
      }
      print_counts();
    }
    return true;
  }

  void print_counts() const {
    std::printf("{\"passed\":%llu,\"lost\":%llu,\"doubled\":%llu,\"reordered\":%llu}\n", passed_,
                lost_, doubled_, reordered_);
    std::fflush(stdout);
  }

  Conditions conditions_;
  std::mt19937_64 random_;
  const std::array<int, 2> ends_;
  std::vector<uint8_t> buffer_;
  std::multimap<TimePoint, Frame> queue_;
  std::array<TimePoint, 2> last_ = {};
  std::string typed_;
  unsigned long long passed_ = 0, lost_ = 0, doubled_ = 0, reordered_ = 0;
};

}  // namespace

int main(int argc, char **argv) {
  Conditions conditions;
  uint64_t seed = 1;
  for (int i = 3; i < argc; ++i) {
    std::string option = argv[i];
    if (option == "--seed" && i + 1 < argc) {
      seed = std::strtoull(argv[++i], nullptr, 10);
    } else if (!conditions.set(option)) {
      argc = 0;
    }
  }
  if (argc < 3) {
    std::cerr << "usage: lab-relay INTERFACE INTERFACE [--seed N] [NAME=VALUE]...\n";
    return 2;
  }
  Wire(argv[1], argv[2], seed, conditions).run();
  return 0;
}
