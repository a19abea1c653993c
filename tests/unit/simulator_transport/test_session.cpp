#include "fixture.h"
#include "sample_offer.h"

using namespace oairt::sim;        // NOLINT: a test reads better without the prefix
using namespace oairt::sim::test;  // NOLINT
using oairt::milliseconds;

GST_START_TEST(audio_goes_both_ways) {
  Fixture f;
  f.connect_dtls();
  Bytes payload = {0xF8, 1, 2, 3};
  for (uint16_t sequence : {10, 11, 13}) f.client.send_rtp(sequence, payload);
  fail_unless(f.wait([&] { return f.listener.sequences.size() == 3; }));
  for (uint32_t i = 0; i < 5; ++i) f.peer->send_rtp(i * 960, i == 0, payload);
  fail_unless(f.wait([&] { return f.client.rtp_packets == 5; }));
  fail_unless(f.client.last_payload == payload);
  Peer::Stats stats = f.peer->stats();
  fail_unless_equals_uint64(stats.rtp_received, 3);
  fail_unless_equals_uint64(stats.rtp_lost, 1);
  fail_unless_equals_uint64(stats.rtp_sent, 5);
  fail_unless(f.wait([&] { return f.client.rtcp_packets > 0; }));
}
GST_END_TEST

GST_START_TEST(audio_of_an_unannounced_ssrc_is_not_handled) {
  Fixture f;
  f.connect_dtls();
  Bytes payload = {1};
  f.client.send_rtp(1, payload, 4321);
  f.client.send_rtp(2, payload);
  fail_unless(f.wait([&] { return f.listener.has("rtp"); }));
  fail_unless(f.listener.sequences == std::vector<uint16_t>{2});
  fail_unless_equals_uint64(f.peer->stats().rtp_unhandled, 1);
}
GST_END_TEST

GST_START_TEST(a_replayed_packet_is_dropped) {
  Fixture f;
  f.connect_dtls();
  Bytes sent;
  f.client.is_lost = [&sent](bool outgoing, BytesView packet) {
    if (outgoing && packet[0] >= 128) sent.assign(packet.begin(), packet.end());
    return false;
  };
  Bytes payload = {1};
  f.client.send_rtp(1, payload);
  f.client.is_lost = nullptr;
  f.client.send_raw(sent);
  f.client.send_rtp(2, payload);
  fail_unless(f.wait([&] { return f.listener.sequences.size() == 2; }));
  fail_unless(f.listener.sequences == std::vector<uint16_t>({1, 2}));
}
GST_END_TEST

GST_START_TEST(messages_of_every_size_arrive_whole) {
  Fixture f;
  f.client.extra_data_lines = "a=max-message-size:2000000\r\n";
  f.connect_channel();
  for (size_t size : {0, 1, 1200, 65535, 65536, 300000, 1900000}) {
    std::string text(size, static_cast<char>('a' + size % 26));
    f.listener.texts.clear();
    f.client.texts.clear();
    if (size > 0) f.client.send_text(text);
    fail_unless(f.peer->send_message(text));
    if (size == 0) continue;
    fail_unless(f.wait([&] { return !f.listener.texts.empty() && !f.client.texts.empty(); }),
                "%zu bytes", size);
    fail_unless(f.listener.texts[0] == text && f.client.texts[0] == text, "%zu bytes", size);
  }
}
GST_END_TEST

GST_START_TEST(many_messages_keep_their_order) {
  Fixture f;
  f.connect_channel();
  std::vector<std::string> sent;
  for (int i = 0; i < 300; ++i) {
    sent.push_back(std::to_string(i) + std::string(static_cast<size_t>(i * 100), 'x'));
    fail_unless(f.peer->send_message(sent.back()));
    f.client.send_text(sent.back());
  }
  fail_unless(
      f.wait([&] { return f.client.texts.size() == 300 && f.listener.texts.size() == 300; }));
  fail_unless(f.client.texts == sent && f.listener.texts == sent);
}
GST_END_TEST

