// The agent against live peers on 127.0.0.1: connecting, data both ways, changing the path under
// way, and the end.
#include <thread>

#include "ice_bench.h"
#include "lite_peer.h"

using namespace std::chrono_literals;
using oairt::IceOptions;
using oairt::IceState;
using oairt::test::IceBench;
using oairt::test::LitePeer;
using oairt::test::run_in;
using oairt::test::wait_for;

namespace {

using Bytes = std::vector<uint8_t>;

// As RTP looks from outside, with a number to know it by.
Bytes packet(unsigned number) {
  return {0x80, 111, static_cast<uint8_t>(number >> 8), static_cast<uint8_t>(number),
          static_cast<uint8_t>(number >> 16)};
}

// Paths can be counted only where none is started for speed.
IceOptions one_path_at_a_time() {
  IceOptions options;
  options.hedge_delay = 0ms;
  return options;
}

void connect(IceBench &bench, LitePeer &peer) {
  bench.set_local();
  bench.set_remote(peer.ufrag, peer.pwd, {peer.udp_candidate()});
  fail_unless(bench.wait_state(IceState::Connected));
}

std::string gathering(GstWebRTCICETransport *transport) {
  GstWebRTCICEGatheringState state;
  g_object_get(transport, "gathering-state", &state, nullptr);
  return state == GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE ? "complete" : "not complete";
}

}  // namespace

GST_START_TEST(connects_and_carries_packets_both_ways) {
  LitePeer peer;
  IceBench bench;
  bench.set_local();
  assert_text(gathering(bench.transport()), "complete");
  fail_unless(bench.states().empty());
  bench.set_remote(peer.ufrag, peer.pwd, {peer.udp_candidate()});
  fail_unless(bench.wait_state(IceState::Connected));
  fail_unless((bench.states() == std::vector{IceState::Checking, IceState::Connected}));
  fail_unless(bench.transport_state() == GST_WEBRTC_ICE_CONNECTION_STATE_CONNECTED);
  bench.send(packet(1));
  fail_unless(wait_for([&] { return bench.received_count() == 1; }));
  fail_unless(bench.received()[0] == packet(1));
  fail_unless_equals_uint64(bench.agent().bytes_sent(), 5);
  fail_unless_equals_uint64(bench.agent().bytes_received(), 5);
  fail_unless(oairt::Clock::now() - bench.agent().last_inbound() < 5s);
}
GST_END_TEST

GST_START_TEST(the_pair_and_the_candidates_are_known_to_webrtcbin) {
  LitePeer peer;
  IceBench bench;
  GstWebRTCICECandidateStats *local = nullptr, *remote = nullptr;
  fail_if(gst_webrtc_ice_get_selected_pair(bench.ice(), bench.stream(), &local, &remote));
  connect(bench, peer);
  fail_unless(gst_webrtc_ice_get_selected_pair(bench.ice(), bench.stream(), &local, &remote));
  assert_text(local->ipaddr, "127.0.0.1");
  assert_text(remote->ipaddr, "127.0.0.1");
  assert_text(local->type, "host");
  assert_text(remote->proto, "udp");
  gst_webrtc_ice_candidate_stats_free(local);
  gst_webrtc_ice_candidate_stats_free(remote);
  auto **list = gst_webrtc_ice_get_local_candidates(bench.ice(), bench.stream());
  fail_unless(list[0] != nullptr);
  for (auto **one = list; *one != nullptr; ++one) gst_webrtc_ice_candidate_stats_free(*one);
  g_free(list);
  auto pair = bench.agent().selected_pair();
  fail_unless(pair.has_value());
  assert_text(pair->local, "host/udp");
  assert_text(pair->remote, "host/udp");
  fail_unless_equals_int(peer.remote().compare("udp " + pair->local_address), 0);
}
GST_END_TEST

GST_START_TEST(changing_the_path_loses_no_packet_and_moves_the_peer) {
  LitePeer peer;
  IceBench bench(one_path_at_a_time());
  connect(bench, peer);
  std::string before = peer.remote();
  constexpr unsigned kPackets = 900;
  std::thread sender([&] {
    for (unsigned i = 0; i < kPackets; ++i) {
      bench.send(packet(i));
      std::this_thread::sleep_for(1ms);
    }
  });
  for (unsigned i = 1; i <= 3; ++i) {
    bench.migrate("test");
    fail_unless(wait_for([&] { return bench.agent().swaps() == i; }));
    fail_unless(wait_for([&] { return bench.received_count() > i * 200; }));
  }
  sender.join();
  fail_unless(wait_for([&] { return bench.received_count() >= kPackets; }));
  std::set<Bytes> seen;
  for (const Bytes &one : bench.received()) seen.insert(one);
  fail_unless_equals_int(seen.size(), kPackets);
  fail_if(peer.remote() == before);
  fail_unless_equals_int(peer.sources().size(), 4);
  // webrtcbin saw one connection all the while.
  fail_unless((bench.states() == std::vector{IceState::Checking, IceState::Connected}));
}
GST_END_TEST

