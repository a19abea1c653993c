// The pieces of a DTLS flight travel together.
#include "dtls_bytes.h"
#include "rtc/dtls_packer.h"
#include "support/check.h"

using namespace std::chrono_literals;
using namespace oairt::test;  // NOLINT
using oairt::Datagram;
using oairt::DtlsPacker;
using oairt::TimePoint;

namespace {
const TimePoint kStart = TimePoint() + 1h;
}  // namespace

GST_START_TEST(the_pieces_of_a_flight_go_out_in_one_datagram) {
  DtlsPacker packer;
  fail_unless(packer.sent(datagram(handshake(0)), kStart).empty());
  fail_unless(packer.sent(datagram(handshake(1)), kStart).empty());
  auto out = packer.sent(datagram(hello_done(2)), kStart);
  fail_unless_equals_int(out.size(), 1);
  fail_unless(*out[0] == handshake(0) + handshake(1) + hello_done(2));
  fail_if(packer.deadline());
  packer.sent(datagram(change_cipher()), kStart);
  out = packer.sent(datagram(finished()), kStart);
  fail_unless_equals_int(out.size(), 1);
  fail_unless(*out[0] == change_cipher() + finished());
}
GST_END_TEST

GST_START_TEST(a_datagram_of_pieces_stays_within_what_paths_carry) {
  DtlsPacker packer;
  std::vector<Datagram> out;
  Bytes piece = record(22, 0, message(0, 217));
  for (int i = 0; i < 9; ++i) {
    for (Datagram &one : packer.sent(datagram(piece), kStart)) out.push_back(std::move(one));
  }
  for (Datagram &one : packer.sent(datagram(hello_done(1)), kStart)) out.push_back(std::move(one));
  std::size_t bytes = 0;
  for (const Datagram &one : out) {
    fail_unless(one->size() <= DtlsPacker::kMaxBytes);
    bytes += one->size();
  }
  fail_unless_equals_int(out.size(), 2);
  fail_unless_equals_int(bytes, 9 * piece.size() + hello_done(1).size());
  Bytes back;
  for (const Datagram &part : DtlsPacker::split(out[0])) {
    fail_unless(part->size() <= DtlsPacker::kSafeBytes && part->size() % piece.size() == 0);
    back = back + *part;
  }
  fail_unless(back == *out[0]);
  // A piece that is larger by itself goes as it is.
  Bytes large = record(22, 0, Bytes(2000));
  auto alone = packer.sent(datagram(large), kStart);
  if (alone.empty()) alone = packer.due(kStart + DtlsPacker::kPatience);
  fail_unless(alone.size() == 1 && *alone[0] == large);
  fail_unless_equals_int(DtlsPacker::split(alone[0]).size(), 1);
}
GST_END_TEST

GST_START_TEST(no_piece_waits_long_and_none_is_overtaken) {
  DtlsPacker packer;
  packer.sent(datagram(handshake(0)), kStart);
  fail_unless(*packer.deadline() == kStart + DtlsPacker::kPatience);
  fail_unless(packer.due(kStart + DtlsPacker::kPatience - 1us).empty());
  auto out = packer.due(kStart + DtlsPacker::kPatience);
  fail_unless(out.size() == 1 && *out[0] == handshake(0));
  fail_if(packer.deadline());
  for (const Bytes &next : {application(), alert()}) {
    packer.sent(datagram(handshake(1)), kStart);
    out = packer.sent(datagram(next), kStart);
    fail_unless_equals_int(out.size(), 2);
    fail_unless(*out[0] == handshake(1) && *out[1] == next);
  }
  fail_if(packer.deadline());
}
GST_END_TEST

OAIRT_TEST_MAIN(rtc_ice_dtls_packer, the_pieces_of_a_flight_go_out_in_one_datagram,
                a_datagram_of_pieces_stays_within_what_paths_carry,
                no_piece_waits_long_and_none_is_overtaken)
