// What the simulator does to RTP on its way to the client.
#include <set>

#include "support/check.h"
#include "transport/bad_line.h"

using namespace oairt;       // NOLINT: a test reads better without the prefix
using namespace oairt::sim;  // NOLINT

namespace {

struct Way {
  explicit Way(const LineOptions &options, uint64_t seed = 1)
      : line(g_main_context_default(), seed, [this](BytesView packet) {
          came.push_back(packet[0] << 8 | packet[1]);
          at.push_back(Clock::now());
        }) {
    line.set_options(options);
  }
  void send(int count) {
    for (int i = 0; i < count; ++i) {
      line.send({static_cast<uint8_t>(i >> 8), static_cast<uint8_t>(i & 255)});
    }
  }
  std::vector<int> came;
  std::vector<TimePoint> at;
  BadLine line;
};

}  // namespace

GST_START_TEST(a_good_line_delivers_at_once_and_in_order) {
  Way way({});
  way.send(500);
  fail_unless_equals_int(way.came.size(), 500);
  fail_unless(std::is_sorted(way.came.begin(), way.came.end()));
}
GST_END_TEST

GST_START_TEST(a_lossy_line_loses_its_share_the_same_each_time) {
  Way way({.loss = 0.1}), again({.loss = 0.1}), other({.loss = 0.1}, 2);
  way.send(2000);
  again.send(2000);
  other.send(2000);
  fail_unless(way.came.size() > 1700 && way.came.size() < 1900, "%zu", way.came.size());
  fail_unless(way.came == again.came);
  fail_unless(way.came != other.came);
  Peer::Stats stats;
  way.line.fill(stats);
  fail_unless_equals_int(stats.line_lost, 2000 - way.came.size());
}
GST_END_TEST

GST_START_TEST(jitter_comes_late_but_in_order) {
  Way way({.jitter = milliseconds(60)});
  TimePoint sent = Clock::now();
  way.send(100);
  fail_unless(way.came.size() < 20);
  fail_unless(oairt::test::wait_for([&] { return way.came.size() == 100; }));
  fail_unless(std::is_sorted(way.came.begin(), way.came.end()));
  fail_unless(way.at.back() - sent >= milliseconds(40));
}
GST_END_TEST

GST_START_TEST(some_packets_are_overtaken) {
  Way way({.reorder = 0.05});
  way.send(400);
  fail_unless(oairt::test::wait_for([&] { return way.came.size() == 400; }));
  fail_if(std::is_sorted(way.came.begin(), way.came.end()));
  fail_unless_equals_int(std::set<int>(way.came.begin(), way.came.end()).size(), 400);
  Peer::Stats stats;
  way.line.fill(stats);
  fail_unless(stats.line_reordered >= 8 && stats.line_reordered <= 40);
}
GST_END_TEST

OAIRT_TEST_MAIN(simulator_line, a_good_line_delivers_at_once_and_in_order,
                a_lossy_line_loses_its_share_the_same_each_time, jitter_comes_late_but_in_order,
                some_packets_are_overtaken)
