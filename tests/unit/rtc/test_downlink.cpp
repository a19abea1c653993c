#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

#include "rtc/media_port.h"
#include "support/check.h"

using namespace oairt;  // NOLINT

namespace {

const TimePoint kStart = TimePoint() + std::chrono::hours(1);

// A media port with a manual clock in ms: frames arrive when the table says, a reader ticks every
// 20 ms, and what was heard is one letter a tick: '.' is silence, a letter the frame of that value.
class Bench {
 public:
  Bench() : writer(port.take_writer()) {}

  void arrive(int ms, char name, bool concealed = false) {
    frames_.push_back({ms, name, concealed});
  }
  // `count` frames in a row, each 20 ms after the other.
  void stream(int ms, char name, int count) {
    for (int i = 0; i < count; i++) arrive(ms + 20 * i, name);
  }
  std::string run(int from_ms, int to_ms) {
    std::string heard;
    for (int tick = from_ms; tick < to_ms; tick += 20) {
      deliver(tick);
      heard += read(tick);
    }
    return heard;
  }
  char read(int ms) {
    int16_t samples[kFrameSamples];
    auto kind = port.read(samples, kStart + milliseconds(ms));
    if (kind == MediaPort::Frame::Silence) return samples[0] == 0 ? '.' : '!';
    return samples[0] == 0 ? '_' : static_cast<char>(samples[0] / 100);
  }
  void write(int ms, char name, size_t count = kFrameSamples, bool concealed = false) {
    std::vector<int16_t> samples(count, static_cast<int16_t>(name == '_' ? 0 : name * 100));
    port.write(writer, samples.data(), count, kStart + milliseconds(ms), concealed);
  }

  MediaPort port;
  uint64_t writer;

