#include "support/network_relay.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <glib.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/lock.h"

namespace oairt::test {
namespace {

constexpr int kSocketBytes = 4 << 20;

sockaddr_in local_address(uint16_t port, uint32_t host) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(host);
  return address;
}

const sockaddr *native(const sockaddr_in &address) {
  return reinterpret_cast<const sockaddr *>(&address);
}

int open_socket(int type) {
  int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
  g_assert(fd >= 0);
  int bytes = kSocketBytes, on = 1;
  if (type == SOCK_DGRAM) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  } else {
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  return fd;
}

}  // namespace

class NetworkRelay::Worker {
 public:
  Worker(RelayLink link, uint64_t seed)
      : link_(link),
        loss_{link.loss, link.loss},
        random_(seed),
        wake_(eventfd(0, EFD_CLOEXEC)),
        thread_([this] { run(); }) {}

  ~Worker() {
    {
      LockGuard guard(lock_);
      ending_ = true;
    }
    wake();
    thread_.join();
    for (const Door &door : doors_) ::close(door.fd);
    for (const auto &[from, flow] : flows_) ::close(flow.fd);
    for (const auto &[id, stream] : streams_) {
      for (int fd : stream.ends) ::close(fd);
    }
    ::close(wake_);
  }

  uint16_t open(int type) {
    int fd = open_socket(type);
    sockaddr_in address = local_address(0, INADDR_ANY);
    socklen_t size = sizeof address;
    g_assert(bind(fd, native(address), size) == 0);
    g_assert(type == SOCK_DGRAM || listen(fd, 64) == 0);
    getsockname(fd, reinterpret_cast<sockaddr *>(&address), &size);
    uint16_t port = ntohs(address.sin_port);
    {
      LockGuard guard(lock_);
      doors_.push_back({fd, type, port, 0});
    }
    wake();
    return port;
  }

  void set_target(uint16_t port, uint16_t target) {
    LockGuard guard(lock_);
    for (Door &door : doors_) {
      if (door.port == port) door.target = target;
    }
  }

  void set_loss(Towards towards, double loss) { loss_[static_cast<std::size_t>(towards)] = loss; }

  void set_filter(Filter filter) {
    LockGuard guard(lock_);
    filter_ = std::move(filter);
  }
  void set_observer(Observer observer) {
    LockGuard guard(lock_);
    observer_ = std::move(observer);
  }

  Stats stats() const {
    LockGuard guard(lock_);
    return stats_;
  }

 private:
  struct Door {
    int fd, type;
    uint16_t port, target;
  };
  struct Flow {  // of one client address
    int fd = -1, door = -1;
    sockaddr_in client = {};
  };
  struct Stream {  // ends: client, server
    std::array<int, 2> ends = {-1, -1};
    std::array<TimePoint, 2> free_at{};  // no byte may overtake one that left before
    std::array<bool, 2> ended = {false, false};
    TimePoint usable_at{};
    int shut = 0;  // directions that are over
  };
  using FlowKey = std::pair<int, uint64_t>;

  void wake() {
    uint64_t one = 1;
    (void)!write(wake_, &one, sizeof one);
  }

  void run() {
    std::vector<uint8_t> buffer(65536);
    while (true) {
      std::vector<pollfd> polled = {{wake_, POLLIN, 0}};
      std::vector<std::function<void()>> handlers = {[this] {
        uint64_t count;
        (void)!read(wake_, &count, sizeof count);
      }};
      {
        LockGuard guard(lock_);
        if (ending_) return;
        collect(polled, handlers, buffer);
      }
      timespec wait = until_due();
      if (ppoll(polled.data(), polled.size(), &wait, nullptr) > 0) {
        for (std::size_t i = 0; i < polled.size(); ++i) {
          if (polled[i].revents != 0) handlers[i]();
        }
      }
      send_due();
    }
  }

