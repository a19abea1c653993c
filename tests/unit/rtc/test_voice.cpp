#include <cmath>
#include <cstdlib>

#include <gst/check/gstharness.h>
#include <gst/rtp/rtp.h>
#include <opus/opus.h>

#include "rtc/opus_packet.h"
#include "rtc/uplink_sender.h"
#include "rtc/voice_decoder.h"
#include "rtc/voice_receiver.h"
#include "support/check.h"

using namespace oairt;  // NOLINT

namespace {

using Payload = std::vector<uint8_t>;

// A tone, encoded with in-band FEC.
class Encoder {
 public:
  Encoder() : encoder_(opus_encoder_create(kSampleRate, 1, OPUS_APPLICATION_VOIP, nullptr)) {
    opus_encoder_ctl(encoder_, OPUS_SET_BITRATE(24000));
    opus_encoder_ctl(encoder_, OPUS_SET_INBAND_FEC(1));
    opus_encoder_ctl(encoder_, OPUS_SET_PACKET_LOSS_PERC(20));
  }
  ~Encoder() { opus_encoder_destroy(encoder_); }
  Payload next(int samples = kFrameSamples, int volume = 8000) {
    std::vector<int16_t> pcm(static_cast<size_t>(samples));
    for (int16_t &sample : pcm) sample = static_cast<int16_t>(volume * std::sin(phase_ += 0.05));
    Payload packet(1000);
    int size = opus_encode(encoder_, pcm.data(), samples, packet.data(), 1000);
    packet.resize(static_cast<size_t>(size));
    return packet;
  }

