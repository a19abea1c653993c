#include <cmath>
#include <limits>

#include "policy/backoff.h"
#include "support/check.h"

using namespace oairt;  // NOLINT: a test reads better without the prefix

GST_START_TEST(the_delays_grow_as_written_and_spread_by_a_fifth) {
  struct Row {
    int attempt;
    double random, expected_ms;
  };
  // 0.5 is the middle of the spread.
  for (Row row :
       {Row{-1, 0.5, 0}, Row{0, 0.5, 0}, Row{1, 0.5, 0}, Row{1, 0.99, 0}, Row{2, 0.5, 300},
        Row{3, 0.5, 1200}, Row{4, 0.5, 2700}, Row{5, 0.5, 4800}, Row{6, 0.5, 7000},
        Row{7, 0.5, 7000}, Row{1000000, 0.5, 7000}, Row{std::numeric_limits<int>::max(), 0.5, 7000},
        Row{2, 0.0, 240}, Row{2, 1.0, 360}, Row{6, 0.0, 5600}, Row{6, 1.0, 8400}, Row{2, -3, 240},
        Row{2, 42, 360}, Row{2, std::nan(""), 240}}) {
    double actual_ms = to_ms(backoff_delay(row.attempt, row.random));
    fail_unless(std::abs(actual_ms - row.expected_ms) < 0.01, "attempt %d, random %f: %f ms",
                row.attempt, row.random, actual_ms);
  }
}
GST_END_TEST

GST_START_TEST(the_first_retry_of_many_is_spread_over_the_interval) {
  BackoffOptions options;
  options.many_may_retry = true;
  fail_unless(to_ms(backoff_delay(1, 0.0, options)) == 0);
  fail_unless(std::abs(to_ms(backoff_delay(1, 0.5, options)) - 150) < 0.01);
  fail_unless(to_ms(backoff_delay(1, 0.999, options)) < 300);
  fail_unless(std::abs(to_ms(backoff_delay(2, 0.5, options)) - 300) < 0.01);
}
GST_END_TEST

GST_START_TEST(settings_are_taken_as_they_are_and_nonsense_is_no_delay) {
  struct Row {
    int initial_ms, maximum_ms, attempt;
    double expected_ms;
  };
  for (Row row : {Row{100, 1000, 2, 100}, Row{100, 1000, 3, 400}, Row{100, 1000, 5, 1000},
                  Row{5000, 1000, 2, 1000}, Row{0, 1000, 9, 0}, Row{100, 0, 9, 0},
                  Row{-5, 1000, 9, 0}, Row{100, -1, 9, 0}}) {
    BackoffOptions options;
    options.initial = milliseconds(row.initial_ms);
    options.maximum = milliseconds(row.maximum_ms);
    double actual_ms = to_ms(backoff_delay(row.attempt, 0.5, options));
    fail_unless(std::abs(actual_ms - row.expected_ms) < 0.01, "%d/%d/%d: %f ms", row.initial_ms,
                row.maximum_ms, row.attempt, actual_ms);
  }
}
GST_END_TEST

OAIRT_TEST_MAIN(backoff, the_delays_grow_as_written_and_spread_by_a_fifth,
                the_first_retry_of_many_is_spread_over_the_interval,
                settings_are_taken_as_they_are_and_nonsense_is_no_delay)
