// A path is watched by a clock of its own: a tick each 20 ms, packets as the test wants them.
#include <functional>

#include "policy/path_watch.h"
#include "support/check.h"

using namespace oairt;  // NOLINT

namespace {

constexpr Duration kTick = milliseconds(20);
const TimePoint kStart = TimePoint() + std::chrono::hours(1);

struct Seen {
  int probes = 0, lost = 0, back = 0;
  TimePoint first_probe{}, lost_at{}, back_at{};
};

// `heard` is asked at each tick whether something came; `answer` whether a probe is answered.
struct Line {
  explicit Line(int silence_ms) : watch(milliseconds(silence_ms)) { watch.reset(now); }

  Seen pass(Duration time, const std::function<bool()> &heard, bool answered = false) {
    Seen seen;
    for (TimePoint end = now + time; now < end;) {
      now += kTick;
      if (heard()) last_heard = now;
      auto finding = watch.look(last_heard, now);
      fail_if(finding.lost && finding.back, "lost and back in one look");
      if (finding.probe && seen.probes++ == 0) seen.first_probe = now;
      if (finding.lost && ++seen.lost == 1) seen.lost_at = now;
      if (finding.back && ++seen.back == 1) seen.back_at = now;
      if (finding.probe && answered) last_heard = now + milliseconds(5);
    }
    return seen;
  }

  TimePoint now = kStart;
  TimePoint last_heard = kStart - std::chrono::minutes(5);  // of the call before
  PathWatch watch;
};

bool always() { return true; }
bool never() { return false; }

}  // namespace

GST_START_TEST(a_healthy_stream_is_never_asked) {
  for (int silence_ms : {300, 700, 2500, 10000}) {
    Line line(silence_ms);
    Seen seen = line.pass(std::chrono::minutes(10), always);
    fail_unless(seen.probes == 0 && seen.lost == 0 && seen.back == 0, "at %d ms", silence_ms);
  }
}
GST_END_TEST

GST_START_TEST(silence_is_noticed_at_the_threshold_and_asked_about_before) {
  for (int silence_ms : {300, 400, 700, 1000, 2500, 10000}) {
    Line line(silence_ms);
    line.pass(std::chrono::seconds(5), always);
    TimePoint last = line.now;
    Seen seen = line.pass(milliseconds(silence_ms + 100), never);
    fail_unless(seen.lost == 1 && line.watch.lost());
    double after_ms = to_ms(seen.lost_at - last);
    fail_unless(after_ms >= silence_ms && after_ms <= silence_ms + 20, "%d: lost after %f ms",
                silence_ms, after_ms);
    double doubt_ms = to_ms(seen.first_probe - last);
    fail_unless(doubt_ms >= silence_ms * 0.4 && doubt_ms <= silence_ms * 0.4 + 20, "%d: after %f",
                silence_ms, doubt_ms);
    fail_unless(seen.probes >= 3, "%d: asked %d times", silence_ms, seen.probes);
  }
}
GST_END_TEST

GST_START_TEST(a_service_that_says_nothing_but_answers_is_well) {
  for (int silence_ms : {300, 700, 10000}) {
    Line line(silence_ms);
    Seen seen = line.pass(std::chrono::minutes(2), never, true);
    fail_unless(seen.lost == 0 && seen.back == 0, "at %d ms", silence_ms);
    double each_ms = 120000.0 / seen.probes;
    fail_unless(each_ms >= silence_ms * 0.4, "%d: asked each %f ms", silence_ms, each_ms);
  }
}
GST_END_TEST

GST_START_TEST(a_few_packets_are_enough) {
  Line line(700);
  int tick = 0;
  Seen seen = line.pass(std::chrono::minutes(2), [&tick] { return ++tick % 34 == 0; });
  fail_unless(seen.lost == 0);
  Line gaps(700);  // a little too few, and no answers
  tick = 0;
  seen = gaps.pass(std::chrono::minutes(1), [&tick] { return ++tick % 36 == 0; });
  fail_unless(seen.lost > 10);
  fail_unless(seen.lost - seen.back <= 1 && seen.lost >= seen.back, "%d lost, %d back", seen.lost,
              seen.back);
}
GST_END_TEST

