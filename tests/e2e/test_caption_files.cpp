// Captions in recordings: written, read again, and compared with what the simulator's voice said
// when.
#include <algorithm>
#include <cmath>
#include <string>

#include <glib/gstdio.h>

#include "base/clock.h"
#include "support/caption_tap.h"
#include "support/check.h"
#include "support/pipeline.h"
#include "support/simulator_process.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

const char *const kAnswer =
    "Certainly! The next train leaves from platform four at half past nine.";

double ms_of(GstClockTime time) { return static_cast<double>(time) / 1e6; }

// The first voiced frame: there the first word begins.
double voice_began_ms(const std::vector<Recorded> &frames) {
  for (const auto &frame : frames) {
    if (!frame.gap && frame.level > 0.0005) return ms_of(frame.pts);
  }
  return -1;
}

// Words are where they are heard; a synthesizer's speech under a loaded machine is given some room.
void assert_on_the_voice(const std::vector<ShownWord> &shown, const std::vector<TrueWord> &truth,
                         double began_ms, double limit_ms) {
  fail_unless_equals_int(shown.size(), truth.size());
  std::vector<double> errors;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    assert_text(shown[i].text, truth[i].text);
    if (truth[i].own) errors.push_back(std::abs(shown[i].ms - began_ms - truth[i].ms));
  }
  std::sort(errors.begin(), errors.end());
  fail_unless(errors[errors.size() / 2] <= limit_ms, "half of the words are %.0f ms off or more",
              errors[errors.size() / 2]);
}

struct RecordingFile {
  RecordingFile() {
    gchar *made = nullptr;
    int descriptor = g_file_open_tmp("oairt-captions-XXXXXX.mkv", &made, nullptr);
    fail_unless(descriptor >= 0);
    g_close(descriptor, nullptr);
    name = made;
    g_free(made);
  }
  ~RecordingFile() { g_unlink(name.c_str()); }
  std::string name;
};

}  // namespace

// Whether the voice came through as it was spoken: a machine that is too busy tears holes in it,
// and then nobody knows where its words are.
static bool came_whole(const std::vector<Recorded> &frames, double spoken_ms) {
  double began = voice_began_ms(frames), end = 0;
  for (const auto &frame : frames) {
    if (!frame.gap && frame.level > 0.0005) end = ms_of(frame.pts + frame.duration);
  }
  return end - began < spoken_ms + 50;
}

// `queue`: what stands before each of the muxer's pads.
static void record_answer(const SimulatorProcess &simulator, const RecordingFile &file,
                          const std::string &mode, const std::string &queue) {
  Pipeline p("filesrc location=" + make_speech_file(0.8, 0.2) +
             " ! wavparse ! openairealtimebin name=b eos-policy=after-answer caption-mode=" + mode +
             " base-url=" + simulator.base_url() + " api-key=" + SimulatorProcess::kApiKey + " ! " +
             queue + " matroskamux name=m ! filesink location=" + file.name +
             "  b.transcript_src ! " + queue + " m.subtitle_0");
  p.play();
  fail_unless(p.wait_for_message("eos", 1, std::chrono::seconds(30)), "%s", p.describe().c_str());
  fail_unless(p.messages("warning").empty(), "%s", p.describe().c_str());
}

// False: to be tried again.
static bool record_and_read(const char *mode, bool whole_lines) {
  SimulatorProcess simulator({"--hear", "When?", "--answer", kAnswer});
  RecordingFile file;
  record_answer(simulator, file, mode, "queue !");
  // The pads of a demultiplexer come later: what they give is looked at where it arrives.
  Pipeline p("filesrc location=" + file.name +
             " ! matroskademux name=d  d.audio_0 ! queue name=a ! fakesink  d.subtitle_0 ! "
             "queue name=s ! fakesink");
  p.record("a");
  CaptionTap tap(p.get("s"), "src");
  p.play();
  fail_unless(p.wait_for_message("eos"), "%s", p.describe().c_str());
  double began = voice_began_ms(p.recorded());
  auto captions = tap.captions();
  // From 1.24 on the muxer writes an empty subtitle for each gap.
  std::erase_if(captions, [](const auto &caption) { return caption.text.empty(); });
  auto truth = true_words(simulator.log("words"));
  fail_unless(!captions.empty() && truth.size() == 1 && began >= 0);
  if (!came_whole(p.recorded(), simulator.log("words")[0]["duration_ms"].as_double())) return false;
  if (!whole_lines) {
    assert_on_the_voice(words_of(captions), truth[0], began, 120);
    return true;
  }
  fail_unless_equals_int(captions.size(), 2);
  assert_text(captions[0].text, "Certainly!");
  fail_unless(std::abs(captions[0].start_ms - began) < 100, "%.0f", captions[0].start_ms - began);
  double second = captions[1].start_ms - began - truth[0][1].ms;
  fail_unless(std::abs(second) < 150, "%.0f", second);
  double end = captions[1].start_ms + captions[1].duration_ms - began;
  fail_unless(end > truth[0].back().ms + 100 && end < truth[0].back().ms + 1500, "%.0f", end);
  return true;
}

static void record_until_whole(const char *mode, bool whole_lines) {
  for (int i = 0; i < 3; ++i) {
    if (record_and_read(mode, whole_lines)) return;
  }
  g_message("the machine is too busy: the voice came in pieces three times");
}

// Whether no sound is missing, though the muxer holds each until it knows the caption to it.
static bool records_without_gap() {
  SimulatorProcess simulator({"--hear", "When?", "--answer", kAnswer});
  RecordingFile file;
  record_answer(simulator, file, "word", "");
  Pipeline p("filesrc location=" + file.name + " ! matroskademux ! queue name=a ! fakesink");
  p.record("a");
  p.play();
  fail_unless(p.wait_for_message("eos"), "%s", p.describe().c_str());
  auto frames = p.recorded();
  fail_unless(frames.size() > 150);
  for (std::size_t i = 1; i < frames.size(); ++i) {
    if (frames[i].pts > frames[i - 1].pts + 30 * GST_MSECOND) return false;
  }
  return true;
}

GST_START_TEST(a_recording_without_queues_has_all_of_the_sound) {
  bool whole = false;  // unless the machine itself stood still
  for (int i = 0; i < 3 && !whole; ++i) whole = records_without_gap();
  fail_unless(whole);
}
GST_END_TEST

GST_START_TEST(a_recording_has_each_word_on_its_sound) { record_until_whole("word", false); }
GST_END_TEST

GST_START_TEST(a_recording_has_its_lines_as_subtitles) { record_until_whole("sentence", true); }
GST_END_TEST

OAIRT_TEST_MAIN(caption_files, a_recording_without_queues_has_all_of_the_sound,
                a_recording_has_each_word_on_its_sound, a_recording_has_its_lines_as_subtitles)
