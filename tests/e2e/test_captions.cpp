// Captions of real speech, drawn into live video, against what the simulator's voice said when.
#include <algorithm>
#include <cmath>
#include <string>

#include "base/clock.h"
#include "support/caption_tap.h"
#include "support/check.h"
#include "support/machine_stalls.h"
#include "support/pipeline.h"
#include "support/simulator_process.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

const char *const kAnswer =
    "Certainly! The next train leaves from platform four at half past nine.";

std::string settings(const SimulatorProcess &simulator) {
  return " base-url=" + simulator.base_url() + " api-key=" + SimulatorProcess::kApiKey + " ";
}

std::string speak(double speech_s) {
  return "filesrc location=" + make_speech_file(speech_s, 0.2) + " ! wavparse ";
}

// An overlay looks for its fonts on the way, and that takes the time it takes.
void play_video(Pipeline &pipeline) {
  gst_element_set_state(pipeline.pipeline(), GST_STATE_PLAYING);
}

std::string joined(const std::vector<std::string> &lines) {
  std::string text;
  for (const auto &line : lines) text += (text.empty() ? "" : " ") + line;
  return text;
}

}  // namespace

GST_START_TEST(words_are_drawn_into_live_video_while_they_are_heard) {
  SimulatorProcess simulator({"--answer", kAnswer});
  Pipeline p(
      "videotestsrc is-live=true pattern=black ! "
      "video/x-raw,format=I420,framerate=30/1,width=320,height=120 ! textoverlay name=t "
      "font-desc=\"Sans 20\" ! fakesink sync=true  openairealtimesrc name=out " +
      settings(simulator) + " ! fakesink sync=true  out.transcript_src ! t.text_sink");
  p.record("t");
  CaptionTap tap(p.get("out"), "transcript_src");
  MachineStalls stalls;
  play_video(p);
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  p.send_text("out", "When is the next train?");
  fail_unless(p.wait([&] { return !tap.lines().empty() && tap.lines().back().ends_with("nine."); }),
              "%s", joined(tap.lines()).c_str());
  std::size_t frames = p.recorded_count();
  fail_unless(p.wait([&] { return p.recorded_count() > frames + 60; }));
  tap.assert_sound();
  assert_text(joined(tap.lines()), kAnswer);
  auto video = p.recorded();
  TimePoint begin = TimePoint::max();
  for (const auto &frame : video) {
    begin = std::min(begin, frame.at - std::chrono::nanoseconds(frame.pts));
  }
  double black = video.front().level, brightest = black, longest_ms = 0;
  for (std::size_t i = 1; i < video.size(); ++i) {
    brightest = std::max(brightest, video[i].level);
    Duration still = video[i].at - video[i - 1].at;
    still -= stalls.between(video[i - 1].at, video[i].at);
    longest_ms = std::max(longest_ms, to_ms(still));
    fail_unless(video[i].pts - video[i - 1].pts < 40 * GST_MSECOND, "a frame is missing");
  }
  fail_unless(brightest > black * 1.001, "nothing was drawn");
  fail_unless(longest_ms < 250, "the video stood still for %.0f ms", longest_ms);
  fail_unless(video.back().level <= black * 1.0005, "it is still drawn after the end");
  for (const auto &caption : tap.captions()) {
    TimePoint due = begin + std::chrono::nanoseconds(static_cast<int64_t>(caption.start_ms * 1e6));
    double late = to_ms(caption.at - due - stalls.between(due, caption.at));
    fail_unless(late < 200, "\"%s\" came %.0f ms late", caption.text.c_str(), late);
  }
}
GST_END_TEST

GST_START_TEST(video_goes_on_while_nobody_takes_the_audio) {
  SimulatorProcess simulator;
  Pipeline p(
      "videotestsrc is-live=true ! video/x-raw,framerate=30/1,width=160,height=120 ! "
      "textoverlay name=t ! fakesink sync=true  openairealtimesrc name=out " +
      settings(simulator) + " ! identity name=i ! fakesink  out.transcript_src ! t.text_sink");
  p.record("t");
  play_video(p);
  fail_unless(p.wait([&] { return p.recorded_count() > 30; }));
  auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(p.get("i"), "sink"));
  gulong block = gst_pad_add_probe(
      pad.get(), GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM,
      [](GstPad *, GstPadProbeInfo *, gpointer) { return GST_PAD_PROBE_OK; }, nullptr, nullptr);
  std::size_t before = p.recorded_count();
  fail_unless(p.wait([&] { return p.recorded_count() > before + 45; }, std::chrono::seconds(4)),
              "%zu frames", p.recorded_count() - before);
  gst_pad_remove_probe(pad.get(), block);
}
GST_END_TEST

