// How near captions come to the words that they show: real elements, a call over real sockets, the
// simulator's synthesizer as the voice whose words are known. For each word, when the first caption
// that shows it begins, against when its sound begins in the audio of the source.
//   bench-captions [--delay MS] [--verbose]
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "figures.h"
#include "support/caption_tap.h"
#include "support/check.h"
#include "support/pipeline.h"

using namespace oairt;         // NOLINT
using namespace oairt::bench;  // NOLINT
using namespace oairt::test;   // NOLINT

namespace {

struct Case {
  const char *name, *language, *voice;
  double speed;
  std::vector<std::string> answers;
};

struct Result {
  Series words, lines, rate;
};

double ms_of(GstClockTime time) { return static_cast<double>(time) / 1e6; }

// The voice that was given out from then on, in running time.
struct Heard {
  double began_ms = -1, ended_ms = -1;
};
Heard heard_since(Pipeline &pipeline, TimePoint from) {
  Heard heard;
  for (const auto &frame : pipeline.recorded()) {
    if (frame.at < from || frame.gap || frame.level < 0.0005) continue;
    if (heard.began_ms < 0) heard.began_ms = ms_of(frame.pts);
    heard.ended_ms = ms_of(frame.pts + frame.duration);
  }
  return heard;
}

void compare(const std::vector<TrueWord> &truth, const std::vector<ShownWord> &shown,
             double began_ms, bool verbose, Result &result) {
  if (shown.size() != truth.size()) {
    std::printf("%zu words were shown of %zu\n", shown.size(), truth.size());
    result.words.fail();
    return;
  }
  for (std::size_t i = 0; i < truth.size(); ++i) {
    double error = shown[i].ms - began_ms - truth[i].ms;
    if (verbose) {
      std::printf("  %-14s %7.0f %+6.0f%s\n", shown[i].text.c_str(), truth[i].ms, error,
                  truth[i].own ? "" : " (said with the word before)");
    }
    if (!truth[i].own) continue;
    result.words.add(std::abs(error));
    if (shown[i].first_of_line) result.lines.add(std::abs(error));
  }
}

Result run_case(const Case &given, int delay_ms, bool verbose) {
  std::vector<std::string> arguments = {"--language", given.language};
  for (const auto &answer : given.answers) {
    arguments.push_back("--answer");
    arguments.push_back(answer);
  }
  Service service(arguments);
  Pipeline pipeline("openairealtimesrc name=out voice=" + std::string(given.voice) +
                    " speed=" + std::to_string(given.speed) +
                    " caption-delay=" + std::to_string(delay_ms) + service.properties() +
                    " ! fakesink sync=false  out.transcript_src ! fakesink sync=false async=false");
  pipeline.record("out");
  CaptionTap tap(pipeline.get("out"), "transcript_src");
  pipeline.play();
  fail_unless(pipeline.wait_for_state("connected"), "%s", pipeline.describe().c_str());
  Result result;
  for (std::size_t i = 0; i < given.answers.size(); ++i) {
    TimePoint asked = Clock::now();
    std::size_t before = tap.captions().size();
    pipeline.send_text("out", "Go on.");
    auto shown = [&] {
      auto captions = tap.captions();
      captions.erase(captions.begin(), captions.begin() + static_cast<std::ptrdiff_t>(before));
      return captions;
    };
    std::vector<std::vector<TrueWord>> truth;
    bool all = pipeline.wait(
        [&] {
          truth = true_words(service.simulator().log("words"));
          return truth.size() > i && words_of(shown()).size() >= truth[i].size();
        },
        std::chrono::seconds(40));
    if (verbose) std::printf("%s\n", given.name);
    auto captions = shown();
    if (!captions.empty()) {
      double seconds = (captions.back().start_ms - captions.front().start_ms) / 1000;
      result.rate.add(static_cast<double>(captions.size()) / std::max(0.5, seconds));
    }
    TimePoint quiet = Clock::now() + milliseconds(2500);
    pipeline.wait([quiet] { return Clock::now() >= quiet; });
    Heard heard = heard_since(pipeline, asked);
    double spoken_ms = service.simulator().log("words").back()["duration_ms"].as_double();
    bool whole = heard.began_ms >= 0 && heard.ended_ms - heard.began_ms < spoken_ms + 50;
    if (!all || !whole) {
      // A busy machine tore a hole into the voice: nobody knows where its words are.
      std::printf("%s: an answer of %.0f ms took %.0f ms and is left out\n", given.name, spoken_ms,
                  heard.ended_ms - heard.began_ms);
      result.words.fail();
      continue;
    }
    compare(truth.back(), words_of(captions), heard.began_ms, verbose, result);
  }
  return result;
}

void print(const std::string &who, const Series &series) {
  std::printf(
      "%-24s words %3zu (%d failed)  median %4.0f  p95 %4.0f  worst %4.0f  >100 ms: %2.0f%%\n",
      who.c_str(), series.count(), series.failures(), series.at(0.5), series.at(0.95), series.at(1),
      100 * series.share_above(100));
}

int run(int argc, char **argv) {
  bool verbose = has_option(argc, argv, "--verbose");
  int delay_ms = static_cast<int>(number_option(argc, argv, "--delay", 150));
  const std::vector<std::string> english = {
      "Yes, of course.",
      "Certainly! The next train to the city leaves from platform four at half past nine.",
      "Let me think about that for a moment. There are three museums near the station, and all of "
      "them are open until six in the evening. The largest one, which shows paintings from the "
      "nineteenth century, is closed on Mondays.",
      "The weather tomorrow will be mostly sunny with a light breeze from the southwest, although "
      "some showers are possible in the late afternoon, especially near the mountains.",
  };
  const std::vector<std::string> german = {
      "Guten Tag! Was kann ich für Sie tun?",
      "Der nächste Zug nach Hamburg fährt um zwanzig Uhr fünfzehn von Gleis sieben ab, aber er hat "
      "heute leider etwas Verspätung. Möchten Sie trotzdem eine Fahrkarte kaufen?",
  };
  const std::vector<Case> cases = {
      {"English, marin", "en-us", "marin", 1.0, english},
      {"English, ash, fast", "en-us", "ash", 1.3, english},
      {"English, verse, slow", "en-us", "verse", 0.8, english},
      {"German, sage", "de", "sage", 1.0, german},
  };
  Series words, lines, rate;
  for (const Case &given : cases) {
    Result result = run_case(given, delay_ms, verbose);
    print(given.name, result.words);
    for (double error : result.words.values()) words.add(error);
    for (double error : result.lines.values()) lines.add(error);
    for (double buffers : result.rate.values()) rate.add(buffers);
    for (int i = 0; i < result.words.failures(); ++i) words.fail();
  }
  print("all words", words);
  print("all beginnings of lines", lines);
  print_figure("caption to its word", "ours", "ms", words);
  print_figure("caption buffers in a second of speech", "ours", "", rate);
  print_figure("caption line to its first word", "ours", "ms", lines);
  return 0;
}

}  // namespace

int main(int argc, char **argv) { return run_bench(argc, argv, &run); }
