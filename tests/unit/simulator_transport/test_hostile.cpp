#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fixture.h"
#include "transport/rtp.h"

using namespace oairt::sim;        // NOLINT: a test reads better without the prefix
using namespace oairt::sim::test;  // NOLINT
using oairt::milliseconds;

namespace {

class Noise {
 public:
  explicit Noise(guint32 seed) : random_(g_rand_new_with_seed(seed)) {}
  ~Noise() { g_rand_free(random_); }
  int below(int limit) { return g_rand_int_range(random_, 0, limit); }
  Bytes bytes(int most) {
    Bytes made(static_cast<size_t>(below(most)) + 1);
    for (uint8_t &byte : made) byte = static_cast<uint8_t>(g_rand_int(random_));
    return made;
  }
  // A few bytes changed, or the end cut off.
  Bytes bent(Bytes packet) {
    for (int i = below(4); i >= 0; --i) {
      packet[static_cast<size_t>(below(static_cast<int>(packet.size())))] =
          static_cast<uint8_t>(g_rand_int(random_));
    }
    if (below(4) == 0)
      packet.resize(static_cast<size_t>(below(static_cast<int>(packet.size()))) + 1);
    return packet;
  }

 private:
  GRand *random_;
};

}  // namespace

GST_START_TEST(noise_from_a_known_address_ends_nothing) {
  Fixture f;
  f.connect_channel();
  Noise noise(1);
  const uint8_t firsts[] = {0, 1, 20, 21, 22, 23, 63, 64, 127, 128, 144, 160, 191, 192, 255};
  for (int i = 0; i < 5000; ++i) {
    Bytes packet = noise.bytes(1500);
    packet[0] = firsts[static_cast<size_t>(noise.below(sizeof(firsts)))];
    f.client.send_raw(packet);
    if (i % 100 == 0) f.settle();
  }
  f.client.send_text("still here");
  fail_unless(f.wait([&] { return !f.listener.texts.empty(); }));
  fail_if(f.listener.has("rtp"));
}
GST_END_TEST

GST_START_TEST(bent_packets_of_the_client_end_nothing) {
  Fixture f;
  f.connect_channel();
  std::vector<Bytes> seen;
  f.client.is_lost = [&seen](bool outgoing, BytesView packet) {
    if (outgoing && seen.size() < 200) seen.emplace_back(packet.begin(), packet.end());
    return false;
  };
  Bytes payload = {1, 2, 3};
  for (uint16_t i = 0; i < 50; ++i) {
    f.client.send_rtp(i, payload);
    f.client.send_text("text");
    f.settle();
  }
  f.client.is_lost = nullptr;
  Noise noise(2);
  size_t rtp = f.listener.sequences.size();
  for (int i = 0; i < 5000; ++i) {
    f.client.send_raw(
        noise.bent(seen[static_cast<size_t>(noise.below(static_cast<int>(seen.size())))]));
    if (i % 100 == 0) f.settle();
  }
  f.listener.texts.clear();
  f.client.send_text("still here");
  fail_unless(f.wait([&] { return !f.listener.texts.empty(); }));
  assert_text(f.listener.texts.back(), "still here");
  fail_unless_equals_int(f.listener.sequences.size(), rtp);
}
GST_END_TEST

GST_START_TEST(records_without_room_for_their_tag_end_nothing) {
  Fixture f;
  f.connect_channel();
  for (uint8_t size = 0; size < 40; ++size) {
    for (uint8_t type : {21, 22, 23}) {
      Bytes record = {type, 0xfe, 0xfd, 0, 1, 0, 0, 1, 0, size, type, 0, size};
      record.resize(record.size() + size, 0x55);
      f.client.send_raw(record);
    }
    f.settle();
  }
  f.client.send_text("still here");
  fail_unless(f.wait([&] { return !f.listener.texts.empty(); }));
}
GST_END_TEST

