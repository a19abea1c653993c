// How fast the model falls silent when it is interrupted: at the source's pad, and at a loudspeaker
// that has 200 ms of sound in hand. The simulator writes down when it said speech_started.
//   bench-barge_in [--runs N]
#include <atomic>
#include <cmath>
#include <optional>
#include <string>

#include <gst/app/gstappsrc.h>

#include "figures.h"
#include "support/acoustic_loop.h"
#include "support/check.h"

using namespace oairt;         // NOLINT
using namespace oairt::bench;  // NOLINT
using oairt::test::AcousticLoop;
using oairt::test::Room;
using oairt::test::SimulatorProcess;

namespace {

constexpr Duration kLimit = std::chrono::seconds(20);

// When a frame with sound in it last passed, in wall time.
struct Ear {
  std::atomic<double> last_ms = 0;

  void hear(GstBuffer *buffer) {
    GstMapInfo map;
    if (GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_GAP) ||
        !gst_buffer_map(buffer, &map, GST_MAP_READ)) {
      return;
    }
    // The end of the last sample that is heard, where the frame begins now.
    const auto *samples = reinterpret_cast<const int16_t *>(map.data);
    std::size_t count = map.size / sizeof(int16_t);
    while (count > 0 && std::abs(samples[count - 1]) < 50) --count;
    gst_buffer_unmap(buffer, &map);
    if (count == 0) return;
    last_ms = static_cast<double>(g_get_real_time()) / 1000 + static_cast<double>(count) / 48;
  }
  static GstPadProbeReturn on_buffer(GstPad *, GstPadProbeInfo *info, gpointer self) {
    static_cast<Ear *>(self)->hear(GST_PAD_PROBE_INFO_BUFFER(info));
    return GST_PAD_PROBE_OK;
  }
  static void on_handoff(GstElement *, GstBuffer *buffer, GstPad *, gpointer self) {
    static_cast<Ear *>(self)->hear(buffer);
  }
};

// When the event was here.
void on_event(GstElement *, const char *kind, const char *, gpointer arrived_ms) {
  if (std::string(kind) != "input_audio_buffer.speech_started") return;
  *static_cast<std::atomic<double> *>(arrived_ms) = static_cast<double>(g_get_real_time()) / 1000;
}

double wall_of(const Json &line) {
  auto *time = g_date_time_new_from_iso8601(line["wall"].as_string().c_str(), nullptr);
  if (time == nullptr) return line["wall"].as_double() * 1000;
  double ms = static_cast<double>(g_date_time_to_unix(time)) * 1000 +
              static_cast<double>(g_date_time_get_microsecond(time)) / 1000;
  g_date_time_unref(time);
  return ms;
}

std::vector<double> starts(SimulatorProcess &simulator) {
  std::vector<double> all;
  for (const Json &line : simulator.log("event-out")) {
    if (line.dump().find("input_audio_buffer.speech_started") == std::string::npos) continue;
    all.push_back(wall_of(line));
  }
  return all;
}

void interrupt(const std::string &how, int runs) {
  SimulatorProcess simulator(
      {"--answer",
       "The museum was founded in eighteen ninety two. It holds nine thousand paintings, and some "
       "of them have never been shown. On the second floor you will find the Dutch masters."});
  AcousticLoop loop({}, "barge-in=" + how + " base-url=" + simulator.base_url() +
                            " api-key=" + SimulatorProcess::kApiKey);
  auto &p = loop.pipeline();
  Ear pad, sink;
  auto src = Ref<GstPad>::adopt(gst_element_get_static_pad(p.get("b"), "src"));
  gst_pad_add_probe(src.get(), GST_PAD_PROBE_TYPE_BUFFER, &Ear::on_buffer, &pad, nullptr);
  g_signal_connect(p.get("loudspeaker"), "handoff", G_CALLBACK(&Ear::on_handoff), &sink);
  std::atomic<double> arrived_ms = 0;
  g_signal_connect(p.get("b"), "event", G_CALLBACK(on_event), &arrived_ms);
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  auto words = test::speak_text("Wait a moment.", "en-us+m3");
  auto wall = [] { return static_cast<double>(g_get_real_time()) / 1000; };
  Series arrival, at_pad, at_sink;
  p.send_text("b", "Tell me about the museum.");
  for (int i = 0; i < runs; ++i) {
    // The answer to what was said before is under way for a second or two.
    double heard_since = 0;
    double need = 1200 + g_random_int_range(0, 700);
    bool speaks = p.wait(
        [&] {
          if (wall() - sink.last_ms > 400) heard_since = 0;
          if (wall() - sink.last_ms < 100 && heard_since == 0) heard_since = wall();
          return heard_since > 0 && wall() - heard_since > need;
        },
        kLimit);
    std::size_t before = starts(simulator).size();
    loop.say(words);
    bool heard = speaks && p.wait_for_message("openai-realtime/speech-started", before + 1, kLimit);
    TimePoint until = Clock::now() + milliseconds(700);
    p.wait([&] { return Clock::now() >= until; });
    auto all = starts(simulator);
    if (!heard || all.size() <= before) {
      at_pad.fail();
      continue;
    }
    arrival.add(arrived_ms - all[before]);
    at_pad.add(std::max(0.0, pad.last_ms - all[before]));
    at_sink.add(std::max(0.0, sink.last_ms - all[before]));
  }
  print_figure("speech_started to its arrival, " + how, "ours", "ms", arrival);
  print_figure("speech_started to silence at the source's pad, " + how, "ours", "ms", at_pad);
  print_figure("speech_started to silence at the loudspeaker, " + how, "ours", "ms", at_sink);
}

int run(int argc, char **argv) {
  int runs = static_cast<int>(number_option(argc, argv, "--runs", 30));
  for (const char *how : {"ramp", "flush"}) interrupt(how, runs);
  return 0;
}

}  // namespace

int main(int argc, char **argv) { return run_bench(argc, argv, &run); }
