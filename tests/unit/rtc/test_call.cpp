#include <algorithm>
#include <atomic>
#include <thread>

#include "far_peer.h"
#include "peer_bench.h"
#include "rtc/opus_packet.h"
#include "rtc/stats_sampler.h"
#include "support/check.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

using Heard = PeerBench::Heard;

FarPeer *far_peer = nullptr;

bool connect(PeerBench &bench) {
  bench.answer(far_peer->answer(bench.start()));
  return bench.wait([](const Heard &heard) { return heard.open || heard.failed; }) &&
         bench.heard().open;
}

bool all_gone() { return wait_for_closed_peers(Clock::now() + std::chrono::seconds(10)); }

// Reads the media port in real time; how many frames of voice were heard.
int listen(PeerBench &bench, int ticks) {
  int16_t samples[kFrameSamples];
  int voice = 0;
  TimePoint next = Clock::now();
  for (int i = 0; i < ticks; i++) {
    next += kFrameDuration;
    wait_for([next] { return Clock::now() >= next; });
    TimePoint now = Clock::now();
    bench.media->read(samples, now);
    if (bench.media->last_voice() == now) voice++;
  }
  return voice;
}

GST_START_TEST(a_call_carries_messages_of_any_size_both_ways_in_order) {
  PeerBench bench;
  fail_unless(connect(bench));
  fail_unless(bench.wait([](const Heard &heard) { return heard.messages.size() == 1; }));
  assert_text(bench.heard().messages[0], "{\"early\":1}");
  size_t limit = 0;
  bench.in_loop([&] { limit = bench.peer().max_send_size(); });
  fail_unless(limit == 262144);
  std::vector<std::string> sent;
  for (size_t bytes : {1u, 65535u, 66304u, 200000u, 10u, 262000u}) {
    sent.push_back("{\"echo\":\"" + std::string(bytes, 'a') + "\"}");
    fail_unless(bench.send(sent.back()));
  }
  fail_unless(!bench.send("{\"echo\":\"" + std::string(limit, 'a') + "\"}"));
  fail_unless(bench.wait([](const Heard &heard) { return heard.messages.size() == 7; }));
  for (size_t i = 0; i < sent.size(); i++) fail_unless(bench.heard().messages[i + 1] == sent[i]);
  fail_unless(bench.send(FarPeer::send_large(200000)));
  fail_unless(bench.wait([](const Heard &heard) { return heard.messages.size() == 8; }));
  fail_unless(bench.heard().messages[7].size() == 200000 + 8);
}
GST_END_TEST

GST_START_TEST(speech_arrives_at_both_ends_whole) {
  PeerBench bench;
  bench.media->set_prebuffer(milliseconds(200));
  TimePoint start = Clock::now();
  auto silence = make_opus_silence(kFrameDuration);
  for (int i = 0; i < 20; i++) bench.media->push({silence, start, kFrameDuration});
  fail_unless(connect(bench));
  bench.in_loop([&] {
    bench.peer().enable_downlink();
    bench.media->set_target(bench.peer().uplink());
  });
  for (int i = 0; i < 20; i++) bench.media->push({silence, start, kFrameDuration});
  fail_unless(bench.send(FarPeer::say(50)));
  int voice = listen(bench, 100);
  auto stats = bench.media->downlink_stats();
  fail_unless(voice >= 50 && voice <= 55, "%d", voice);  // the far end also speaks up on its own
  fail_unless(stats.concealed_frames == 0 && stats.dropped_frames == 0);
  fail_unless(wait_for([] { return far_peer->stats().rtp == 30; }));
  fail_unless(far_peer->stats().unhandled == 0);

  PeerStats peer_stats;
  bench.in_loop([&] { peer_stats = bench.peer().stats(); });
  fail_unless(peer_stats.packets_sent == 30 && peer_stats.packets_received >= 50);
  assert_text(peer_stats.local_candidate.substr(0, 4), "host");
  PeerStats sampled;
  bench.in_loop([&] { sampled = StatsSampler().sample(bench.peer().webrtcbin().get()); });
  fail_unless(sampled.packets_received >= 50 && sampled.packets_lost == 0,
              "%" G_GUINT64_FORMAT " received, %" G_GINT64_FORMAT " lost", sampled.packets_received,
              gint64{sampled.packets_lost});
  fail_unless(sampled.jitter_ms >= 0 && sampled.jitter_ms < 1000, "%g", sampled.jitter_ms);
  PeerTimings timings;
  bench.in_loop([&] { timings = bench.peer().timings(); });
  fail_unless(timings.offer && timings.ice && timings.dtls && timings.sctp);
  bench.media->set_target(nullptr);
}
GST_END_TEST

