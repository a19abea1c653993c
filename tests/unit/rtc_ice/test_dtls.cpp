// What is read from DTLS datagrams, when a flight is sent again, what a new path is given.
#include <cstring>

#include "dtls_bytes.h"
#include "rtc/dtls_echo.h"
#include "rtc/dtls_flight.h"
#include "rtc/dtls_packer.h"
#include "rtc/dtls_replay.h"
#include "support/check.h"

using namespace std::chrono_literals;
using oairt::Datagram;
using oairt::DtlsEcho;
using oairt::DtlsFlight;
using oairt::DtlsPacker;
using oairt::DtlsReplay;
using oairt::DtlsSummary;
using oairt::PacketKind;
using oairt::TimePoint;

using namespace oairt::test;  // NOLINT

namespace {

constexpr auto kInterval = 80ms;
constexpr auto kCopy = DtlsFlight::kCopyDelay;
const TimePoint kStart = TimePoint() + 1h;

struct Bench {
  DtlsFlight flight{kInterval};
  TimePoint now = kStart;
  void sent(Bytes bytes) { flight.sent(datagram(std::move(bytes)), now); }
  void received(const Bytes &bytes) { flight.received(bytes.data(), bytes.size(), now); }
  std::size_t due_after(oairt::Duration delay) {
    now += delay;
    return flight.due(now).size();
  }
};

}  // namespace

GST_START_TEST(packets_are_told_apart_by_their_first_byte) {
  auto kind = [](uint8_t first) { return oairt::packet_kind(&first, 1); };
  fail_unless(kind(0) == PacketKind::Stun);
  fail_unless(kind(3) == PacketKind::Stun);
  fail_unless(kind(19) == PacketKind::Other);
  fail_unless(kind(20) == PacketKind::Dtls);
  fail_unless(kind(63) == PacketKind::Dtls);
  fail_unless(kind(64) == PacketKind::Other);
  fail_unless(kind(128) == PacketKind::Rtp);
  fail_unless(kind(191) == PacketKind::Rtp);
  fail_unless(oairt::packet_kind(nullptr, 0) == PacketKind::Other);
}
GST_END_TEST

GST_START_TEST(a_datagram_of_several_records_is_read_to_its_end) {
  Bytes bytes = record(22, 0, message(3) + message(4)) + change_cipher() + finished();
  DtlsSummary sum = oairt::summarize_dtls(bytes.data(), bytes.size());
  fail_unless(sum.handshake && sum.change_cipher && sum.encrypted);
  fail_if(sum.application || sum.alert);
  fail_unless_equals_int(*sum.first_message, 3);
  fail_unless_equals_int(*sum.last_message, 4);
}
GST_END_TEST

GST_START_TEST(truncated_and_hostile_datagrams_are_read_without_harm) {
  Bytes whole = record(22, 0, message(7) + message(8)) + finished();
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    oairt::summarize_dtls(cut.data(), cut.size());
  }
  Bytes liar = record(22, 0, message(7));
  liar[11] = liar[12] = 0xff;
  fail_if(oairt::summarize_dtls(liar.data(), liar.size()).handshake);
  Bytes long_fragment = record(22, 0, message(7));
  long_fragment[13 + 9] = 0xff;
  fail_unless_equals_int(
      *oairt::summarize_dtls(long_fragment.data(), long_fragment.size()).last_message, 7);
}
GST_END_TEST

GST_START_TEST(an_unanswered_flight_is_sent_again_a_limited_number_of_times) {
  Bench bench;
  fail_if(bench.flight.deadline());
  bench.sent(handshake(0));
  bench.sent(handshake(1));
  fail_unless(*bench.flight.deadline() == kStart + kCopy);
  fail_unless_equals_int(bench.due_after(kCopy - 1ms), 0);
  fail_unless_equals_int(bench.due_after(1ms), 2);
  fail_unless_equals_int(bench.due_after(kInterval - 1ms), 0);
  fail_unless_equals_int(bench.due_after(1ms), 2);
  int more = 0;
  while (bench.flight.deadline()) more += bench.due_after(kInterval) > 0;
  fail_unless_equals_int(more, DtlsFlight::kMaxRepeats - 1);
}
GST_END_TEST

GST_START_TEST(an_answer_is_given_the_time_of_a_round_trip) {
  Bench bench;
  bench.flight.set_round_trip(400ms);
  bench.sent(handshake(0));
  fail_unless_equals_int(bench.due_after(kCopy), 1);
  fail_unless_equals_int(bench.due_after(500ms), 0);
  fail_unless_equals_int(bench.due_after(DtlsFlight::kMargin), 1);
}
GST_END_TEST

