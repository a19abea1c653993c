#include <random>

#include "rtc/fingerprint.h"
#include "rtc/sdp.h"
#include "sdp_samples.h"
#include "support/check.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

GST_START_TEST(candidates_are_stripped_and_all_else_is_kept) {
  std::string stripped = strip_candidates(sample_offer());
  fail_unless(stripped.find("candidate") == std::string::npos);
  fail_unless(stripped.ends_with("a=sctp-port:5000\r\n"));
  std::string with_lf = replaced(sample_offer(), "\r\n", "\n");
  assert_text(strip_candidates(with_lf.substr(0, with_lf.size() - 1)), stripped);
  assert_text(strip_candidates(stripped), stripped);
  assert_text(strip_candidates(""), "");
}
GST_END_TEST

GST_START_TEST(the_message_size_is_announced_in_the_data_channel_section_once) {
  std::string offer = add_max_message_size(sample_offer(), 262144);
  fail_unless(offer.ends_with("a=max-message-size:262144\r\n"));
  offer = add_max_message_size(offer, 1000);
  fail_unless(offer.ends_with("a=max-message-size:1000\r\n"));
  fail_unless(offer.find("262144") == std::string::npos);
  size_t audio = offer.find("m=audio"), data = offer.find("m=application");
  fail_unless(offer.substr(audio, data - audio).find("max-message") == std::string::npos);
}
GST_END_TEST

GST_START_TEST(the_service_s_answer_is_taken) {
  auto checked = check_answer(sample_offer(), sample_answer());
  fail_unless(checked.ok(), "%s", checked.ok() ? "" : checked.error().detail.c_str());
  assert_text(checked->ice_ufrag, "NGikpJ/u0/3oN5GD");
  fail_unless(checked->ice_pwd.reveal() == "abcdefghijklmnopqrstuvwxyz012345");
  fail_unless(checked->ice_lite && checked->candidates == 2);
  fail_unless(checked->fingerprints.size() == 1);
  assert_text(checked->fingerprints[0], kFingerprint);
  fail_unless(checked->max_message_size == 1073741823u);
}
GST_END_TEST

GST_START_TEST(other_ways_to_write_a_good_answer_are_taken) {
  struct Case {
    const char *from, *to;
  };
  const Case cases[] = {
      {"\r\n", "\n"},
      {"a=fingerprint:sha-256", "a=fingerprint:SHA-256"},
      {"AA:BB:CC:DD:EE:FF", "aa:bb:cc:dd:ee:ff"},
      {"UDP/TLS/RTP/SAVPF 111", "UDP/TLS/RTP/SAVPF 111 0 8"},
      {"a=max-message-size:1073741823\r\n", ""},
      {"a=max-message-size:1073741823", "a=max-message-size:0"},
      {"a=ice-lite\r\n", ""},
      {"a=sendrecv\r\n", ""},
      {"a=setup:active", "a=setup:passive"},
      {"a=fingerprint:sha-256", "a=fingerprint:sha-1 00:11\r\na=fingerprint:sha-256"},
  };
  for (const Case &item : cases) {
    auto checked = check_answer(sample_offer(), replaced(sample_answer(), item.from, item.to));
    fail_unless(checked.ok(), "%s: %s", item.to,
                checked.ok() ? "" : checked.error().detail.c_str());
  }
}
GST_END_TEST

