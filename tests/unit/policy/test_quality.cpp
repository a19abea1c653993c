// The encoding under networks good and bad, on a clock of the test.
#include <random>
#include <vector>

#include "policy/quality.h"
#include "support/check.h"

using namespace oairt;  // NOLINT
using std::chrono::seconds;
using Level = Quality::Level;
using Reason = QualityStep::Reason;

namespace {

struct Told {
  TimePoint at;
  QualityStep step;
  Level level;
};

// A call that speaks 50 packets a second, and is told of them once a second.
struct Line {
  explicit Line(EncoderLimits limits = {}) { (void)quality.set_limits(limits); }

  void note(const std::optional<QualityStep> &step) {
    if (step) told.push_back({now, *step, quality.level()});
  }
  // Loss evenly, as a fraction.
  void pass(Duration time, double loss, bool reports = true, double downlink_loss = 0,
            double rtt_ms = 50) {
    for (TimePoint end = now + time; now < end;) {
      now += seconds(1);
      QualityObservation seen;
      seen.reported = reports;
      seen.expected = reports ? 50 : 0;
      due += loss * 50;
      if (reports) seen.lost = static_cast<uint64_t>(due);
      due -= static_cast<double>(static_cast<uint64_t>(due));
      if (reports) seen.rtt_ms = rtt_ms;
      seen.missed = static_cast<uint64_t>(downlink_loss * 50);
      seen.received = 50 - seen.missed;
      note(quality.handle(seen, now));
    }
  }

  Quality quality;
  TimePoint now = TimePoint() + std::chrono::hours(1);
  double due = 0;
  std::vector<Told> told;
};

}  // namespace

GST_START_TEST(a_clear_network_changes_nothing) {
  Line line;
  line.pass(std::chrono::minutes(30), 0);
  line.pass(std::chrono::minutes(30), 0.005);
  fail_unless(line.told.empty());
  QualityStep step = *line.quality.step();
  fail_unless_equals_int(step.bitrate, 32000);
  fail_unless_equals_int(step.loss_percent, 10);
  fail_unless(step.fec && !step.dtx);
}
GST_END_TEST

GST_START_TEST(loss_is_met_within_two_reports_and_left_slowly) {
  Line line;
  line.pass(seconds(60), 0);
  line.pass(seconds(2), 0.10);
  fail_unless(line.quality.level() == Level::Bad);
  QualityStep bad = line.told.back().step;
  fail_unless_equals_int(bad.bitrate, 24000);
  fail_unless_equals_int(bad.loss_percent, 25);
  fail_unless(bad.fec && !bad.dtx && bad.reason == Reason::Loss);
  line.pass(seconds(20), 0.10);
  std::size_t before = line.told.size();
  TimePoint clean = line.now;
  line.pass(seconds(60), 0);
  fail_unless(line.quality.level() == Level::Clear);
  fail_unless_equals_int(line.told.size(), before + 2);
  fail_unless(line.told[before].at - clean >= Quality::kCalm);
  fail_unless(line.told[before + 1].at - line.told[before].at >= Quality::kCalm);
  fail_unless_equals_int(line.told[before].step.bitrate, 32000);
  fail_unless_equals_int(line.told[before].step.loss_percent, 20);
  fail_unless_equals_int(line.told[before + 1].step.loss_percent, 10);
}
GST_END_TEST

GST_START_TEST(a_few_losses_cost_no_bit_rate) {
  Line line;
  line.pass(seconds(60), 0.04);
  fail_unless(line.quality.level() == Level::Lossy);
  fail_unless_equals_int(line.told.size(), 1);
  fail_unless_equals_int(line.told[0].step.bitrate, 32000);
  fail_unless_equals_int(line.told[0].step.loss_percent, 20);
}
GST_END_TEST