GST_START_TEST(a_path_that_takes_no_large_datagrams_gets_smaller_ones) {
  Bench bench;
  Bytes piece = record(22, 0, message(0, 187));
  Bytes whole;
  while (whole.size() + piece.size() < DtlsPacker::kMaxBytes) whole = whole + piece;
  bench.sent(whole);
  fail_unless_equals_int(bench.due_after(kCopy), 1);
  fail_unless_equals_int(bench.due_after(kInterval), 2);
}
GST_END_TEST

GST_START_TEST(a_slow_path_is_not_flooded) {
  Bench bench;
  bench.sent(handshake(0));
  int times = 0;
  for (int i = 0; i < 1000; ++i) times += bench.due_after(1ms) > 0;
  fail_unless(times >= 4 && times <= 5);
}
GST_END_TEST

GST_START_TEST(what_the_tls_stack_repeats_is_not_copied_as_well) {
  Bench bench;
  bench.sent(handshake(2));
  fail_unless_equals_int(bench.due_after(kCopy), 1);
  bench.sent(handshake(2));
  fail_unless_equals_int(bench.due_after(kCopy), 0);
  bench.received(handshake(3));
  // OpenSSL repeats its last flight for every Finished that it hears, newly encrypted each time.
  for (int i = 0; i < 5; ++i) {
    bench.sent(change_cipher());
    bench.sent(finished());
  }
  fail_unless_equals_int(bench.due_after(kCopy), 0);
  fail_unless_equals_int(bench.due_after(kInterval), 2);
}
GST_END_TEST

GST_START_TEST(progress_of_the_peer_ends_the_repeating) {
  for (const Bytes &answer : {handshake(1), change_cipher(), finished(), alert()}) {
    Bench bench;
    bench.received(handshake(0));
    bench.sent(handshake(0));
    bench.received(answer);
    fail_if(bench.flight.deadline());
    fail_unless_equals_int(bench.due_after(1s), 0);
  }
}
GST_END_TEST

GST_START_TEST(a_peer_that_repeats_itself_gets_our_flight_at_once) {
  Bench bench;
  bench.received(handshake(0));
  bench.sent(handshake(0));
  fail_unless_equals_int(bench.due_after(kCopy), 1);
  bench.now += 30ms;
  bench.received(handshake(0));
  fail_unless_equals_int(bench.due_after(0ms), 1);
  // Its second datagram is the same question.
  bench.received(handshake(0));
  fail_unless_equals_int(bench.due_after(5ms), 0);
  fail_unless_equals_int(bench.due_after(15ms), 1);
}
GST_END_TEST

GST_START_TEST(the_last_flight_is_repeated_until_media_or_data_comes) {
  for (const Bytes &sign : {application(), Bytes{0x80, 111, 0, 1}}) {
    Bench bench;
    bench.received(handshake(0));
    bench.sent(handshake(0));
    bench.received(handshake(1) + change_cipher() + finished());
    bench.sent(change_cipher() + finished());
    fail_unless_equals_int(bench.due_after(kInterval), 1);
    bench.received(change_cipher() + finished());  // the peer's own repetition
    fail_unless(bench.flight.deadline());
    bench.received(sign);
    fail_if(bench.flight.deadline());
    // Nothing that comes later is a handshake.
    bench.sent(finished());
    fail_if(bench.flight.deadline());
  }
}
GST_END_TEST

GST_START_TEST(the_next_flight_replaces_the_answered_one) {
  Bench bench;
  bench.sent(handshake(0));
  bench.received(handshake(0));
  bench.sent(handshake(1));
  bench.sent(change_cipher());
  bench.sent(finished());
  auto again = bench.flight.due(kStart + kInterval);
  fail_unless_equals_int(again.size(), 3);
  fail_unless(*again[0] == handshake(1));
}
GST_END_TEST

GST_START_TEST(a_repetition_by_the_tls_stack_does_not_pile_up) {
  Bench bench;
  for (int i = 0; i < 5; ++i) {
    bench.sent(handshake(2));
    bench.sent(handshake(3));
  }
  fail_unless_equals_int(bench.due_after(kInterval), 2);
}
GST_END_TEST

GST_START_TEST(data_and_media_of_ours_are_no_flight_and_zero_turns_it_off) {
  Bench bench;
  bench.sent(application());
  bench.sent(alert());
  fail_if(bench.flight.deadline());
  DtlsFlight off{oairt::Duration::zero()};
  off.sent(datagram(handshake(0)), kStart);
  fail_if(off.deadline());
}
GST_END_TEST

GST_START_TEST(a_flight_never_grows_without_bound) {
  Bench bench;
  for (int i = 0; i < 200; ++i) bench.sent(record(22, 1, Bytes(1000)));
  std::size_t bytes = 0;
  for (const Datagram &one : bench.flight.due(kStart + kInterval)) bytes += one->size();
  fail_unless(bytes > 0 && bytes <= DtlsFlight::kMaxBytes);
}
GST_END_TEST

