#include <cmath>

#include "audio_in.h"
#include "audio_meter.h"
#include "audio_out.h"
#include "resampler.h"
#include "speaker.h"
#include "support/check.h"
#include "vad.h"

using namespace oairt;       // NOLINT: a test reads better without the prefix
using namespace oairt::sim;  // NOLINT

namespace {

struct Packet {
  uint32_t timestamp;
  bool marker;
  std::vector<uint8_t> payload;
};

// An AudioOut with its packets and events kept.
struct Mouth {
  explicit Mouth(AudioOut::Silence silence)
      : out(
            silence, 1000,
            [this](uint32_t timestamp, bool marker, const std::vector<uint8_t> &payload) {
              packets.push_back({timestamp, marker, payload});
            },
            [this](uint64_t id) { story += "start" + std::to_string(id) + " "; },
            [this](uint64_t id) { story += "end" + std::to_string(id) + " "; }) {}
  void tick(int times) {
    for (int i = 0; i < times; ++i) out.tick();
  }
  std::vector<Packet> packets;
  std::string story;
  AudioOut out;
};

AudioOut::Pcm tone(double hz, double seconds) {
  return std::make_shared<std::vector<int16_t>>(make_tone(hz, seconds));
}

std::vector<Packet> spoken(double hz, double seconds) {
  Mouth mouth(AudioOut::Silence::Frames);
  mouth.out.prepared(1, tone(hz, seconds));
  mouth.out.play(1);
  mouth.tick(static_cast<int>(seconds * 50));
  return mouth.packets;
}

struct Ear {
  Ear()
      : in([this](const int16_t *pcm, std::size_t samples) {
          heard.insert(heard.end(), pcm, pcm + samples);
          meter.hear(pcm, samples);
        }) {}
  void push(uint16_t sequence, const Packet &packet) {
    now += milliseconds(20);
    in.push(sequence, packet.timestamp, 7, packet.payload, now);
  }
  std::size_t ms() const { return heard.size() * 1000 / kSampleRate; }
  TimePoint now = TimePoint() + std::chrono::hours(1);
  std::vector<int16_t> heard;
  AudioMeter meter;
  AudioIn in;
};

}  // namespace

GST_START_TEST(what_is_spoken_is_heard) {
  Ear ear;
  auto packets = spoken(700, 2);
  for (std::size_t i = 0; i < packets.size(); ++i)
    ear.push(static_cast<uint16_t>(65500 + i), packets[i]);
  fail_unless_equals_int(static_cast<int>(ear.ms()), 2000);
  Json state = ear.meter.state();
  double hz = state["dominant_hz"].as_double();
  fail_unless(std::abs(hz - 700) < 3, "%f Hz", hz);
  fail_unless_equals_int(static_cast<int>(ear.in.state()["lost"].as_int()), 0);
}
GST_END_TEST

GST_START_TEST(loss_and_disorder_do_not_shorten_the_flow) {
  Ear ear;
  auto packets = spoken(700, 2);
  for (std::size_t i = 0; i < packets.size(); ++i) {
    if (i == 20 || i == 50 || i == 51) continue;  // lost
    if (i == 30) {                                // two swapped
      ear.push(31, packets[31]);
      ear.push(30, packets[30]);
      ++i;
      continue;
    }
    ear.push(static_cast<uint16_t>(i), packets[i]);
  }
  ear.in.tick(ear.now + milliseconds(100));
  fail_unless_equals_int(static_cast<int>(ear.ms()), 2000);
  Json state = ear.in.state();
  fail_unless_equals_int(static_cast<int>(state["lost"].as_int()), 3);
  fail_unless_equals_int(static_cast<int>(state["concealed_frames"].as_int()), 3);
  fail_unless_equals_int(static_cast<int>(state["reordered"].as_int()), 1);
  fail_unless(std::abs(ear.meter.state()["dominant_hz"].as_double() - 700) < 5);
}
GST_END_TEST

GST_START_TEST(holes_in_the_timestamps_become_silence) {
  Ear ear;
  auto packets = spoken(700, 1);
  for (std::size_t i = 0; i < packets.size(); ++i) {
    Packet packet = packets[i];
    if (i >= 25) packet.timestamp += 48000;
    ear.push(static_cast<uint16_t>(i), packet);
  }
  fail_unless_equals_int(static_cast<int>(ear.ms()), 2000);
  fail_unless_equals_int(static_cast<int>(ear.in.state()["timestamp_gaps"].as_int()), 1);
}
GST_END_TEST

