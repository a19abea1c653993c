// State changes at any moment of a connect, over and over: no hang, no warning, nothing left.
#include <filesystem>
#include <random>
#include <string>

#include "support/check.h"
#include "support/pipeline.h"
#include "support/simulator_process.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

std::string line(const SimulatorProcess &simulator) {
  return "audiotestsrc is-live=true wave=silence ! openairealtimebin name=b base-url=" +
         simulator.base_url() + " api-key=" + SimulatorProcess::kApiKey + " ! fakesink sync=false";
}

int entries(const char *folder) {
  int count = 0;
  for ([[maybe_unused]] const auto &entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

}  // namespace

GST_START_TEST(states_may_change_at_any_moment_of_the_connect) {
  SimulatorProcess simulator;
  std::mt19937 random(4711);
  for (int i = 0; i < 40; ++i) {
    Pipeline p(line(simulator));
    p.play();
    Duration moment = std::chrono::microseconds(random() % 150000);
    TimePoint until = Clock::now() + moment;
    p.wait([&] { return Clock::now() >= until; });
    if (i % 3 == 0) p.set_state(GST_STATE_PAUSED);
    if (i % 3 == 1) p.set_state(GST_STATE_READY);
    if (i % 4 == 0) p.play();
    p.set_state(GST_STATE_NULL);
    p.pump();
    fail_unless(p.messages("warning").empty() && p.messages("error").empty(), "%s",
                p.describe().c_str());
  }
}
GST_END_TEST

GST_START_TEST(threads_and_files_are_given_back) {
  SimulatorProcess simulator;
  auto once = [&] {
    {
      Pipeline p(line(simulator));
      p.play();
      fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
    }
  };
  auto threads = [] { return entries("/proc/self/task"); };
  auto files = [] { return entries("/proc/self/fd"); };
  for (int i = 0; i < 3; ++i) once();  // what is made once for the process
  int threads_before = threads(), files_before = files();
  for (int i = 0; i < 20; ++i) once();
  fail_unless(wait_for([&] { return threads() <= threads_before + 1; }), "%d threads, before %d",
              threads(), threads_before);
  fail_unless(wait_for([&] { return files() <= files_before; }), "%d files, before %d", files(),
              files_before);
}
GST_END_TEST

GST_START_TEST(every_state_can_be_left_and_entered_again) {
  SimulatorProcess simulator;
  Pipeline p(line(simulator));
  p.record("b");
  for (int i = 0; i < 3; ++i) {
    p.play();
    fail_unless(p.wait_for_message("openai-realtime/session", i + 1), "%s", p.describe().c_str());
    std::size_t before = p.recorded_count();
    fail_unless(p.wait([&] { return p.recorded_count() > before + 5; }));
    p.set_state(GST_STATE_PAUSED);
    before = p.recorded_count();
    p.play();
    fail_unless(p.wait([&] { return p.recorded_count() > before + 5; }));
    p.set_state(i == 1 ? GST_STATE_READY : GST_STATE_NULL);
  }
  fail_unless(p.messages("warning").empty(), "%s", p.describe().c_str());
}
GST_END_TEST

OAIRT_TEST_MAIN(cycles, states_may_change_at_any_moment_of_the_connect,
                threads_and_files_are_given_back, every_state_can_be_left_and_entered_again)
