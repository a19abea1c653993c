#include "rtc/network_state.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>

namespace oairt {
namespace {

using Kind = NetworkChange::Kind;

// The fixed part of a message's payload; none if it is cut short.
template <typename Header>
std::optional<Header> header_of(const nlmsghdr &message) {
  if (message.nlmsg_len < NLMSG_LENGTH(sizeof(Header))) return std::nullopt;
  Header header;
  std::memcpy(&header, NLMSG_DATA(&message), sizeof(header));
  return header;
}

struct Attribute {
  const unsigned char *data = nullptr;
  std::size_t size = 0;
};

// The last attribute of a type, as the kernel itself reads them.
template <typename Header>
Attribute find(const nlmsghdr &message, unsigned short type) {
  Attribute found;
  const auto *at = reinterpret_cast<const unsigned char *>(&message) + NLMSG_SPACE(sizeof(Header));
  const auto *end = reinterpret_cast<const unsigned char *>(&message) + message.nlmsg_len;
  while (at + sizeof(rtattr) <= end) {
    rtattr attribute;
    std::memcpy(&attribute, at, sizeof(attribute));
    if (attribute.rta_len < sizeof(attribute) || at + attribute.rta_len > end) break;
    if ((attribute.rta_type & NLA_TYPE_MASK) == type) {
      found = {at + RTA_LENGTH(0), attribute.rta_len - RTA_LENGTH(0)};
    }
    at += RTA_ALIGN(attribute.rta_len);
  }
  return found;
}

uint32_t number(const Attribute &attribute, uint32_t otherwise) {
  if (attribute.size < sizeof(otherwise)) return otherwise;
  std::memcpy(&otherwise, attribute.data, sizeof(otherwise));
  return otherwise;
}

bool link_local(int family, const unsigned char *bytes) {
  if (family == AF_INET) return bytes[0] == 169 && bytes[1] == 254;
  return bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
}

// As text; empty for one that is no use to anyone beyond the link.
std::string usable_address(const nlmsghdr &message, const ifaddrmsg &header) {
  std::size_t size = header.ifa_family == AF_INET ? 4 : header.ifa_family == AF_INET6 ? 16 : 0;
  Attribute address = find<ifaddrmsg>(message, IFA_LOCAL);
  if (address.size != size) address = find<ifaddrmsg>(message, IFA_ADDRESS);
  if (size == 0 || address.size != size) return {};
  if (header.ifa_scope >= RT_SCOPE_LINK || link_local(header.ifa_family, address.data)) return {};
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(header.ifa_family, address.data, text, sizeof(text));
  return text;
}

bool duplicate_detection_is_over(uint32_t flags) {
  if ((flags & IFA_F_DADFAILED) != 0) return false;
  return (flags & IFA_F_TENTATIVE) == 0 || (flags & IFA_F_OPTIMISTIC) != 0;
}

}  // namespace

const char *to_string(NetworkChange::Kind kind) {
  switch (kind) {
    case Kind::LinkDown:
      return "link-down";
    case Kind::LinkUp:
      return "link-up";
    case Kind::AddressRemoved:
      return "address-removed";
    case Kind::AddressAdded:
      return "address-added";
    case Kind::RouteChanged:
      return "route-changed";
  }
  return "?";
}

void NetworkState::apply(const void *data, std::size_t size, Changes &changes) {
  const auto *at = static_cast<const unsigned char *>(data);
  while (size >= sizeof(nlmsghdr)) {
    const auto *message = reinterpret_cast<const nlmsghdr *>(at);
    if (message->nlmsg_len < sizeof(nlmsghdr) || message->nlmsg_len > size) break;
    apply_one(*message, changes);
    std::size_t step = std::min<std::size_t>(NLMSG_ALIGN(message->nlmsg_len), size);
    at += step;
    size -= step;
  }
}

void NetworkState::apply_one(const nlmsghdr &message, Changes &changes) {
  switch (message.nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return on_link(message, changes);
    case RTM_NEWADDR:
    case RTM_DELADDR:
      return on_address(message, changes);
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      return on_route(message, changes);
    default:
      return;
  }
}

void NetworkState::on_link(const nlmsghdr &message, Changes &changes) {
  auto header = header_of<ifinfomsg>(message);
  // A bridge tells of its ports by the same message; a port that leaves it is not gone.
  if (!header || header->ifi_family != AF_UNSPEC) return;
  if (message.nlmsg_type == RTM_DELLINK) return drop_link(header->ifi_index, changes);
  Link &link = links_[header->ifi_index];
  Attribute name = find<ifinfomsg>(message, IFLA_IFNAME);
  if (name.size > 0) {
    const char *text = reinterpret_cast<const char *>(name.data);
    link.device.assign(text, strnlen(text, name.size));
  }
  link.seen = true;
  link.loopback = (header->ifi_flags & IFF_LOOPBACK) != 0;
  bool up = (header->ifi_flags & IFF_UP) != 0;
  bool carrier = up && (header->ifi_flags & IFF_RUNNING) != 0;
  bool came = (up && !link.up) || (carrier && !link.carrier);
  bool went = (!up && link.up) || (!carrier && link.carrier);
  link.up = up;
  link.carrier = carrier;
  if (link.loopback || (!came && !went)) return;
  changes.push_back({went ? Kind::LinkDown : Kind::LinkUp, link.device, ""});
}

void NetworkState::drop_link(int index, Changes &changes) {
  auto found = links_.find(index);
  if (found == links_.end()) return;
  const Link link = found->second;
  for (auto at = addresses_.begin(); at != addresses_.end();) {
    auto next = std::next(at);
    if (at->first.first == index) drop_address(at->first, changes);
    at = next;
  }
  links_.erase(index);
  if (link.up && !link.loopback) changes.push_back({Kind::LinkDown, link.device, ""});
}

void NetworkState::on_address(const nlmsghdr &message, Changes &changes) {
  auto header = header_of<ifaddrmsg>(message);
  if (!header) return;
  std::string text = usable_address(message, *header);
  int index = static_cast<int>(header->ifa_index);
  auto link = links_.find(index);
  if (text.empty() || (link != links_.end() && link->second.loopback)) return;
  std::pair<int, std::string> key{index, text};
  uint32_t flags = number(find<ifaddrmsg>(message, IFA_FLAGS), header->ifa_flags);
  if (message.nlmsg_type == RTM_DELADDR || !duplicate_detection_is_over(flags)) {
    return drop_address(key, changes);
  }
  auto [at, added] = addresses_.try_emplace(key, Address{index});
  at->second.seen = true;
  if (added) changes.push_back({Kind::AddressAdded, device(index), text});
}

void NetworkState::drop_address(const std::pair<int, std::string> &key, Changes &changes) {
  NetworkChange change{Kind::AddressRemoved, device(key.first), key.second};
  if (addresses_.erase(key) > 0) changes.push_back(std::move(change));
}

// Some VPNs lay two routes of half the world each over the default one.
void NetworkState::on_route(const nlmsghdr &message, Changes &changes) {
  auto header = header_of<rtmsg>(message);
  if (!header || header->rtm_dst_len > 1 || header->rtm_type != RTN_UNICAST) return;
  if ((header->rtm_flags & RTM_F_CLONED) != 0) return;
  if (header->rtm_family != AF_INET && header->rtm_family != AF_INET6) return;
  uint32_t index = number(find<rtmsg>(message, RTA_OIF), 0);
  changes.push_back({Kind::RouteChanged, device(static_cast<int>(index)), ""});
}

std::string NetworkState::device(int index) const {
  auto link = links_.find(index);
  return link != links_.end() ? link->second.device : std::string();
}

void NetworkState::begin_sync() {
  for (auto &[index, link] : links_) link.seen = false;
  for (auto &[key, address] : addresses_) address.seen = false;
}

void NetworkState::end_sync(Changes &changes) {
  for (auto at = addresses_.begin(); at != addresses_.end();) {
    auto next = std::next(at);
    if (!at->second.seen) drop_address(at->first, changes);
    at = next;
  }
  for (auto at = links_.begin(); at != links_.end();) {
    auto next = std::next(at);
    if (!at->second.seen) drop_link(at->first, changes);
    at = next;
  }
}

}  // namespace oairt
