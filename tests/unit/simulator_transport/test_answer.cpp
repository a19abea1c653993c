#include "sample_offer.h"
#include "support/check.h"
#include "transport/sdp.h"

using namespace oairt::sim;        // NOLINT: a test reads better without the prefix
using namespace oairt::sim::test;  // NOLINT

namespace {

AnswerParts sample_parts() {
  AnswerParts parts;
  parts.session_id = "8184931122902577674";
  parts.unix_time_s = 1786967632;
  parts.fingerprint = kFingerprint;
  parts.ice = {"NGikpJ/u0/3oN5GD", "abcdefghijklmnopqrstuvwxyz012345"};
  parts.ssrc = 1190514604;
  parts.addresses = {"192.0.2.1", "192.0.2.2"};
  parts.udp_port = 3478;
  parts.tcp_port = 443;
  return parts;
}

Offer sample() { return parse_offer(sample_offer()).value(); }

size_t count(const std::string &text, const std::string &part) {
  size_t found = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++found;
  return found;
}

}  // namespace

GST_START_TEST(the_answer_has_the_shape_of_the_service) {
  std::string expected =
      "v=0\r\n"
      "o=- 8184931122902577674 1786967632 IN IP4 0.0.0.0\r\n"
      "s=-\r\n"
      "t=0 0\r\n"
      "a=msid-semantic:WMS *\r\n"
      "a=fingerprint:" +
      std::string(kFingerprint) +
      "\r\n"
      "a=ice-lite\r\n"
      "a=extmap-allow-mixed\r\n"
      "a=group:BUNDLE audio0 application1\r\n"
      "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
      "c=IN IP4 0.0.0.0\r\n"
      "a=setup:active\r\n"
      "a=mid:audio0\r\n"
      "a=ice-ufrag:NGikpJ/u0/3oN5GD\r\n"
      "a=ice-pwd:abcdefghijklmnopqrstuvwxyz012345\r\n"
      "a=rtcp-mux\r\n"
      "a=rtcp-rsize\r\n"
      "a=rtpmap:111 opus/48000/2\r\n"
      "a=fmtp:111 minptime=10;useinbandfec=1\r\n"
      "a=ssrc:1190514604 cname:realtimeapi\r\n"
      "a=ssrc:1190514604 msid:realtimeapi audio\r\n"
      "a=ssrc:1190514604 mslabel:realtimeapi\r\n"
      "a=ssrc:1190514604 label:audio\r\n"
      "a=msid:realtimeapi audio\r\n"
      "a=sendrecv\r\n";
  std::string answer = build_answer(sample(), sample_parts());
  assert_text(answer.substr(0, expected.size()), expected);
  fail_unless(
      answer.ends_with("a=max-message-size:1073741823\r\n"
                       "a=ice-ufrag:NGikpJ/u0/3oN5GD\r\n"
                       "a=ice-pwd:abcdefghijklmnopqrstuvwxyz012345\r\n"));
}
GST_END_TEST

GST_START_TEST(candidates_stand_in_the_audio_section_only) {
  std::string answer = build_answer(sample(), sample_parts());
  std::string audio = answer.substr(0, answer.find("m=application"));
  std::string data = answer.substr(audio.size());
  fail_unless_equals_int(count(audio, "a=candidate:"), 4);
  fail_unless_equals_int(count(data, "a=candidate:"), 0);
  fail_unless_equals_int(count(answer, "end-of-candidates"), 0);
  assert_contains(audio, " 1 udp 2130706431 192.0.2.1 3478 typ host ufrag NGikpJ/u0/3oN5GD\r\n");
  assert_contains(
      audio, " 1 tcp 1671430143 192.0.2.2 443 typ host tcptype passive ufrag NGikpJ/u0/3oN5GD\r\n");
}
GST_END_TEST

GST_START_TEST(the_direction_is_turned_round) {
  struct {
    const char *offered, *answered;
    bool has_stream;
  } cases[] = {{"sendrecv", "sendrecv", true},
               {"sendonly", "recvonly", false},
               {"recvonly", "sendonly", true},
               {"inactive", "inactive", false}};
  for (auto &[offered, answered, has_stream] : cases) {
    Offer offer = sample();
    offer.audio_direction = offered;
    std::string answer = build_answer(offer, sample_parts());
    std::string audio = answer.substr(0, answer.find("m=application"));
    assert_contains(audio, std::string("a=") + answered + "\r\n");
    fail_unless((count(audio, "a=ssrc:") > 0) == has_stream, "%s", offered);
  }
}
GST_END_TEST

GST_START_TEST(sections_keep_the_order_of_the_offer_and_unknown_ones_are_rejected) {
  Offer offer = sample();
  std::swap(offer.sections[0], offer.sections[1]);
  offer.sections.push_back({"video", "v2", "UDP/TLS/RTP/SAVPF"});
  std::string answer = build_answer(offer, sample_parts());
  fail_unless(answer.find("m=application") < answer.find("m=audio"));
  assert_contains(answer, "a=group:BUNDLE application1 audio0\r\n");
  assert_contains(answer, "m=video 0 UDP/TLS/RTP/SAVPF 0\r\n");
}
GST_END_TEST

GST_START_TEST(an_answer_can_miss_its_audio) {
  AnswerParts parts = sample_parts();
  parts.with_audio = false;
  std::string answer = build_answer(sample(), parts);
  fail_unless_equals_int(count(answer, "m=audio"), 0);
  assert_contains(answer, "a=group:BUNDLE application1\r\n");
  fail_unless_equals_int(count(answer, "a=candidate:"), 4);
}
GST_END_TEST

GST_START_TEST(an_ice_fragment_carries_credentials_and_candidates) {
  std::string fragment = build_ice_fragment(sample(), sample_parts());
  for (const char *part :
       {"a=ice-lite\r\n", "m=audio 9 ", "a=mid:audio0\r\n", "a=ice-ufrag:NGikpJ/u0/3oN5GD\r\n",
        "a=ice-pwd:", "a=end-of-candidates\r\n"}) {
    assert_contains(fragment, part);
  }
  fail_unless_equals_int(count(fragment, "a=candidate:"), 4);
}
GST_END_TEST

OAIRT_TEST_MAIN(simulator_transport_answer, the_answer_has_the_shape_of_the_service,
                candidates_stand_in_the_audio_section_only, the_direction_is_turned_round,
                sections_keep_the_order_of_the_offer_and_unknown_ones_are_rejected,
                an_answer_can_miss_its_audio, an_ice_fragment_carries_credentials_and_candidates)