GST_START_TEST(replay_keeps_what_was_sent_since_shortly_before_the_last_sign_of_life) {
  DtlsReplay replay;
  replay.sent(datagram({23, 1}), kStart);
  replay.sent(datagram({23, 2}), kStart + 100ms);
  replay.received(kStart + 350ms);
  replay.sent(datagram({23, 3}), kStart + 10s);
  auto records = replay.records();
  fail_unless_equals_int(records.size(), 2);
  fail_unless_equals_int((*records[0])[1], 2);
  fail_unless_equals_int((*records[1])[1], 3);
  replay.received(kStart + 20s);
  fail_unless(replay.records().empty());
  fail_unless_equals_int(replay.bytes(), 0);
}
GST_END_TEST

GST_START_TEST(replay_drops_the_oldest_past_its_limit) {
  DtlsReplay replay;
  for (int i = 0; i < 1000; ++i) {
    replay.sent(datagram(Bytes(1000, static_cast<uint8_t>(i))), kStart + i * 1ms);
  }
  fail_unless(replay.bytes() <= DtlsReplay::kMaxBytes);
  fail_unless_equals_int((*replay.records().back())[0], static_cast<uint8_t>(999));
  replay.sent(datagram(Bytes(DtlsReplay::kMaxBytes + 1)), kStart + 2s);
  fail_unless_equals_int((*replay.records().back())[0], static_cast<uint8_t>(999));
}
GST_END_TEST

GST_START_TEST(the_first_application_records_are_sent_thrice_more) {
  DtlsEcho echo(50ms);
  echo.sent(datagram(handshake(0)), kStart);
  fail_if(echo.deadline());
  echo.sent(datagram(application()), kStart);
  echo.sent(datagram(application()), kStart + 120ms);
  fail_unless(*echo.deadline() == kStart + DtlsEcho::kFirst);
  fail_unless_equals_int(echo.due(kStart + DtlsEcho::kFirst).size(), 1);
  fail_unless(*echo.deadline() == kStart + 50ms);
  fail_unless_equals_int(echo.due(kStart + 49ms).size(), 0);
  fail_unless_equals_int(echo.due(kStart + 50ms).size(), 1);
  fail_unless(*echo.deadline() == kStart + 120ms + DtlsEcho::kFirst);
  fail_unless_equals_int(echo.due(kStart + 169ms).size(), 2);
  fail_unless_equals_int(echo.due(kStart + 170ms).size(), 1);
  fail_unless_equals_int(echo.due(kStart + 1s).size(), 1);
  fail_if(echo.deadline());
}
GST_END_TEST

GST_START_TEST(only_the_opening_of_a_call_is_sent_twice_and_little_of_it) {
  DtlsEcho echo(50ms);
  echo.sent(datagram(application()), kStart);
  echo.due(kStart + 1s);
  echo.sent(datagram(application()), kStart + DtlsEcho::kOpening + 1ms);
  fail_if(echo.deadline());
  DtlsEcho small(50ms);
  for (int i = 0; i < 100; ++i) small.sent(datagram(record(23, 1, Bytes(1000))), kStart);
  std::size_t bytes = 0;
  for (const Datagram &repeated : small.due(kStart + 1s)) bytes += repeated->size();
  fail_unless(bytes > 0 && bytes <= DtlsEcho::kMaxBytes);
  DtlsEcho off(0ms);
  off.sent(datagram(application()), kStart);
  fail_if(off.deadline());
}
GST_END_TEST

OAIRT_TEST_MAIN(
    rtc_ice_dtls, packets_are_told_apart_by_their_first_byte,
    a_datagram_of_several_records_is_read_to_its_end,
    truncated_and_hostile_datagrams_are_read_without_harm,
    an_unanswered_flight_is_sent_again_a_limited_number_of_times,
    an_answer_is_given_the_time_of_a_round_trip, a_slow_path_is_not_flooded,
    a_path_that_takes_no_large_datagrams_gets_smaller_ones,
    what_the_tls_stack_repeats_is_not_copied_as_well, progress_of_the_peer_ends_the_repeating,
    a_peer_that_repeats_itself_gets_our_flight_at_once,
    the_last_flight_is_repeated_until_media_or_data_comes,
    the_next_flight_replaces_the_answered_one, a_repetition_by_the_tls_stack_does_not_pile_up,
    data_and_media_of_ours_are_no_flight_and_zero_turns_it_off, a_flight_never_grows_without_bound,
    replay_keeps_what_was_sent_since_shortly_before_the_last_sign_of_life,
    replay_drops_the_oldest_past_its_limit, the_first_application_records_are_sent_thrice_more,
    only_the_opening_of_a_call_is_sent_twice_and_little_of_it)