GST_START_TEST(a_hostile_answer_is_refused_without_being_quoted) {
  struct Case {
    const char *from, *to;
  };
  const std::string kLong(2000, 'x');
  const Case cases[] = {
      {"v=0\r\n", "v=1\r\n"},
      {"v=0\r\n", "<html>"},
      {"s=-\r\n", "s=-\r\nnonsense\r\n"},
      {"s=-", kLong.c_str()},
      {"m=audio 9", "m=video 9"},
      {"m=audio 9", "m=audio 0"},
      {"m=application 9", "m=application 0"},
      {"m=application 9", "m=audio 9"},
      {"webrtc-datachannel", "something"},
      {"SAVPF 111", "SAVPF 96"},
      {"SAVPF 111", "SAVPF"},
      {"111 opus/48000/2", "111 PCMU/8000"},
      {"a=sendrecv", "a=inactive"},
      {"a=sendrecv", "a=recvonly"},
      {"a=group:BUNDLE audio0 application1\r\n", ""},
      {"BUNDLE audio0 application1", "BUNDLE application1 audio0"},
      {"BUNDLE audio0 application1", "BUNDLE audio0"},
      {"BUNDLE audio0 application1", "BUNDLE"},
      {"a=mid:audio0", "a=mid:other"},
      {"a=mid:application1\r\n", ""},
      {"a=setup:active", "a=setup:actpass"},
      {"a=setup:active\r\n", ""},
      {"a=ice-ufrag:NGikpJ/u0/3oN5GD\r\n", ""},
      {"a=ice-ufrag:NGikpJ/u0/3oN5GD", "a=ice-ufrag:x"},
      {"a=ice-ufrag:NGikpJ/u0/3oN5GD", "a=ice-ufrag:with blank"},
      {"a=ice-pwd:abcdefghijklmnopqrstuvwxyz012345", "a=ice-pwd:short"},
      {"a=fingerprint:sha-256", "a=fingerprint:sha-1"},
      {"00:11:22", "00:11:2G"},
      {"00:11:22", "0011:22:"},
      {"a=candidate", "a=x-candidate"},
      {"a=max-message-size:1073741823", "a=max-message-size:-1"},
      {"a=max-message-size:1073741823", "a=max-message-size:99999999999999999999"},
  };
  for (const Case &item : cases) {
    auto checked = check_answer(sample_offer(), replaced(sample_answer(), item.from, item.to));
    fail_unless(!checked.ok(), "%s", item.to);
    fail_unless(checked.error().code == ErrorCode::Protocol);
    for (const std::string &text : {checked.error().message, checked.error().detail}) {
      fail_unless(text.find("abcdefgh") == std::string::npos);
      fail_unless(text.find("NGik") == std::string::npos);
    }
  }
}
GST_END_TEST

GST_START_TEST(an_answer_that_disagrees_with_itself_is_refused) {
  std::string answer = sample_answer();
  size_t data = answer.find("m=application");
  std::string head = answer.substr(0, data), tail = answer.substr(data);
  const std::string tails[] = {
      replaced(tail, "NGikpJ/u0/3oN5GD", "another"),
      replaced(tail, "abcdefghijklmnopqrstuvwxyz012345", "abcdefghijklmnopqrstuvwxyz012346"),
      replaced(tail, "a=setup:active", "a=setup:passive"),
      tail + "a=fingerprint:sha-256 " + replaced(kFingerprint, "00:11", "11:00") + "\r\n",
      "",
      tail + tail,
  };
  for (const std::string &other : tails)
    fail_unless(!check_answer(sample_offer(), head + other).ok());
}
GST_END_TEST

GST_START_TEST(an_answer_without_measure_is_refused) {
  std::string many;
  for (int i = 0; i < 40; i++) many += "a=candidate:7 1 udp 1 192.0.2.1 3478 typ host\r\n";
  auto checked = check_answer(sample_offer(), replaced(sample_answer(), "a=rtcp-mux\r\n", many));
  fail_unless(!checked.ok());
  std::string large = sample_answer();
  while (large.size() <= 64 * 1024) large += "a=x:y\r\n";
  fail_unless(!check_answer(sample_offer(), large).ok());
  fail_unless(!check_answer(sample_offer(), sample_answer() + std::string(1, '\0')).ok());
  fail_unless(!check_answer(sample_offer(), "").ok());
  fail_unless(!check_answer("", sample_answer()).ok());
}
GST_END_TEST

// Whatever is cut out or changed: an answer or an error, and never more than that.
GST_START_TEST(mangled_answers_are_survived) {
  std::mt19937 random(7);
  const std::string answer = sample_answer();
  for (int i = 0; i < 5000; i++) {
    std::string text = answer;
    for (int k = 0; k < 3; k++) {
      size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, random() % 80);
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), random() % 80));
      }
    }
    auto checked = check_answer(sample_offer(), text);
    if (!checked.ok()) fail_unless(checked.error().code == ErrorCode::Protocol);
    parse_ice_fragment(text).ok();
    strip_candidates(text);
    add_max_message_size(text, 1);
  }
}
GST_END_TEST

