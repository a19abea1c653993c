#include "faults.h"
#include "options.h"
#include "support/check.h"

using namespace oairt;       // NOLINT: a test reads better without the prefix
using namespace oairt::sim;  // NOLINT

namespace {

Fault parsed(const char *text) {
  auto fault = parse_fault(text);
  fail_unless(fault.ok(), "%s", text);
  return fault.value();
}

}  // namespace

GST_START_TEST(faults_are_read_from_text) {
  Fault busy = parsed("calls-error=429:2@1.5x3");
  assert_text(busy.name, "calls_error");
  assert_text(busy.value, "429:2");
  fail_unless(busy.delay == milliseconds(1500) && busy.left == 3);
  Fault replay = parsed("silent@item:5");
  assert_text(replay.point, "item");
  fail_unless(replay.ordinal == 5 && replay.left == 1 && replay.delay == Duration::zero());
  Fault hole = parsed("blackhole=4@speaking+0.5x0");
  assert_text(hole.value, "4");
  fail_unless(hole.delay == milliseconds(500) && hole.left == -1);
  assert_text(parsed("close_notify@2").point, "open");
  Fault said = parsed("say=write to ada@example.org");
  assert_text(said.value, "write to ada@example.org");
  for (const char *wrong : {"", "nonsense", "silent@never", "silent@item:x", "mint_reset@open"}) {
    fail_unless(!parse_fault(wrong).ok(), "%s was taken", wrong);
  }
}
GST_END_TEST

GST_START_TEST(faults_strike_when_due_and_as_often_as_ordered) {
  Faults faults;
  TimePoint now = TimePoint() + std::chrono::hours(1);
  fail_unless(faults.order("mint_reset@2x2", now).ok());
  fail_unless(!faults.take("mint_reset", now));
  now += std::chrono::seconds(2);
  fail_unless(faults.take("mint_reset", now) && faults.take("mint_reset", now));
  fail_unless(!faults.take("mint_reset", now));
  fail_unless(faults.order("silent@item:2x2", now).ok());
  fail_unless(faults.take_actions("item", 1).empty());
  fail_unless(faults.take_actions("item", 2).size() == 1);
  fail_unless(faults.take_actions("item", 2).size() == 1);
  fail_unless(faults.take_actions("item", 2).empty());
}
GST_END_TEST

GST_START_TEST(the_command_line_is_understood_or_explained) {
  auto line = parse_command_line({"--port", "0", "--voice=echo", "--api-key", "a", "--api-key", "b",
                                  "--call-tool", "f:{\"x\":1}", "--silence", "gaps", "--max-age",
                                  "5", "--fault", "mint_reset", "--no-sprinkle"});
  fail_unless(line.ok());
  const Options &options = line->options;
  fail_unless(options.port == 0 && options.voice == Voice::Echo && options.api_keys.size() == 2);
  assert_text(options.script.tool_calls[0].arguments, "{\"x\":1}");
  fail_unless(options.silence == AudioOut::Silence::Gaps && !options.session.sprinkle);
  fail_unless_equals_int(static_cast<int>(options.session.max_age_s), 5);
  for (const char *wrong : {"--prot", "--port=99999", "--voice=loud", "--fault=x", "word"}) {
    fail_unless(!parse_command_line({wrong}).ok(), "%s was taken", wrong);
  }
  assert_contains(parse_command_line({"--port"}).error().message, "needs a value");
  fail_unless(parse_command_line({"--help"})->help);
  for (const auto &kind : fault_kinds()) assert_contains(help_text(), kind.name);
}
GST_END_TEST

OAIRT_TEST_MAIN(simulator_orders, faults_are_read_from_text,
                faults_strike_when_due_and_as_often_as_ordered,
                the_command_line_is_understood_or_explained)