GST_START_TEST(a_growing_queue_takes_bit_rate) {
  Line line;
  line.pass(seconds(20), 0, true, 0, 60);
  line.pass(seconds(3), 0, true, 0, 500);
  fail_unless(line.quality.level() == Level::Bad);
  fail_unless(line.told.back().step.reason == Reason::Delay);
  line.pass(seconds(5), 0.05, true, 0, 900);
  fail_unless(line.quality.level() == Level::Choked);
  QualityStep step = line.told.back().step;
  fail_unless_equals_int(step.bitrate, 16000);
  fail_unless(!step.fec && step.dtx && step.loss_percent == 0);
  line.pass(seconds(120), 0, true, 0, 60);
  fail_unless(line.quality.level() == Level::Clear);
}
GST_END_TEST

GST_START_TEST(what_the_user_fixed_stays) {
  Line off({24000, false, false, true, true});
  off.pass(seconds(10), 0.6);
  fail_unless(off.quality.level() == Level::Choked);
  for (const Told &told : off.told) fail_unless(!told.step.fec && !told.step.dtx);
  for (const Told &told : off.told) fail_unless_equals_int(told.step.loss_percent, 0);
  Line on({24000, true, true, true, true});
  on.pass(seconds(10), 0.6);
  for (const Told &told : on.told) {
    fail_unless(told.step.fec && told.step.dtx && told.step.loss_percent > 0);
  }
  Line low({8000, true, false, false, false});
  low.pass(seconds(10), 0.6);
  fail_unless_equals_int(low.told.back().step.bitrate, 8000);
}
GST_END_TEST

GST_START_TEST(without_reports_the_downlink_is_a_hint_that_takes_nothing_away) {
  Line line;
  line.pass(seconds(60), 0, false, 0);
  fail_unless(line.told.empty());
  line.pass(seconds(30), 0, false, 0.3);
  fail_unless(line.quality.level() == Level::Lossy);
  fail_unless_equals_int(line.told.size(), 1);
  fail_unless_equals_int(line.told[0].step.bitrate, 32000);
  fail_unless(line.told[0].step.reason == Reason::DownlinkLoss);
  fail_unless(!line.quality.loss());
  line.pass(seconds(60), 0, false, 0);
  fail_unless(line.quality.level() == Level::Clear);
  // With reports, it is not asked.
  line.pass(seconds(60), 0, true, 0.3);
  fail_unless(line.quality.level() == Level::Clear);
}
GST_END_TEST

GST_START_TEST(reports_that_cease_are_forgotten_slowly) {
  Line line;
  line.pass(seconds(20), 0.1);
  fail_unless(line.quality.level() == Level::Bad);
  // Nothing comes at all: the path is gone, and says nothing about the next.
  for (int i = 0; i < 100; ++i) {
    line.now += seconds(1);
    line.note(line.quality.handle({}, line.now));
  }
  fail_unless(line.quality.level() == Level::Bad);
  line.pass(seconds(60), 0, false, 0);
  fail_unless(line.quality.level() == Level::Clear);
}
GST_END_TEST

GST_START_TEST(a_relapse_makes_the_next_calm_longer) {
  Line line;
  std::vector<TimePoint> ups;
  // A network that is only bad when more is sent: every upward step is a mistake.
  for (int i = 0; i < 900; ++i) {
    bool much = line.quality.step()->bitrate > 24000;
    std::size_t before = line.told.size();
    line.pass(seconds(1), much ? 0.12 : 0);
    if (line.told.size() > before && line.told.back().step.reason == Reason::Calm) {
      ups.push_back(line.now);
    }
  }
  fail_unless(ups.size() >= 4 && ups.size() <= 12, "%zu", ups.size());
  fail_unless(ups.back() - ups[ups.size() - 2] > 3 * (ups[1] - ups[0]));
}
GST_END_TEST

GST_START_TEST(a_new_path_begins_anew_and_a_new_call_does_not) {
  Line line;
  line.pass(seconds(20), 0.1);
  line.quality.new_call(line.now);
  fail_unless(line.quality.level() == Level::Bad);
  fail_unless(!line.quality.loss());
  line.note(line.quality.new_path(line.now));
  fail_unless(line.quality.level() == Level::Clear);
  fail_unless(line.told.back().step.reason == Reason::NewPath);
  fail_unless_equals_int(line.told.back().step.bitrate, 32000);
}
GST_END_TEST