 private:
  OpusEncoder *encoder_;
  double phase_ = 0;
};

// Writes down what it gets: a letter for each 20 ms, 'v' decoded, 'c' concealed, '|' a pause.
class Heard : public VoiceSink {
 public:
  void on_samples(const int16_t *samples, std::size_t count, bool concealed) override {
    total += count;
    int &peak = concealed ? loudest_concealed : loudest;
    for (std::size_t i = 0; i < count; i++) peak = std::max(peak, std::abs(samples[i]));
    log.append(std::max<std::size_t>(count / kFrameSamples, 1), concealed ? 'c' : 'v');
  }
  void on_pause() override { log += '|'; }
  std::string log;
  std::size_t total = 0;
  int loudest = 0, loudest_concealed = 0;
};

struct Stream {
  VoiceDecoder decoder;
  Heard heard;
  uint16_t sequence = 65530;  // wraps within the tests
  uint32_t timestamp = 0xFFFFFF00;
  void packet(const Payload &payload, int samples = kFrameSamples) {
    decoder.feed({sequence, timestamp, payload.data(), payload.size()}, heard);
    skip(samples);
  }
  void skip(int samples = kFrameSamples) {
    sequence++;
    timestamp += static_cast<uint32_t>(samples);
  }
};

GST_START_TEST(each_packet_is_heard_at_once) {
  Encoder encoder;
  Stream stream;
  for (int i = 1; i <= 20; i++) {
    stream.packet(encoder.next());
    fail_unless(stream.heard.total == static_cast<size_t>(i * kFrameSamples));
  }
  assert_text(stream.heard.log, std::string(20, 'v'));
  fail_unless(stream.heard.loudest > 4000);
}
GST_END_TEST

GST_START_TEST(lost_packets_are_made_up_and_the_time_line_stays_whole) {
  for (int lost = 1; lost <= 5; lost++) {
    Encoder encoder;
    Stream stream;
    for (int i = 0; i < 10; i++) stream.packet(encoder.next());
    for (int i = 0; i < lost; i++) {
      encoder.next();
      stream.skip();
    }
    stream.packet(encoder.next());
    assert_text(stream.heard.log,
                std::string(10, 'v') + std::string(static_cast<size_t>(lost), 'c') + "v");
    fail_unless(stream.decoder.lost() == static_cast<uint64_t>(lost));
  }
}
GST_END_TEST

// The packet behind a lost one carries a copy of it: where speech begins, concealment only knows
// the silence before.
GST_START_TEST(a_lost_packet_is_restored_from_the_next_one) {
  Encoder encoder;
  Stream stream;
  for (int i = 0; i < 8; i++) stream.packet(encoder.next(kFrameSamples, 50));
  fail_unless(stream.heard.loudest < 100);
  encoder.next();
  stream.skip();
  stream.packet(encoder.next());
  assert_text(stream.heard.log, "vvvvvvvvcv");
  fail_unless(stream.heard.loudest_concealed > 4000, "%d", stream.heard.loudest_concealed);
}
GST_END_TEST

GST_START_TEST(a_long_loss_is_a_new_start_and_not_noise) {
  Encoder encoder;
  Stream stream;
  stream.packet(encoder.next());
  for (int i = 0; i < 6; i++) stream.skip();
  stream.packet(encoder.next());
  assert_text(stream.heard.log, "v|v");
}
GST_END_TEST

GST_START_TEST(a_pause_of_the_sender_is_told_from_a_loss) {
  Encoder encoder;
  Stream stream;
  stream.packet(encoder.next());
  stream.timestamp += 48000;
  stream.packet(encoder.next());
  stream.timestamp -= 48000 * 3600u;  // and so is a new count
  stream.packet(encoder.next());
  stream.timestamp += kFrameSamples;  // one packet left out by DTX
  stream.packet(encoder.next());
  assert_text(stream.heard.log, "v|v|vvv");
  fail_unless(stream.decoder.lost() == 0);
}
GST_END_TEST

GST_START_TEST(late_and_doubled_packets_are_not_heard_twice) {
  Encoder encoder;
  Stream stream;
  Payload first = encoder.next();
  stream.packet(first);
  stream.packet(encoder.next());
  stream.decoder.feed({65530, 0xFFFFFF00, first.data(), first.size()}, stream.heard);
  assert_text(stream.heard.log, "vv");
}
GST_END_TEST

GST_START_TEST(packets_of_other_lengths_and_garbage_are_survived) {
  Encoder encoder;
  Stream stream;
  for (int samples : {480, 1920, 2880, 960}) stream.packet(encoder.next(samples), samples);
  fail_unless(stream.heard.total == 480 + 1920 + 2880 + 960);
  std::srand(1);
  for (int i = 0; i < 3000; i++) {
    Payload noise(static_cast<size_t>(std::rand() % 60));
    for (uint8_t &byte : noise) byte = static_cast<uint8_t>(std::rand());
    stream.sequence = static_cast<uint16_t>(stream.sequence + std::rand() % 3);
    stream.timestamp += static_cast<uint32_t>(std::rand() % 5000);
    stream.packet(noise);
  }
}
GST_END_TEST

Ref<GstBuffer> rtp(uint16_t sequence, uint32_t timestamp, const Payload &payload, int type = 111) {
  GstBuffer *buffer = gst_rtp_buffer_new_allocate(static_cast<guint>(payload.size()), 0, 0);
  GstRTPBuffer map = GST_RTP_BUFFER_INIT;
  gst_rtp_buffer_map(buffer, GST_MAP_WRITE, &map);
  gst_rtp_buffer_set_seq(&map, sequence);
  gst_rtp_buffer_set_timestamp(&map, timestamp);
  gst_rtp_buffer_set_payload_type(&map, static_cast<guint8>(type));
  std::copy(payload.begin(), payload.end(),
            static_cast<uint8_t *>(gst_rtp_buffer_get_payload(&map)));
  gst_rtp_buffer_unmap(&map);
  return Ref<GstBuffer>::adopt(buffer);
}

void start_stream(GstPad *pad) {
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_pad_send_event(pad, gst_event_new_stream_start("s"));
  gst_pad_send_event(pad, gst_event_new_segment(&segment));
}

GST_START_TEST(the_receiver_lets_nothing_through_without_a_writer) {
  auto media = std::make_shared<MediaPort>();
  VoiceReceiver receiver(media);
  gst_element_set_state(receiver.element(), GST_STATE_PLAYING);
  Ref<GstPad> pad = receiver.add_pad();
  Encoder encoder;
  start_stream(pad.get());
  fail_unless(gst_pad_chain(pad.get(), rtp(1, 0, encoder.next()).take()) == GST_FLOW_OK);
  fail_unless(media->queued() == Duration::zero());
  receiver.set_writer(media->take_writer());
  gst_pad_chain(pad.get(), rtp(2, 960, encoder.next()).take());
  fail_unless(media->queued() == kFrameDuration);
  gst_pad_chain(pad.get(), rtp(3, 1920, encoder.next(), 96).take());
  fail_unless(media->queued() == kFrameDuration);
  Ref<GstPad> newer = receiver.add_pad();  // the stream that came last is the one that counts
  start_stream(newer.get());
  gst_pad_chain(pad.get(), rtp(4, 2880, encoder.next()).take());
  fail_unless(media->queued() == kFrameDuration);
  gst_pad_chain(newer.get(), rtp(1, 0, encoder.next()).take());
  fail_unless(media->queued() == 2 * kFrameDuration);
  receiver.close();
  gst_pad_chain(newer.get(), rtp(2, 960, encoder.next()).take());
  fail_unless(media->queued() == 2 * kFrameDuration);
  fail_unless(receiver.packets() == 6);
  fail_unless(receiver.add_pad() && receiver.add_pad() && !receiver.add_pad());
  gst_element_set_state(receiver.element(), GST_STATE_NULL);
}
GST_END_TEST

struct Sent {
  uint16_t sequence;
  uint32_t timestamp, ssrc;
  bool marker;
  GstClockTime pts;
  size_t payload;
};

Sent pull(GstHarness *harness) {
  auto buffer = Ref<GstBuffer>::adopt(gst_harness_pull(harness));
  GstRTPBuffer map = GST_RTP_BUFFER_INIT;
  fail_unless(gst_rtp_buffer_map(buffer.get(), GST_MAP_READ, &map));
  Sent sent = {gst_rtp_buffer_get_seq(&map),  gst_rtp_buffer_get_timestamp(&map),
               gst_rtp_buffer_get_ssrc(&map), gst_rtp_buffer_get_marker(&map) != FALSE,
               GST_BUFFER_PTS(buffer.get()),  gst_rtp_buffer_get_payload_len(&map)};
  gst_rtp_buffer_unmap(&map);
  return sent;
}

GST_START_TEST(the_sender_makes_rtp_of_one_stream_on_one_time_line) {
  UplinkSender sender;
  GstHarness *harness = gst_harness_new_with_element(sender.element(), nullptr, "src");
  gst_harness_play(harness);
  sender.send_caps();
  auto caps = sender.caps();
  guint ssrc = 0;
  gst_structure_get_uint(gst_caps_get_structure(caps.get(), 0), "ssrc", &ssrc);
  auto silence = make_opus_silence(kFrameDuration);

  sender.push({silence, Clock::now(), kFrameDuration});  // not open yet
  fail_unless(gst_harness_buffers_in_queue(harness) == 0);

  TimePoint start = Clock::now() - std::chrono::seconds(10);
  auto base = static_cast<GstClockTime>(start.time_since_epoch().count());
  sender.open(base);
  // In a row; 3 ms off; after a pause of a second; back in time; in the future.
  const int captured_ms[] = {0, 20, 43, 1060, 500, 600'000};
  const uint32_t advance[] = {0, 960, 960, 960 + 48 * 1000, 960, 0};
  std::vector<Sent> sent;
  for (int ms : captured_ms) {
    sender.push({silence, start + milliseconds(ms), kFrameDuration});
    sent.push_back(pull(harness));
  }
  for (size_t i = 0; i < sent.size(); i++) {
    fail_unless(sent[i].ssrc == ssrc && sent[i].payload == 3);
    if (i == 0) continue;
    fail_unless(sent[i].sequence == static_cast<uint16_t>(sent[i - 1].sequence + 1));
    if (i < 5) {
      fail_unless(sent[i].timestamp - sent[i - 1].timestamp == advance[i], "%zu: %u", i,
                  sent[i].timestamp - sent[i - 1].timestamp);
    }
    fail_unless(sent[i].marker == (i == 3 || i == 5), "%zu", i);
  }
  fail_unless(sent[0].marker && sent[0].pts == 0 && sent[1].pts == 20 * GST_MSECOND);
  // What is not due yet must not be waited for.
  fail_unless(sent[5].pts < 60 * GST_SECOND);
  sender.close();
  sender.push({silence, Clock::now(), kFrameDuration});
  fail_unless(gst_harness_buffers_in_queue(harness) == 0);
  fail_unless(sender.packets() == 6 && sender.bytes() == 18);
  gst_harness_teardown(harness);
}
GST_END_TEST

GST_START_TEST(a_call_that_stands_still_holds_nobody_up) {
  UplinkSender sender;
  GstHarness *harness = gst_harness_new_with_element(sender.element(), nullptr, "src");
  gst_harness_play(harness);
  sender.send_caps();
  sender.open(0);
  auto held = gst_pad_add_probe(
      harness->sinkpad,
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER),
      [](GstPad *, GstPadProbeInfo *, gpointer) { return GST_PAD_PROBE_OK; }, nullptr, nullptr);
  auto silence = make_opus_silence(kFrameDuration);
  TimePoint start = Clock::now();
  constexpr int kFrames = 5000, kKept = 4096;
  for (int i = 0; i < kFrames; i++) {
    sender.push({silence, start + i * kFrameDuration, kFrameDuration});
  }
  gst_pad_remove_probe(harness->sinkpad, held);
  // One was under way perhaps; of the others the newest were kept.
  int came = 0;
  for (; came < kKept; came++) pull(harness);
  fail_unless(sender.packets() <= kKept + 1);

  // The end of such a call needs nobody's help either.
  gst_pad_add_probe(
      harness->sinkpad,
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER),
      [](GstPad *, GstPadProbeInfo *, gpointer) { return GST_PAD_PROBE_OK; }, nullptr, nullptr);
  for (int i = 0; i < 3; i++) sender.push({silence, Clock::now(), kFrameDuration});
  gst_harness_teardown(harness);
}
GST_END_TEST

}  // namespace

OAIRT_TEST_MAIN(voice, each_packet_is_heard_at_once,
                lost_packets_are_made_up_and_the_time_line_stays_whole,
                a_lost_packet_is_restored_from_the_next_one,
                a_long_loss_is_a_new_start_and_not_noise, a_pause_of_the_sender_is_told_from_a_loss,
                late_and_doubled_packets_are_not_heard_twice,
                packets_of_other_lengths_and_garbage_are_survived,
                the_receiver_lets_nothing_through_without_a_writer,
                the_sender_makes_rtp_of_one_stream_on_one_time_line,
                a_call_that_stands_still_holds_nobody_up)
