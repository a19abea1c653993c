#include "rtc/network_watcher.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <glib-unix.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "rtc/network_state.h"

OAIRT_LOG_USE(ice)

namespace oairt {
namespace {

constexpr std::size_t kMaxMessage = 64 * 1024;
constexpr int kReceiveBuffer = 1024 * 1024;  // a storm of routes is no reason to lose a link
constexpr int kMaxAnswers = 1000;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

int open_netlink(unsigned groups) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (fd < 0) return -1;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof(kReceiveBuffer));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  if (bind(fd, reinterpret_cast<const sockaddr *>(&address), sizeof(address)) == 0) return fd;
  close(fd);
  return -1;
}

// Only the kernel's word counts: any process may send to a netlink socket.
ssize_t receive(int fd, std::vector<char> &buffer) {
  sockaddr_nl from{};
  iovec part{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof(from);
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  for (;;) {
    ssize_t size = recvmsg(fd, &message, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size > 0 && from.nl_pid != 0) continue;
    if (size > 0 && (message.msg_flags & MSG_TRUNC) != 0) {
      errno = ENOBUFS;
      return -1;
    }
    return size;
  }
}

bool ends_a_dump(const char *data, std::size_t size) {
  while (size >= sizeof(nlmsghdr)) {
    const auto *message = reinterpret_cast<const nlmsghdr *>(data);
    if (message->nlmsg_len < sizeof(nlmsghdr) || message->nlmsg_len > size) return true;
    if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) return true;
    std::size_t step = std::min<std::size_t>(NLMSG_ALIGN(message->nlmsg_len), size);
    data += step;
    size -= step;
  }
  return false;
}

// The kernel answers from memory, in full, before the request returns for the next part.
bool dump(int type, std::vector<char> &buffer, NetworkState &state,
          NetworkState::Changes &changes) {
  Descriptor fd(open_netlink(0));
  struct {
    nlmsghdr header;
    rtgenmsg general;
  } request{};
  request.header.nlmsg_len = NLMSG_LENGTH(sizeof(rtgenmsg));
  request.header.nlmsg_type = static_cast<uint16_t>(type);
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.general.rtgen_family = AF_UNSPEC;
  if (fd.get() < 0 || send(fd.get(), &request, request.header.nlmsg_len, 0) < 0) return false;
  for (int i = 0; i < kMaxAnswers; ++i) {
    ssize_t size = receive(fd.get(), buffer);
    if (size <= 0) return false;
    state.apply(buffer.data(), static_cast<std::size_t>(size), changes);
    if (ends_a_dump(buffer.data(), static_cast<std::size_t>(size))) return true;
  }
  return false;
}

class RtnetlinkWatcher final : public NetworkWatcher {
 public:
  RtnetlinkWatcher(int fd, Callback callback) : fd_(fd), callback_(std::move(callback)) {}
  ~RtnetlinkWatcher() override {
    *alive_ = false;
    if (source_ == nullptr) return;
    g_source_destroy(source_);
    g_source_unref(source_);
  }

  bool start(GMainContext *context) {
    NetworkState::Changes known;
    if (!sync(known)) return false;
    source_ = g_unix_fd_source_new(fd_.get(), G_IO_IN);
    g_source_set_priority(source_, G_PRIORITY_HIGH);
    auto ready = +[](gint, GIOCondition, gpointer self) -> gboolean {
      return static_cast<RtnetlinkWatcher *>(self)->read();
    };
    g_source_set_callback(source_, G_SOURCE_FUNC(ready), this, nullptr);
    g_source_attach(source_, context);
    return true;
  }

 private:
  bool sync(NetworkState::Changes &changes) {
    std::vector<char> buffer(kMaxMessage);
    state_.begin_sync();
    if (!dump(RTM_GETLINK, buffer, state_, changes)) return false;
    if (!dump(RTM_GETADDR, buffer, state_, changes)) return false;
    state_.end_sync(changes);
    return true;
  }

  gboolean read() {
    std::vector<char> buffer(kMaxMessage);  // news are rare
    NetworkState::Changes changes;
    bool lost = false;
    for (;;) {
      ssize_t size = receive(fd_.get(), buffer);
      if (size > 0) {
        state_.apply(buffer.data(), static_cast<std::size_t>(size), changes);
      } else if (size < 0 && errno == ENOBUFS) {
        lost = true;  // what still waits is older than the loss
      } else {
        break;
      }
    }
    if (lost) {
      LOG_INFO("network messages were lost, all is asked anew");
      sync(changes);
      changes.push_back({NetworkChange::Kind::RouteChanged, "", ""});
    }
    // The callback may destroy this.
    std::shared_ptr<bool> alive = alive_;
    Callback callback = callback_;
    for (const NetworkChange &change : changes) {
      callback(change);
      if (!*alive) return G_SOURCE_REMOVE;
    }
    return G_SOURCE_CONTINUE;
  }

  Descriptor fd_;
  const Callback callback_;
  NetworkState state_;
  GSource *source_ = nullptr;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::unique_ptr<NetworkWatcher> make_network_watcher(EventLoop &loop,
                                                     NetworkWatcher::Callback callback) {
  loop.assert_in_loop();
  int fd = open_netlink(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
                        RTMGRP_IPV6_ROUTE);
  if (fd < 0) {
    LOG_INFO("the kernel does not tell of network changes: %s", g_strerror(errno));
    return nullptr;
  }
  auto watcher = std::make_unique<RtnetlinkWatcher>(fd, std::move(callback));
  if (!watcher->start(loop.context())) return nullptr;
  return watcher;
}

}  // namespace oairt
