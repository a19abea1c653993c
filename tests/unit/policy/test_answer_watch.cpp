// A peer that answers checks, or does not: a look each 20 ms, answers after a round trip.
#include <deque>
#include <functional>
#include <random>

#include "policy/answer_watch.h"
#include "support/check.h"

using namespace oairt;  // NOLINT

using std::chrono::minutes;
using std::chrono::seconds;

namespace {

constexpr Duration kTick = milliseconds(20);
const TimePoint kStart = TimePoint() + std::chrono::hours(1);

struct Seen {
  int checks = 0, unheard = 0;
  TimePoint unheard_at{}, proof{};
};

bool heard() { return true; }
bool lost() { return false; }

struct Peer {
  explicit Peer(int silence_ms, int round_trip_ms = 20)
      : round_trip(milliseconds(round_trip_ms)), watch(milliseconds(silence_ms)) {
    watch.reset(counts, now);
  }

  // `answered` decides for each check whether its answer will come.
  Seen pass(Duration time, const std::function<bool()> &answered) {
    Seen seen;
    for (TimePoint end = now + time; now < end;) {
      now += kTick;
      take_answers();
      auto finding = watch.look(counts, now);
      if (finding.unheard && ++seen.unheard == 1) {
        seen.unheard_at = now;
        seen.proof = watch.last_proof();
      }
      if (!finding.check) continue;
      ++seen.checks;
      check(answered());
    }
    return seen;
  }
  void check(bool answered) {
    ++counts.checks;
    if (answered) on_their_way.push_back(now + round_trip);
  }
  void take_answers() {
    while (!on_their_way.empty() && on_their_way.front() <= now) {
      on_their_way.pop_front();
      ++counts.answers;
      counts.round_trip = round_trip;
    }
  }

  TimePoint now = kStart;
  Duration round_trip;
  std::deque<TimePoint> on_their_way;
  AnswerWatch::Counts counts;
  AnswerWatch watch;
};

}  // namespace

GST_START_TEST(a_peer_that_answers_is_asked_seldom_and_never_suspected) {
  const struct {
    int silence_ms, round_trip_ms, interval_ms;
  } kCases[] = {{300, 20, 300},   {700, 20, 700},  {700, 250, 700},
                {700, 1500, 700}, {300, 600, 300}, {10000, 20, 1000}};
  for (const auto &one : kCases) {
    Peer peer(one.silence_ms, one.round_trip_ms);
    // A first answer tells how long one takes.
    peer.check(true);
    Seen seen = peer.pass(minutes(10), heard);
    fail_unless(seen.unheard == 0, "%d ms, round trip %d ms", one.silence_ms, one.round_trip_ms);
    if (one.round_trip_ms > one.silence_ms) continue;
    double each_ms = 600000.0 / seen.checks;
    fail_unless(each_ms >= one.interval_ms && each_ms <= one.interval_ms + 40, "%d: each %f ms",
                one.silence_ms, each_ms);
  }
}
GST_END_TEST

GST_START_TEST(a_peer_that_hears_nothing_more_is_noticed_within_twice_the_threshold) {
  const struct {
    int silence_ms, round_trip_ms, most_ms;
  } kCases[] = {{300, 20, 640}, {700, 20, 1440}, {700, 400, 2140}, {2500, 20, 3540}};
  for (const auto &one : kCases) {
    for (int offset_ms = 0; offset_ms < 1000; offset_ms += 100) {
      Peer peer(one.silence_ms, one.round_trip_ms);
      peer.pass(seconds(20) + milliseconds(offset_ms), heard);
      TimePoint begin = peer.now;
      Seen seen = peer.pass(seconds(10), lost);
      fail_unless(seen.unheard == 1, "told %d times", seen.unheard);
      double after_ms = to_ms(seen.unheard_at - begin);
      fail_unless(after_ms <= one.most_ms, "%d: after %f ms", one.silence_ms, after_ms);
      // What was said since then is doubtful.
      fail_unless(seen.proof <= begin + milliseconds(one.round_trip_ms) + kTick);
      fail_unless(seen.proof >= begin - milliseconds(one.most_ms));
    }
  }
}
GST_END_TEST