GST_START_TEST(what_was_interrupted_is_captioned_as_far_as_it_was_heard) {
  SimulatorProcess simulator({"--answer",
                              "This is a very long answer which goes on and on, so that there is "
                              "time enough to interrupt it in the middle of a sentence."});
  Pipeline p("audiotestsrc is-live=true wave=sine ! openairealtimebin name=b mute=true " +
             settings(simulator) +
             "! fakesink sync=false  b.transcript_src ! fakesink sync=false async=false");
  CaptionTap tap(p.get("b"), "transcript_src");
  p.play();
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  p.send_text("b", "Tell me a story.");
  fail_unless(p.wait([&] { return tap.words().size() >= 6; }));
  g_object_set(p.get("b"), "mute", FALSE, nullptr);
  fail_unless(p.wait([&] {
    return !simulator.log("play").empty() &&
           simulator.log("play").back()["what"].as_string() == "stopped";
  }));
  fail_unless(p.wait([&] { return !tap.lines().empty(); }));
  double end = tap.known_until_ms();
  fail_unless(p.wait([&] { return tap.known_until_ms() > end + 2500; }));
  auto heard_ms = static_cast<double>(simulator.log("play").back()["heard_ms"].as_int());
  auto truth = true_words(simulator.log("words")).at(0);
  auto words = tap.words();
  fail_unless(words.size() >= 6 && words.size() < truth.size());
  for (std::size_t i = 0; i < words.size(); ++i) assert_text(words[i].text, truth[i].text);
  // A word counts as heard when it began; its place is known to within an estimate.
  double last = truth[words.size() - 1].ms;
  fail_unless(last <= heard_ms + 150, "\"%s\" at %.0f of %.0f ms that were heard",
              words.back().text.c_str(), last, heard_ms);
  fail_unless(tap.captions().back().start_ms < end + 1600, "the cut line stays");
}
GST_END_TEST

GST_START_TEST(a_sink_alone_captions_its_speaker) {
  SimulatorProcess simulator({"--hear", "What time is it?"});
  Pipeline p(speak(1.0) +
             "! openairealtimesink name=in transcription-model=gpt-4o-mini-transcribe " +
             settings(simulator) + " in.input_transcript_src ! fakesink sync=false async=false");
  CaptionTap tap(p.get("in"), "input_transcript_src");
  p.play();
  fail_unless(p.wait([&] { return !tap.lines().empty(); }), "%s", p.describe().c_str());
  assert_text(joined(tap.lines()), "What time is it?");
  auto captions = tap.captions();
  tap.assert_sound();
  fail_unless(captions.front().spoken_ms.has_value());
  fail_unless(*captions.front().spoken_ms < captions.front().start_ms - 100,
              "spoken at %.0f, shown at %.0f", *captions.front().spoken_ms,
              captions.front().start_ms);
  // The input has ended: so do its captions, when all was answered.
  fail_unless(p.wait([&] { return tap.ended(); }), "no end");
  fail_unless(p.wait_for_message("eos"));
}
GST_END_TEST

GST_START_TEST(both_sides_are_captioned_and_end_with_the_answer) {
  SimulatorProcess simulator({"--hear", "What time is it?", "--answer", "It is time for tea."});
  Pipeline p(speak(1.0) +
             "! openairealtimebin name=b eos-policy=after-answer "
             "transcription-model=gpt-4o-mini-transcribe " +
             settings(simulator) +
             "! fakesink sync=true  b.transcript_src ! fakesink sync=true  "
             "b.input_transcript_src ! fakesink sync=true");
  CaptionTap model(p.get("b"), "transcript_src"), user(p.get("b"), "input_transcript_src");
  p.play();
  fail_unless(p.wait_for_message("eos", 1, std::chrono::seconds(30)), "%s", p.describe().c_str());
  assert_text(joined(model.lines()), "It is time for tea.");
  assert_text(joined(user.lines()), "What time is it?");
  model.assert_sound();
  user.assert_sound();
}
GST_END_TEST

OAIRT_TEST_MAIN(captions, words_are_drawn_into_live_video_while_they_are_heard,
                video_goes_on_while_nobody_takes_the_audio,
                what_was_interrupted_is_captioned_as_far_as_it_was_heard,
                a_sink_alone_captions_its_speaker, both_sides_are_captioned_and_end_with_the_answer)