GST_START_TEST(a_client_that_stops_sending_is_silent_once) {
  Ear ear;
  auto packets = spoken(700, 1);
  for (std::size_t i = 0; i < 25; ++i) ear.push(static_cast<uint16_t>(i), packets[i]);
  for (int i = 0; i < 50; ++i) ear.in.tick(ear.now += milliseconds(20));  // a second without RTP
  fail_unless_equals_int(static_cast<int>(ear.ms()), 1500);
  for (std::size_t i = 25; i < 50; ++i) {
    packets[i].timestamp += 48000;
    ear.push(static_cast<uint16_t>(i), packets[i]);
  }
  fail_unless_equals_int(static_cast<int>(ear.ms()), 2000);
}
GST_END_TEST

GST_START_TEST(hostile_rtp_is_counted_not_believed) {
  Ear ear;
  ear.push(1, {0, false, {}});
  ear.push(2, {960, false, {0xff, 0xff, 0xff}});
  ear.push(3, {0x7fffffff, false, {0xff, 0xff, 0xff}});
  ear.push(40000, {1, false, {0}});
  ear.in.tick(ear.now + milliseconds(500));
  fail_unless(ear.ms() < 2000);
}
GST_END_TEST

GST_START_TEST(utterances_queue_and_are_cut_and_stopped) {
  Mouth mouth(AudioOut::Silence::Frames);
  mouth.out.prepared(1, tone(400, 0.1));
  mouth.out.prepared(2, tone(400, 1));
  mouth.tick(2);
  assert_text(mouth.story, "");  // prepared is not played
  mouth.out.play(1);
  mouth.out.play(2);
  mouth.tick(6);
  assert_text(mouth.story, "start1 end1 start2 ");
  mouth.out.cut(2, 60);
  mouth.tick(2);
  assert_text(mouth.story, "start1 end1 start2 end2 ");
  mouth.out.prepared(3, tone(400, 1));
  mouth.out.play(3);
  mouth.tick(10);
  fail_unless_equals_int(static_cast<int>(mouth.out.stop(3)), 200);
  mouth.tick(5);
  assert_text(mouth.story, "start1 end1 start2 end2 start3 ");
  fail_unless_equals_int(static_cast<int>(mouth.packets.size()), 25);
  for (std::size_t i = 0; i < mouth.packets.size(); ++i) {
    fail_unless(mouth.packets[i].timestamp == 1000 + 960 * i);
  }
}
GST_END_TEST

GST_START_TEST(gaps_send_nothing_and_mark_the_next_packet) {
  Mouth mouth(AudioOut::Silence::Gaps);
  mouth.tick(10);
  fail_unless(mouth.packets.empty());
  mouth.out.prepared(1, tone(400, 0.1));
  mouth.out.play(1);
  mouth.tick(20);
  fail_unless_equals_int(static_cast<int>(mouth.packets.size()), 5);
  fail_unless(mouth.packets[0].marker && !mouth.packets[1].marker);
  fail_unless(mouth.packets[0].timestamp == 1000 + 960 * 10);
}
GST_END_TEST

GST_START_TEST(resampling_keeps_pitch_and_length) {
  std::vector<int16_t> pcm(22050);
  for (std::size_t i = 0; i < pcm.size(); ++i) {
    pcm[i] =
        static_cast<int16_t>(8000 * std::sin(2 * G_PI * 1000 * static_cast<double>(i) / 22050));
  }
  auto result = resample_to_48k(pcm, 22050);
  fail_unless_equals_int(static_cast<int>(result.size()), 48000);
  fail_unless(std::abs(dominant_frequency_hz(result) - 1000) < 2);
  fail_unless(std::abs(level_db(result.data(), result.size()) - level_db(pcm.data(), pcm.size())) <
              1);
}
GST_END_TEST

GST_START_TEST(text_is_spoken_in_a_worker_thread) {
  auto speaker = Speaker::shared();
  fail_unless(Speaker::shared() == speaker);
  std::vector<std::size_t> lengths;
  for (const char *text : {"One.", "One, two, three, four, five, six, seven."}) {
    speaker->synthesize(text, "marin", "en-us", 1.0, g_main_context_default(),
                        [&](Speaker::Spoken spoken) { lengths.push_back(spoken.pcm->size()); });
  }
  fail_unless(test::wait_for([&] { return lengths.size() == 2; }));
  fail_unless(lengths[0] > kSampleRate / 5 && lengths[1] > 2 * lengths[0]);
}
GST_END_TEST

OAIRT_TEST_MAIN(simulator_audio, what_is_spoken_is_heard, loss_and_disorder_do_not_shorten_the_flow,
                holes_in_the_timestamps_become_silence, a_client_that_stops_sending_is_silent_once,
                hostile_rtp_is_counted_not_believed, utterances_queue_and_are_cut_and_stopped,
                gaps_send_nothing_and_mark_the_next_packet, resampling_keeps_pitch_and_length,
                text_is_spoken_in_a_worker_thread)
