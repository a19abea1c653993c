// A recording goes on through every fault: real elements, muxers and files, the simulator,
// loopback. What the files hold is as long as what was played.
#include <atomic>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <glib/gstdio.h>

#include "base/clock.h"
#include "support/check.h"
#include "support/machine_stalls.h"
#include "support/pipeline.h"
#include "support/simulator_process.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

constexpr double kAtLeast_s = 12, kTolerance_s = 0.06;
constexpr int kRate = 48000;
constexpr int kMicFrame = 960;  // samples, 20 ms

class Folder {
 public:
  Folder() {
    Unique<gchar, g_free> made(g_dir_make_tmp("oairt-recording-XXXXXX", nullptr));
    path_ = made.get();
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(const char *name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

bool has_lame() {
  auto factory = Ref<GstElementFactory>::adopt(gst_element_factory_find("lamemp3enc"));
  return factory.get() != nullptr;
}

// A microphone, and the model's voice into three files of different muxers.
std::string studio(const SimulatorProcess &simulator, const Folder &folder) {
  std::string line =
      "audiotestsrc name=mic is-live=true wave=silence samplesperbuffer=" +
      std::to_string(kMicFrame) +
      " ! audio/x-raw,format=S16LE,channels=1,rate=" + std::to_string(kRate) +
      " ! openairealtimesink name=in base-url=" + simulator.base_url() +
      " api-key=" + SimulatorProcess::kApiKey +
      " openairealtimesrc name=out ! audio/x-raw,format=S16LE,channels=1,rate=" +
      std::to_string(kRate) +
      " ! tee name=t  t. ! queue ! wavenc ! filesink location=" + folder.file("a.wav") +
      "  t. ! queue ! audioconvert ! opusenc ! matroskamux ! filesink location=" +
      folder.file("b.mkv");
  if (has_lame()) {
    line +=
        "  t. ! queue ! audioconvert ! audioresample ! lamemp3enc ! mpegaudioparse ! flvmux "
        "streamable=true"
        " ! filesink location=" +
        folder.file("c.flv");
  } else {
    std::puts("skipped: no FLV branch, lamemp3enc is not installed");
  }
  return line;
}

GstPadProbeReturn count_buffer(GstPad *, GstPadProbeInfo *, gpointer count) {
  ++*static_cast<std::atomic<uint64_t> *>(count);
  return GST_PAD_PROBE_OK;
}

void count_message(GstBus *, GstMessage *, gpointer count) {
  ++*static_cast<std::atomic<uint64_t> *>(count);
}

// What was posted, but for what was said.
std::string story(Pipeline &p) {
  std::string all = "\n" + p.describe(), kept;
  std::istringstream lines(all);
  for (std::string line; std::getline(lines, line);) {
    bool said = line.find("openai-realtime/re") == std::string::npos &&
                line.find("openai-realtime/") != std::string::npos &&
                line.find("-state") == std::string::npos;
    if (!said) kept += line.substr(0, 300) + "\n";
  }
  return kept;
}

double played_s(Pipeline &p) {
  auto clock = Ref<GstClock>::adopt(gst_element_get_clock(p.pipeline()));
  if (!clock) return 0;
  GstClockTime base = gst_element_get_base_time(p.pipeline());
  return static_cast<double>(gst_clock_get_time(clock.get()) - base) / GST_SECOND;
}

void order(SimulatorProcess &simulator, const char *action, const char *value = "") {
  simulator.control("/simulator/sessions/*/" + std::string(action),
                    Json::object({{"value", value}}));
}

// Nobody but our own elements has something to say, and they only warn.
void assert_quiet(Pipeline &p) {
  fail_unless(p.messages("error").empty(), "%s", story(p).c_str());
  for (const auto *warning : p.messages("warning")) {
    fail_unless(warning->element == "in" || warning->element == "out", "%s: %s",
                warning->element.c_str(), warning->text.c_str());
  }
}

void wait_for_recovery(Pipeline &p, std::size_t count) {
  fail_unless(p.wait_for_message("openai-realtime/recovery", count, std::chrono::seconds(30)),
              "recovery %zu: %s", count, story(p).c_str());
  fail_unless(p.wait_for_state("connected"), "%s", story(p).c_str());
  assert_quiet(p);
  p.send_text("in", "Go on.");
}

// Every fault that a recording in a studio should not hear of.
void suffer(Pipeline &p, SimulatorProcess &first, std::unique_ptr<SimulatorProcess> &second) {
  fail_unless(p.wait_for_state("connected"), "%s", story(p).c_str());
  p.send_text("in", "Hello.");
  order(first, "close_channel");
  wait_for_recovery(p, 1);
  order(first, "silent");
  wait_for_recovery(p, 2);
  first.kill();
  fail_unless(p.wait_for_state("reconnecting"), "%s", story(p).c_str());
  second = std::make_unique<SimulatorProcess>(std::vector<std::string>{}, first.port());
  wait_for_recovery(p, 3);
  second->control("/simulator/faults", Json::object({{"fault", "calls_hang"}}));
  order(*second, "blackhole", "2");
  wait_for_recovery(p, 4);
}

// Decodes a file to its end: timestamps without hole or overlap, and returns the seconds in it.
double decoded_s(const std::string &file, const char *decoder) {
  Pipeline p("filesrc location=" + file + " ! " + decoder +
             " ! audio/x-raw ! identity name=end ! fakesink sync=false");
  p.record("end");
  p.play();
  fail_unless(p.wait_for_message("eos"), "%s: %s", file.c_str(), story(p).c_str());
  auto frames = p.recorded();
  fail_unless(frames.size() > 100, "%s: %zu frames", file.c_str(), frames.size());
  double whole_s = 0;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    whole_s += static_cast<double>(frames[i].duration) / GST_SECOND;
    if (i == 0) continue;
    GstClockTimeDiff off =
        GST_CLOCK_DIFF(frames[i - 1].pts + frames[i - 1].duration, frames[i].pts);
    // Muxers write milliseconds, parsers count on from them; a frame that is missing is 20 ms.
    fail_unless(std::abs(off) <= 5 * static_cast<GstClockTimeDiff>(GST_MSECOND),
                "%s: frame %zu is off by %.3f ms", file.c_str(), i, off / 1e6);
  }
  return whole_s;
}

double wav_s(const std::string &file) {
  constexpr double kHeader = 44;
  return (static_cast<double>(std::filesystem::file_size(file)) - kHeader) / (2 * kRate);
}

// `behind_s`: the machine's own, at the end, where nobody can catch up any more.
void assert_length(const char *what, double actual_s, double wanted_s, double behind_s) {
  double missing = wanted_s - actual_s;
  fail_unless(missing <= kTolerance_s + behind_s && missing >= -kTolerance_s,
              "%s: %.3f s, played were %.3f s", what, actual_s, wanted_s);
  g_print("%s: %.3f s, played %.3f s\n", what, actual_s, wanted_s);
}

}  // namespace

GST_START_TEST(files_are_as_long_as_what_was_played_through_every_fault) {
  Folder folder;
  std::unique_ptr<SimulatorProcess> second;
  SimulatorProcess first;
  std::atomic<uint64_t> pushed{0}, late{0};
  double end_s = 0, behind_s = 0;
  {
    MachineStalls stalls;
    Pipeline p(studio(first, folder));
    p.record("out");
    auto mic = Ref<GstPad>::adopt(gst_element_get_static_pad(p.get("mic"), "src"));
    gst_pad_add_probe(mic.get(), GST_PAD_PROBE_TYPE_BUFFER, count_buffer, &pushed, nullptr);
    auto bus = Ref<GstBus>::adopt(gst_element_get_bus(p.pipeline()));
    gst_bus_enable_sync_message_emission(bus.get());
    g_signal_connect(bus.get(), "sync-message::qos", G_CALLBACK(count_message), &late);
    p.play();
    suffer(p, first, second);
    fail_unless(p.wait([&] { return played_s(p) >= kAtLeast_s; }), "%.3f s", played_s(p));
    gst_element_send_event(p.pipeline(), gst_event_new_eos());
    end_s = played_s(p);
    behind_s = to_ms(stalls.between(Clock::now() - std::chrono::seconds(1), Clock::now())) / 1000;
    fail_unless(p.wait_for_message("eos", 1, std::chrono::seconds(5)), "%s", story(p).c_str());
    gst_bus_disable_sync_message_emission(bus.get());
    assert_quiet(p);
    p.assert_continuous();
    auto frames = p.recorded();
    for (std::size_t i = 1; i < frames.size(); ++i) fail_if(frames[i].discont, "frame %zu", i);
  }
  fail_unless_equals_uint64(late, 0);
  double frames = end_s * kRate / kMicFrame;
  double tolerance = 2 + behind_s * kRate / kMicFrame;
  fail_unless(std::abs(static_cast<double>(pushed) - frames) <= tolerance,
              "the microphone gave %.0f frames in the time of %.1f", static_cast<double>(pushed),
              frames);
  assert_length("WAV", wav_s(folder.file("a.wav")), end_s, behind_s);
  assert_length("Matroska", decoded_s(folder.file("b.mkv"), "matroskademux ! opusdec"), end_s,
                behind_s);
  if (has_lame()) {
    assert_length("FLV", decoded_s(folder.file("c.flv"), "flvdemux ! decodebin"), end_s, behind_s);
  }
}
GST_END_TEST

OAIRT_TEST_MAIN(recording, files_are_as_long_as_what_was_played_through_every_fault)