GST_START_TEST(lost_and_back_are_told_once) {
  Line line(700);
  line.pass(std::chrono::seconds(2), always);
  Seen seen = line.pass(std::chrono::seconds(60), never);
  fail_unless(seen.lost == 1 && seen.back == 0);
  // So often that a return is noticed at once, also when only answers tell of it.
  fail_unless(seen.probes > 60000 / 110, "asked %d times", seen.probes);
  TimePoint before = line.now;
  seen = line.pass(std::chrono::seconds(60), always);
  fail_unless(seen.lost == 0 && seen.back == 1 && !line.watch.lost());
  fail_unless(seen.back_at - before == kTick);
  seen = line.pass(std::chrono::seconds(2), never);
  fail_unless(seen.lost == 1, "the next loss is told too");
}
GST_END_TEST

GST_START_TEST(it_is_asked_less_when_it_is_lost_for_long) {
  Line line(700);
  line.pass(std::chrono::seconds(150), never);
  Seen seen = line.pass(std::chrono::minutes(10), never);
  fail_unless(seen.probes >= 600 * 3 && seen.probes <= 600 * 4, "%d", seen.probes);
}
GST_END_TEST

GST_START_TEST(what_was_heard_before_a_declared_loss_does_not_count) {
  Line line(700);
  line.pass(std::chrono::seconds(2), always);
  line.watch.declare_lost(line.now);
  fail_unless(line.watch.lost());
  Seen seen = line.pass(std::chrono::seconds(5), never);
  fail_unless(seen.lost == 0 && seen.back == 0, "whoever declared it knows");
  fail_unless(seen.first_probe - kStart <= std::chrono::seconds(2) + kTick);
  line.watch.declare_lost(line.now);  // again: the first holds
  seen = line.pass(std::chrono::seconds(1), always);
  fail_unless(seen.back == 1 && seen.lost == 0 && !line.watch.lost());
}
GST_END_TEST

GST_START_TEST(a_late_look_does_not_tell_two_things) {
  Line line(700);
  line.pass(std::chrono::seconds(1), never);
  fail_unless(line.watch.lost());
  TimePoint heard = line.now + milliseconds(10);
  auto finding = line.watch.look(heard, line.now + std::chrono::seconds(5));
  fail_unless(!finding.back && !finding.lost && line.watch.lost(), "it was silent ever since");
  finding = line.watch.look(line.now + milliseconds(5100), line.now + milliseconds(5120));
  fail_unless(finding.back && !finding.lost);
}
GST_END_TEST

GST_START_TEST(a_new_call_begins_well) {
  Line line(700);
  line.pass(std::chrono::seconds(2), never);
  fail_unless(line.watch.lost());
  line.watch.reset(line.now);
  fail_if(line.watch.lost());
  Seen seen = line.pass(milliseconds(680), never);
  fail_unless(seen.lost == 0 && seen.back == 0);
  seen = line.pass(milliseconds(40), never);
  fail_unless(seen.lost == 1);
}
GST_END_TEST

GST_START_TEST(the_threshold_may_be_changed_while_it_watches) {
  Line line(10000);
  line.pass(std::chrono::seconds(2), always);
  line.pass(std::chrono::seconds(2), never);
  fail_if(line.watch.lost());
  line.watch.set_silence(milliseconds(700));
  Seen seen = line.pass(kTick, never);
  fail_unless(seen.lost == 1);
  line.watch.set_silence(milliseconds(10000));
  seen = line.pass(kTick, always);
  fail_unless(seen.back == 1);
}
GST_END_TEST

GST_START_TEST(a_packet_from_the_future_does_no_harm) {
  PathWatch watch;  // the receiving thread's clock was read a moment later
  watch.reset(kStart);
  auto finding = watch.look(kStart + milliseconds(3), kStart);
  fail_if(finding.probe || finding.lost || finding.back);
}
GST_END_TEST

OAIRT_TEST_MAIN(path_watch, a_healthy_stream_is_never_asked,
                silence_is_noticed_at_the_threshold_and_asked_about_before,
                a_service_that_says_nothing_but_answers_is_well, a_few_packets_are_enough,
                lost_and_back_are_told_once, it_is_asked_less_when_it_is_lost_for_long,
                what_was_heard_before_a_declared_loss_does_not_count,
                a_late_look_does_not_tell_two_things, a_new_call_begins_well,
                the_threshold_may_be_changed_while_it_watches,
                a_packet_from_the_future_does_no_harm)
