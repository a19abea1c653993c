// The model is interrupted: what was on its way to the loudspeaker, and the round of push to talk.
#include <cmath>
#include <string>

#include "base/clock.h"
#include "support/acoustic_loop.h"
#include "support/check.h"
#include "support/machine_stalls.h"
#include "support/pipeline.h"
#include "support/simulator_process.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

constexpr const char *kStory =
    "This is a very long answer which goes on and on, so that there is time enough to interrupt it "
    "in the middle of a sentence, and then once more.";

std::string settings(const SimulatorProcess &simulator) {
  return " base-url=" + simulator.base_url() + " api-key=" + SimulatorProcess::kApiKey + " ";
}

// What the loudspeaker plays: when, and how loud.
struct Played {
  Mutex lock;
  std::vector<std::pair<TimePoint, double>> frames OAIRT_GUARDED_BY(lock);
  std::vector<GstClockTime> times OAIRT_GUARDED_BY(lock);

  static void on_handoff(GstElement *, GstBuffer *buffer, GstPad *, gpointer data) {
    auto *self = static_cast<Played *>(data);
    GstMapInfo map;
    fail_unless(gst_buffer_map(buffer, &map, GST_MAP_READ));
    auto *samples = reinterpret_cast<const int16_t *>(map.data);
    double level = level_of(std::vector<int16_t>(samples, samples + map.size / 2));
    gst_buffer_unmap(buffer, &map);
    LockGuard guard(self->lock);
    self->frames.emplace_back(Clock::now(), level);
    self->times.push_back(GST_BUFFER_PTS(buffer));
  }
  std::size_t loud_after(TimePoint time) {
    LockGuard guard(lock);
    std::size_t count = 0;
    for (const auto &[at, level] : frames) count += at >= time && level > 0.003;
    return count;
  }
  std::size_t frames_after(TimePoint time) {
    LockGuard guard(lock);
    std::size_t count = 0;
    for (const auto &[at, level] : frames) count += at >= time;
    return count;
  }
};

constexpr Duration kInHand = milliseconds(600);

// A bin whose loudspeaker has 600 ms of sound in hand.
std::string line(const SimulatorProcess &simulator, const std::string &properties) {
  return "audiotestsrc is-live=true wave=silence ! openairealtimebin name=b " + properties +
         settings(simulator) +
         "! queue ! fakesink name=out sync=true signal-handoffs=true processing-deadline=600000000";
}

void pass(Pipeline &p, Duration time) {
  TimePoint until = Clock::now() + time;
  p.wait([until] { return Clock::now() >= until; });
}

// How many loud frames are played later than 60 ms after an interruption, of about 27.
std::size_t left_after_interruption(Pipeline &p, Played &played) {
  TimePoint asked = Clock::now();
  p.send_text("b", "Tell me a story.");
  fail_unless(p.wait([&] { return played.loud_after(asked) > 40; }), "%s", p.describe().c_str());
  gboolean done = FALSE;
  g_signal_emit_by_name(p.get("b"), "interrupt", &done);
  fail_unless(done);
  TimePoint cut = Clock::now();
  fail_unless(p.wait([&] { return played.frames_after(cut + kInHand + milliseconds(100)) > 5; }),
              "the stream stands still");
  return played.loud_after(cut + milliseconds(60));
}

}  // namespace

GST_START_TEST(flush_empties_the_loudspeaker_and_ramp_lets_it_play_out) {
  SimulatorProcess simulator({"--answer", kStory});
  for (bool flush : {true, false}) {
    Pipeline p(line(simulator, flush ? "barge-in=flush" : ""));
    Played played;
    g_signal_connect(p.get("out"), "handoff", G_CALLBACK(Played::on_handoff), &played);
    p.play();
    fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
    for (int round = 0; round < 2; ++round) {
      std::size_t left = left_after_interruption(p, played);
      fail_unless(flush ? left < 10 : left > 15, "%s: %zu loud frames", flush ? "flush" : "ramp",
                  left);
    }
    fail_unless(p.messages("error").empty() && p.messages("warning").empty(), "%s",
                p.describe().c_str());
    LockGuard guard(played.lock);
    for (std::size_t i = 1; i < played.times.size(); ++i) {
      fail_unless(played.times[i] > played.times[i - 1], "time goes back at a flush");
    }
  }
}
GST_END_TEST

