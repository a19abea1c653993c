// A conversation recorded by one launch line: both sides in one file, on one time line. Real
// elements, muxers and files, the simulator, loopback.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include <glib/gstdio.h>

#include "base/lock.h"
#include "support/check.h"
#include "support/pipeline.h"
#include "support/simulator_process.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

constexpr int kRate = 48000;
constexpr double kFrame_s = 0.02, kLoud = 0.05;
constexpr double kPause_s = 0.2;  // between two ticks of the microphone there is more

class Folder {
 public:
  Folder() {
    Unique<gchar, g_free> made(g_dir_make_tmp("oairt-both-XXXXXX", nullptr));
    path_ = made.get();
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(const char *name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

struct Sound {
  double begins_s;
  std::vector<float> samples;
};

// Where it gets loud for the first time at or after `from_s`.
double onset_s(const Sound &sound, double from_s = 0) {
  for (std::size_t i = 0; i < sound.samples.size(); ++i) {
    double at_s = sound.begins_s + static_cast<double>(i) / kRate;
    if (at_s >= from_s && std::abs(sound.samples[i]) > kLoud) return at_s;
  }
  return -1;
}

// Each frame at its time: a stream may have a hole where the machine was too slow.
Sound join(const std::vector<Recorded> &frames) {
  if (frames.empty()) return {0, {}};
  Sound sound{static_cast<double>(frames[0].pts) / GST_SECOND, {}};
  for (const auto &frame : frames) {
    auto at = gst_util_uint64_scale_round(frame.pts - frames[0].pts, kRate, GST_SECOND);
    sound.samples.resize(at + frame.samples.size());
    std::transform(frame.samples.begin(), frame.samples.end(),
                   sound.samples.begin() + static_cast<std::ptrdiff_t>(at),
                   [](int16_t sample) { return static_cast<float>(sample) / 32768; });
  }
  return sound;
}

// One track of the file, on the file's own time line.
Sound decode(const std::string &file, const char *decoder) {
  Pipeline p("filesrc location=" + file + " ! " + decoder +
             " ! audioconvert ! audio/x-raw,format=S16LE,rate=48000,channels=1 ! identity "
             "name=end ! fakesink sync=false");
  p.record("end");
  p.play();
  fail_unless(p.wait_for_message("eos"), "%s: %s", file.c_str(), p.describe().c_str());
  return join(p.recorded());
}

// Hears what passes a pad, for the moments at which it becomes loud.
class Ear {
 public:
  explicit Ear(GstElement *element)
      : pad_(Ref<GstPad>::adopt(gst_element_get_static_pad(element, "src"))) {
    probe_ = gst_pad_add_probe(pad_.get(), GST_PAD_PROBE_TYPE_BUFFER, listen, this, nullptr);
  }
  ~Ear() { gst_pad_remove_probe(pad_.get(), probe_); }
  // The last one before that running time.
  double last_before_s(double limit_s) {
    LockGuard guard(lock_);
    double last_s = -1;
    for (double at_s : onsets_s_) last_s = at_s < limit_s ? at_s : last_s;
    return last_s;
  }

 private:
  static GstPadProbeReturn listen(GstPad *, GstPadProbeInfo *info, gpointer data) {
    auto *self = static_cast<Ear *>(data);
    GstBuffer *buffer = gst_pad_probe_info_get_buffer(info);
    GstMapInfo map;
    if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) return GST_PAD_PROBE_OK;
    const auto *samples = reinterpret_cast<const int16_t *>(map.data);
    double begins_s = static_cast<double>(GST_BUFFER_PTS(buffer)) / GST_SECOND;
    for (std::size_t i = 0; i < map.size / sizeof(int16_t); ++i) {
      if (std::abs(samples[i]) > kLoud * 32768) {
        self->heard(begins_s + static_cast<double>(i) / kRate);
      }
    }
    gst_buffer_unmap(buffer, &map);
    return GST_PAD_PROBE_OK;
  }
  void heard(double at_s) {
    LockGuard guard(lock_);
    if (at_s - loud_s_ > kPause_s) onsets_s_.push_back(at_s);
    loud_s_ = at_s;
  }

  Ref<GstPad> pad_;
  gulong probe_ = 0;
  Mutex lock_;
  std::vector<double> onsets_s_ OAIRT_GUARDED_BY(lock_);
  double loud_s_ OAIRT_GUARDED_BY(lock_) = -1;
};

std::string studio(const SimulatorProcess &simulator, const std::string &file) {
  return "audiotestsrc name=tick is-live=true wave=ticks tick-interval=1000000000 "
         "samplesperbuffer=960 ! audio/x-raw,format=S16LE,channels=1,rate=48000 ! tee name=mic ! "
         "queue ! openairealtimebin name=talk turn-detection=none base-url=" +
         simulator.base_url() + " api-key=" + SimulatorProcess::kApiKey +
         " ! audio/x-raw,format=S16LE,channels=1,rate=48000 ! tee name=voice ! queue ! "
         "fakesink async=false matroskamux name=both ! filesink location=" +
         file + " mic. ! queue ! opusenc ! both.  voice. ! queue ! opusenc ! both.";
}

}  // namespace

GST_START_TEST(both_sides_are_recorded_on_one_time_line) {
  Folder folder;
  SimulatorProcess simulator({"--voice", "tone", "--tone-hz", "600", "--tone-seconds", "1.3"});
  std::string file = folder.file("both.mkv");
  double wanted_s = 0;
  {
    Pipeline p(studio(simulator, file));
    p.record("talk");
    Ear mic(p.get("tick"));
    p.play();
    fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
    p.send_text("talk", "Hello.");
    fail_unless(p.wait_for_message("openai-realtime/response-done"), "%s", p.describe().c_str());
    fail_unless(p.wait([&] {
      return onset_s(join(p.recorded())) > 0 && p.recorded().back().level < kLoud;
    }),
                "onset %.3f s, %zu frames, %s", onset_s(join(p.recorded())), p.recorded_count(),
                p.describe().c_str());
    gst_element_send_event(p.pipeline(), gst_event_new_eos());
    fail_unless(p.wait_for_message("eos", 1, std::chrono::seconds(5)), "%s", p.describe().c_str());
    p.assert_continuous();
    wanted_s = onset_s(join(p.recorded()));
    wanted_s -= mic.last_before_s(wanted_s);
  }
  auto mic = decode(file, "matroskademux name=d d.audio_0 ! opusdec");
  auto voice = decode(file, "matroskademux name=d d.audio_1 ! opusdec");
  double answer_s = onset_s(voice), tick_s = onset_s(mic, answer_s - wanted_s - kPause_s);
  double off_s = answer_s - tick_s - wanted_s;
  g_print("the voice is off by %.1f ms\n", off_s * 1000);
  fail_unless(std::abs(off_s) <= kFrame_s, "the voice is off by %.1f ms", off_s * 1000);
}
GST_END_TEST

OAIRT_TEST_MAIN(both_sides, both_sides_are_recorded_on_one_time_line)
