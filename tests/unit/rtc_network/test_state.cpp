// What of rtnetlink's messages is news, from messages made by hand; and bytes that are none.
#include <cstring>
#include <random>

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "rtc/network_state.h"
#include "support/check.h"

using oairt::NetworkState;
using oairt::to_string;

namespace {

using Bytes = std::vector<unsigned char>;

template <typename Header>
Bytes message(int type, const Header &header, unsigned short attribute, const void *data,
              std::size_t size) {
  Bytes bytes(NLMSG_SPACE(sizeof(Header)) + RTA_SPACE(size));
  nlmsghdr head{};
  head.nlmsg_len = static_cast<uint32_t>(bytes.size());
  head.nlmsg_type = static_cast<uint16_t>(type);
  std::memcpy(bytes.data(), &head, sizeof(head));
  std::memcpy(bytes.data() + NLMSG_HDRLEN, &header, sizeof(header));
  rtattr attr{static_cast<unsigned short>(RTA_LENGTH(size)), attribute};
  std::memcpy(bytes.data() + NLMSG_SPACE(sizeof(Header)), &attr, sizeof(attr));
  std::memcpy(bytes.data() + NLMSG_SPACE(sizeof(Header)) + RTA_LENGTH(0), data, size);
  return bytes;
}

Bytes link(int type, int index, const char *name, unsigned flags) {
  ifinfomsg header{};
  header.ifi_index = index;
  header.ifi_flags = flags;
  return message(type, header, IFLA_IFNAME, name, std::strlen(name) + 1);
}

Bytes address(int type, int index, const char *text, unsigned flags = 0) {
  ifaddrmsg header{};
  bool ipv6 = std::strchr(text, ':') != nullptr;
  header.ifa_family = ipv6 ? AF_INET6 : AF_INET;
  header.ifa_index = static_cast<uint32_t>(index);
  header.ifa_flags = static_cast<unsigned char>(flags);
  unsigned char raw[16];
  inet_pton(header.ifa_family, text, raw);
  return message(type, header, IFA_ADDRESS, raw, ipv6 ? 16 : 4);
}

std::string news(NetworkState &state, const Bytes &bytes) {
  NetworkState::Changes changes;
  state.apply(bytes.data(), bytes.size(), changes);
  std::string text;
  for (const auto &change : changes) {
    text += (text.empty() ? "" : ",") + std::string(to_string(change.kind)) + " " + change.device +
            " " + change.address;
  }
  return text;
}

}  // namespace

GST_START_TEST(only_real_changes_are_news) {
  NetworkState state;
  assert_text(news(state, link(RTM_NEWLINK, 1, "lo", IFF_UP | IFF_RUNNING | IFF_LOOPBACK)), "");
  assert_text(news(state, link(RTM_NEWLINK, 2, "w0", 0)), "");
  assert_text(news(state, link(RTM_NEWLINK, 2, "w0", IFF_UP)), "link-up w0 ");
  assert_text(news(state, link(RTM_NEWLINK, 2, "w0", IFF_UP)), "");
  assert_text(news(state, link(RTM_NEWLINK, 2, "w0", IFF_UP | IFF_RUNNING)), "link-up w0 ");
  assert_text(news(state, link(RTM_NEWLINK, 2, "w0", IFF_UP)), "link-down w0 ");
  assert_text(news(state, link(RTM_NEWLINK, 2, "w0", IFF_UP | IFF_RUNNING)), "link-up w0 ");
  assert_text(news(state, address(RTM_NEWADDR, 2, "192.0.2.7")), "address-added w0 192.0.2.7");
  assert_text(news(state, address(RTM_NEWADDR, 2, "192.0.2.7")), "");
  assert_text(news(state, address(RTM_NEWADDR, 2, "2001:db8::7", IFA_F_TENTATIVE)), "");
  assert_text(news(state, address(RTM_NEWADDR, 2, "2001:db8::7")), "address-added w0 2001:db8::7");
  assert_text(news(state, address(RTM_NEWADDR, 2, "2001:db8::7", IFA_F_DADFAILED)),
              "address-removed w0 2001:db8::7");
  assert_text(news(state, address(RTM_NEWADDR, 2, "fe80::1")), "");
  assert_text(news(state, address(RTM_NEWADDR, 2, "169.254.1.1")), "");
  assert_text(news(state, address(RTM_NEWADDR, 1, "127.0.0.1")), "");
  assert_text(news(state, link(RTM_DELLINK, 2, "w0", 0)),
              "address-removed w0 192.0.2.7,link-down w0 ");
}
GST_END_TEST

GST_START_TEST(what_a_full_answer_does_not_name_is_gone) {
  NetworkState state;
  news(state, link(RTM_NEWLINK, 2, "w0", IFF_UP | IFF_RUNNING));
  news(state, link(RTM_NEWLINK, 3, "w1", IFF_UP | IFF_RUNNING));
  news(state, address(RTM_NEWADDR, 2, "192.0.2.7"));
  news(state, address(RTM_NEWADDR, 2, "192.0.2.8"));
  state.begin_sync();
  assert_text(news(state, link(RTM_NEWLINK, 2, "w0", IFF_UP | IFF_RUNNING)), "");
  assert_text(news(state, address(RTM_NEWADDR, 2, "192.0.2.8")), "");
  NetworkState::Changes changes;
  state.end_sync(changes);
  fail_unless_equals_int(changes.size(), 2);
  assert_text(changes[0].address, "192.0.2.7");
  assert_text(changes[1].device, "w1");
}
GST_END_TEST

GST_START_TEST(no_bytes_are_trusted) {
  std::mt19937 random(7);
  NetworkState state;
  NetworkState::Changes changes;
  Bytes whole = address(RTM_NEWADDR, 2, "2001:db8::7");
  for (int round = 0; round < 200000; ++round) {
    Bytes bytes = round % 2 == 0 ? whole : link(RTM_NEWLINK, 2, "w0", random());
    bytes[random() % bytes.size()] = static_cast<unsigned char>(random());
    bytes[random() % bytes.size()] = static_cast<unsigned char>(random());
    bytes.resize(random() % (bytes.size() + 1));
    // A copy of its own size, so that a read past the end is one past the allocation.
    Bytes exact(bytes);
    exact.shrink_to_fit();
    state.apply(exact.data(), exact.size(), changes);
    changes.clear();
  }
}
GST_END_TEST

OAIRT_TEST_MAIN(rtc_network_state, only_real_changes_are_news,
                what_a_full_answer_does_not_name_is_gone, no_bytes_are_trusted)