GST_START_TEST(it_can_be_switched_off_and_on) {
  Line line;
  line.pass(seconds(20), 0.1);
  line.note(line.quality.set_enabled(false, line.now));
  fail_unless(line.told.back().step.reason == Reason::Off);
  fail_unless_equals_int(line.told.back().step.bitrate, 32000);
  std::size_t before = line.told.size();
  line.pass(seconds(60), 0.3);
  fail_unless_equals_int(line.told.size(), before);
  fail_unless(*line.quality.loss() > 0.2);  // still to be seen
  line.note(line.quality.set_enabled(true, line.now));
  line.pass(seconds(3), 0.3);
  fail_unless(line.told.size() > before);
}
GST_END_TEST

GST_START_TEST(limits_may_change_and_nobody_may_encode) {
  Line line;
  fail_unless(!line.quality.set_limits(EncoderLimits{64000, true, false, false, false}));
  line.pass(seconds(20), 0.1);
  fail_unless_equals_int(line.told.back().step.bitrate, 48000);
  auto step = line.quality.set_limits(EncoderLimits{40000, true, false, false, false});
  fail_unless(step && step->reason == Reason::Settings);
  fail_unless_equals_int(step->bitrate, 30000);
  fail_unless(!line.quality.set_limits(EncoderLimits{40000, true, false, false, false}));
  fail_unless(!line.quality.set_limits(std::nullopt));
  fail_unless(!line.quality.step());
  std::size_t before = line.told.size();
  line.pass(seconds(60), 0.4);
  fail_unless_equals_int(line.told.size(), before);
}
GST_END_TEST

// Whatever happens: within what the user chose, and never up sooner than kCalm after the last step.
GST_START_TEST(chance_never_makes_it_flap_or_exceed) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937 chance(seed);
    auto roll = [&](int most) { return static_cast<int>(chance() % (unsigned(most) + 1)); };
    EncoderLimits limits{6000 + roll(100000), roll(1) == 1, roll(1) == 1, roll(1) == 1,
                         roll(1) == 1};
    Line line(limits);
    for (int i = 0; i < 60; ++i) {
      line.pass(seconds(1 + roll(20)), roll(2) == 0 ? 0 : roll(40) / 100.0, roll(4) != 0,
                roll(30) / 100.0, 20 + roll(2) * 200);
      if (roll(9) == 0) line.quality.new_call(line.now);
    }
    Level level = Level::Clear;
    TimePoint last{};
    for (const Told &told : line.told) {
      fail_unless(told.step.bitrate <= limits.bitrate && told.step.bitrate >= 6000);
      fail_unless(!limits.fec_fixed || told.step.fec == limits.fec);
      fail_unless(limits.fec || !told.step.fec);
      fail_unless(!limits.dtx_fixed || told.step.dtx == limits.dtx);
      fail_unless(told.step.fec == (told.step.loss_percent > 0));
      fail_unless(told.level != level, "seed %u", seed);
      bool up = told.level < level;
      fail_unless(!up || told.at - last >= Quality::kCalm, "seed %u", seed);
      fail_unless(!up || static_cast<int>(level) - static_cast<int>(told.level) == 1);
      level = told.level;
      last = told.at;
    }
  }
}
GST_END_TEST

OAIRT_TEST_MAIN(quality, a_clear_network_changes_nothing,
                loss_is_met_within_two_reports_and_left_slowly, a_few_losses_cost_no_bit_rate,
                a_growing_queue_takes_bit_rate, what_the_user_fixed_stays,
                without_reports_the_downlink_is_a_hint_that_takes_nothing_away,
                reports_that_cease_are_forgotten_slowly, a_relapse_makes_the_next_calm_longer,
                a_new_path_begins_anew_and_a_new_call_does_not, it_can_be_switched_off_and_on,
                limits_may_change_and_nobody_may_encode, chance_never_makes_it_flap_or_exceed)