GST_START_TEST(a_replaced_path_hears_for_a_while_and_then_is_gone) {
  LitePeer peer;
  IceOptions options;
  options.retire = 600ms;
  IceBench bench(options);
  connect(bench, peer);
  peer.follow = false;
  bench.migrate("test");
  fail_unless(wait_for([&] { return bench.agent().swaps() == 1; }));
  peer.send(packet(1));
  fail_unless(wait_for([&] { return bench.received_count() == 1; }, 500ms));
  fail_if(wait_for([] { return false; }, 700ms));
  peer.send(packet(2));
  fail_if(wait_for([&] { return bench.received_count() > 1; }, 100ms));
}
GST_END_TEST

GST_START_TEST(a_newer_path_replaces_the_pending_one) {
  LitePeer peer;
  IceBench bench(one_path_at_a_time());
  connect(bench, peer);
  for (int i = 0; i < 5; ++i) bench.migrate("test");
  fail_unless(wait_for([&] { return bench.agent().swaps() == 1; }));
  fail_unless_equals_uint64(bench.agent().counters().paths, 6);
  bench.send(packet(1));
  fail_unless(wait_for([&] { return bench.received_count() == 1; }));
}
GST_END_TEST

GST_START_TEST(records_a_dead_path_swallowed_are_sent_again) {
  LitePeer peer;
  std::atomic<int> records{0};
  peer.on_packet = [&](const Bytes &bytes) { records += bytes[0] == 23; };
  IceOptions options;
  options.opening_repeat = 0ms;  // it would send them again as well
  IceBench bench(options);
  connect(bench, peer);
  peer.deaf = true;
  for (uint8_t i = 0; i < 10; ++i) bench.send({23, 254, 253, 0, 1, 0, 0, 0, 0, 0, i, 0, 1, i});
  // A peer that comes late to its socket would hear them after all.
  fail_unless(wait_for([&] { return peer.dropped >= 10; }));
  bench.migrate("silence");
  peer.deaf = false;
  fail_unless(wait_for([&] { return records == 10; }));
  fail_unless_equals_uint64(bench.agent().counters().replayed_records, 10);
}
GST_END_TEST