GST_START_TEST(flushes_and_pauses_get_along) {
  SimulatorProcess simulator({"--answer", kStory});
  Pipeline p(line(simulator, "barge-in=flush"));
  Played played;
  g_signal_connect(p.get("out"), "handoff", G_CALLBACK(Played::on_handoff), &played);
  p.play();
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  for (int round = 0; round < 3; ++round) {
    TimePoint asked = Clock::now();
    p.send_text("b", "Tell me a story.");
    fail_unless(p.wait([&] { return played.loud_after(asked) > 20; }), "round %d: %s", round,
                p.describe().c_str());
    gboolean done = FALSE;
    g_signal_emit_by_name(p.get("b"), "interrupt", &done);
    p.set_state(GST_STATE_PAUSED);
    p.set_state(GST_STATE_PLAYING);
    TimePoint playing = Clock::now();
    fail_unless(p.wait([&] { return played.frames_after(playing) > 20; }), "it stands still");
  }
  fail_unless(p.messages("error").empty() && p.messages("warning").empty(), "%s",
              p.describe().c_str());
}
GST_END_TEST

GST_START_TEST(push_to_talk_goes_round) {
  SimulatorProcess simulator({"--hear", "Is it late?", "--answer", kStory, "--answer", "No."});
  Pipeline p(
      "audiotestsrc is-live=true freq=300 ! openairealtimebin name=b mute=true "
      "turn-detection=none barge-in=flush" +
      settings(simulator) + "! queue ! fakesink sync=true");
  p.record("b");
  p.play();
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  MachineStalls stalls;
  auto act = [&](const char *action) {
    gboolean done = FALSE;
    g_signal_emit_by_name(p.get("b"), action, &done);
    fail_unless(done, "%s was refused", action);
  };
  auto voiced = [&](TimePoint since) {
    std::size_t count = 0;
    for (const auto &frame : p.recorded()) count += !frame.gap && frame.at >= since;
    return count;
  };
  act("create-response");
  fail_unless(p.wait([&] { return voiced({}) > 30; }), "%s", p.describe().c_str());
  // Pressed: it falls silent, and listens.
  act("interrupt");
  act("clear-audio");
  g_object_set(p.get("b"), "mute", FALSE, nullptr);
  TimePoint pressed = Clock::now();
  pass(p, milliseconds(800));
  TimePoint silent = pressed + milliseconds(60);
  silent += stalls.between(pressed, pressed + milliseconds(400));
  fail_unless(voiced(silent) == 0, "it speaks on");
  fail_unless(p.messages("openai-realtime/speech-started").empty(), "nobody detects turns");
  // Released: it answers what was said.
  g_object_set(p.get("b"), "mute", TRUE, nullptr);
  act("commit-audio");
  act("create-response");
  TimePoint released = Clock::now();
  fail_unless(p.wait([&] { return p.transcript("assistant").find("No.") != std::string::npos; }),
              "%s", p.describe().c_str());
  fail_unless(p.wait([&] { return voiced(released) > 5; }));
  fail_unless(p.wait([&] { return p.transcript("user") == "Is it late?"; }), "%s",
              p.describe().c_str());
  fail_unless(p.messages("error").empty() && p.messages("warning").empty(), "%s",
              p.describe().c_str());
}
GST_END_TEST

GST_START_TEST(semantic_detection_is_interrupted_by_speech_too) {
  SimulatorProcess simulator({"--answer", kStory});
  Pipeline p(
      "audiotestsrc is-live=true freq=300 ! openairealtimebin name=b mute=true "
      "turn-detection=semantic-vad echo-cancel=false" +
      settings(simulator) + "! fakesink sync=false");
  MachineStalls stalls;
  p.record("b");
  p.play();
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  p.send_text("b", "Tell me a story.");
  fail_unless(p.wait([&] {
    std::size_t voiced = 0;
    for (const auto &frame : p.recorded()) voiced += !frame.gap;
    return voiced > 30;
  }));
  g_object_set(p.get("b"), "mute", FALSE, nullptr);
  fail_unless(p.wait_for_message("openai-realtime/speech-started"), "%s", p.describe().c_str());
  TimePoint cut = p.messages("openai-realtime/speech-started").front()->at;
  pass(p, milliseconds(400));
  for (const auto &frame : p.recorded()) {
    fail_unless(frame.gap || frame.at - cut - stalls.between(cut, frame.at) < milliseconds(60));
  }
}
GST_END_TEST

OAIRT_TEST_MAIN(barge_in, flush_empties_the_loudspeaker_and_ramp_lets_it_play_out,
                flushes_and_pauses_get_along, push_to_talk_goes_round,
                semantic_detection_is_interrupted_by_speech_too)
