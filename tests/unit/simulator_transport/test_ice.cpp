#include "fixture.h"

using namespace oairt::sim;        // NOLINT: a test reads better without the prefix
using namespace oairt::sim::test;  // NOLINT
using oairt::milliseconds;

GST_START_TEST(a_check_is_answered_and_alone_does_not_connect) {
  Fixture f;
  f.start_peer();
  f.client.send_check(false);
  fail_unless(f.wait([&] { return f.client.checks_answered == 1; }));
  fail_if(f.listener.has("ice"));
  f.client.send_check(true);
  fail_unless(f.wait([&] { return f.listener.has("ice"); }));
  fail_unless_equals_uint64(f.peer->stats().stun_requests, 2);
  fail_unless(f.peer->stats().remote.starts_with("127.0.0.1:"));
  fail_unless(f.peer->stats().remote.ends_with("/udp"));
}
GST_END_TEST

GST_START_TEST(wrong_credentials_are_refused) {
  Fixture f;
  f.start_peer();
  struct {
    std::string username, password;
    int code;
  } cases[] = {
      {f.client.server_ufrag + ":user", "not the password of the peer", 401},
      {f.client.server_ufrag + ":somebody", f.client.server_pwd, 401},
      {f.client.server_ufrag, f.client.server_pwd, 401},
      {f.client.server_ufrag + ":user", "", 400},
  };
  for (auto &[username, password, code] : cases) {
    f.client.check_errors.clear();
    f.client.send_check_with(username, password, true);
    fail_unless(f.wait([&] { return !f.client.check_errors.empty(); }));
    fail_unless_equals_int(f.client.check_errors[0], code);
  }
  fail_if(f.listener.has("ice"));
}
GST_END_TEST

GST_START_TEST(a_check_for_nobody_falls_into_the_void) {
  Fixture f;
  f.start_peer();
  f.client.send_check_with("nobody:user", f.client.server_pwd, true);
  f.settle();
  fail_unless_equals_int(f.client.packets, 1);
}
GST_END_TEST

GST_START_TEST(a_controlled_client_is_told_of_the_role_conflict) {
  Fixture f;
  f.start_peer();
  f.client.send_raw(stun::Builder(stun::Kind::Request, {})
                        .add(stun::kUsername, view_of(f.client.server_ufrag + ":user"))
                        .add(stun::kIceControlled, Bytes(8, 1))
                        .add_integrity(f.client.server_pwd)
                        .finish());
  fail_unless(f.wait([&] { return f.client.check_errors == std::vector<int>{487}; }));
}
GST_END_TEST

GST_START_TEST(unknown_required_attributes_are_refused) {
  Fixture f;
  f.start_peer();
  f.client.send_raw(stun::Builder(stun::Kind::Request, {})
                        .add(stun::kUsername, view_of(f.client.server_ufrag + ":user"))
                        .add(0x7FFF, {})
                        .add_integrity(f.client.server_pwd)
                        .finish());
  fail_unless(f.wait([&] { return f.client.check_errors == std::vector<int>{420}; }));
}
GST_END_TEST

GST_START_TEST(only_a_nominated_check_moves_the_path) {
  Fixture f;
  f.connect_dtls();
  std::string first = f.peer->stats().remote;
  f.client.open_socket();
  f.settle();
  assert_text(f.peer->stats().remote, first);
  f.client.send_check(true);
  fail_unless(f.wait([&] { return f.listener.has("path"); }));
  fail_if(f.peer->stats().remote == first);
  f.peer->send_rtp(960, false, {1, 2, 3});
  fail_unless(f.wait([&] { return f.client.rtp_packets == 1; }));
}
GST_END_TEST

GST_START_TEST(following_can_be_switched_off) {
  Fixture f;
  PeerFaults faults;
  faults.follow_new_address = false;
  f.connect_dtls(faults);
  std::string first = f.peer->stats().remote;
  f.client.open_socket();
  f.client.send_check(true);
  f.settle();
  assert_text(f.peer->stats().remote, first);
  f.peer->set_faults({});
  f.client.send_check(true);
  fail_unless(f.wait([&] { return f.listener.has("path"); }));
}
GST_END_TEST

GST_START_TEST(data_of_an_unchecked_address_is_ignored) {
  Fixture f;
  f.connect_dtls();
  f.client.open_socket();
  Bytes payload = {1};
  f.client.send_rtp(1, payload);
  f.client.send_check(false);
  fail_unless(f.wait([&] { return f.client.checks_answered == 2; }));
  f.client.send_rtp(2, payload);
  fail_unless(f.wait([&] { return f.listener.has("rtp"); }));
  fail_unless(f.listener.sequences == std::vector<uint16_t>{2});
}
GST_END_TEST

