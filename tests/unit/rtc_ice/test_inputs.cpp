// What comes from outside: candidate lines of the peer, server URIs of the user, addresses of the
// machine.
#include "rtc/dtls_records.h"
#include "rtc/ice_addresses.h"
#include "rtc/ice_candidate.h"
#include "rtc/turn_uri.h"
#include "support/check.h"

using oairt::CandidateFault;
using oairt::choose_local_addresses;
using oairt::IceCandidate;
using oairt::IceCandidateList;
using oairt::LocalAddress;
using oairt::parse_candidate;
using oairt::TurnTransport;

GST_START_TEST(candidates_of_a_real_answer_are_read) {
  auto udp =
      parse_candidate("a=candidate:3078345123 1 udp 2130706431 172.214.226.198 3478 typ host\r\n");
  fail_unless(udp.candidate.has_value());
  assert_text(udp.candidate->address, "172.214.226.198");
  fail_unless_equals_int(udp.candidate->port, 3478);
  fail_unless(udp.candidate->transport == IceCandidate::Transport::Udp);
  fail_unless(udp.candidate->type == IceCandidate::Type::Host);
  auto tcp = parse_candidate(
      "candidate:1 1 TCP 1671430143 10.1.2.3 443 typ host tcptype passive generation 0");
  fail_unless(tcp.candidate->transport == IceCandidate::Transport::TcpPassive);
  auto relay = parse_candidate("7/+a 1 UDP 1 2001:DB8::1 9 typ relay raddr 10.0.0.1 rport 5");
  fail_unless(relay.candidate->type == IceCandidate::Type::Relay);
  assert_text(relay.candidate->address, "2001:db8::1");
  fail_unless(relay.candidate->ipv6());
}
GST_END_TEST

GST_START_TEST(hostile_candidates_are_refused_by_kind) {
  struct Case {
    const char *line;
    CandidateFault fault;
  };
  for (const Case &test : std::initializer_list<Case>{
           {"", CandidateFault::Malformed},
           {"a=candidate:", CandidateFault::Malformed},
           {"candidate:1 1 udp 1 10.0.0.1 1", CandidateFault::Malformed},
           {"candidate:1 1 udp 1 10.0.0.1 1 typ", CandidateFault::Malformed},
           {"candidate:1 1 udp 1 10.0.0.1 1 typ host raddr", CandidateFault::Malformed},
           {"candidate:1 1 udp 1 10.0.0.1 1 typ alien", CandidateFault::Malformed},
           {"candidate:1 1 udp -1 10.0.0.1 1 typ host", CandidateFault::Malformed},
           {"candidate:1 1 udp 99999999999 10.0.0.1 1 typ host", CandidateFault::Malformed},
           {"candidate:1 1 udp 1 10.0.0.1 0 typ host", CandidateFault::Malformed},
           {"candidate:1 1 udp 1 10.0.0.1 70000 typ host", CandidateFault::Malformed},
           {"candidate:1 x udp 1 10.0.0.1 1 typ host", CandidateFault::Malformed},
           {"candidate:%s%n 1 udp 1 10.0.0.1 1 typ host", CandidateFault::Malformed},
           {"candidate:1 2 udp 1 10.0.0.1 1 typ host", CandidateFault::Unsupported},
           {"candidate:1 1 sctp 1 10.0.0.1 1 typ host", CandidateFault::Unsupported},
           {"candidate:1 1 tcp 1 10.0.0.1 9 typ host tcptype active", CandidateFault::Unsupported},
           {"candidate:1 1 tcp 1 10.0.0.1 9 typ host", CandidateFault::Unsupported},
           {"candidate:1 1 udp 1 4f3b-9.local 1 typ host", CandidateFault::Hostname},
           {"candidate:1 1 udp 1 10.0.0 1 typ host", CandidateFault::Hostname},
           {"candidate:1 1 udp 1 0.0.0.0 1 typ host", CandidateFault::BadAddress},
           {"candidate:1 1 udp 1 :: 1 typ host", CandidateFault::BadAddress},
           {"candidate:1 1 udp 1 224.0.0.1 1 typ host", CandidateFault::BadAddress},
           {"candidate:1 1 udp 1 255.255.255.255 1 typ host", CandidateFault::BadAddress},
           {"candidate:1 1 udp 1 fe80::1 1 typ host", CandidateFault::BadAddress},
       }) {
    auto parsed = parse_candidate(test.line);
    fail_if(parsed.candidate.has_value(), "accepted: %s", test.line);
    fail_unless(parsed.fault == test.fault, "%s: %s", test.line, oairt::to_string(parsed.fault));
  }
  fail_unless(parse_candidate(std::string(5000, 'a')).fault == CandidateFault::Malformed);
}
GST_END_TEST