GST_START_TEST(a_peer_that_never_answered_is_not_judged) {
  Peer peer(700);
  Seen seen = peer.pass(minutes(10), lost);
  fail_unless(seen.unheard == 0 && seen.checks > 800 && seen.checks < 900, "%d", seen.checks);
}
GST_END_TEST

GST_START_TEST(lost_packets_are_not_taken_for_a_dead_path) {
  std::mt19937 generator(7);
  std::bernoulli_distribution arrives(0.9 * 0.9);  // ten percent each way
  Peer peer(700, 100);
  Seen seen = peer.pass(minutes(60), [&] { return arrives(generator); });
  fail_unless(seen.unheard == 0, "%d times", seen.unheard);
}
GST_END_TEST

GST_START_TEST(checks_of_others_count_too) {
  Peer peer(700);
  peer.pass(seconds(5), heard);
  Seen seen;
  for (int i = 0; i < 50; ++i) {  // a nomination, the consent: answered all the same
    peer.check(true);
    Seen part = peer.pass(milliseconds(200), heard);
    seen.checks += part.checks;
    seen.unheard += part.unheard;
  }
  fail_unless(seen.checks == 0 && seen.unheard == 0, "%d checks", seen.checks);
}
GST_END_TEST

GST_START_TEST(a_machine_that_stood_still_suspects_nobody) {
  Peer peer(700, 60);
  peer.pass(seconds(5), heard);
  peer.check(true);
  peer.pass(kTick, heard);
  peer.now += seconds(3);  // the answer has come meanwhile, and is read after the next look
  auto finding = peer.watch.look(peer.counts, peer.now);
  fail_if(finding.unheard);
  if (finding.check) peer.check(true);
  Seen seen = peer.pass(seconds(10), heard);
  fail_unless_equals_int(seen.unheard, 0);
}
GST_END_TEST

GST_START_TEST(a_slow_path_is_given_its_time_from_the_start) {
  for (int round_trip_ms : {600, 1000, 1500}) {
    Peer peer(700, round_trip_ms);
    peer.pass(seconds(10), heard);
    peer.watch.restart(peer.counts, peer.now);
    peer.on_their_way.clear();
    Seen seen = peer.pass(seconds(10), heard);
    fail_unless(seen.unheard == 0, "%d ms", round_trip_ms);
  }
}
GST_END_TEST

GST_START_TEST(after_a_restart_it_is_told_again) {
  Peer peer(700);
  peer.pass(seconds(5), heard);
  Seen seen = peer.pass(seconds(60), lost);
  fail_unless_equals_int(seen.unheard, 1);
  peer.watch.restart(peer.counts, peer.now);  // another path, which is as deaf
  seen = peer.pass(seconds(3), lost);
  fail_unless_equals_int(seen.unheard, 1);
  peer.watch.reset(peer.counts, peer.now);  // another call
  seen = peer.pass(seconds(3), lost);
  fail_unless_equals_int(seen.unheard, 0);
}
GST_END_TEST

GST_START_TEST(checks_that_cannot_be_sent_say_nothing) {
  AnswerWatch watch(milliseconds(700));
  AnswerWatch::Counts counts;
  watch.reset(counts, kStart);
  counts = {1, 1, milliseconds(10)};
  watch.look(counts, kStart + kTick);
  for (TimePoint now = kStart + kTick; now < kStart + seconds(30); now += kTick) {
    fail_if(watch.look(counts, now).unheard);
  }
}
GST_END_TEST

OAIRT_TEST_MAIN(answer_watch, a_peer_that_answers_is_asked_seldom_and_never_suspected,
                a_peer_that_hears_nothing_more_is_noticed_within_twice_the_threshold,
                a_peer_that_never_answered_is_not_judged,
                lost_packets_are_not_taken_for_a_dead_path, checks_of_others_count_too,
                a_machine_that_stood_still_suspects_nobody,
                a_slow_path_is_given_its_time_from_the_start, after_a_restart_it_is_told_again,
                checks_that_cannot_be_sent_say_nothing)
