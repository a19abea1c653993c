#include "sample_offer.h"
#include "support/check.h"
#include "transport/transport.h"

using namespace oairt::sim;        // NOLINT: a test reads better without the prefix
using namespace oairt::sim::test;  // NOLINT

GST_START_TEST(an_offer_of_webrtcbin_is_read) {
  auto offer = parse_offer(sample_offer());
  fail_unless(offer.ok(), "%s", offer.ok() ? "" : offer.error().message.c_str());
  assert_text(offer->ufrag, "user");
  assert_text(offer->pwd, "passwordpasswordpassword");
  assert_text(offer->fingerprint, kFingerprint);
  assert_text(offer->audio_mid, "audio0");
  assert_text(offer->data_mid, "application1");
  assert_text(offer->audio_direction, "sendrecv");
  fail_unless_equals_int(offer->opus_payload_type, 111);
  fail_unless_equals_int(offer->sctp_port, 5001);
  fail_unless_equals_int(offer->max_message_size, 65535);
  fail_unless(offer->extmap_allow_mixed);
  fail_unless(*offer->audio_ssrcs == std::vector<uint32_t>{1234});
  fail_unless_equals_int(offer->sections.size(), 2);
}
GST_END_TEST

GST_START_TEST(variants_are_read) {
  struct {
    const char *from, *to;
    bool (*right)(const Offer &);
  } cases[] = {
      {"a=sctp-port:5001", "a=sctp-port:5000\r\na=max-message-size:262144",
       [](const Offer &o) { return o.max_message_size == 262144 && o.sctp_port == 5000; }},
      {"a=sctp-port:5001\r\n", "a=max-message-size:0\r\n",
       [](const Offer &o) { return o.max_message_size == SIZE_MAX && o.sctp_port == 5000; }},
      {"a=sendrecv", "a=inactive", [](const Offer &o) { return o.audio_direction == "inactive"; }},
      {"a=sendrecv", "a=recvonly", [](const Offer &o) { return o.audio_direction == "recvonly"; }},
      {"a=sendrecv\r\n", "", [](const Offer &o) { return o.audio_direction == "sendrecv"; }},
      {"SAVPF 111\r\n", "SAVPF 0 8 96 111\r\n",
       [](const Offer &o) { return o.opus_payload_type == 111; }},
      {"a=extmap-allow-mixed\r\n", "", [](const Offer &o) { return !o.extmap_allow_mixed; }},
      {"a=setup:actpass", "a=setup:passive", [](const Offer &) { return true; }},
      {"a=ssrc:1234 cname:user\r\na=ssrc:1234 msid:user audio\r\n", "",
       [](const Offer &o) { return o.audio_ssrcs && o.audio_ssrcs->empty(); }},
      {"a=mid:audio0\r\n",
       "a=mid:audio0\r\na=candidate:1 1 UDP 2015363327 192.0.2.9 40000 typ host\r\n",
       [](const Offer &) { return true; }},
  };
  for (auto &[from, to, right] : cases) {
    auto offer = parse_offer(replaced(sample_offer(), from, to));
    fail_unless(offer.ok(), "%s: %s", to, offer.ok() ? "" : offer.error().message.c_str());
    fail_unless(right(offer.value()), "%s", to);
  }
}
GST_END_TEST

GST_START_TEST(credentials_of_the_session_level_count_too) {
  std::string text = sample_offer();
  for (const char *name : {"a=ice-ufrag:user\r\n", "a=ice-pwd:passwordpasswordpassword\r\n"}) {
    text = replaced_all(text, name, "");
    text = replaced(text, "t=0 0\r\n", std::string("t=0 0\r\n") + name);
  }
  auto offer = parse_offer(text);
  fail_unless(offer.ok());
  assert_text(offer->ufrag, "user");
}
GST_END_TEST

GST_START_TEST(bad_offers_are_refused) {
  std::string good = sample_offer();
  std::string without_audio = replaced(good, "m=audio 9", "m=video 9");
  size_t data_at = good.find("m=application");
  struct {
    const char *what;
    std::string text;
  } cases[] = {
      {"empty", ""},
      {"words", "hello there\n"},
      {"html", "<html><body>502</body></html>\n"},
      {"binary", std::string("v=0\r\n\x00\x01\x02\r\n", 10)},
      {"json", "{\"sdp\":\"v=0\"}\n"},
      {"last newline trimmed", good.substr(0, good.size() - 2)},
      {"cut in the middle", good.substr(0, good.size() / 2)},
      {"no audio", without_audio},
      {"audio rejected", replaced(good, "m=audio 9", "m=audio 0")},
      {"no data channel", good.substr(0, data_at)},
      {"data channel only", "v=0\r\n" + good.substr(data_at)},
      {"no ufrag", replaced_all(good, "a=ice-ufrag:user\r\n", "")},
      {"short pwd", replaced_all(good, "passwordpasswordpassword", "password")},
      {"ufrag with a colon", replaced_all(good, "ufrag:user", "ufrag:us:er")},
      {"no fingerprint", replaced_all(good, "a=fingerprint", "a=fingerpaint")},
      {"short fingerprint", replaced_all(good, ":23:45:67:89\r\n", "\r\n")},
      {"weak hash", replaced_all(good, "sha-256", "md5")},
      {"no bundle", replaced(good, "a=group:BUNDLE audio0 application1\r\n", "")},
      {"data not bundled", replaced(good, "BUNDLE audio0 application1", "BUNDLE audio0")},
      {"no rtcp-mux", replaced(good, "a=rtcp-mux\r\n", "")},
      {"no opus", replaced(good, "OPUS/48000/2", "PCMU/8000")},
      {"opus not listed", replaced(good, "SAVPF 111", "SAVPF 0")},
      {"setup active", replaced(good, "a=setup:actpass", "a=setup:active")},
      {"plain RTP", replaced(good, "UDP/TLS/RTP/SAVPF", "RTP/AVP")},
      {"port is no number", replaced(good, "m=audio 9", "m=audio nine")},
      {"sctp-port too large", replaced(good, "sctp-port:5001", "sctp-port:70000")},
      {"sctp-port 0", replaced(good, "sctp-port:5001", "sctp-port:0")},
      {"size is no number", good + "a=max-message-size:-1\r\n"},
      {"old data channel", replaced(good, "UDP/DTLS/SCTP webrtc-datachannel", "DTLS/SCTP 5000")},
      {"endless", "v=0\r\n" + replaced_all(std::string(300000, 'x'), "xx", "a\n")},
  };
  for (auto &[what, text] : cases) {
    auto offer = parse_offer(text);
    fail_if(offer.ok(), "accepted: %s", what);
    fail_unless(offer.error().message.find("password") == std::string::npos, "%s", what);
  }
}
GST_END_TEST

GST_START_TEST(no_cut_and_no_change_of_a_byte_crashes) {
  std::string good = sample_offer();
  for (size_t size = 0; size < good.size(); ++size) (void)parse_offer(good.substr(0, size) + "\n");
  for (size_t at = 0; at < good.size(); ++at) {
    for (char c : {'\0', '\n', ':', ' ', '9', '\xff'}) {
      std::string bent = good;
      bent[at] = c;
      (void)parse_offer(bent);
    }
  }
}
GST_END_TEST

OAIRT_TEST_MAIN(simulator_transport_offer, an_offer_of_webrtcbin_is_read, variants_are_read,
                credentials_of_the_session_level_count_too, bad_offers_are_refused,
                no_cut_and_no_change_of_a_byte_crashes)
