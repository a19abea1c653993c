#include <algorithm>

#include "support/check.h"
#include "transport/stun.h"

using namespace oairt::sim;  // NOLINT: a test reads better without the prefix

namespace {

Bytes from_hex(const std::string &text) {
  Bytes bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 3) {
    bytes.push_back(static_cast<uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

// The vectors of RFC 5769.
const char kPassword[] = "VOkJxbRl1RmTxUk/WvJxBt";
const Bytes kRequest = from_hex(
    "00 01 00 58 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae "
    "80 22 00 10 53 54 55 4e 20 74 65 73 74 20 63 6c 69 65 6e 74 "
    "00 24 00 04 6e 00 01 ff 80 29 00 08 93 2f f9 b1 51 26 3b 36 "
    "00 06 00 09 65 76 74 6a 3a 68 36 76 59 20 20 20 "
    "00 08 00 14 9a ea a7 0c bf d8 cb 56 78 1e f2 b5 b2 d3 f2 49 c1 b5 71 a2 "
    "80 28 00 04 e5 7a 3b cf ");
const Bytes kResponseV4 = from_hex(
    "01 01 00 3c 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae "
    "80 22 00 0b 74 65 73 74 20 76 65 63 74 6f 72 20 00 20 00 08 00 01 a1 47 e1 12 a6 43 "
    "00 08 00 14 2b 91 f5 99 fd 9e 90 c3 8c 74 89 f9 2a f9 ba 53 f0 6b e7 d7 "
    "80 28 00 04 c0 7d 4c 96 ");
const Bytes kResponseV6 = from_hex(
    "01 01 00 48 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae "
    "80 22 00 0b 74 65 73 74 20 76 65 63 74 6f 72 20 "
    "00 20 00 14 00 02 a1 47 01 13 a9 fa a5 d3 f1 79 bc 25 f4 b5 be d2 b9 d9 "
    "00 08 00 14 a3 82 95 4e 4b e6 7b f1 17 84 c9 7c 82 92 c2 75 bf e3 ed 41 "
    "80 28 00 04 c8 fb 0b 4c ");

bool contains(const Bytes &packet, const Bytes &part) {
  return std::search(packet.begin(), packet.end(), part.begin(), part.end()) != packet.end();
}

stun::TransactionId transaction_of(const Bytes &packet) { return stun::parse(packet)->transaction; }

}  // namespace

GST_START_TEST(the_sample_request_is_read_and_verified) {
  auto message = stun::parse(kRequest);
  fail_unless(message.has_value());
  fail_unless(message->kind == stun::Kind::Request);
  assert_text(*message->username, "evtj:h6vY");
  fail_unless_equals_int(*message->priority, 0x6e0001ff);
  fail_unless(message->ice_controlled && !message->ice_controlling && !message->use_candidate);
  fail_unless(message->has_fingerprint);
  fail_unless(message->unknown_required.empty());
  fail_unless(stun::verify_integrity(kRequest, *message, kPassword));
  fail_if(stun::verify_integrity(kRequest, *message, "another password of ours"));
  fail_if(stun::verify_integrity(kRequest, *message, ""));
}
GST_END_TEST

GST_START_TEST(the_sample_responses_are_read_and_verified) {
  for (const Bytes &packet : {kResponseV4, kResponseV6}) {
    auto message = stun::parse(packet);
    fail_unless(message.has_value() && message->kind == stun::Kind::Success);
    fail_unless(stun::verify_integrity(packet, *message, kPassword));
  }
}
GST_END_TEST

GST_START_TEST(mapped_addresses_are_written_as_in_the_samples) {
  struct {
    const char *ip;
    Bytes attribute;
  } cases[] = {
      {"192.0.2.1", Bytes(kResponseV4.begin() + 36, kResponseV4.begin() + 48)},
      {"2001:db8:1234:5678:11:2233:4455:6677",
       Bytes(kResponseV6.begin() + 36, kResponseV6.begin() + 60)},
  };
  for (auto &[ip, attribute] : cases) {
    auto address = SocketAddress::parse(ip, 32853);
    fail_unless(address.has_value());
    Bytes packet = stun::Builder(stun::Kind::Success, transaction_of(kRequest))
                       .add_xor_mapped_address(*address)
                       .finish();
    fail_unless(contains(packet, attribute), "%s", ip);
  }
}
GST_END_TEST

GST_START_TEST(what_is_built_is_read_again) {
  Bytes packet = stun::Builder(stun::Kind::Request, transaction_of(kRequest))
                     .add(stun::kUsername, view_of("left:right"))
                     .add(stun::kUseCandidate, {})
                     .add(0x0031, view_of("abc"))
                     .add_integrity("secret")
                     .finish();
  auto message = stun::parse(packet);
  fail_unless(message.has_value());
  assert_text(*message->username, "left:right");
  fail_unless(message->use_candidate && message->has_fingerprint);
  fail_unless(message->unknown_required == std::vector<uint16_t>{0x0031});
  fail_unless(stun::verify_integrity(packet, *message, "secret"));
}
GST_END_TEST

GST_START_TEST(every_flipped_bit_is_noticed) {
  for (size_t bit = 0; bit < kRequest.size() * 8; ++bit) {
    Bytes packet = kRequest;
    packet[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    auto message = stun::parse(packet);
    // The fingerprint covers all. A flip in its own type makes it unknown: the integrity remains.
    bool believed =
        message && message->has_fingerprint && stun::verify_integrity(packet, *message, kPassword);
    fail_if(believed, "bit %zu", bit);
  }
}
GST_END_TEST

GST_START_TEST(cut_packets_are_refused) {
  for (size_t size = 0; size < kRequest.size(); ++size) {
    BytesView cut = BytesView(kRequest).first(size);
    fail_if(stun::parse(cut).has_value(), "%zu bytes", size);
  }
  Bytes longer = kRequest;
  longer.push_back(0);
  fail_if(stun::parse(longer).has_value());
}
GST_END_TEST

GST_START_TEST(lengths_that_lie_are_refused) {
  for (size_t at = stun::kHeaderBytes; at < kRequest.size(); at += 4) {
    for (uint16_t lie : {0xFFFF, 0xFFFD, 0x0100, 0x0059}) {
      Bytes packet = kRequest;
      write_u16(&packet[at + 2], lie);
      auto message = stun::parse(packet);
      fail_if(message && message->has_fingerprint, "%u at %zu", lie, at);
    }
  }
}
GST_END_TEST

GST_START_TEST(attributes_behind_the_integrity_do_not_count) {
  Bytes packet = stun::Builder(stun::Kind::Request, transaction_of(kRequest))
                     .add(stun::kUsername, view_of("a:b"))
                     .add_integrity("secret")
                     .add(stun::kUseCandidate, {})
                     .finish();
  auto message = stun::parse(packet);
  fail_unless(message.has_value());
  fail_if(message->use_candidate);
}
GST_END_TEST

GST_START_TEST(noise_is_neither_a_crash_nor_a_message) {
  GRand *random = g_rand_new_with_seed(7);
  for (int round = 0; round < 20000; ++round) {
    Bytes packet(static_cast<size_t>(g_rand_int_range(random, 0, 200)));
    for (uint8_t &byte : packet) byte = static_cast<uint8_t>(g_rand_int(random));
    if (packet.size() >= 8 && round % 2) {  // at least let it look like STUN
      write_u16(&packet[0], 1);
      write_u16(&packet[2], static_cast<uint16_t>((packet.size() - stun::kHeaderBytes) & 0xFFFC));
      write_u32(&packet[4], stun::kMagicCookie);
    }
    auto message = stun::parse(packet);
    if (message) fail_if(stun::verify_integrity(packet, *message, kPassword));
  }
  g_rand_free(random);
}
GST_END_TEST

OAIRT_TEST_MAIN(simulator_transport_stun, the_sample_request_is_read_and_verified,
                the_sample_responses_are_read_and_verified,
                mapped_addresses_are_written_as_in_the_samples, what_is_built_is_read_again,
                every_flipped_bit_is_noticed, cut_packets_are_refused, lengths_that_lie_are_refused,
                attributes_behind_the_integrity_do_not_count,
                noise_is_neither_a_crash_nor_a_message)