GST_START_TEST(a_hello_that_overtakes_the_answer_to_the_check_is_kept) {
  LitePeer peer;
  Bytes hello{22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  peer.send_before_answering(hello);
  IceBench bench;
  connect(bench, peer);
  fail_unless(wait_for([&] { return bench.received_count() == 1; }));
  fail_unless(bench.received()[0] == hello);
  // Nothing but a handshake passes so early.
  LitePeer liar;
  liar.send_before_answering({21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 40});
  IceBench other;
  connect(other, liar);
  other.send(packet(1));
  fail_unless(wait_for([&] { return other.received_count() == 1; }));
  fail_unless(other.received()[0] == packet(1));
}
GST_END_TEST

GST_START_TEST(an_unanswered_handshake_is_sent_again_until_it_is_answered) {
  LitePeer peer;
  peer.echo = false;
  std::atomic<int> hellos{0};
  peer.on_packet = [&](const Bytes &) { ++hellos; };
  IceOptions options;
  options.dtls_repeat = 20ms;
  IceBench bench(options);
  connect(bench, peer);
  Bytes hello{22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  bench.send(hello);
  fail_unless(wait_for([&] { return hellos >= 4; }));
  peer.send(hello);
  fail_unless(wait_for([&] { return bench.received_count() == 1; }));
  int at_answer = hellos;
  bench.send(packet(1));
  fail_unless(wait_for([&] { return hellos == at_answer + 1; }));
  fail_unless(bench.agent().counters().repeated_records >= 3);
  fail_if(wait_for([&] { return hellos > at_answer + 1; }, 100ms));
}
GST_END_TEST

GST_START_TEST(dead_and_hostile_candidates_do_not_keep_it_from_connecting) {
  LitePeer peer;
  IceBench bench;
  bench.set_local();
  bench.set_remote(peer.ufrag, peer.pwd,
                   {"a=candidate:9 1 udp 2130706431 192.0.2.77 3478 typ host",
                    "a=candidate:9 1 tcp 1 192.0.2.77 443 typ host", "a=candidate:", "",
                    "a=candidate:9 1 udp 1 host.local 1 typ host", std::string(4000, 'x'),
                    peer.udp_candidate()});
  fail_unless(bench.wait_state(IceState::Connected));
  fail_unless_equals_uint64(bench.agent().counters().ignored_candidates, 4);
  bench.send(packet(7));
  fail_unless(wait_for([&] { return bench.received_count() == 1; }));
}
GST_END_TEST

GST_START_TEST(a_candidate_that_comes_late_and_needs_other_addresses_is_used) {
  LitePeer peer;
  IceBench bench(one_path_at_a_time());
  bench.set_local();
  bench.set_remote(peer.ufrag, peer.pwd, {"a=candidate:9 1 udp 1 192.0.2.77 3478 typ host"});
  fail_unless(wait_for([&] { return bench.agent().counters().paths == 1; }));
  bench.set_remote(peer.ufrag, peer.pwd, {peer.udp_candidate()});
  fail_unless(bench.wait_state(IceState::Connected));
}
GST_END_TEST

GST_START_TEST(tcp_serves_where_udp_is_blocked) {
  LitePeer peer;
  peer.deaf_on_udp = true;
  IceOptions options;
  options.tcp_delay = 50ms;
  IceBench bench(options);
  bench.set_local();
  bench.set_remote(peer.ufrag, peer.pwd, {peer.udp_candidate(), peer.tcp_candidate()});
  fail_unless(bench.wait_state(IceState::Connected));
  // The check that nominates may come after the one that connects.
  fail_unless(wait_for([&] { return peer.remote().find("tcp ") != std::string::npos; }));
  assert_text(bench.agent().selected_pair()->remote, "host/tcp");
  bench.send(packet(3));
  fail_unless(wait_for([&] { return bench.received_count() == 1; }));
  fail_unless(bench.received()[0] == packet(3));
  bench.migrate("test");
  fail_unless(wait_for([&] { return bench.agent().swaps() == 1; }));
  bench.send(packet(4));
  fail_unless(wait_for([&] { return bench.received_count() == 2; }));
}
GST_END_TEST

GST_START_TEST(a_tcp_candidate_that_comes_late_is_tried_too) {
  LitePeer peer;
  peer.deaf_on_udp = true;
  IceOptions options;
  options.tcp_delay = 20ms;
  IceBench bench(options);
  bench.set_local();
  bench.set_remote(peer.ufrag, peer.pwd, {peer.udp_candidate()});
  fail_unless(wait_for([&] { return bench.agent().counters().paths > 0; }));
  bench.set_remote(peer.ufrag, peer.pwd, {peer.tcp_candidate()});
  fail_unless(bench.wait_state(IceState::Connected));
  // The check that nominates may come after the one that connects.
  fail_unless(wait_for([&] { return peer.remote().find("tcp ") != std::string::npos; }));
}
GST_END_TEST

GST_START_TEST(udp_wins_where_both_work_and_tcp_can_be_forbidden) {
  LitePeer peer;
  IceBench bench;
  bench.set_local();
  bench.set_remote(peer.ufrag, peer.pwd, {peer.tcp_candidate(), peer.udp_candidate()});
  fail_unless(bench.wait_state(IceState::Connected));
  assert_contains(peer.remote(), "udp ");
  LitePeer other;
  other.deaf_on_udp = true;
  IceOptions options;
  options.ice_tcp = false;
  options.tcp_delay = 0ms;
  IceBench strict(options);
  strict.set_local();
  strict.set_remote(other.ufrag, other.pwd, {other.udp_candidate(), other.tcp_candidate()});
  fail_if(wait_for(
      [&] { return strict.transport_state() == GST_WEBRTC_ICE_CONNECTION_STATE_CONNECTED; },
      300ms));
  fail_unless(other.sources().empty());
}
GST_END_TEST

GST_START_TEST(a_restart_brings_new_credentials_and_keeps_packets_flowing) {
  LitePeer peer;
  IceBench bench;
  connect(bench, peer);
  LitePeer restarted;
  oairt::IceAgent::Credentials local;
  run_in(bench.loop(), [&] { local = bench.agent().begin_restart(); });
  fail_unless(local.ufrag.size() >= 4 && local.pwd.reveal().size() >= 22);
  bench.send(packet(1));
  fail_unless(wait_for([&] { return bench.received_count() == 1; }));
  run_in(bench.loop(), [&] {
    bench.agent().finish_restart({restarted.ufrag, oairt::Secret(restarted.pwd)},
                                 {restarted.udp_candidate().substr(2)});
  });
  fail_unless(wait_for([&] { return bench.agent().swaps() == 1; }));
  bench.send(packet(2));
  fail_unless(wait_for([&] { return bench.received_count() == 2; }));
  fail_unless_equals_int(restarted.packets, 1);
}
GST_END_TEST

GST_START_TEST(without_a_peer_nothing_blocks_and_the_end_is_quick) {
  IceBench bench;
  for (unsigned i = 0; i < 50; ++i) bench.send(packet(i));
  fail_unless_equals_uint64(bench.agent().counters().send_drops, 50);
  bench.set_local();
  bench.set_remote("nobody", "nobodynobodynobodynobody",
                   {"a=candidate:9 1 udp 1 127.0.0.1 9 typ host"});
  fail_unless(bench.wait_state(IceState::Checking));
  bench.migrate("before it is connected");
}
GST_END_TEST

GST_START_TEST(states_go_up_and_down_while_packets_come) {
  LitePeer peer;
  IceBench bench(one_path_at_a_time());  // the peer never sends to one that lost the race
  connect(bench, peer);
  for (int round = 0; round < 5; ++round) {
    for (unsigned i = 0; i < 20; ++i) peer.send(packet(i));
    gst_element_set_state(bench.pipeline(), round % 2 == 0 ? GST_STATE_PAUSED : GST_STATE_READY);
    gst_element_set_state(bench.pipeline(), GST_STATE_PLAYING);
  }
  std::size_t count = bench.received_count();
  peer.send(packet(1));
  fail_unless(wait_for([&] { return bench.received_count() > count; }));
}
GST_END_TEST

GST_START_TEST(after_close_everything_is_inert) {
  LitePeer peer;
  IceBench bench;
  connect(bench, peer);
  std::string before = peer.remote();
  bench.close();
  bench.close();
  bench.send(packet(1));
  bench.migrate("too late");
  bench.set_local();
  bench.set_remote(peer.ufrag, peer.pwd, {peer.udp_candidate()});
  gst_webrtc_ice_set_stun_server(bench.ice(), "stun://127.0.0.1:1");
  gst_webrtc_ice_set_tos(bench.ice(), bench.stream(), 184);
  fail_if(wait_for([&] { return peer.remote() != before || bench.received_count() > 0; }, 100ms));
  fail_unless(bench.agent().closed());
}
GST_END_TEST

GST_START_TEST(no_password_is_read_back) {
  IceBench bench;
  gst_webrtc_ice_set_turn_server(bench.ice(), "turn://user:secret@127.0.0.1:9?transport=udp");
  gst_webrtc_ice_set_http_proxy(bench.ice(), "http://user:secret@127.0.0.1:9");
  gst_webrtc_ice_set_stun_server(bench.ice(), "stun://127.0.0.1:9");
  auto text = [](gchar *owned) { return std::string(oairt::GString_(owned).get()); };
  assert_text(text(gst_webrtc_ice_get_turn_server(bench.ice())),
              "turn://127.0.0.1:9?transport=udp");
  assert_text(text(gst_webrtc_ice_get_http_proxy(bench.ice())), "http://127.0.0.1:9");
  assert_text(text(gst_webrtc_ice_get_stun_server(bench.ice())), "stun://127.0.0.1:9");
  fail_if(gst_webrtc_ice_add_turn_server(bench.ice(), "turn://nobody@127.0.0.1"));
  fail_unless(gst_webrtc_ice_get_is_controller(bench.ice()));
}
GST_END_TEST

OAIRT_TEST_MAIN(rtc_ice_agent, connects_and_carries_packets_both_ways,
                the_pair_and_the_candidates_are_known_to_webrtcbin,
                changing_the_path_loses_no_packet_and_moves_the_peer,
                a_replaced_path_hears_for_a_while_and_then_is_gone,
                a_newer_path_replaces_the_pending_one, records_a_dead_path_swallowed_are_sent_again,
                an_unanswered_handshake_is_sent_again_until_it_is_answered,
                a_hello_that_overtakes_the_answer_to_the_check_is_kept,
                dead_and_hostile_candidates_do_not_keep_it_from_connecting,
                a_candidate_that_comes_late_and_needs_other_addresses_is_used,
                tcp_serves_where_udp_is_blocked, a_tcp_candidate_that_comes_late_is_tried_too,
                udp_wins_where_both_work_and_tcp_can_be_forbidden,
                a_restart_brings_new_credentials_and_keeps_packets_flowing,
                without_a_peer_nothing_blocks_and_the_end_is_quick,
                states_go_up_and_down_while_packets_come, after_close_everything_is_inert,
                no_password_is_read_back)