GST_START_TEST(a_flood_of_candidates_is_cut_and_counted) {
  IceCandidateList list;
  auto line = [](int i) {
    return "candidate:1 1 udp 1 10.0.0.1 " + std::to_string(1000 + i) + " typ host";
  };
  for (int i = 0; i < 100; ++i) list.add(line(i));
  fail_unless_equals_int(list.list().size(), IceCandidateList::kMax);
  fail_unless_equals_int(list.ignored(), 100 - IceCandidateList::kMax);
  list.clear();
  fail_unless(list.add(line(1)));
  fail_if(list.add(line(1)));  // a duplicate is no fault
  fail_unless_equals_int(list.ignored(), 100 - IceCandidateList::kMax);
}
GST_END_TEST

GST_START_TEST(turn_uris_are_read_with_their_escapes) {
  auto full =
      oairt::parse_turn_uri("turn://us%40er:p%3Aa%2Fss@turn.example.org:3479?transport=tcp");
  fail_unless(full.ok());
  assert_text(full->host, "turn.example.org");
  assert_text(full->user, "us@er");
  assert_text(std::string(full->password.reveal()), "p:a/ss");
  fail_unless_equals_int(full->port, 3479);
  fail_unless(full->transports == std::vector{TurnTransport::Tcp});
  auto plain = oairt::parse_turn_uri("TURN:u:p?w@x@[2001:db8::5]");
  fail_unless(plain.ok());
  assert_text(plain->host, "2001:db8::5");
  assert_text(std::string(plain->password.reveal()), "p?w@x");
  fail_unless_equals_int(plain->port, 3478);
  fail_unless((plain->transports == std::vector{TurnTransport::Udp, TurnTransport::Tcp}));
  auto tls = oairt::parse_turn_uri("turns://u:p@h?transport=tcp");
  fail_unless(tls.ok());
  fail_unless_equals_int(tls->port, 5349);
  fail_unless(tls->transports == std::vector{TurnTransport::Tls});
}
GST_END_TEST

GST_START_TEST(bad_server_uris_are_refused_without_repeating_them) {
  for (const char *uri : {"",
                          "turn",
                          "turn:",
                          "turn://",
                          "turn://h",
                          "turn://user@h",
                          "turn://u:@h",
                          "stun://u:secret@h",
                          "turn://u:secret@",
                          "turn://u:secret@h:0",
                          "turn://u:secret@h:99999",
                          "turn://u:secret@h:12x",
                          "turn://u:secret@h?transport=sctp",
                          "turn://u:secret@h?x=y",
                          "turns://u:secret@h?transport=udp",
                          "turn://u:sec%zzret@h",
                          "turn://u:sec%00ret@h",
                          "turn://u:secret%@h",
                          "turn://u:secret@a:b:c",
                          "turn://u:secret@[::1",
                          "turn://u:secret@h/path",
                          "http://u:secret@h"}) {
    auto parsed = oairt::parse_turn_uri(uri);
    fail_if(parsed.ok(), "accepted: %s", uri);
    fail_unless(parsed.error().code == oairt::ErrorCode::Config);
    fail_unless(parsed.error().message.find("secret") == std::string::npos);
    fail_unless(parsed.error().detail.find("secret") == std::string::npos);
  }
  fail_unless(oairt::parse_stun_uri("stun://stun.example.org").ok());
  fail_unless(oairt::parse_stun_uri("stun:10.0.0.1:5555").ok());
  fail_if(oairt::parse_stun_uri("turn://h").ok());
  fail_if(oairt::parse_stun_uri("stun://h?x").ok());
  fail_unless(oairt::parse_proxy_uri("http://proxy:3128").ok());
  fail_unless(oairt::parse_proxy_uri("http://u:p@proxy").ok());
  fail_if(oairt::parse_proxy_uri("socks5://proxy").ok());
}
GST_END_TEST

GST_START_TEST(local_addresses_match_what_has_to_be_reached) {
  std::vector<LocalAddress> all = {{"127.0.0.1", "lo", false, true},
                                   {"10.1.0.2", "eth0", false, false},
                                   {"172.17.0.1", "docker0", false, false},
                                   {"10.2.0.2", "wlan0", false, false},
                                   {"::1", "lo", true, true},
                                   {"2001:db8::2", "eth0", true, false}};
  auto names = [&](std::vector<oairt::Destination> to, std::vector<std::string> preferred = {}) {
    std::string out;
    for (const auto &local : choose_local_addresses(all, to, preferred)) out += local.address + " ";
    return out;
  };
  assert_text(names({}), "");
  assert_text(names({{"127.0.0.1", 1}}), "127.0.0.1 ");
  assert_text(names({{"::1", 1}}), "::1 ");
  assert_text(names({{"192.0.2.1", 1}}), "10.1.0.2 10.2.0.2 ");
  assert_text(names({{"192.0.2.1", 1}}, {"10.2.0.2"}), "10.2.0.2 10.1.0.2 ");
  assert_text(names({{"172.17.0.9", 1}}, {"172.17.0.1"}), "172.17.0.1 10.1.0.2 10.2.0.2 ");
  assert_text(names({{"127.0.0.5", 1}, {"192.0.2.1", 1}}), "127.0.0.1 10.1.0.2 10.2.0.2 ");
  assert_text(names({{"2001:db8::9", 1}}), "2001:db8::2 ");
}
GST_END_TEST