 private:
  struct Arrival {
    int ms;
    char name;
    bool concealed;
  };
  void deliver(int until_ms) {
    std::stable_sort(frames_.begin(), frames_.end(),
                     [](const Arrival &a, const Arrival &b) { return a.ms < b.ms; });
    while (!frames_.empty() && frames_.front().ms <= until_ms) {
      Arrival arrival = frames_.front();
      frames_.erase(frames_.begin());
      write(arrival.ms, arrival.name, kFrameSamples, arrival.concealed);
    }
  }
  std::vector<Arrival> frames_;
};

GST_START_TEST(a_burst_starts_after_the_play_out_delay_and_is_played_whole) {
  Bench bench;
  bench.port.set_latency(milliseconds(60));
  bench.stream(5, 'a', 3);
  assert_text(bench.run(0, 200), "....aaa...");
  auto stats = bench.port.downlink_stats();
  fail_unless(stats.frames == 3 && stats.silent_frames == 0);
  fail_unless(stats.latency == milliseconds(60));
  fail_unless(bench.port.last_voice() == kStart + milliseconds(120));
}
GST_END_TEST

GST_START_TEST(a_late_frame_gives_silence_and_nothing_of_the_speech_is_lost) {
  Bench bench;
  bench.port.set_latency(milliseconds(20));
  for (int ms : {0, 20, 95, 96, 97}) bench.arrive(ms, static_cast<char>('a' + ms % 26));
  assert_text(bench.run(0, 240), std::string(".au..rst") + "....");
  fail_unless(bench.port.downlink_stats().silent_frames == 2);
}
GST_END_TEST

GST_START_TEST(the_end_of_a_burst_is_no_underrun) {
  Bench bench;
  bench.port.set_latency(milliseconds(20));
  bench.stream(0, 'a', 3);
  bench.stream(1000, 'b', 3);
  assert_text(bench.run(1000 - 1000, 1120),
              "."
              "aaa" +
                  std::string(47, '.') +
                  "bbb"
                  "..");
  fail_unless(bench.port.downlink_stats().silent_frames == 0);
}
GST_END_TEST

GST_START_TEST(a_pause_that_the_sender_announces_keeps_its_length) {
  Bench bench;
  bench.port.set_latency(milliseconds(40));
  bench.write(0, 'a');
  bench.port.end_burst(bench.writer);
  std::string heard = bench.run(0, 100);
  bench.write(100, 'b');
  heard += bench.run(100, 200);
  assert_text(heard, "..a....b..");
  fail_unless(bench.port.downlink_stats().silent_frames == 0);
}
GST_END_TEST

GST_START_TEST(continuous_silence_between_bursts_is_dropped_so_that_the_delay_can_change) {
  Bench bench;
  bench.port.set_latency(milliseconds(200));
  bench.stream(0, '_', 5);
  bench.stream(100, 'a', 2);
  bench.stream(140, '_', 100);  // the server never stops
  bench.stream(2140, 'b', 2);
  std::string heard = bench.run(0, 1000);
  assert_text(heard.substr(0, 18), "...............aa_");  // 'a' at 100 + 200
  bench.port.set_latency(milliseconds(20));
  heard += bench.run(1000, 2220);
  assert_text(heard.substr(107), ".bb.");  // 'b' at 2140 + 20
  fail_unless(bench.port.queued() <= milliseconds(40));
}
GST_END_TEST

GST_START_TEST(a_short_pause_within_speech_is_left_alone) {
  Bench bench;
  bench.port.set_latency(milliseconds(20));
  bench.stream(0, 'a', 2);
  bench.stream(40, '_', 6);
  bench.stream(160, 'b', 2);
  assert_text(bench.run(0, 240), ".aa______bb.");
}
GST_END_TEST

GST_START_TEST(a_pause_that_came_ahead_of_time_is_shortened_at_most_by_half) {
  Bench bench;
  bench.port.set_latency(milliseconds(20));
  for (int i = 0; i < 2; i++) bench.write(0, 'a');
  for (int i = 0; i < 30; i++) bench.write(0, '_');
  for (int i = 0; i < 2; i++) bench.write(0, 'b');
  std::string heard = bench.run(0, 1000);
  auto a = heard.rfind('a'), b = heard.find('b');
  fail_unless(b - a - 1 >= 15 && b - a - 1 <= 30, "%s", heard.c_str());
  fail_unless(heard.find("bb") == b);
}
GST_END_TEST

GST_START_TEST(the_delay_follows_the_jitter_between_bursts) {
  std::mt19937 random(1);
  for (int jitter_ms : {0, 20, 60, 400}) {
    Bench bench;
    std::uniform_int_distribution<int> late(0, jitter_ms);
    int ms = 0, last = 0;
    for (int burst = 0; burst < 12; burst++) {
      for (int i = 0; i < 100; i++) {
        last = std::max(last, ms + 20 * i + late(random));
        bench.arrive(last, 'a');
      }
      ms += 100 * 20 + 1000;
    }
    bench.run(0, ms / 2);
    uint64_t before = bench.port.downlink_stats().silent_frames;
    bench.run(ms / 2, ms);
    auto stats = bench.port.downlink_stats();
    int latency_ms = static_cast<int>(to_ms(stats.latency));
    int wanted_ms = std::clamp(jitter_ms, 10, 200);
    fail_unless(latency_ms >= std::min(wanted_ms, 200) && latency_ms <= wanted_ms + 15,
                "jitter %d: latency %d", jitter_ms, latency_ms);
    if (jitter_ms <= 60) fail_unless(stats.silent_frames == before, "jitter %d", jitter_ms);
  }
}
GST_END_TEST

GST_START_TEST(one_stall_does_not_slow_all_later_bursts_down) {
  Bench bench;
  int ms = 0;
  for (int burst = 0; burst < 20; burst++) {
    for (int i = 0; i < 100; i++) bench.arrive(ms + 20 * i + (burst == 0 && i > 50 ? 150 : 0), 'a');
    ms += 100 * 20 + 1000;
  }
  bench.run(0, ms);
  fail_unless(bench.port.downlink_stats().latency <= milliseconds(20));
}
GST_END_TEST

GST_START_TEST(barge_in_is_heard_with_the_next_frame) {
  Bench bench;
  bench.port.set_latency(milliseconds(20));
  for (int i = 0; i < 50; i++) bench.write(0, 'a');
  bench.write(0, 'a', 480);
  assert_text(bench.run(0, 80), ".aaa");
  fail_unless(bench.port.clear_downlink() == milliseconds(47 * 20 + 10));
  fail_unless(bench.port.queued() == Duration::zero());
  assert_text(bench.run(80, 160), "a...");
  bench.stream(160, 'b', 2);
  assert_text(bench.run(160, 240), ".bb.");
}
GST_END_TEST

GST_START_TEST(a_cut_is_a_short_ramp_right_behind_what_was_heard) {
  Bench bench;
  bench.port.set_latency(milliseconds(0));
  auto speak_and_cut = [&](int ms) {
    for (int i = 0; i < 10; i++) bench.write(ms, 'a');
    assert_text(bench.run(ms, ms + 60), "aaa");
    bench.port.clear_downlink();
  };
  int16_t samples[kFrameSamples];
  speak_and_cut(1000);
  fail_unless(bench.port.read(samples, kStart + milliseconds(1060)) == MediaPort::Frame::Voice);
  fail_unless_equals_int(samples[0], 'a' * 100);
  for (int i = 1; i < kFrameSamples; i++) {
    fail_unless(samples[i] <= samples[i - 1] && samples[i - 1] - samples[i] < 100, "a step");
    fail_unless(i < 480 || samples[i] == 0, "it is heard for more than 10 ms");
  }
  assert_text(bench.run(1080, 1120), "..");
  // Not by a reader that was away, and not when what lies behind the source was flushed.
  speak_and_cut(2000);
  assert_text(bench.run(2200, 2240), "..");
  speak_and_cut(3000);
  bench.port.drop_ramp();
  assert_text(bench.run(3060, 3100), "..");
  // Nor where nothing was heard.
  bench.port.clear_downlink();
  assert_text(bench.run(3100, 3140), "..");
}
GST_END_TEST

GST_START_TEST(too_much_drops_the_oldest_and_counts) {
  Bench bench;
  bench.port.set_latency(milliseconds(0));
  for (int i = 0; i < 200; i++) bench.write(0, i < 50 ? 'a' : 'b');
  fail_unless(bench.port.queued() == std::chrono::seconds(3));
  fail_unless(bench.port.downlink_stats().dropped_frames == 50);
  assert_text(bench.run(0, 40), "bb");
}
GST_END_TEST

GST_START_TEST(only_the_last_writer_is_heard) {
  Bench bench;
  bench.port.set_latency(milliseconds(0));
  bench.write(0, 'a');
  uint64_t old = bench.writer;
  bench.writer = bench.port.take_writer();
  bench.write(0, 'b');
  std::swap(bench.writer, old);
  bench.write(0, 'c');
  bench.port.end_burst(bench.writer);
  assert_text(bench.run(0, 60), "ab.");
  fail_unless(bench.port.downlink_stats().dropped_frames == 1);
}
GST_END_TEST

GST_START_TEST(packets_of_any_length_become_frames) {
  Bench bench;
  bench.port.set_latency(milliseconds(20));
  for (int i = 0; i < 5; i++) bench.write(10 * i, 'a', 480);
  bench.write(50, 'b', 2880);
  // Two frames and a half of 'a': the third is filled up from 'b'; what is left at the end is
  // completed with silence.
  assert_text(bench.run(60, 240), "aaabbb...");
  fail_unless(bench.port.queued() == Duration::zero());
}
GST_END_TEST

GST_START_TEST(made_up_frames_are_counted_when_they_are_heard) {
  Bench bench;
  bench.port.set_latency(milliseconds(0));
  bench.write(0, 'a');
  bench.write(20, 'b', kFrameSamples, true);
  bench.write(20, 'c');
  assert_text(bench.run(20, 100), "abc.");
  fail_unless(bench.port.downlink_stats().concealed_frames == 1);
}
GST_END_TEST

GST_START_TEST(threads_may_do_everything_at_once) {
  MediaPort port;
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    std::vector<int16_t> samples(kFrameSamples * 3, 1000);
    for (int i = 0; i < 20000; i++) {
      uint64_t id = i % 1000 == 0 ? port.take_writer() : static_cast<uint64_t>(i / 1000 + 1);
      port.write(id, samples.data(), static_cast<size_t>(i % 2880 + 1),
                 kStart + i * milliseconds(10), false);
      if (i % 77 == 0) port.end_burst(id);
    }
    stop = true;
  });
  std::thread control([&] {
    while (!stop) {
      port.clear_downlink();
      port.set_latency(milliseconds(5));
      port.set_latency({});
      port.downlink_stats();
      std::this_thread::yield();
    }
  });
  int16_t samples[kFrameSamples];
  for (int i = 0; !stop; i++) {
    auto kind = port.read(samples, kStart + i * milliseconds(10));
    bool whole = samples[0] == 0 || samples[0] == 1000;
    fail_unless(whole && (kind == MediaPort::Frame::Voice || samples[0] == 0));
  }
  writer.join();
  control.join();
}
GST_END_TEST

}  // namespace

OAIRT_TEST_MAIN(downlink, a_burst_starts_after_the_play_out_delay_and_is_played_whole,
                a_late_frame_gives_silence_and_nothing_of_the_speech_is_lost,
                the_end_of_a_burst_is_no_underrun,
                a_pause_that_the_sender_announces_keeps_its_length,
                continuous_silence_between_bursts_is_dropped_so_that_the_delay_can_change,
                a_short_pause_within_speech_is_left_alone,
                a_pause_that_came_ahead_of_time_is_shortened_at_most_by_half,
                the_delay_follows_the_jitter_between_bursts,
                one_stall_does_not_slow_all_later_bursts_down,
                barge_in_is_heard_with_the_next_frame,
                a_cut_is_a_short_ramp_right_behind_what_was_heard,
                too_much_drops_the_oldest_and_counts, only_the_last_writer_is_heard,
                packets_of_any_length_become_frames, made_up_frames_are_counted_when_they_are_heard,
                threads_may_do_everything_at_once)
