#include <atomic>
#include <thread>

#include "rtc/media_port.h"
#include "rtc/opus_packet.h"
#include "support/check.h"

using namespace oairt;  // NOLINT

namespace {

const TimePoint kNow = TimePoint() + std::chrono::hours(1);
constexpr Duration kIdle = milliseconds(60);

// Keeps what it gets; a packet is known by its first byte.
class Target : public UplinkTarget {
 public:
  void push(UplinkFrame frame) override {
    guint8 first = 0;
    gst_buffer_extract(frame.packet.get(), 0, &first, 1);
    packets += static_cast<char>(first);
    captured.push_back(frame.captured);
    ends.push_back(frame.captured + frame.duration);
    gsize all = 0;
    sizes.push_back(gst_buffer_get_sizes(frame.packet.get(), nullptr, &all));
    room.push_back(all);
  }
  std::string packets;
  std::vector<TimePoint> captured, ends;
  std::vector<size_t> sizes, room;  // room: what the buffers have
};

UplinkFrame frame(char name, int number, Duration duration = kFrameDuration) {
  return {Ref<GstBuffer>::adopt(gst_buffer_new_memdup(&name, 1)), kNow + number * duration,
          duration};
}

bool continuous(const Target &target) {
  for (size_t i = 1; i < target.captured.size(); i++) {
    if (target.captured[i] != target.ends[i - 1]) return false;
  }
  return true;
}

GST_START_TEST(without_a_call_the_last_speech_is_kept_and_sent_first) {
  MediaPort port;
  port.set_prebuffer(milliseconds(100));
  for (int i = 0; i < 10; i++) port.push(frame(static_cast<char>('a' + i), i));
  fail_unless(port.uplink_stats().dropped == 5);
  fail_unless(port.uplink_stats().prebuffered == milliseconds(100));
  auto target = std::make_shared<Target>();
  port.set_target(target);
  port.push(frame('k', 10));
  assert_text(target->packets, "fghijk");
  fail_unless(continuous(*target));
  fail_unless(target->captured[0] == kNow + milliseconds(100));
  fail_unless(port.uplink_stats().sent == 6);
  fail_unless(port.uplink_stats().prebuffered == Duration::zero());
}
GST_END_TEST

GST_START_TEST(without_a_prebuffer_nothing_is_kept) {
  MediaPort port;
  port.push(frame('a', 0));
  auto target = std::make_shared<Target>();
  port.set_target(target);
  port.push(frame('b', 1));
  port.set_target(nullptr);
  port.push(frame('c', 2));
  assert_text(target->packets, "b");
  fail_unless(port.uplink_stats().dropped == 2);
}
GST_END_TEST

GST_START_TEST(clear_forgets_what_was_kept) {
  MediaPort port;
  port.set_prebuffer(milliseconds(100));
  port.push(frame('a', 0));
  port.clear_uplink();
  auto target = std::make_shared<Target>();
  port.set_target(target);
  assert_text(target->packets, "");
  fail_unless(port.uplink_stats().dropped == 1);
}
GST_END_TEST

GST_START_TEST(mute_sends_silence_of_the_same_length_in_place_of_every_packet) {
  MediaPort port;
  auto target = std::make_shared<Target>();
  port.set_target(target);
  port.set_mute(true);
  for (int i = 0; i < 3; i++) port.push(frame('a', i));
  port.push({Ref<GstBuffer>::adopt(gst_buffer_new_memdup("a", 1)), kNow + milliseconds(60),
             milliseconds(60)});
  port.set_mute(false);
  port.push({Ref<GstBuffer>::adopt(gst_buffer_new_memdup("a", 1)), kNow + milliseconds(120),
             milliseconds(20)});
  assert_text(target->packets, "\xF8\xF8\xF8\xFB" + std::string("a"));
  fail_unless(target->sizes[0] == 3);
  fail_unless(continuous(*target));
  fail_unless(port.uplink_stats().silence == 4);
}
GST_END_TEST

GST_START_TEST(an_opus_silence_packet_plays_as_long_as_it_was_asked_to) {
  for (int half_ms : {5, 10, 20, 40, 80, 120, 240}) {
    Duration duration = std::chrono::microseconds(500 * half_ms);
    auto packet = make_opus_silence(duration);
    guint8 bytes[64];
    gsize size = gst_buffer_extract(packet.get(), 0, bytes, sizeof(bytes));
    fail_unless(opus_duration(bytes, size) == duration, "%d", half_ms);
  }
  guint8 too_long[] = {0x1B, 63};  // 63 frames of 60 ms
  fail_unless(opus_duration(too_long, 2) == Duration::zero());
  fail_unless(opus_duration(too_long, 1) == Duration::zero());
  fail_unless(opus_duration(too_long, 0) == Duration::zero());
}
GST_END_TEST

GST_START_TEST(an_idle_sink_is_filled_in_with_silence_at_the_clock_s_pace) {
  MediaPort port;
  auto target = std::make_shared<Target>();
  port.set_target(target);
  port.push(frame('a', 0));
  for (int ms = 20; ms <= 1020; ms += 20) port.fill_idle(kNow + milliseconds(ms), kIdle);
  fail_unless(continuous(*target));
  size_t silence = target->packets.size() - 1;
  fail_unless(silence == 50, "%zu", silence);
}
GST_END_TEST

GST_START_TEST(a_sink_that_pushes_is_not_idle_however_old_its_audio_is) {
  MediaPort port;
  auto target = std::make_shared<Target>();
  port.set_target(target);
  for (int i = 0; i < 50; i++) {
    port.push(frame('a', i));  // captured 500 ms ago
    port.fill_idle(kNow + milliseconds(500) + i * kFrameDuration, kIdle);
  }
  assert_text(target->packets, std::string(50, 'a'));
}
GST_END_TEST

GST_START_TEST(speech_after_silence_follows_it_on_the_time_line) {
  MediaPort port;
  auto target = std::make_shared<Target>();
  port.set_target(target);
  port.push(frame('a', 0));
  for (int ms = 20; ms <= 120; ms += 20) port.fill_idle(kNow + milliseconds(ms), kIdle);
  port.push(frame('b', 1));  // was only late
  port.push(frame('c', 2));
  fail_unless(continuous(*target));
  assert_text(target->packets.substr(target->packets.size() - 2), "bc");
}
GST_END_TEST

GST_START_TEST(a_long_stall_of_the_caller_is_jumped_over_and_not_made_up) {
  MediaPort port;
  auto target = std::make_shared<Target>();
  port.set_target(target);
  port.fill_idle(kNow, kIdle);
  port.fill_idle(kNow + milliseconds(80), kIdle);
  size_t before = target->packets.size();
  port.fill_idle(kNow + std::chrono::seconds(30), kIdle);
  fail_unless(target->packets.size() == before + 1);
  fail_unless(target->captured.back() == kNow + std::chrono::seconds(30) - kFrameDuration);
}
GST_END_TEST

// An encoder's buffer has room for the largest packet, and one of a pool is waited for.
GST_START_TEST(what_is_kept_to_be_sent_again_takes_no_more_room_than_it_has_bytes) {
  MediaPort port;
  port.set_prebuffer(milliseconds(100));
  auto target = std::make_shared<Target>();
  port.set_target(target);
  bool freed = false;
  auto note = [](gpointer flag, GstMiniObject *) { *static_cast<bool *>(flag) = true; };
  {
    auto large = Ref<GstBuffer>::adopt(gst_buffer_new_allocate(nullptr, 4000, nullptr));
    gst_buffer_memset(large.get(), 0, 'a', 4000);
    gst_buffer_resize(large.get(), 10, 80);
    gst_mini_object_weak_ref(GST_MINI_OBJECT_CAST(large.get()), note, &freed);
    port.push({large, kNow});
  }
  fail_unless(freed);
  auto again = std::make_shared<Target>();
  port.set_target(again, kNow);
  assert_text(again->packets, "a");
  fail_unless(again->sizes == std::vector<size_t>{80});
  fail_unless(again->room.at(0) < 100);  // but for what an allocator rounds up
}
GST_END_TEST

// Many threads push, targets come and go, silence is filled in: each frame is sent once or dropped,
// never two at a time, and in the order of the time line.
GST_START_TEST(threads_may_do_everything_at_once) {
  class Strict : public UplinkTarget {
   public:
    void push(UplinkFrame frame) override {
      if (busy.exchange(true)) overlaps++;
      if (frame.captured < last) disorders++;
      last = frame.captured;
      count++;
      busy = false;
    }
    std::atomic<bool> busy = false;
    std::atomic<int> overlaps = 0, disorders = 0, count = 0;
    TimePoint last{};
  };
  constexpr int kThreads = 4, kFrames = 5000;
  MediaPort port;
  port.set_prebuffer(milliseconds(200));
  auto target = std::make_shared<Strict>();
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; t++) {
    threads.emplace_back([&port] {
      for (int i = 0; i < kFrames; i++) port.push(frame('a', i));
    });
  }
  std::thread control([&] {
    for (int i = 0; !stop; i++) {
      port.set_target(i % 3 == 0 ? nullptr : target);
      port.set_mute(i % 2 == 0);
      port.fill_idle(kNow + i * kFrameDuration, kIdle);
      port.uplink_stats();
      std::this_thread::yield();
    }
  });
  for (std::thread &thread : threads) thread.join();
  stop = true;
  control.join();
  port.set_target(target);
  auto stats = port.uplink_stats();
  fail_unless(target->overlaps == 0);
  fail_unless(target->disorders == 0);
  fail_unless(stats.sent == static_cast<uint64_t>(target->count));
  fail_unless(stats.sent + stats.dropped >= kThreads * kFrames);
}
GST_END_TEST