GST_START_TEST(a_path_serves_further_destinations_of_the_kinds_it_gathered_for) {
  std::vector<oairt::Destination> loopback = {{"127.0.0.1", 1}};
  std::vector<oairt::Destination> mixed = {{"127.0.0.1", 1}, {"192.0.2.1", 2}};
  fail_unless(oairt::same_reach(loopback, {{"127.0.0.2", 9}}));
  fail_if(oairt::same_reach(loopback, mixed));
  fail_unless(oairt::same_reach(mixed, loopback));
}
GST_END_TEST

GST_START_TEST(the_kernel_names_the_source_address_without_sending) {
  auto sources = oairt::preferred_sources({{"127.0.0.1", 9}, {"not an address", 1}});
  fail_unless_equals_int(sources.size(), 1);
  assert_text(sources[0], "127.0.0.1");
  bool loopback = false;
  for (const auto &local : oairt::list_local_addresses()) loopback |= local.loopback;
  fail_unless(loopback);
}
GST_END_TEST

GST_START_TEST(the_device_that_routing_prefers_goes_first_unless_it_has_no_carrier) {
  using oairt::LocalAddress;
  std::vector<LocalAddress> all = {
      {"192.0.2.1", "wired"}, {"198.51.100.1", "mobile"}, {"2001:db8::1", "wired", true}};
  auto split = [&](const std::vector<std::string> &preferred) {
    auto [first, others] = oairt::split_by_preference(all, preferred);
    std::string text;
    for (const auto &local : first) text += local.address + " ";
    text += "|";
    for (const auto &local : others) text += " " + local.address;
    return text;
  };
  assert_text(split({"192.0.2.1"}), "192.0.2.1 2001:db8::1 | 198.51.100.1");
  assert_text(split({"198.51.100.1"}), "198.51.100.1 | 192.0.2.1 2001:db8::1");
  assert_text(split({}), "192.0.2.1 198.51.100.1 2001:db8::1 |");
  all[0].running = all[2].running = false;
  assert_text(split({"192.0.2.1"}), "192.0.2.1 198.51.100.1 2001:db8::1 |");
  all[1].running = false;
  assert_text(split({"192.0.2.1"}), "192.0.2.1 2001:db8::1 | 198.51.100.1");
}
GST_END_TEST

GST_START_TEST(encrypted_records_without_room_for_their_tag_are_known) {
  auto record = [](uint8_t epoch, std::size_t length) {
    std::vector<uint8_t> bytes = {
        23, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 1, 0, static_cast<uint8_t>(length)};
    bytes.resize(bytes.size() + length);
    return bytes;
  };
  auto stunted = [](std::vector<uint8_t> bytes) {
    return oairt::is_stunted_dtls(bytes.data(), bytes.size());
  };
  fail_unless(stunted(record(1, 0)) && stunted(record(1, 23)));
  fail_if(stunted(record(1, 24)) || stunted(record(1, 60)));
  fail_if(stunted(record(0, 2)), "a clear alert");
  auto two = record(1, 40), second = record(1, 5);
  two.insert(two.end(), second.begin(), second.end());
  fail_unless(stunted(two));
  two.resize(45);  // cut short: nothing is known of what is not there
  fail_if(stunted(two));
  fail_if(stunted({}) || stunted({23, 0xfe}) || stunted({0x80, 0x6f, 0, 1}));
}
GST_END_TEST

OAIRT_TEST_MAIN(rtc_ice_inputs, encrypted_records_without_room_for_their_tag_are_known,
                the_device_that_routing_prefers_goes_first_unless_it_has_no_carrier,
                candidates_of_a_real_answer_are_read, hostile_candidates_are_refused_by_kind,
                a_flood_of_candidates_is_cut_and_counted, turn_uris_are_read_with_their_escapes,
                bad_server_uris_are_refused_without_repeating_them,
                local_addresses_match_what_has_to_be_reached,
                a_path_serves_further_destinations_of_the_kinds_it_gathered_for,
                the_kernel_names_the_source_address_without_sending)