GST_START_TEST(a_message_larger_than_the_offer_allows_is_refused) {
  Fixture silent;
  silent.connect_channel();
  fail_if(silent.peer->send_message(std::string(65536, 'x')));
  fail_unless(silent.peer->send_message(std::string(65535, 'x')));
  Fixture told;
  told.client.extra_data_lines = "a=max-message-size:1000\r\n";
  told.connect_channel();
  fail_if(told.peer->send_message(std::string(1001, 'x')));
  fail_unless(told.peer->send_message(std::string(1000, 'x')));
}
GST_END_TEST

GST_START_TEST(nothing_is_sent_before_the_event_channel_is_open) {
  Fixture f;
  f.connect_dtls();
  fail_if(f.peer->send_message("too early"));
  f.client.start_channel("another label");
  fail_unless(f.wait([&] { return f.listener.has("open another label"); }));
  fail_if(f.peer->send_message("wrong label"));
}
GST_END_TEST

GST_START_TEST(closing_the_channel_leaves_the_media) {
  Fixture f;
  f.connect_channel();
  f.peer->close_channel();
  fail_unless(f.wait([&] { return f.client.channel_resets == 1; }));
  f.client.reset_channel();  // what a client answers
  fail_unless(f.wait([&] { return f.listener.has("channel closed oai-events"); }));
  fail_if(f.peer->send_message("too late"));
  f.peer->send_rtp(960, false, {1});
  fail_unless(f.wait([&] { return f.client.rtp_packets == 1; }));
}
GST_END_TEST

GST_START_TEST(a_client_may_close_and_open_the_channel) {
  Fixture f;
  f.connect_channel();
  f.client.reset_channel();
  fail_unless(f.wait([&] { return f.listener.has("channel closed oai-events"); }));
  fail_unless(f.wait([&] { return f.client.channel_resets == 1; }));
  f.client.start_channel(kEventChannel);
  fail_unless(f.wait([&] { return f.listener.count("open oai-events") == 2; }));
  fail_unless(f.peer->send_message("hello again"));
  fail_unless(f.wait([&] { return f.client.texts == std::vector<std::string>{"hello again"}; }));
}
GST_END_TEST

GST_START_TEST(close_notify_is_heard_by_the_client) {
  Fixture f;
  f.connect_channel();
  f.peer->close(CloseMode::CloseNotify);
  fail_unless(f.wait([&] { return f.client.association_lost && f.client.dtls_closed; }));
  int packets = f.client.packets;
  f.client.send_check(true);
  f.pass(milliseconds(100));
  fail_unless_equals_int(f.client.packets, packets);
  fail_if(f.peer->send_message("too late"));
}
GST_END_TEST

GST_START_TEST(a_silent_end_is_silent) {
  Fixture f;
  f.connect_channel();
  int packets = f.client.packets;
  f.peer->close(CloseMode::Silent);
  f.client.send_check(true);
  f.client.send_text("anybody there?");
  f.peer->send_rtp(960, false, {1});
  f.pass(milliseconds(300));
  fail_unless_equals_int(f.client.packets, packets);
  fail_if(f.client.dtls_closed);
  f.peer.reset();
  fail_unless_equals_int(f.client.packets, packets);
}
GST_END_TEST

GST_START_TEST(a_client_that_leaves_is_noticed) {
  Fixture f;
  f.connect_channel();
  f.client.leave();
  fail_unless(f.wait([&] { return f.listener.has("closed peer left"); }));
}
GST_END_TEST

GST_START_TEST(another_certificate_than_offered_is_refused) {
  Fixture f;
  auto offer = parse_offer(f.client.offer());
  offer->fingerprint = kFingerprint;
  f.peer = f.transport->create_peer(offer.value(), f.listener, {});
  f.client.accept(f.peer->answer());
  f.client.send_check(true);
  fail_unless(
      f.wait([&] { return f.listener.has("closed dtls failed: certificate verify failed"); }));
  fail_if(f.listener.has("dtls"));
  fail_if(f.client.dtls_up);
}
GST_END_TEST