GST_START_TEST(a_restart_takes_new_credentials_and_refuses_the_old) {
  Fixture f;
  f.connect_dtls();
  std::string old_ufrag = f.client.server_ufrag, old_pwd = f.client.server_pwd;
  f.peer->restart_ice("user2", "another password of the client");
  std::string fragment = f.peer->ice_fragment();
  fail_if(f.peer->local_ufrag() == old_ufrag);
  assert_contains(fragment, f.peer->local_ufrag());
  f.client.send_check_with(old_ufrag + ":user", old_pwd, true);
  fail_unless(f.wait([&] { return f.client.check_errors == std::vector<int>{401}; }));
  f.peer->send_rtp(960, false, {1});  // the old path carries media until the new one is there
  fail_unless(f.wait([&] { return f.client.rtp_packets == 1; }));
  f.client.ufrag = "user2";
  f.client.accept(fragment);
  f.client.send_check(true);
  fail_unless(f.wait([&] { return f.listener.has("path"); }));
  f.peer->send_rtp(1920, false, {1});
  fail_unless(f.wait([&] { return f.client.rtp_packets == 2; }));
}
GST_END_TEST

GST_START_TEST(tcp_works_where_udp_is_dead) {
  Fixture f(true);
  PeerFaults faults;
  faults.no_udp = true;
  f.connect_channel(faults);
  fail_unless(f.peer->stats().remote.ends_with("/tcp"));
  MiniClient udp;
  udp.accept(f.peer->answer());
  udp.send_check(true);
  f.settle();
  fail_unless_equals_int(udp.packets, 0);
  std::string large(60000, 'x');
  f.client.send_text(large);
  fail_unless(f.wait([&] { return f.listener.texts == std::vector<std::string>{large}; }));
  fail_unless(f.peer->send_message(large));
  fail_unless(f.wait([&] { return f.client.texts == std::vector<std::string>{large}; }));
}
GST_END_TEST

GST_START_TEST(a_lost_tcp_connection_is_replaced) {
  Fixture f(true);
  f.connect_dtls();
  f.client.open_socket();
  f.client.send_check(true);
  fail_unless(f.wait([&] { return f.listener.has("path"); }));
  f.peer->send_rtp(960, false, {1, 2, 3});
  fail_unless(f.wait([&] { return f.client.rtp_packets == 1; }));
}
GST_END_TEST

GST_START_TEST(dead_candidates_come_beside_the_living) {
  TransportOptions options;
  options.dead_candidates = {"127.0.0.99"};
  options.advertise = {"127.0.0.1", "127.0.0.2"};
  Fixture f(false, options);
  f.connect_ice();
  std::string answer = f.peer->answer();
  for (const char *ip : {" 127.0.0.99 ", " 127.0.0.1 ", " 127.0.0.2 "}) assert_contains(answer, ip);
}
GST_END_TEST

GST_START_TEST(silence_is_reported_and_ends_the_peer) {
  Fixture f;
  f.connect_dtls();
  f.transport->set_timeouts(0.4, 0.6);
  f.peer->set_blackhole(true);
  f.pass(milliseconds(50));  // for what was already on its way
  int packets = f.client.packets;
  f.client.send_check(true);
  fail_unless(f.wait([&] { return f.listener.has("disconnected"); }));
  fail_unless_equals_int(f.client.packets, packets);
  f.peer->set_blackhole(false);
  f.client.send_check(true);
  fail_unless(f.wait([&] { return f.listener.has("reconnected"); }));
  f.client.is_lost = [](bool, BytesView) { return true; };
  fail_unless(f.wait([&] { return f.listener.has("closed timed out"); }));
  fail_unless(f.listener.count("disconnected") >= 2);
}
GST_END_TEST

GST_START_TEST(a_client_that_never_comes_is_given_up) {
  Fixture f;
  f.transport->set_timeouts(0.1, 0.2);
  f.start_peer();
  fail_unless(f.wait([&] { return f.listener.has("closed timed out"); }));
  fail_if(f.listener.has("disconnected"));
}
GST_END_TEST

GST_START_TEST(the_ports_of_the_candidates_can_be_those_of_a_relay) {
  TransportOptions options;
  options.advertise_udp_port = 3478;
  options.advertise_tcp_port = 443;
  Fixture f(false, options);
  f.start_peer();
  fail_unless_equals_int(f.client.udp_port, 3478);
  fail_unless_equals_int(f.client.tcp_port, 443);
  fail_if(f.transport->udp_port() == 3478);
}
GST_END_TEST

GST_START_TEST(a_port_that_is_taken_is_an_error) {
  Fixture f;
  for (bool udp : {true, false}) {
    TransportOptions options;
    (udp ? options.udp_port : options.tcp_port) =
        udp ? f.transport->udp_port() : f.transport->tcp_port();
    fail_if(Transport::open(g_main_context_default(), options).ok());
  }
  TransportOptions named;
  named.listen = "localhost";
  fail_if(Transport::open(g_main_context_default(), named).ok());
}
GST_END_TEST

OAIRT_TEST_MAIN(simulator_transport_ice, a_check_is_answered_and_alone_does_not_connect,
                wrong_credentials_are_refused, a_check_for_nobody_falls_into_the_void,
                a_controlled_client_is_told_of_the_role_conflict,
                unknown_required_attributes_are_refused, only_a_nominated_check_moves_the_path,
                following_can_be_switched_off, data_of_an_unchecked_address_is_ignored,
                a_restart_takes_new_credentials_and_refuses_the_old, tcp_works_where_udp_is_dead,
                a_lost_tcp_connection_is_replaced, dead_candidates_come_beside_the_living,
                silence_is_reported_and_ends_the_peer, a_client_that_never_comes_is_given_up,
                the_ports_of_the_candidates_can_be_those_of_a_relay,
                a_port_that_is_taken_is_an_error)