// Once of each frame, and in order, is what a call that is left in peace gets.
GST_START_TEST(what_a_lost_call_took_along_goes_to_the_next_one_first) {
  MediaPort port;
  port.set_prebuffer(milliseconds(100));
  auto lost = std::make_shared<Target>(), next = std::make_shared<Target>();
  port.set_target(lost);
  for (int i = 0; i < 10; i++) port.push(frame(static_cast<char>('a' + i), i));
  port.set_target(nullptr);
  port.push(frame('k', 10));
  port.set_target(next, kNow + milliseconds(160));  // from the ninth frame on
  port.push(frame('l', 11));
  assert_text(lost->packets, "abcdefghij");
  assert_text(next->packets, "ijkl");
  fail_unless(continuous(*next));
  fail_unless(port.uplink_stats().repeated == 2);
}
GST_END_TEST

GST_START_TEST(not_more_than_the_prebuffer_is_sent_again) {
  MediaPort port;
  port.set_prebuffer(milliseconds(60));
  auto lost = std::make_shared<Target>(), next = std::make_shared<Target>();
  port.set_target(lost);
  for (int i = 0; i < 10; i++) port.push(frame(static_cast<char>('a' + i), i));
  port.set_target(next, kNow);
  assert_text(next->packets, "hij");
}
GST_END_TEST

