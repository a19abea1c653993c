#include "support/check.h"
#include "transport/channels.h"
#include "transport/rtp.h"

using namespace oairt::sim;  // NOLINT: a test reads better without the prefix
using oairt::milliseconds;
using oairt::TimePoint;

namespace {

RtpPacket packet_of(uint16_t sequence) {
  RtpPacket packet;
  packet.payload_type = 111;
  packet.sequence = sequence;
  packet.timestamp = sequence * 960u;
  packet.ssrc = 77;
  return packet;
}

RtpReceiver receiver_after(std::initializer_list<int> sequences) {
  RtpReceiver receiver;
  TimePoint now;
  for (int sequence : sequences) {
    receiver.add(packet_of(static_cast<uint16_t>(sequence)), now += milliseconds(20));
  }
  return receiver;
}

}  // namespace

GST_START_TEST(a_packet_is_read_as_it_was_built) {
  Bytes payload = {1, 2, 3};
  RtpPacket packet = packet_of(65535);
  packet.marker = true;
  packet.payload = payload;
  Bytes bytes = build_rtp(packet);
  auto read = parse_rtp(bytes);
  fail_unless(read.has_value());
  fail_unless(read->marker && read->payload_type == 111 && read->sequence == 65535);
  fail_unless(read->timestamp == packet.timestamp && read->ssrc == 77);
  fail_unless(Bytes(read->payload.begin(), read->payload.end()) == payload);
}
GST_END_TEST

GST_START_TEST(csrcs_extension_and_padding_are_skipped) {
  Bytes bytes = build_rtp(packet_of(1));
  bytes[0] = 0x80 | 0x20 | 0x10 | 1;
  append_u32(bytes, 5);           // CSRC
  append_u32(bytes, 0xBEDE0001);  // extension of one word
  append_u32(bytes, 0);
  append(bytes, Bytes{42, 0, 0, 3});  // payload and padding
  auto read = parse_rtp(bytes);
  fail_unless(read.has_value());
  fail_unless_equals_int(read->payload.size(), 1);
  fail_unless_equals_int(read->payload[0], 42);
}
GST_END_TEST

GST_START_TEST(lengths_that_lie_are_refused) {
  Bytes good = build_rtp(packet_of(1));
  for (size_t size = 0; size < good.size(); ++size) {
    fail_if(parse_rtp(BytesView(good).first(size)).has_value());
  }
  Bytes many_csrcs = good, long_extension = good, padding = good, version = good;
  many_csrcs[0] |= 15;
  long_extension[0] |= 0x10;
  append_u32(long_extension, 0xBEDEFFFF);
  padding[0] |= 0x20;
  padding.push_back(200);
  version[0] = 0x40;
  for (const Bytes &bytes : {many_csrcs, long_extension, padding, version}) {
    fail_if(parse_rtp(bytes).has_value());
  }
}
GST_END_TEST

GST_START_TEST(loss_is_counted_from_the_sequence) {
  struct {
    std::initializer_list<int> sequences;
    uint64_t lost;
  } cases[] = {
      {{1, 2, 3}, 0},
      {{1, 3}, 1},
      {{1, 3, 2}, 0},
      {{65534, 65535, 0, 1}, 0},
      {{65534, 1}, 2},
      {{5, 4, 6}, 0},
      {{10, 20, 30}, 18},
      {{1, 2, 30000, 30001}, 0},
      {{1, 4, 30000, 30002}, 3},
  };
  for (auto &[sequences, lost] : cases) {
    fail_unless_equals_uint64(receiver_after(sequences).lost(), lost);
  }
}
GST_END_TEST

GST_START_TEST(a_report_has_sr_block_and_cname) {
  RtpReceiver receiver = receiver_after({1, 3});
  Bytes report =
      build_rtcp_report(9, SenderReport{1, 2, 3}, receiver.take_report_block(TimePoint()), "name");
  fail_unless(is_rtcp(report));
  fail_unless_equals_int(report.size() % 4, 0);
  fail_unless_equals_int(report[0], 0x81);
  fail_unless_equals_int(report[1], 200);
  size_t sr_bytes = (read_u16(&report[2]) + 1) * 4;
  fail_unless_equals_int(sr_bytes, 52);
  fail_unless_equals_int(read_u32(&report[28]), 77);
  fail_unless_equals_int(report[32], 256 / 3);  // one of three
  fail_unless_equals_int(report[sr_bytes + 1], 202);
  size_t sdes_bytes = (read_u16(&report[sr_bytes + 2]) + 1) * 4;
  fail_unless_equals_int(sr_bytes + sdes_bytes, report.size());
}
GST_END_TEST

GST_START_TEST(a_sender_can_tell_the_round_trip_from_the_reports) {
  RtpReceiver receiver = receiver_after({1});
  TimePoint now;
  Bytes before = receiver.take_report_block(now);
  fail_unless_equals_int(read_u32(&before[16]), 0);
  fail_unless_equals_int(read_u32(&before[20]), 0);

  Bytes compound = build_rtcp_report(77, std::nullopt, {}, "behind another packet");
  Bytes report = build_rtcp_report(77, SenderReport{1, 2, 3}, {}, "name");
  append(compound, report);
  auto time = find_sender_report(compound);
  fail_unless(time.has_value());
  fail_unless_equals_int(time->ssrc, 77);
  uint32_t middle = uint32_t{read_u16(&report[10])} << 16 | read_u16(&report[12]);
  fail_unless_equals_uint64(time->ntp_middle, middle);
  for (size_t size = 0; size < 28; ++size) {
    fail_if(find_sender_report(BytesView(report).first(size)).has_value(), "%zu", size);
  }

  receiver.note_sender_report(time->ntp_middle, now);
  Bytes block = receiver.take_report_block(now + milliseconds(500));
  fail_unless_equals_uint64(read_u32(&block[16]), middle);
  fail_unless_equals_int(read_u32(&block[20]), 32768);
}
GST_END_TEST

GST_START_TEST(a_channel_request_is_read_and_a_lying_one_refused) {
  Bytes open = {3, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 1, 'a', 'b', 'c', 'd'};
  auto read = parse_dcep_open(open);
  fail_unless(read.has_value());
  assert_text(read->label, "abc");
  assert_text(read->protocol, "d");
  for (size_t size = 0; size < open.size(); ++size) {
    fail_if(parse_dcep_open(BytesView(open).first(size)).has_value(), "%zu", size);
  }
  open[8] = 0xFF;
  fail_if(parse_dcep_open(open).has_value());
}
GST_END_TEST

OAIRT_TEST_MAIN(simulator_transport_rtp, a_packet_is_read_as_it_was_built,
                csrcs_extension_and_padding_are_skipped, lengths_that_lie_are_refused,
                loss_is_counted_from_the_sequence, a_report_has_sr_block_and_cname,
                a_sender_can_tell_the_round_trip_from_the_reports,
                a_channel_request_is_read_and_a_lying_one_refused)
