// What is left behind by connects and disconnects in one process.
//   bench-cycles [--count N] [--random N]
#include <algorithm>
#include <cstdio>
#include <random>
#include <string>

#include "figures.h"
#include "support/check.h"
#include "support/pipeline.h"

using namespace oairt;         // NOLINT
using namespace oairt::bench;  // NOLINT
using oairt::test::Pipeline;

namespace {

constexpr Duration kLimit = std::chrono::seconds(60);

std::string launch(Service &service) {
  return "audiotestsrc is-live=true wave=silence ! openairealtimebin name=b base-url=" +
         service.base_url() + " api-key=" + test::SimulatorProcess::kApiKey +
         " ! fakesink sync=false";
}

void check_quiet(Pipeline &pipeline) {
  pipeline.pump();
  fail_unless(pipeline.messages("warning").empty() && pipeline.messages("error").empty(), "%s",
              pipeline.describe().c_str());
}

// What ends in the background ends within a second; then the numbers stand still.
ProcessUse settled() {
  ProcessUse use = process_use();
  for (int i = 0; i < 20; ++i) {
    g_usleep(100000);
    ProcessUse now = process_use();
    bool still = now.threads == use.threads && now.files == use.files;
    use = now;
    if (still && i >= 10) break;
  }
  return use;
}

void report(int count) {
  ProcessUse use = settled();
  std::string after = "after " + std::to_string(count) + " connects: ";
  print_figure(after + "threads", "ours", "", use.threads);
  print_figure(after + "open files", "ours", "", use.files);
  print_figure(after + "memory", "ours", "kB", use.memory_kb);
  print_figure(after + "memory given out by malloc", "ours", "kB", use.heap_kb);
}

void connects(Service &service, int count) {
  Series connect, state_change;
  for (int i = 1; i <= count; ++i) {
    Pipeline pipeline(launch(service));
    TimePoint start = Clock::now();
    pipeline.play();
    fail_unless(pipeline.wait_for_state("connected", kLimit), "cycle %d: %s", i,
                pipeline.describe().c_str());
    connect.add(to_ms(Clock::now() - start));
    start = Clock::now();
    pipeline.set_state(GST_STATE_NULL);
    state_change.add(to_ms(Clock::now() - start));
    check_quiet(pipeline);
    if (i == 10 || i == 100 || i == 500 || i == count) report(i);
  }
  print_figure("cycle: PLAYING to connected, with token fetch", "ours", "ms", connect);
  print_figure("cycle: PLAYING to NULL returns", "ours", "ms", state_change);
}

void random_moments(Service &service, int count) {
  std::mt19937 random(20);
  Series up, down;
  for (int i = 0; i < count; ++i) {
    Pipeline pipeline(launch(service));
    TimePoint start = Clock::now();
    pipeline.play();
    up.add(to_ms(Clock::now() - start));
    TimePoint until = Clock::now() + std::chrono::microseconds(random() % 60000);
    pipeline.wait([until] { return Clock::now() >= until; });
    start = Clock::now();
    pipeline.set_state(GST_STATE_NULL);
    down.add(to_ms(Clock::now() - start));
    check_quiet(pipeline);
  }
  print_figure("stopped at a random moment: NULL to PLAYING returns", "ours", "ms", up);
  print_figure("stopped at a random moment: PLAYING to NULL returns", "ours", "ms", down);
  ProcessUse use = settled();
  print_figure("after the random moments: threads", "ours", "", use.threads);
  print_figure("after the random moments: open files", "ours", "", use.files);
}

int run(int argc, char **argv) {
  Service service;
  connects(service, static_cast<int>(number_option(argc, argv, "--count", 1000)));
  random_moments(service, static_cast<int>(number_option(argc, argv, "--random", 200)));
  return 0;
}

}  // namespace

int main(int argc, char **argv) { return run_bench(argc, argv, &run); }
