#include <gst/gst.h>

#include "peer_bench.h"
#include "rtc/opus_packet.h"
#include "sdp_samples.h"
#include "support/check.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

using Heard = PeerBench::Heard;

bool all_gone() { return wait_for_closed_peers(Clock::now() + std::chrono::seconds(10)); }

size_t count_of(const std::string &text, const std::string &part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) count++;
  return count;
}

GST_START_TEST(the_offer_says_what_the_service_needs) {
  PeerOptions options;
  options.max_message_size = 123456;
  PeerBench bench(options);
  std::string offer = bench.start();
  fail_unless(offer.starts_with("v=0\r\n") && offer.ends_with("\r\n"));
  for (const char *part :
       {"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n", "a=rtpmap:111 OPUS/48000/2\r\n", "minptime=10",
        "useinbandfec=1", "a=sendrecv\r\n", "a=setup:actpass\r\n", "a=rtcp-mux\r\n",
        "a=group:BUNDLE ", "webrtc-datachannel\r\n", "a=sctp-port:5000\r\n",
        "a=max-message-size:123456\r\n", "a=fingerprint:sha-256 ", "a=ice-ufrag:", "a=ssrc:"}) {
    fail_unless(offer.find(part) != std::string::npos, "%s is missing", part);
  }
  fail_unless(count_of(offer, "\r\nm=") == 2);
  fail_unless(count_of(offer, "candidate") == 0);
}
GST_END_TEST

GST_START_TEST(each_call_has_an_ssrc_of_its_own) {
  PeerBench one, other;
  auto ssrc = [](const std::string &offer) {
    size_t at = offer.find("a=ssrc:");
    return offer.substr(at, offer.find(' ', at) - at);
  };
  fail_unless(ssrc(one.start()) != ssrc(other.start()));
}
GST_END_TEST

GST_START_TEST(an_answer_that_cannot_be_used_ends_the_peer_with_the_reason) {
  const std::string answers[] = {"", "<html>404</html>",
                                 replaced(sample_answer(), "m=audio 9", "m=audio 0"),
                                 replaced(sample_answer(), "audio0", "other")};
  for (const std::string &answer : answers) {
    PeerBench bench;
    bench.start();
    bench.answer(answer);
    fail_unless(bench.wait([](const Heard &heard) { return heard.failed; }));
    fail_unless(bench.heard().error.code == ErrorCode::Protocol);
    fail_unless(!bench.heard().error.message.empty());
  }
}
GST_END_TEST

GST_START_TEST(an_error_in_the_private_pipeline_ends_this_peer_only_and_once) {
  PeerBench bench;
  bench.start();
  bench.in_loop([&] {
    auto webrtcbin = bench.peer().webrtcbin();
    for (int i = 0; i < 3; i++) {
      GST_ELEMENT_ERROR(webrtcbin.get(), RESOURCE, READ, (nullptr), ("Fatal SSL error"));
    }
  });
  fail_unless(bench.wait([](const Heard &heard) { return heard.failed; }));
  fail_unless(bench.heard().error.code == ErrorCode::Network);
  bench.close();
  fail_unless(bench.heard().calls == 2);  // the offer and the end
}
GST_END_TEST

GST_START_TEST(before_the_call_is_up_nothing_is_sent_and_nobody_waits) {
  PeerBench bench;
  bench.start();
  fail_unless(!bench.send("{\"type\":\"x\"}"));
  std::shared_ptr<UplinkTarget> uplink;
  bench.in_loop([&] { uplink = bench.peer().uplink(); });
  for (int i = 0; i < 100; i++) {
    uplink->push({make_opus_silence(kFrameDuration), Clock::now(), kFrameDuration});
  }
  bench.close();
  uplink->push({make_opus_silence(kFrameDuration), Clock::now(), kFrameDuration});
  fail_unless(all_gone());
}
GST_END_TEST

GST_START_TEST(a_peer_may_be_closed_at_any_moment) {
  for (int i = 0; i < 24; i++) {
    PeerBench bench;
    switch (i % 4) {
      case 0:
        break;  // never started
      case 1:
        bench.in_loop([&] { bench.peer().start(); });
        break;
      case 2:
        bench.start();
        break;
      default:
        bench.start();
        bench.in_loop([&] {
          bench.peer().stats();
          bench.peer().close();
          bench.peer().close();
          bench.peer().set_answer(sample_answer());
          fail_unless(!bench.peer().send("{}"));
        });
    }
    int calls = bench.heard().calls;
    bench.close();
    fail_unless(i % 4 == 1 || bench.heard().calls == calls);
    fail_unless(!bench.heard().failed);
  }
  fail_unless(all_gone());
}
GST_END_TEST

GST_START_TEST(a_peer_may_be_destroyed_from_within_its_own_news) {
  PeerBench bench;
  bench.close_on_offer = true;
  fail_unless(!bench.start().empty());
  fail_unless(all_gone());
}
GST_END_TEST

GST_START_TEST(prewarming_twice_and_from_two_threads_is_once) {
  GThread *thread = g_thread_new(
      "other", [](gpointer) -> gpointer { return prewarm_webrtc(), nullptr; }, nullptr);
  prewarm_webrtc();
  g_thread_join(thread);
  PeerBench bench;  // while it is under way
  fail_unless(!bench.start().empty());
}
GST_END_TEST

}  // namespace

OAIRT_TEST_MAIN(peer, the_offer_says_what_the_service_needs, each_call_has_an_ssrc_of_its_own,
                an_answer_that_cannot_be_used_ends_the_peer_with_the_reason,
                an_error_in_the_private_pipeline_ends_this_peer_only_and_once,
                before_the_call_is_up_nothing_is_sent_and_nobody_waits,
                a_peer_may_be_closed_at_any_moment,
                a_peer_may_be_destroyed_from_within_its_own_news,
                prewarming_twice_and_from_two_threads_is_once)
