// What the figures of a call say to the policy: gains, not sums, and of one call only.
#include "session/quality_control.h"
#include "support/check.h"

using namespace oairt;  // NOLINT
using std::chrono::seconds;

namespace {

struct Line {
  Line() { (void)control.set_limits(EncoderLimits{}); }
  // A second of speech; `loss` of it does not arrive.
  std::optional<QualityEvent> second(double loss, bool reported = true,
                                     const std::string &network = "192.0.2.1") {
    now += seconds(1);
    stats.packets_received += 50;
    if (reported) {
      if (!stats.report) stats.report = PeerStats::Report{first, 0, 0};
      stats.report->highest_sequence += 50;
      stats.report->lost += static_cast<int64_t>(loss * 50);
      stats.report->jitter_ms = 7;
      stats.rtt_ms = 40;
    }
    auto event = control.sample(stats, network, now);
    steps += event ? 1 : 0;
    return event;
  }

  QualityControl control;
  PeerStats stats;
  uint32_t first = 5000;
  TimePoint now = TimePoint() + std::chrono::hours(1);
  int steps = 0;
};

}  // namespace

GST_START_TEST(loss_is_what_came_since_the_last_report) {
  Line line;
  for (int i = 0; i < 30; ++i) line.second(0);
  fail_unless_equals_int(line.steps, 0);
  std::optional<QualityEvent> event;
  for (int i = 0; i < 3 && !event; ++i) event = line.second(0.2);
  fail_unless(event.has_value());
  assert_text(event->reason, "loss");
  fail_unless(event->bitrate == 24000 && event->fec && event->loss_percent == 25);
  fail_unless(*event->uplink_loss >= 0.06 && event->rtt_ms == 40);
  QualityFigures figures = line.control.figures();
  fail_unless(figures.steps == 1 && figures.encoding->bitrate == 24000);
  fail_unless(figures.uplink_jitter_ms == 7);
}
GST_END_TEST

GST_START_TEST(a_count_may_wrap_and_packets_may_come_twice) {
  Line line;
  line.first = 0xFFFFFF00;  // the sum of wraps itself wraps
  for (int i = 0; i < 30; ++i) line.second(i % 2 == 0 ? 0 : -0.04);
  fail_unless_equals_int(line.steps, 0);
}
GST_END_TEST

GST_START_TEST(another_call_begins_its_own_count) {
  Line line;
  for (int i = 0; i < 5; ++i) line.second(0);
  line.control.new_call(line.now);
  line.stats = {};
  line.first = 700000;
  line.stats.report = PeerStats::Report{line.first, 4000, 0};  // lost before anybody looked
  for (int i = 0; i < 5; ++i) line.second(0);
  fail_unless_equals_int(line.steps, 0);
}
GST_END_TEST

GST_START_TEST(another_network_is_not_judged_by_the_old_one) {
  Line line;
  for (int i = 0; i < 10; ++i) line.second(0.2);
  fail_unless(line.control.figures().encoding->bitrate == 24000);
  auto event = line.second(0, true, "198.51.100.7");
  fail_unless(event && event->bitrate == 32000);
  assert_text(event->reason, "new-path");
  line.second(0, true, "");  // not known for a moment
  fail_unless(!line.second(0, true, "198.51.100.7"));
}
GST_END_TEST

GST_START_TEST(without_reports_nothing_is_invented) {
  Line line;
  for (int i = 0; i < 60; ++i) line.second(0, false);
  fail_unless_equals_int(line.steps, 0);
  QualityFigures figures = line.control.figures();
  fail_unless(!figures.uplink_loss && !figures.uplink_jitter_ms);
  // What is lost on the way here is a hint.
  std::optional<QualityEvent> event;
  for (int i = 0; i < 10 && !event; ++i) {
    line.stats.packets_lost += 5;
    event = line.second(0, false);
  }
  fail_unless(event.has_value());
  assert_text(event->reason, "downlink-loss");
  fail_unless_equals_int(event->bitrate, 32000);
  fail_unless(event->downlink_loss > 0.01 && !event->uplink_loss);
}
GST_END_TEST

OAIRT_TEST_MAIN(quality_control, loss_is_what_came_since_the_last_report,
                a_count_may_wrap_and_packets_may_come_twice, another_call_begins_its_own_count,
                another_network_is_not_judged_by_the_old_one, without_reports_nothing_is_invented)