GST_START_TEST(a_call_that_takes_over_gets_each_frame_once) {
  MediaPort port;
  port.set_prebuffer(milliseconds(100));
  auto old = std::make_shared<Target>(), next = std::make_shared<Target>();
  port.set_target(old);
  for (int i = 0; i < 5; i++) port.push(frame(static_cast<char>('a' + i), i));
  port.set_target(next);
  for (int i = 5; i < 10; i++) port.push(frame(static_cast<char>('a' + i), i));
  assert_text(old->packets + next->packets, "abcdefghij");
}
GST_END_TEST

GST_START_TEST(what_was_cleared_is_not_sent_again) {
  MediaPort port;
  port.set_prebuffer(milliseconds(100));
  auto lost = std::make_shared<Target>(), next = std::make_shared<Target>();
  port.set_target(lost);
  port.push(frame('a', 0));
  port.clear_uplink();
  port.set_target(next, kNow);
  assert_text(next->packets, "");
}
GST_END_TEST

}  // namespace

OAIRT_TEST_MAIN(uplink, what_a_lost_call_took_along_goes_to_the_next_one_first,
                not_more_than_the_prebuffer_is_sent_again,
                a_call_that_takes_over_gets_each_frame_once, what_was_cleared_is_not_sent_again,
                without_a_call_the_last_speech_is_kept_and_sent_first,
                without_a_prebuffer_nothing_is_kept, clear_forgets_what_was_kept,
                mute_sends_silence_of_the_same_length_in_place_of_every_packet,
                an_opus_silence_packet_plays_as_long_as_it_was_asked_to,
                an_idle_sink_is_filled_in_with_silence_at_the_clock_s_pace,
                a_sink_that_pushes_is_not_idle_however_old_its_audio_is,
                speech_after_silence_follows_it_on_the_time_line,
                a_long_stall_of_the_caller_is_jumped_over_and_not_made_up,
                what_is_kept_to_be_sent_again_takes_no_more_room_than_it_has_bytes,
                threads_may_do_everything_at_once)