  void collect(std::vector<pollfd> &polled, std::vector<std::function<void()>> &handlers,
               std::vector<uint8_t> &buffer) OAIRT_REQUIRES(lock_) {
    auto add = [&](int fd, std::function<void()> handler) {
      polled.push_back({fd, POLLIN, 0});
      handlers.push_back(std::move(handler));
    };
    for (const Door &door : doors_) {
      if (door.type == SOCK_DGRAM) {
        add(door.fd, [this, door, &buffer] { from_clients(door, buffer); });
      } else {
        add(door.fd, [this, door] { accept_stream(door); });
      }
    }
    for (const auto &[key, flow] : flows_) {
      add(flow.fd, [this, flow, &buffer] { from_server(flow, buffer); });
    }
    for (const auto &[id, stream] : streams_) {
      for (int side : {0, 1}) {
        if (stream.ended[side]) continue;
        add(stream.ends[side], [this, id, side, &buffer] { from_stream(id, side, buffer); });
      }
    }
  }

  timespec until_due() const {
    Duration wait = std::chrono::seconds(1);
    if (!queue_.empty()) wait = std::max(queue_.begin()->first - Clock::now(), Duration::zero());
    auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(wait).count();
    return {static_cast<time_t>(ns / 1000000000), static_cast<long>(ns % 1000000000)};
  }

  void send_due() {
    while (!queue_.empty() && queue_.begin()->first <= Clock::now()) {
      auto task = std::move(queue_.begin()->second);
      queue_.erase(queue_.begin());
      task();
    }
  }

  Duration travel() {
    double jitter = std::uniform_real_distribution<double>(-1, 1)(random_) * to_ms(link_.jitter);
    auto travel = link_.delay + std::chrono::duration_cast<Duration>(
                                    std::chrono::duration<double, std::milli>(jitter));
    return std::max(travel, Duration::zero());
  }

  // What is done with the packet when it arrives; now, if the link takes no time.
  void carry(Towards towards, const sockaddr_in &client, const uint8_t *data, std::size_t size,
             std::function<void(const std::vector<uint8_t> &)> deliver) {
    TimePoint now = Clock::now();
    bool lost = std::uniform_real_distribution<double>(0, 1)(random_) <
                loss_[static_cast<std::size_t>(towards)];
    Packet packet{now, towards, data, size, lost, ntohs(client.sin_port)};
    Observer observer;
    {
      LockGuard guard(lock_);
      lost = packet.lost = lost || (filter_ && filter_(packet));
      ++(towards == Towards::Server ? stats_.to_server : stats_.to_client);
      stats_.lost += lost;
      observer = observer_;
    }
    if (observer) observer(packet);
    if (lost) return;
    queue_.emplace(now + travel(),
                   [copy = std::vector<uint8_t>(data, data + size), deliver] { deliver(copy); });
  }

  void from_clients(const Door &door, std::vector<uint8_t> &buffer) {
    while (true) {
      sockaddr_in from = {};
      socklen_t from_size = sizeof from;
      ssize_t size = recvfrom(door.fd, buffer.data(), buffer.size(), MSG_DONTWAIT,
                              reinterpret_cast<sockaddr *>(&from), &from_size);
      if (size < 0) return;
      int fd = flow_of(door, from);
      if (fd < 0) continue;
      carry(Towards::Server, from, buffer.data(), static_cast<std::size_t>(size),
            [fd](const std::vector<uint8_t> &packet) {
              (void)::send(fd, packet.data(), packet.size(), MSG_DONTWAIT);
            });
    }
  }

  int flow_of(const Door &door, const sockaddr_in &client) {
    LockGuard guard(lock_);
    FlowKey key = {door.fd, uint64_t{client.sin_addr.s_addr} << 16 | client.sin_port};
    auto found = flows_.find(key);
    if (found != flows_.end()) return found->second.fd;
    if (door.target == 0) return -1;
    Flow flow{open_socket(SOCK_DGRAM), door.fd, client};
    sockaddr_in target = local_address(door.target, INADDR_LOOPBACK);
    (void)connect(flow.fd, native(target), sizeof target);
    flows_.emplace(key, flow);
    return flow.fd;
  }

