// What echo cancellation achieves: a loudspeaker, a room and a microphone around openairealtimebin,
// in real time, with spoken answers.
//   bench-echo                 the echo over time, a person who speaks over it, CPU
//   bench-echo --double-talk   only the person who speaks over it
//   bench-echo --minutes 10    how often the model's own voice was taken for the user's
#include <algorithm>
#include <atomic>
#include <cmath>
#include <string>

#include "figures.h"
#include "support/acoustic_loop.h"
#include "support/check.h"

using namespace oairt;         // NOLINT
using namespace oairt::bench;  // NOLINT
using oairt::test::AcousticLoop;
using oairt::test::Room;
using oairt::test::SimulatorProcess;

namespace {

constexpr const char *kStory =
    "The museum was founded in eighteen ninety two. It holds nine thousand paintings, and some of "
    "them have never been shown. On the second floor you will find the Dutch masters. Please do "
    "not touch the frames. The garden closes at six, and the cafe is open until seven. If you "
    "come with children, ask for the small map at the desk: it shows where the dragons are.";

std::string settings(const SimulatorProcess &simulator) {
  return " base-url=" + simulator.base_url() + " api-key=" + SimulatorProcess::kApiKey + " ";
}

// The model speaks until it is told to stop, with short pauses.
class Talk {
 public:
  explicit Talk(AcousticLoop &loop) : loop_(loop) {
    g_signal_connect(p().get("b"), "event", G_CALLBACK(on_event), this);
    fail_unless(p().wait_for_state("connected"), "%s", p().describe().c_str());
  }
  test::Pipeline &p() { return loop_.pipeline(); }
  void run(Duration time) {
    TimePoint until = Clock::now() + time, quiet_since = Clock::now() - std::chrono::seconds(9);
    while (Clock::now() < until) {
      if (ended_.exchange(false)) {
        speaking_ = false;
        quiet_since = Clock::now();
      }
      if (!speaking_ && Clock::now() - quiet_since > milliseconds(1200)) {
        speaking_ = true;
        // Refused where the model has begun to answer itself.
        gboolean done = FALSE;
        g_signal_emit_by_name(p().get("b"), "send-text", "Go on.", &done);
      }
      p().wait([&] { return ended_ || Clock::now() >= until; }, milliseconds(200));
    }
  }
  std::size_t false_starts() { return p().messages("openai-realtime/speech-started").size(); }

 private:
  static void on_event(GstElement *, const char *kind, const char *, gpointer self) {
    std::string event = kind;
    if (event == "output_audio_buffer.stopped" || event == "output_audio_buffer.cleared") {
      static_cast<Talk *>(self)->ended_ = true;
    }
  }
  AcousticLoop &loop_;
  std::atomic<bool> ended_ = false;
  bool speaking_ = false;
};

// In the given seconds after the first echo, over 1 s.
void print_over_time(const std::string &room, AcousticLoop &loop) {
  auto blocks = loop.blocks();
  GstClockTime first = 0;
  for (const auto &block : blocks) {
    if (block.echo > 1e-6 && first == 0) first = block.at;
  }
  for (int second : {0, 1, 2, 5, 10, 20}) {
    GstClockTime from = first + second * GST_SECOND;
    auto heard = std::count_if(blocks.begin(), blocks.end(), [from](const auto &block) {
      return block.at >= from && block.at < from + GST_SECOND && block.echo > 1e-6;
    });
    if (heard < 20) continue;  // a pause of the model
    print_figure("echo taken away " + std::to_string(second) + " s after the first word, " + room,
                 "ours", "dB", test::echo_loss_db(blocks, from, from + GST_SECOND));
  }
}

void over_time(const std::string &name, const Room &room, const std::string &properties) {
  SimulatorProcess simulator({"--answer", kStory});
  double cpu = process_use().cpu_s;
  TimePoint begin = Clock::now();
  AcousticLoop loop(room, properties + settings(simulator));
  Talk talk(loop);
  talk.run(std::chrono::seconds(26));
  print_over_time(name, loop);
  print_figure("the model taken for the user, " + name, "ours", "times in 26 s",
               static_cast<double>(talk.false_starts()));
  double share = (process_use().cpu_s - cpu) / (to_ms(Clock::now() - begin) / 1000) * 100;
  print_figure("CPU of the whole, " + name, "ours", "% of a core", share);
}

// A person speaks over the model, which does not let itself be interrupted.
void double_talk() {
  SimulatorProcess simulator({"--answer", kStory});
  AcousticLoop loop({}, settings(simulator));
  g_object_set(loop.pipeline().get("b"), "session-config",
               R"({"audio":{"input":{"turn_detection":{"type":"server_vad",)"
               R"("interrupt_response":false,"create_response":false}}}})",
               nullptr);
  Talk talk(loop);
  auto words = test::speak_text(
      "Stop please. I would like to ask you something else. Where is the exit, and when do you "
      "close today?",
      "en-us+m3");
  talk.run(std::chrono::seconds(8));
  loop.say(words);
  talk.run(std::chrono::seconds(9));
  double person = 1e-12, sent = 1e-12;
  for (const auto &block : loop.blocks()) {
    if (block.person < 1e-4 || block.echo < 1e-6) continue;  // -40 dBFS: not in a pause
    person += block.person;
    sent += block.sent;
  }
  print_figure("a person over the model: weaker by", "ours", "dB", 10 * std::log10(person / sent));
  print_figure("a person over the model: heard as such", "ours", "times",
               static_cast<double>(talk.false_starts()));
}

void long_run(double minutes, const Room &room, const std::string &name,
              const std::string &properties) {
  SimulatorProcess simulator({"--answer", kStory});
  AcousticLoop loop(room, properties + settings(simulator));
  Talk talk(loop);
  talk.run(std::chrono::milliseconds(static_cast<int64_t>(minutes * 60000)));
  double spoken = 0;
  for (const auto &block : loop.blocks()) spoken += block.echo > 1e-6 ? 0.01 : 0;
  print_figure("seconds in which the microphone heard the model, " + name, "ours", "s", spoken);
  print_figure("the model taken for the user, " + name, "ours", "times",
               static_cast<double>(talk.false_starts()));
}

int run(int argc, char **argv) {
  double minutes = number_option(argc, argv, "--minutes", 0);
  if (minutes > 0) {
    long_run(minutes, {}, std::to_string(static_cast<int>(minutes)) + " minutes", "");
    long_run(1, {}, "1 minute, echo-cancel=false", "echo-cancel=false ");
    return 0;
  }
  if (has_option(argc, argv, "--double-talk")) {
    double_talk();
    return 0;
  }
  for (double delay_ms : {10, 60, 95, 150, 300}) {
    Room room;
    room.delay_ms = delay_ms;
    over_time("echo after " + std::to_string(static_cast<int>(delay_ms)) + " ms", room, "");
  }
  over_time("echo-cancel=false", {}, "echo-cancel=false ");
  double_talk();
  return 0;
}

}  // namespace

int main(int argc, char **argv) { return run_bench(argc, argv, &run); }
