#include "rtc/ice_addresses.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <set>
#include <string_view>

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ref.h"
#include "rtc/ice_candidate.h"

namespace oairt {
namespace {

// Bridges of virtual machines and containers lead nowhere; each would cost a useless check.
constexpr std::array<std::string_view, 4> kInnerDevices = {"docker", "virbr", "vmnet", "vboxnet"};
constexpr std::size_t kMaxAddresses = 16;

bool is_inner_device(std::string_view name) {
  return std::any_of(kInnerDevices.begin(), kInnerDevices.end(), [name](std::string_view prefix) {
    return name.substr(0, prefix.size()) == prefix;
  });
}

socklen_t sockaddr_size(int family) {
  return family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

std::string to_text(const sockaddr *address) {
  auto native = Ref<GSocketAddress>::adopt(g_socket_address_new_from_native(
      const_cast<sockaddr *>(address), sockaddr_size(address->sa_family)));
  if (!native || !G_IS_INET_SOCKET_ADDRESS(native.get())) return {};
  GInetAddress *inet = g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(native.get()));
  if (g_inet_address_get_is_link_local(inet)) return {};
  return GString_(g_inet_address_to_string(inet)).get();
}

bool is_ipv6(const std::string &address) { return address.find(':') != std::string::npos; }

// What kind of local address a destination asks for.
std::pair<bool, bool> reach_of(const Destination &destination) {
  return {is_ipv6(destination.address), is_loopback_address(destination.address)};
}

std::set<std::pair<bool, bool>> reach_of(const std::vector<Destination> &destinations) {
  std::set<std::pair<bool, bool>> reach;
  for (const Destination &destination : destinations) reach.insert(reach_of(destination));
  return reach;
}

}  // namespace

std::vector<LocalAddress> list_local_addresses() {
  ifaddrs *raw = nullptr;
  if (getifaddrs(&raw) != 0) return {};
  std::unique_ptr<ifaddrs, void (*)(ifaddrs *)> guard(raw, freeifaddrs);
  std::vector<LocalAddress> out;
  for (ifaddrs *entry = raw; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || (entry->ifa_flags & IFF_UP) == 0) continue;
    int family = entry->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    std::string text = to_text(entry->ifa_addr);
    if (text.empty()) continue;
    out.push_back({text, entry->ifa_name, family == AF_INET6,
                   (entry->ifa_flags & IFF_LOOPBACK) != 0, (entry->ifa_flags & IFF_RUNNING) != 0});
  }
  return out;
}

std::vector<LocalAddress> choose_local_addresses(const std::vector<LocalAddress> &all,
                                                 const std::vector<Destination> &destinations,
                                                 const std::vector<std::string> &preferred) {
  auto reach = reach_of(destinations);
  auto rank = [&preferred](const LocalAddress &local) {
    return std::find(preferred.begin(), preferred.end(), local.address) - preferred.begin();
  };
  auto is_preferred = [&](const LocalAddress &local) {
    return rank(local) < static_cast<std::ptrdiff_t>(preferred.size());
  };
  std::vector<LocalAddress> out;
  for (const LocalAddress &local : all) {
    if (!reach.contains({local.ipv6, local.loopback})) continue;
    if (is_inner_device(local.device) && !is_preferred(local)) continue;
    // A loopback device may hold more addresses; the first speaks for all of its kind.
    bool seen = std::any_of(out.begin(), out.end(), [&local](const LocalAddress &other) {
      return other.address == local.address ||
             (local.loopback && other.loopback && other.ipv6 == local.ipv6);
    });
    if (!seen) out.push_back(local);
  }
  std::stable_sort(out.begin(), out.end(), [&rank](const LocalAddress &a, const LocalAddress &b) {
    return rank(a) < rank(b);
  });
  if (out.size() > kMaxAddresses) out.resize(kMaxAddresses);
  return out;
}

std::pair<std::vector<LocalAddress>, std::vector<LocalAddress>> split_by_preference(
    std::vector<LocalAddress> addresses, const std::vector<std::string> &preferred) {
  bool any_running = std::any_of(addresses.begin(), addresses.end(),
                                 [](const LocalAddress &local) { return local.running; });
  std::set<std::string> devices;
  for (const LocalAddress &local : addresses) {
    bool wanted = std::find(preferred.begin(), preferred.end(), local.address) != preferred.end();
    if (wanted && (local.running || !any_running)) devices.insert(local.device);
  }
  if (devices.empty()) return {std::move(addresses), {}};
  auto others = std::stable_partition(
      addresses.begin(), addresses.end(),
      [&devices](const LocalAddress &local) { return devices.contains(local.device); });
  std::vector<LocalAddress> rest(others, addresses.end());
  addresses.erase(others, addresses.end());
  return {std::move(addresses), std::move(rest)};
}

std::vector<std::string> preferred_sources(const std::vector<Destination> &destinations) {
  std::vector<std::string> sources;
  for (const Destination &destination : destinations) {
    auto target = Ref<GSocketAddress>::adopt(
        g_inet_socket_address_new_from_string(destination.address.c_str(), destination.port));
    sockaddr_storage storage{};
    if (!target || !g_socket_address_to_native(target.get(), &storage, sizeof(storage), nullptr)) {
      continue;
    }
    // Connecting a datagram socket sends nothing: it only asks the routing table.
    int fd = socket(storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) continue;
    auto *address = reinterpret_cast<sockaddr *>(&storage);
    socklen_t size = sockaddr_size(storage.ss_family);
    if (connect(fd, address, size) == 0 && getsockname(fd, address, &size) == 0) {
      std::string text = to_text(address);
      if (!text.empty() && std::find(sources.begin(), sources.end(), text) == sources.end()) {
        sources.push_back(std::move(text));
      }
    }
    ::close(fd);
  }
  return sources;
}

bool same_reach(const std::vector<Destination> &before, const std::vector<Destination> &after) {
  auto have = reach_of(before);
  auto want = reach_of(after);
  return std::includes(have.begin(), have.end(), want.begin(), want.end());
}

bool bind_to_device(GSocket *socket, const std::vector<LocalAddress> &addresses) {
  auto bound = Ref<GSocketAddress>::adopt(g_socket_get_local_address(socket, nullptr));
  if (!bound || !G_IS_INET_SOCKET_ADDRESS(bound.get())) return false;
  GString_ text(g_inet_address_to_string(
      g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(bound.get()))));
  for (const LocalAddress &local : addresses) {
    if (local.address != text.get() || local.loopback) continue;
    return setsockopt(g_socket_get_fd(socket), SOL_SOCKET, SO_BINDTODEVICE, local.device.c_str(),
                      static_cast<socklen_t>(local.device.size() + 1)) == 0;
  }
  return false;
}

std::size_t count_devices(const std::vector<LocalAddress> &addresses) {
  std::set<std::string> devices;
  for (const LocalAddress &local : addresses) {
    if (!local.loopback) devices.insert(local.device);
  }
  return devices.size();
}

}  // namespace oairt