  void from_server(const Flow &flow, std::vector<uint8_t> &buffer) {
    while (true) {
      ssize_t size = recv(flow.fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (size < 0) return;
      carry(Towards::Client, flow.client, buffer.data(), static_cast<std::size_t>(size),
            [flow](const std::vector<uint8_t> &packet) {
              (void)sendto(flow.door, packet.data(), packet.size(), MSG_DONTWAIT,
                           native(flow.client), sizeof flow.client);
            });
    }
  }

  void accept_stream(const Door &door) {
    Stream stream;
    stream.ends[0] = accept4(door.fd, nullptr, nullptr, SOCK_CLOEXEC);
    if (stream.ends[0] < 0) return;
    int on = 1;
    setsockopt(stream.ends[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    stream.ends[1] = open_socket(SOCK_STREAM);
    sockaddr_in target = local_address(door.target, INADDR_LOOPBACK);
    if (door.target == 0 || connect(stream.ends[1], native(target), sizeof target) != 0) {
      for (int fd : stream.ends) ::close(fd);
      return;
    }
    stream.usable_at = Clock::now() + 2 * link_.delay;
    LockGuard guard(lock_);
    streams_.emplace(next_stream_++, stream);
  }

  void from_stream(uint64_t id, int side, std::vector<uint8_t> &buffer) {
    ssize_t size = 0;
    TimePoint when;
    {
      LockGuard guard(lock_);
      auto found = streams_.find(id);
      if (found == streams_.end()) return;
      Stream &stream = found->second;
      size = recv(stream.ends[side], buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
      stream.ended[side] = size <= 0;
      when = std::max(stream.free_at[side], std::max(Clock::now(), stream.usable_at) + travel());
      stream.free_at[side] = when;
    }
    std::vector<uint8_t> bytes(buffer.data(), buffer.data() + std::max<ssize_t>(size, 0));
    queue_.emplace(when, [this, id, side, bytes] { to_stream(id, 1 - side, bytes); });
  }

  void to_stream(uint64_t id, int side, const std::vector<uint8_t> &bytes) {
    LockGuard guard(lock_);
    auto found = streams_.find(id);
    if (found == streams_.end()) return;
    Stream &stream = found->second;
    if (!bytes.empty()) {
      (void)::send(stream.ends[side], bytes.data(), bytes.size(), MSG_NOSIGNAL);
      return;
    }
    shutdown(stream.ends[side], SHUT_WR);
    if (++stream.shut < 2) return;
    for (int fd : stream.ends) ::close(fd);
    streams_.erase(found);
  }

  const RelayLink link_;
  std::array<std::atomic<double>, 2> loss_;
  std::mt19937_64 random_;
  std::multimap<TimePoint, std::function<void()>> queue_;  // the thread's own
  int wake_ = -1;
  mutable Mutex lock_;
  std::vector<Door> doors_ OAIRT_GUARDED_BY(lock_);
  std::map<FlowKey, Flow> flows_ OAIRT_GUARDED_BY(lock_);
  std::map<uint64_t, Stream> streams_ OAIRT_GUARDED_BY(lock_);
  uint64_t next_stream_ OAIRT_GUARDED_BY(lock_) = 0;
  Observer observer_ OAIRT_GUARDED_BY(lock_);
  Filter filter_ OAIRT_GUARDED_BY(lock_);
  Stats stats_ OAIRT_GUARDED_BY(lock_);
  bool ending_ OAIRT_GUARDED_BY(lock_) = false;
  std::thread thread_;
};

NetworkRelay::NetworkRelay(RelayLink link, uint64_t seed)
    : worker_(std::make_unique<Worker>(link, seed)) {}
NetworkRelay::~NetworkRelay() = default;

uint16_t NetworkRelay::open_udp() { return worker_->open(SOCK_DGRAM); }
uint16_t NetworkRelay::open_tcp() { return worker_->open(SOCK_STREAM); }
void NetworkRelay::set_target(uint16_t port, uint16_t target) { worker_->set_target(port, target); }
void NetworkRelay::set_observer(Observer observer) { worker_->set_observer(std::move(observer)); }
void NetworkRelay::set_filter(Filter filter) { worker_->set_filter(std::move(filter)); }
void NetworkRelay::set_loss(Towards towards, double loss) { worker_->set_loss(towards, loss); }
NetworkRelay::Stats NetworkRelay::stats() const { return worker_->stats(); }

}  // namespace oairt::test