GST_START_TEST(the_answer_can_name_another_certificate) {
  Fixture f;
  PeerFaults faults;
  faults.wrong_fingerprint = true;
  f.start_peer(faults);
  std::string wrong = f.peer->answer();
  f.peer = f.transport->create_peer(parse_offer(f.client.offer()).value(), f.listener, {});
  std::string right = f.peer->answer();
  auto line = [](const std::string &text) { return text.substr(text.find("a=fingerprint"), 110); };
  fail_if(line(wrong) == line(right));
}
GST_END_TEST

GST_START_TEST(the_handshake_survives_heavy_loss) {
  TransportOptions options;
  options.dtls_retransmit_ms = 40;
  for (int seed = 1; seed <= 6; ++seed) {
    Fixture f(false, options);
    f.client.dtls_timeout_ms = 40;
    GRand *random = g_rand_new_with_seed(static_cast<guint32>(seed));
    f.client.is_lost = [random](bool, BytesView packet) {
      return packet[0] >= 20 && g_rand_double(random) < 0.35;
    };
    f.connect_dtls();
    f.client.is_lost = nullptr;
    g_rand_free(random);
    f.client.start_channel(kEventChannel);
    fail_unless(f.wait([&] { return f.client.channel_acked; }));
  }
}
GST_END_TEST

GST_START_TEST(a_repeated_flight_of_the_client_may_be_answered_at_once) {
  TransportOptions options;
  options.dtls_retransmit_ms = 60000;  // only the client's repeats can help
  options.dtls_repeat_at_once = true;
  Fixture f(false, options);
  f.client.dtls_timeout_ms = 80;
  int dtls_records = 0;
  f.client.is_lost = [&dtls_records](bool outgoing, BytesView packet) {
    // The server's second flight, with its Finished, does not arrive the first time.
    return !outgoing && packet[0] == 22 && ++dtls_records == 2;
  };
  f.connect_dtls();
  fail_unless(dtls_records > 2);
}
GST_END_TEST

GST_START_TEST(else_a_lost_flight_waits_for_the_timer) {
  TransportOptions options;
  options.dtls_retransmit_ms = 700;
  Fixture f(false, options);
  f.client.dtls_timeout_ms = 80;
  int dtls_records = 0;
  f.client.is_lost = [&dtls_records](bool outgoing, BytesView packet) {
    return !outgoing && packet[0] == 22 && ++dtls_records == 2;
  };
  oairt::TimePoint start = oairt::Clock::now();
  f.connect_dtls();
  fail_unless(oairt::Clock::now() - start >= oairt::milliseconds(600));
}
GST_END_TEST

GST_START_TEST(a_lost_last_flight_of_the_client_is_asked_for_again) {
  TransportOptions options;
  options.dtls_retransmit_ms = 40;
  Fixture f(false, options);
  int lost = 0;
  f.client.is_lost = [&lost](bool outgoing, BytesView packet) {
    // It begins with a change of cipher.
    return outgoing && packet[0] == 20 && ++lost <= 8;
  };
  f.connect_dtls();
  fail_unless_equals_int(lost, 9);
}
GST_END_TEST