GST_START_TEST(an_ice_restart_fragment_names_the_credentials_and_the_bundle) {
  std::string fragment =
      make_ice_fragment(sample_offer(), "new1", Secret("newpasswordnewpassword12"));
  assert_text(fragment,
              "a=group:BUNDLE audio0 application1\r\na=ice-ufrag:new1\r\n"
              "a=ice-pwd:newpasswordnewpassword12\r\n"
              "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:audio0\r\n");
  auto parsed = parse_ice_fragment(fragment + "a=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\n");
  fail_unless(parsed.ok());
  assert_text(parsed->ufrag, "new1");
  fail_unless(parsed->pwd.reveal() == "newpasswordnewpassword12");
  fail_unless(parsed->candidates.size() == 1);
  assert_text(parsed->candidates[0], "candidate:1 1 udp 1 192.0.2.1 1 typ host");
  fail_unless(!parse_ice_fragment("a=ice-ufrag:new1\r\n").ok());
  fail_unless(!parse_ice_fragment("").ok());
}
GST_END_TEST

// Made for this test with `openssl req -x509 -newkey ec`; the figure is `openssl x509
// -fingerprint`.
constexpr char kCertificate[] = R"(-----BEGIN CERTIFICATE-----
MIIBdzCCAR2gAwIBAgIUVvgCTrjt9Jd3TsgN4qqKQ/ZQXXAwCgYIKoZIzj0EAwIw
ETEPMA0GA1UEAwwGV2ViUlRDMB4XDTI2MTEyMjE1MTQzN1oXDTM2MTExOTE1MTQz
N1owETEPMA0GA1UEAwwGV2ViUlRDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
8QtANl2Ld3GyF8QXBLcsyPG81yEjsBxUbXSAnqgvVJNCGcS+zoIQ8IRkbukkRDxQ
vlvEDLmMOpD+W6N5khDXg6NTMFEwHQYDVR0OBBYEFAdZPEjqro0BEUWs4LYzsbiw
ass/MB8GA1UdIwQYMBaAFAdZPEjqro0BEUWs4LYzsbiwass/MA8GA1UdEwEB/wQF
MAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAImD8A6hc6aKIQTC/CRE4cx/f4p7Tvm4
wjNCz4s/ZssCAiAVFwZKGwx52YZt52+u1kTiq6tCSFiSohQ2jXL7uG+f8A==
-----END CERTIFICATE-----
)";
constexpr char kCertificateFingerprint[] =
    "56:52:D0:C2:3D:C4:5D:52:19:BB:39:FE:65:03:19:34:"
    "C9:53:CF:26:84:39:E1:DF:3E:03:B0:E1:CE:54:69:A4";

GST_START_TEST(the_fingerprint_of_a_certificate_is_that_of_its_der) {
  auto fingerprint = certificate_fingerprint(kCertificate);
  fail_unless(fingerprint.has_value());
  assert_text(*fingerprint, kCertificateFingerprint);
  assert_text(*certificate_fingerprint(replaced(kCertificate, "\n", "\r\n")),
              kCertificateFingerprint);
}
GST_END_TEST

GST_START_TEST(what_is_no_certificate_has_no_fingerprint) {
  std::string pem = kCertificate;
  for (const std::string &text :
       {std::string(), std::string("-----BEGIN CERTIFICATE-----"), pem.substr(0, pem.size() / 2),
        std::string("-----BEGIN CERTIFICATE----------END CERTIFICATE-----")}) {
    fail_unless(!certificate_fingerprint(text).has_value());
  }
}
GST_END_TEST

}  // namespace

OAIRT_TEST_MAIN(sdp, candidates_are_stripped_and_all_else_is_kept,
                the_message_size_is_announced_in_the_data_channel_section_once,
                the_service_s_answer_is_taken, other_ways_to_write_a_good_answer_are_taken,
                a_hostile_answer_is_refused_without_being_quoted,
                an_answer_that_disagrees_with_itself_is_refused,
                an_answer_without_measure_is_refused, mangled_answers_are_survived,
                an_ice_restart_fragment_names_the_credentials_and_the_bundle,
                the_fingerprint_of_a_certificate_is_that_of_its_der,
                what_is_no_certificate_has_no_fingerprint)
