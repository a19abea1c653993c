// What the service can still hear of speech when packets are lost on the way there: with the
// encoder adapted, left alone, and without FEC.
//   bench-quality --speech FILE.wav [--seconds N] [--runs N] [--loss PERCENT]
#include <string>

#include "e2e/lossy_line.h"
#include "figures.h"
#include "support/check.h"
#include "support/pipeline.h"

using namespace oairt;         // NOLINT
using namespace oairt::bench;  // NOLINT
using oairt::test::LossyLine;
using oairt::test::NetworkRelay;
using oairt::test::Pipeline;

namespace {

struct Setting {
  const char *name, *properties;
};
constexpr Setting kSettings[] = {
    {"adapted", "quality-adaptation=true"},
    {"left alone", "quality-adaptation=false"},
    {"without FEC", "quality-adaptation=false inband-fec=false"},
};

struct Gain {
  double lost = 0, restored = 0, concealed = 0, bytes = 0, packets = 0;
};

void pass(Pipeline &p, Duration time) {
  TimePoint until = Clock::now() + time;
  p.wait([&] { return Clock::now() > until; }, time + std::chrono::seconds(5));
}

// The gain of each count while the losses last; those of the first seconds do not count.
Gain talk(const std::string &speech, const Setting &setting, double loss, Duration length) {
  LossyLine line({"--voice", "tone"});
  Pipeline p("filesrc location=" + speech +
             " ! wavparse ! audioconvert ! openairealtimesink turn-detection=none " +
             line.properties() + setting.properties);
  p.play();
  if (!p.wait_for_state("connected")) return {};
  line.lose(NetworkRelay::Towards::Server, loss);
  pass(p, std::chrono::seconds(5));
  Json before = line.heard();
  pass(p, length);
  Json after = line.heard();
  auto gain = [&](const char *name) {
    return static_cast<double>(after[name].as_int() - before[name].as_int());
  };
  return {gain("lost"), gain("restored_frames"), gain("concealed_frames"), gain("bytes"),
          gain("packets")};
}

int measure(int argc, char **argv) {
  std::string speech;
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::string(argv[i]) == "--speech") speech = argv[i + 1];
  }
  if (speech.empty()) return 1;
  auto seconds = static_cast<int>(number_option(argc, argv, "--seconds", 20));
  auto runs = static_cast<int>(number_option(argc, argv, "--runs", 3));
  double only = number_option(argc, argv, "--loss", 0);  // percent; 0: all of them
  for (double loss : {0.05, 0.1, 0.2}) {
    if (only > 0 && static_cast<int>(loss * 100) != static_cast<int>(only)) continue;
    for (const Setting &setting : kSettings) {
      Series restored, left, rate;
      for (int run = 0; run < runs; ++run) {
        Gain gain = talk(speech, setting, loss, std::chrono::seconds(seconds));
        if (gain.packets == 0 || gain.lost == 0) {
          restored.fail();
          continue;
        }
        restored.add(100 * gain.restored / gain.lost);
        left.add(100 * gain.concealed / (gain.packets + gain.lost));
        rate.add(gain.bytes * 8 * 50 / gain.packets / 1000);
      }
      std::string at = " at " + std::to_string(static_cast<int>(loss * 100)) + " % loss";
      print_figure("lost frames restored" + at, setting.name, "%", restored);
      print_figure("frames made up" + at, setting.name, "%", left);
      print_figure("bit rate" + at, setting.name, "kbit/s", rate);
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char **argv) { return run_bench(argc, argv, measure); }