GST_START_TEST(peers_do_not_disturb_each_other) {
  Fixture first;
  first.connect_channel();
  std::vector<std::unique_ptr<MiniClient>> clients;
  std::vector<std::unique_ptr<RecordingListener>> listeners;
  std::vector<std::unique_ptr<Peer>> peers;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<MiniClient>(i % 2 == 1));
    listeners.push_back(std::make_unique<RecordingListener>());
    clients[i]->ufrag = "user" + std::to_string(i);
    auto offer = parse_offer(clients[i]->offer());
    peers.push_back(first.transport->create_peer(offer.value(), *listeners[i], {}));
    clients[i]->accept(peers[i]->answer());
    clients[i]->send_check(true);
  }
  for (int i = 0; i < 20; ++i) {
    fail_unless(first.wait([&] { return clients[i]->dtls_up; }));
    clients[i]->start_channel(kEventChannel);
  }
  for (int i = 0; i < 20; ++i) {
    fail_unless(first.wait([&] { return listeners[i]->has("open oai-events"); }));
    fail_unless(peers[i]->send_message("for " + std::to_string(i)));
  }
  for (int i = 0; i < 20; ++i) {
    fail_unless(first.wait([&] { return !clients[i]->texts.empty(); }));
    assert_text(clients[i]->texts[0], "for " + std::to_string(i));
  }
}
GST_END_TEST

GST_START_TEST(a_listener_may_destroy_the_peer_in_any_callback) {
  for (const char *event : {"ice", "dtls", "open oai-events", "message", "rtp", "path",
                            "disconnected", "channel closed oai-events", "closed peer left"}) {
    Fixture f;
    f.transport->set_timeouts(0.3, 25);
    f.listener.on_event = [&f, event](const std::string &what) {
      if (what == event) f.peer.reset();
    };
    f.start_peer();
    f.client.send_check(true);
    auto gone_or = [&f](auto condition) { return f.wait([&] { return !f.peer || condition(); }); };
    fail_unless(gone_or([&] { return f.client.dtls_up && f.listener.has("dtls"); }), "%s", event);
    if (f.peer) f.client.start_channel(kEventChannel);
    if (f.peer) gone_or([&] { return f.client.channel_acked; });
    Bytes payload = {1};
    if (f.peer) f.client.send_text("hello");
    if (f.peer) f.client.send_rtp(1, payload);
    if (f.peer) gone_or([&] { return f.listener.has("message") && f.listener.has("rtp"); });
    if (f.peer) f.client.open_socket();
    if (f.peer) f.client.send_check(true);
    if (f.peer) gone_or([&] { return f.listener.has("path"); });
    if (f.peer) gone_or([&] { return f.listener.has("disconnected"); });
    if (f.peer) f.client.reset_channel();
    if (f.peer) gone_or([&] { return f.listener.has("channel closed oai-events"); });
    if (f.peer) f.client.leave();
    fail_unless(f.wait([&] { return !f.peer; }), "%s", event);
    fail_unless(f.listener.record.back() == event, "%s after %s", f.listener.record.back().c_str(),
                event);
  }
}
GST_END_TEST

GST_START_TEST(the_transport_may_go_before_the_peer) {
  Fixture f;
  f.connect_channel();
  f.transport.reset();
  f.peer->send_rtp(960, false, {1});
  f.peer->send_message("into the void");
  f.peer->close(CloseMode::CloseNotify);
  f.peer.reset();
}
GST_END_TEST

OAIRT_TEST_MAIN(simulator_transport_session, audio_goes_both_ways,
                audio_of_an_unannounced_ssrc_is_not_handled, a_replayed_packet_is_dropped,
                messages_of_every_size_arrive_whole, many_messages_keep_their_order,
                a_message_larger_than_the_offer_allows_is_refused,
                nothing_is_sent_before_the_event_channel_is_open,
                closing_the_channel_leaves_the_media, a_client_may_close_and_open_the_channel,
                close_notify_is_heard_by_the_client, a_silent_end_is_silent,
                a_client_that_leaves_is_noticed, another_certificate_than_offered_is_refused,
                the_answer_can_name_another_certificate, the_handshake_survives_heavy_loss,
                a_repeated_flight_of_the_client_may_be_answered_at_once,
                else_a_lost_flight_waits_for_the_timer,
                a_lost_last_flight_of_the_client_is_asked_for_again,
                peers_do_not_disturb_each_other, a_listener_may_destroy_the_peer_in_any_callback,
                the_transport_may_go_before_the_peer)