GST_START_TEST(bent_sctp_packets_crash_nothing) {
  // Behind DTLS: from a client that has the keys, and means ill.
  std::vector<Bytes> seen;
  auto engine = SctpEngine::get(g_main_context_default());
  auto owner = std::make_shared<int>(0);
  Sctp::Hooks left_hooks, right_hooks;
  Sctp *left_at = nullptr, *right_at = nullptr;
  int messages = 0;
  std::vector<Bytes> to_left, to_right;
  for (auto *hooks : {&left_hooks, &right_hooks}) {
    hooks->owner = owner;
    hooks->on_message = [&](uint16_t, uint32_t, Bytes) { ++messages; };
    hooks->on_stream_reset = [](uint16_t) {};
    hooks->on_oversized = [](uint16_t) {};
    hooks->on_lost = [] {};
  }
  left_hooks.send = [&](BytesView p) { to_right.emplace_back(p.begin(), p.end()); };
  right_hooks.send = [&](BytesView p) { to_left.emplace_back(p.begin(), p.end()); };
  Sctp left(engine, 5000, left_hooks), right(engine, 5000, right_hooks);
  left_at = &left;
  right_at = &right;
  Noise noise(3);
  auto exchange = [&](bool bend) {
    for (auto &packet : std::exchange(to_right, {})) {
      if (bend) {
        for (int i = 0; i < 20; ++i) right_at->receive(noise.bent(packet));
      }
      right_at->receive(packet);
    }
    for (auto &packet : std::exchange(to_left, {})) left_at->receive(packet);
    return messages >= 20;
  };
  left.start();
  right.start();
  fail_unless(oairt::test::wait_for([&] {
    exchange(true);
    if (messages < 20) left.send(1, 51, Bytes(3000, 'x'), false);
    return messages >= 20;
  }));
}
GST_END_TEST

GST_START_TEST(tcp_noise_and_idle_connections_harm_nobody) {
  Fixture f(true);
  f.connect_channel();
  std::vector<int> sockets;
  Noise noise(4);
  for (int i = 0; i < 50; ++i) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in server = {};
    server.sin_family = AF_INET;
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server.sin_port = htons(f.transport->tcp_port());
    fail_unless(connect(fd, reinterpret_cast<sockaddr *>(&server), sizeof(server)) == 0);
    for (int j = 0; j < 20 && i % 2 == 0; ++j) {
      Bytes bytes = noise.bytes(5000);
      (void)!send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    if (i % 3 == 0) {
      ::close(fd);
    } else {
      sockets.push_back(fd);
    }
    f.settle();
  }
  f.client.send_text("still here");
  fail_unless(f.wait([&] { return !f.listener.texts.empty(); }));
  for (int fd : sockets) ::close(fd);
}
GST_END_TEST

GST_START_TEST(a_client_from_many_addresses_is_bounded_and_keeps_its_path) {
  Fixture f;
  f.connect_dtls();
  std::vector<std::unique_ptr<MiniClient>> others;
  for (int i = 0; i < 60; ++i) {
    others.push_back(std::make_unique<MiniClient>(i % 2 == 1));
    others.back()->accept(f.peer->answer());
    others.back()->send_check(false);
    fail_unless(f.wait([&] { return others.back()->checks_answered == 1; }));
  }
  f.peer->send_rtp(960, false, {1});
  fail_unless(f.wait([&] { return f.client.rtp_packets == 1; }));
  Bytes payload = {1};
  f.client.send_rtp(1, payload);
  fail_unless(f.wait([&] { return f.listener.has("rtp"); }));
}
GST_END_TEST

OAIRT_TEST_MAIN(simulator_transport_hostile, noise_from_a_known_address_ends_nothing,
                bent_packets_of_the_client_end_nothing,
                records_without_room_for_their_tag_end_nothing, bent_sctp_packets_crash_nothing,
                tcp_noise_and_idle_connections_harm_nobody,
                a_client_from_many_addresses_is_bounded_and_keeps_its_path)
