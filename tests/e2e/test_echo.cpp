// openairealtimebin in a room: a loudspeaker whose sound comes back to the microphone, a person,
// and the model of the simulator, in real time.
#include <cmath>
#include <string>

#include "support/acoustic_loop.h"
#include "support/check.h"
#include "support/simulator_process.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

constexpr const char *kStory =
    "The museum was founded in eighteen ninety two. It holds nine thousand paintings, and some of "
    "them have never been shown. On the second floor you will find the Dutch masters. Please do "
    "not touch the frames.";

std::string settings(const SimulatorProcess &simulator) {
  return " base-url=" + simulator.base_url() + " api-key=" + SimulatorProcess::kApiKey + " ";
}

// Until the microphone has heard the model for so long.
bool heard_for(AcousticLoop &loop, double seconds) {
  return loop.pipeline().wait(
      [&] {
        double heard = 0;
        for (const auto &block : loop.blocks()) heard += block.echo > 1e-6 ? 0.01 : 0;
        return heard >= seconds;
      },
      std::chrono::seconds(25));
}

std::size_t starts(AcousticLoop &loop) {
  loop.pipeline().pump();
  return loop.pipeline().messages("openai-realtime/speech-started").size();
}

// A loudspeaker that stutters makes sounds that nobody could foresee: it proves nothing.
void assert_no_start(AcousticLoop &loop) {
  if (loop.stutter() > 0) return;
  fail_unless(starts(loop) == 0, "%s", loop.describe().c_str());
}

double loudest_sent(AcousticLoop &loop) {
  double loudest = 0;
  for (const auto &block : loop.blocks()) loudest = std::max(loudest, block.sent);
  return loudest;
}

void tell(AcousticLoop &loop) {
  fail_unless(loop.pipeline().wait_for_state("connected"), "%s",
              loop.pipeline().describe().c_str());
  loop.pipeline().send_text("b", "Tell me about the museum.");
}

}  // namespace

GST_START_TEST(the_model_does_not_hear_itself_and_still_hears_the_user) {
  SimulatorProcess simulator({"--answer", kStory});
  AcousticLoop loop({}, settings(simulator));
  tell(loop);
  fail_unless(heard_for(loop, 6), "%s", loop.pipeline().describe().c_str());
  assert_no_start(loop);
  GstClockTime now = loop.now();
  double loss = echo_loss_db(loop.blocks(), now - 4 * GST_SECOND, now);
  fail_unless(loss > 20, "only %.1f dB of the echo are taken away", loss);
  loop.say(speak_text("Stop please. Where is the exit?", "en-us+m3"));
  fail_unless(loop.pipeline().wait_for_message("openai-realtime/speech-started"), "%s",
              loop.pipeline().describe().c_str());
}
GST_END_TEST

// Proves that the room is one in which something is to be cancelled.
GST_START_TEST(without_echo_cancellation_it_hears_itself) {
  SimulatorProcess simulator({"--answer", kStory});
  AcousticLoop loop({}, "echo-cancel=false" + settings(simulator));
  tell(loop);
  fail_unless(loop.pipeline().wait_for_message("openai-realtime/speech-started"), "%s",
              loop.pipeline().describe().c_str());
}
GST_END_TEST

GST_START_TEST(echo_cancellation_can_be_changed_while_the_model_speaks) {
  SimulatorProcess simulator({"--answer", kStory});
  AcousticLoop loop({}, "echo-cancel=false half-duplex=true" + settings(simulator));
  tell(loop);
  fail_unless(heard_for(loop, 1));
  g_object_set(loop.pipeline().get("b"), "echo-cancel", TRUE, "half-duplex", FALSE, nullptr);
  fail_unless(heard_for(loop, 5), "%s", loop.pipeline().describe().c_str());
  assert_no_start(loop);
  GstClockTime now = loop.now();
  double loss = echo_loss_db(loop.blocks(), now - 2 * GST_SECOND, now);
  fail_unless(loss > 20, "only %.1f dB of the echo are taken away", loss);
}
GST_END_TEST

GST_START_TEST(half_duplex_sends_silence_while_the_model_is_heard) {
  SimulatorProcess simulator({"--answer", kStory});
  AcousticLoop loop({}, "echo-cancel=false half-duplex=true" + settings(simulator));
  auto words = speak_text("Stop please. Where is the exit?", "en-us+m3");
  tell(loop);
  fail_unless(heard_for(loop, 1.5));
  loop.say(words);
  fail_unless(loop.pipeline().wait([&] { return !loop.person_speaks(); }));
  assert_no_start(loop);
  // Mute and half duplex are two reasons for silence: the end of one is not that of the other.
  g_object_set(loop.pipeline().get("b"), "mute", TRUE, nullptr);
  g_object_set(loop.pipeline().get("b"), "mute", FALSE, nullptr);
  GstClockTime unmuted = loop.now();
  fail_unless(loop.pipeline().wait([&] { return loop.now() > unmuted + GST_SECOND; }));
  assert_no_start(loop);
  // Only `interrupt` stops it; then the room is open again, and nothing is left of the echo.
  gboolean done = FALSE;
  g_signal_emit_by_name(loop.pipeline().get("b"), "interrupt", &done);
  fail_unless(done);
  GstClockTime interrupted = loop.now();
  fail_unless(loop.pipeline().wait([&] { return loop.now() > interrupted + 1500 * GST_MSECOND; }));
  assert_no_start(loop);
  loop.say(words);
  fail_unless(loop.pipeline().wait_for_message("openai-realtime/speech-started"), "%s",
              loop.pipeline().describe().c_str());
  fail_unless(loudest_sent(loop) > 1e-4);
}
GST_END_TEST

OAIRT_TEST_MAIN(echo, the_model_does_not_hear_itself_and_still_hears_the_user,
                without_echo_cancellation_it_hears_itself,
                echo_cancellation_can_be_changed_while_the_model_speaks,
                half_duplex_sends_silence_while_the_model_is_heard)