GST_START_TEST(with_another_s_certificate_nothing_passes_in_either_direction) {
  PeerBench bench;
  bench.answer(far_peer->answer(bench.start(), FarPeer::Fault::WrongCertificate));
  std::shared_ptr<UplinkTarget> uplink;
  bench.in_loop([&] {
    bench.peer().enable_downlink();
    uplink = bench.peer().uplink();
    bench.media->set_target(uplink);
  });
  bool failed = bench.wait([&](const Heard &heard) {
    bench.media->push({make_opus_silence(kFrameDuration), Clock::now(), kFrameDuration});
    return heard.failed;
  });
  fail_unless(failed && bench.heard().error.code == ErrorCode::Security);
  // The far end is up, and speaks.
  for (int i = 0; i < 20; i++) uplink->push({make_opus_silence(kFrameDuration), Clock::now()});
  fail_unless(!bench.send("{\"secret\":1}"));
  fail_unless(listen(bench, 25) == 0);
  auto heard = bench.heard();
  fail_unless(!heard.connected && !heard.open && heard.messages.empty());
  fail_unless(far_peer->stats().rtp == 0 && far_peer->stats().messages == 0);
  fail_unless(bench.media->queued() == Duration::zero());
  bench.media->set_target(nullptr);
}
GST_END_TEST

GST_START_TEST(the_far_end_s_goodbye_ends_the_peer) {
  PeerBench bench;
  fail_unless(connect(bench));
  fail_unless(bench.send(FarPeer::hang_up()));
  fail_unless(bench.wait([](const Heard &heard) { return heard.failed; }));
  fail_unless(bench.heard().error.code == ErrorCode::Network);
}
GST_END_TEST

GST_START_TEST(a_closed_channel_is_told_and_takes_no_more) {
  PeerBench bench;
  fail_unless(connect(bench));
  fail_unless(bench.send(FarPeer::close_channel()));
  fail_unless(bench.wait([](const Heard &heard) { return heard.closed; }));
  fail_unless(!bench.send("{\"type\":\"x\"}"));
}
GST_END_TEST

GST_START_TEST(our_goodbye_reaches_the_far_end) {
  PeerBench bench;
  fail_unless(connect(bench));
  TimePoint before = Clock::now();
  bench.close();
  fail_unless(Clock::now() - before < milliseconds(200));
  fail_unless(wait_for([] { return far_peer->stats().ended; }, std::chrono::seconds(3)));
  fail_unless(all_gone());
}
GST_END_TEST

// The application's streaming thread goes on as if nothing had happened.
GST_START_TEST(a_call_may_end_while_a_streaming_thread_pushes_and_another_begin) {
  auto media = std::make_shared<MediaPort>();
  std::atomic<bool> stop = false;
  std::atomic<int64_t> slowest_us = 0;
  std::thread pushing([&] {
    auto silence = make_opus_silence(kFrameDuration);
    for (TimePoint at = Clock::now(); !stop; at += kFrameDuration) {
      TimePoint before = Clock::now();
      media->push({silence, at, kFrameDuration});
      auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - before);
      slowest_us = std::max<int64_t>(slowest_us, took.count());
      g_usleep(200);
    }
  });
  for (int i = 0; i < 12; i++) {
    PeerBench bench;
    bench.in_loop([&] { media->set_target(bench.peer().uplink()); });
    fail_unless(connect(bench));
    fail_unless(wait_for([] { return far_peer->stats().rtp > 0; }));
    if (i % 2 == 0) media->set_target(nullptr);
    bench.close();
  }
  stop = true;
  pushing.join();
  media->set_target(nullptr);
  fail_unless(slowest_us < 500'000, "a push took %" G_GINT64_FORMAT " us", slowest_us.load());
  fail_unless(all_gone());
}
GST_END_TEST

GST_START_TEST(calls_may_be_closed_at_any_moment_of_their_connect) {
  for (int i = 0; i < 40; i++) {
    PeerBench bench;
    bench.answer(far_peer->answer(bench.start()));
    if (i % 4 == 1) bench.wait([](const Heard &heard) { return heard.connected; });
    if (i % 4 == 2) bench.wait([](const Heard &heard) { return heard.open; });
    if (i % 4 == 3) wait_for([] { return far_peer->stats().messages > 0; }, milliseconds(i));
    bench.close();
    fail_unless(!bench.heard().failed);
  }
  fail_unless(all_gone());
}
GST_END_TEST

}  // namespace

int main(int argc, char **argv) {
  FarPeer peer;
  far_peer = &peer;
  gst_check_init(&argc, &argv);
  Suite *suite = suite_create("call");
  TCase *test_case = tcase_create("all");
  suite_add_tcase(suite, test_case);
  tcase_add_checked_fixture(test_case, nullptr, end_threads);
  tcase_set_timeout(test_case, 60);
  for (TFun test :
       {a_call_carries_messages_of_any_size_both_ways_in_order, speech_arrives_at_both_ends_whole,
        with_another_s_certificate_nothing_passes_in_either_direction,
        the_far_end_s_goodbye_ends_the_peer, a_closed_channel_is_told_and_takes_no_more,
        our_goodbye_reaches_the_far_end,
        a_call_may_end_while_a_streaming_thread_pushes_and_another_begin,
        calls_may_be_closed_at_any_moment_of_their_connect}) {
    tcase_add_test(test_case, test);
  }
  return gst_check_run_suite(suite, "call", __FILE__);
}
