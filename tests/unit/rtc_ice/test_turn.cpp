// Relayed paths, through a real TURN server; skipped where coturn is not installed.
#include "ice_bench.h"
#include "lite_peer.h"
#include "support/turn_server.h"

using namespace std::chrono_literals;
using oairt::IceOptions;
using oairt::IceState;
using oairt::Secret;
using oairt::test::IceBench;
using oairt::test::LitePeer;
using oairt::test::run_in;
using oairt::test::TurnServer;
using oairt::test::wait_for;

namespace {

using Bytes = std::vector<uint8_t>;

IceOptions relayed(const std::string &uri) {
  IceOptions options;
  options.turn_servers.push_back(Secret(uri));
  options.relay_only = true;
  return options;
}

std::string uri(const TurnServer &server, const char *tail, const char *host = "127.0.0.1") {
  return std::string("turn://") + TurnServer::kEscaped + "@" + host + ":" +
         std::to_string(server.port()) + tail;
}

void carries_packets_through_the_relay(const IceOptions &options, TurnServer &server,
                                       const char *protocol) {
  LitePeer peer;
  IceBench bench(options);
  bench.set_local();
  bench.set_remote(peer.ufrag, peer.pwd, {peer.udp_candidate()});
  fail_unless(bench.wait_state(IceState::Connected));
  assert_text(bench.agent().selected_pair()->local, std::string("relay/") + protocol);
  assert_text(peer.remote(), "udp " + bench.agent().selected_pair()->local_address);
  for (uint8_t i = 0; i < 50; ++i) bench.send({0x80, 111, 0, i});
  fail_unless(wait_for([&] { return bench.received_count() >= 50; }));
  // An answer to a check of our own is seen through the relay, too.
  fail_if(wait_for([] { return false; }, 300ms));
  auto since = oairt::Clock::now();
  peer.echo = false;
  run_in(bench.loop(), [&] { bench.agent().probe(); });
  fail_unless(wait_for([&] { return bench.agent().last_heard() > since; }, 2s));
  fail_unless(bench.agent().last_inbound() < since);
  peer.echo = true;
  std::string before = peer.remote();
  bench.migrate("test");
  fail_unless(wait_for([&] { return bench.agent().swaps() == 1; }));
  bench.send({0x80, 111, 1, 1});
  fail_unless(wait_for([&] { return bench.received_count() >= 51; }));
  fail_if(peer.remote() == before);
  bench.close();
  fail_unless(wait_for([&] { return bench.agent().closed(); }));
  // Both allocations were given back.
  fail_unless(wait_for([&] { return server.count("lifetime=0") >= 2; }));
}

bool start(TurnServer &server) {
  return wait_for([&] { return server.ready(); });
}

}  // namespace

GST_START_TEST(turn_over_udp_carries_a_call) {
  TurnServer server;
  fail_unless(start(server));
  carries_packets_through_the_relay(relayed(uri(server, "?transport=udp")), server, "udp");
}
GST_END_TEST

GST_START_TEST(turn_over_tcp_carries_a_call) {
  TurnServer server;
  fail_unless(start(server));
  carries_packets_through_the_relay(relayed(uri(server, "?transport=tcp")), server, "tcp");
}
GST_END_TEST

GST_START_TEST(turn_over_tls_carries_a_call_and_checks_the_certificate) {
  TurnServer server;
  fail_unless(start(server));
  std::string place =
      std::string(TurnServer::kEscaped) + "@localhost:" + std::to_string(server.tls_port());
  IceOptions options = relayed("turns://" + place + "?transport=tcp");
  {
    LitePeer peer;
    IceBench stranger(options);  // nobody vouches for that certificate
    stranger.set_local();
    stranger.set_remote(peer.ufrag, peer.pwd, {peer.udp_candidate()});
    fail_if(wait_for(
        [&] { return stranger.transport_state() == GST_WEBRTC_ICE_CONNECTION_STATE_CONNECTED; },
        500ms));
  }
  options.ca_file = server.ca_file();
  carries_packets_through_the_relay(options, server, "tls");
}
GST_END_TEST

GST_START_TEST(a_turn_server_is_found_by_name_without_delaying_the_direct_path) {
  TurnServer server;
  fail_unless(start(server));
  carries_packets_through_the_relay(relayed(uri(server, "?transport=udp", "localhost")), server,
                                    "udp");
  LitePeer peer;
  IceOptions options = relayed("turn://u:p@does-not-exist.invalid");
  options.relay_only = false;
  IceBench bench(options);
  bench.set_local();
  bench.set_remote(peer.ufrag, peer.pwd, {peer.udp_candidate()});
  fail_unless(bench.wait_state(IceState::Connected));
  assert_text(bench.agent().selected_pair()->local, "host/udp");
}
GST_END_TEST

GST_START_TEST(a_refused_password_leaves_the_direct_path) {
  TurnServer server;
  fail_unless(start(server));
  LitePeer peer;
  IceOptions options = relayed("turn://kiosk:wrong@127.0.0.1:" + std::to_string(server.port()));
  options.relay_only = false;
  IceBench bench(options);
  bench.set_local();
  bench.set_remote(peer.ufrag, peer.pwd, {peer.udp_candidate()});
  fail_unless(bench.wait_state(IceState::Connected));
  assert_text(bench.agent().selected_pair()->local, "host/udp");
}
GST_END_TEST

GST_START_TEST(other_turn_servers_serve_the_next_path_and_the_call_goes_on) {
  TurnServer first, second;
  fail_unless(start(first) && start(second));
  for (const char *tail : {"?transport=tcp", "?transport=udp"}) {
    int given_back = second.count("lifetime=0");
    LitePeer peer;
    IceBench bench(relayed(uri(first, tail)));
    bench.set_local();
    bench.set_remote(peer.ufrag, peer.pwd, {peer.udp_candidate()});
    fail_unless(bench.wait_state(IceState::Connected));
    auto before = bench.agent().selected_pair()->local_address;
    run_in(bench.loop(), [&] {
      bench.agent().set_turn_servers({Secret("nonsense"), Secret(uri(second, tail))});
    });
    for (uint8_t i = 0; i < 20; ++i) bench.send({0x80, 111, 0, i});
    fail_unless(wait_for([&] { return bench.received_count() >= 20; }));
    assert_text(bench.agent().selected_pair()->local_address, before);
    fail_unless_equals_uint64(bench.agent().counters().paths, 1);
    bench.migrate("test");
    fail_unless(wait_for([&] { return bench.agent().swaps() == 1; }));
    bench.send({0x80, 111, 1, 1});
    fail_unless(wait_for([&] { return bench.received_count() >= 21; }));
    bench.close();
    fail_unless(wait_for([&] { return second.count("lifetime=0") > given_back; }));
  }
}
GST_END_TEST

int main(int argc, char **argv) {
  if (!TurnServer::available()) return 77;
  gst_check_init(&argc, &argv);
  Suite *suite = suite_create("rtc_ice_turn");
  TCase *test_case = tcase_create("all");
  suite_add_tcase(suite, test_case);
  tcase_set_timeout(test_case, 60);
  for (TFun test : {turn_over_udp_carries_a_call, turn_over_tcp_carries_a_call,
                    turn_over_tls_carries_a_call_and_checks_the_certificate,
                    a_turn_server_is_found_by_name_without_delaying_the_direct_path,
                    a_refused_password_leaves_the_direct_path,
                    other_turn_servers_serve_the_next_path_and_the_call_goes_on}) {
    tcase_add_test(test_case, test);
  }
  return gst_check_run_suite(suite, "rtc_ice_turn", __FILE__);
}
