// Real elements against the simulator over real sockets: a conversation, in every arrangement.
#include <string>

#include "base/clock.h"
#include "support/check.h"
#include "support/machine_stalls.h"
#include "support/pipeline.h"
#include "support/simulator_process.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

std::string settings(const SimulatorProcess &simulator) {
  return " base-url=" + simulator.base_url() + " api-key=" + SimulatorProcess::kApiKey + " ";
}

std::string speak(double speech_s, double frequency = 440, int rate = 48000) {
  return "filesrc location=" + make_speech_file(speech_s, 0.2, frequency, rate) + " ! wavparse ";
}

// All samples of the voiced part of the answer.
std::vector<int16_t> voiced(Pipeline &pipeline) {
  std::vector<int16_t> all;
  for (const auto &frame : pipeline.recorded()) {
    if (!frame.gap) all.insert(all.end(), frame.samples.begin(), frame.samples.end());
  }
  return all;
}

}  // namespace

GST_START_TEST(the_bin_holds_a_spoken_conversation) {
  SimulatorProcess simulator({"--hear", "What time is it?", "--answer", "It is time for tea."});
  Pipeline p(speak(1.0) + "! openairealtimebin name=b eos-policy=after-answer " +
             settings(simulator) + "! fakesink sync=false");
  p.record("b");
  p.play();
  fail_unless(p.wait_for_message("eos", 1, std::chrono::seconds(30)), "%s", p.describe().c_str());
  assert_text(p.transcript("user"), "What time is it?");
  assert_text(p.transcript("assistant"), "It is time for tea.");
  for (const char *name : {"session", "speech-started", "speech-stopped", "response-started",
                           "response-done", "rate-limits"}) {
    std::string full = std::string("openai-realtime/") + name;
    fail_unless_equals_int(p.messages(full).size(), 1);
  }
  fail_unless(p.messages("warning").empty() && p.messages("error").empty(), "%s",
              p.describe().c_str());
  p.assert_continuous();
  fail_unless(voiced(p).size() > 24000, "the answer has only %zu samples", voiced(p).size());
  fail_unless(level_of(voiced(p)) > 0.01);
}
GST_END_TEST

GST_START_TEST(sink_and_src_in_one_pipeline_share_one_session) {
  SimulatorProcess simulator({"--voice", "tone"});
  Pipeline p(speak(0.8) + "! openairealtimesink name=in " + settings(simulator) +
             " openairealtimesrc name=out eos-policy=after-answer ! fakesink sync=false");
  p.record("out");
  p.play();
  fail_unless(p.wait_for_message("eos", 1, std::chrono::seconds(30)), "%s", p.describe().c_str());
  fail_unless_equals_int(simulator.log("call").size(), 1);
  fail_unless_equals_int(p.messages("openai-realtime/response-done").size(), 1);
  fail_unless(!voiced(p).empty());
}
GST_END_TEST

GST_START_TEST(two_pipelines_share_a_named_session) {
  SimulatorProcess simulator({"--voice", "tone"});
  Pipeline in(speak(0.8) + "! openairealtimesink session=kiosk " + settings(simulator));
  Pipeline out("openairealtimesrc name=out session=kiosk ! fakesink sync=false");
  out.record("out");
  in.play();
  out.play();
  fail_unless(out.wait_for_message("openai-realtime/response-done", 1), "%s",
              out.describe().c_str());
  fail_unless(in.wait_for_message("openai-realtime/response-done", 1), "%s", in.describe().c_str());
  fail_unless(out.wait([&] { return voiced(out).size() > 24000; }));
  fail_unless_equals_int(simulator.log("call").size(), 1);
}
GST_END_TEST

GST_START_TEST(two_sessions_in_one_process_do_not_hear_each_other) {
  SimulatorProcess simulator({"--voice", "echo"});
  auto line = [&](double frequency) {
    return speak(1.0, frequency) + "! openairealtimebin name=b eos-policy=after-answer " +
           settings(simulator) + "! fakesink sync=false";
  };
  Pipeline low(line(500)), high(line(1500));
  low.record("b");
  high.record("b");
  low.play();
  high.play();
  fail_unless(low.wait_for_message("eos", 1, std::chrono::seconds(30)), "%s",
              low.describe().c_str());
  fail_unless(high.wait_for_message("eos", 1, std::chrono::seconds(30)), "%s",
              high.describe().c_str());
  fail_unless_equals_int(simulator.log("call").size(), 2);
  fail_unless(tone_share(voiced(low), 500) > 0.5, "%f", tone_share(voiced(low), 500));
  fail_unless(tone_share(voiced(high), 1500) > 0.5, "%f", tone_share(voiced(high), 1500));
  fail_unless(tone_share(voiced(low), 1500) < 0.05);
}
GST_END_TEST

GST_START_TEST(a_sink_alone_and_a_src_alone_hold_a_session) {
  SimulatorProcess simulator({"--voice", "tone"});
  Pipeline sink(speak(0.8) + "! openairealtimesink " + settings(simulator));
  sink.play();
  fail_unless(sink.wait_for_message("openai-realtime/response-done"), "%s",
              sink.describe().c_str());

  Pipeline src("openairealtimesrc name=out " + settings(simulator) + " ! fakesink sync=false");
  src.record("out");
  src.play();
  fail_unless(src.wait_for_state("connected"), "%s", src.describe().c_str());
  src.send_text("out", "Say something.");
  fail_unless(src.wait_for_message("openai-realtime/response-done"), "%s", src.describe().c_str());
  fail_unless(src.wait([&] { return voiced(src).size() > 9600; }));
  src.assert_continuous();
}
GST_END_TEST

GST_START_TEST(a_session_lingers_while_its_pipeline_is_rebuilt) {
  SimulatorProcess simulator({"--voice", "tone"});
  std::string line = "openairealtimesrc session=kiosk linger-time=10000 name=out " +
                     settings(simulator) + " ! fakesink sync=false";
  std::string first_call;
  {
    Pipeline p(line);
    p.play();
    fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
    gchar *call_id = nullptr;
    g_object_get(p.get("out"), "call-id", &call_id, nullptr);
    first_call = call_id;
    g_free(call_id);
  }
  Pipeline again(line);
  again.record("out");
  again.play();
  fail_unless(again.wait([&] { return again.recorded_count() > 5; }));
  gchar *call_id = nullptr;
  g_object_get(again.get("out"), "call-id", &call_id, nullptr);
  assert_text(call_id, first_call);
  g_free(call_id);
  again.send_text("out", "Are you still there?");
  fail_unless(again.wait_for_message("openai-realtime/response-done"), "%s",
              again.describe().c_str());
  fail_unless_equals_int(simulator.log("call").size(), 1);
  // Nothing may linger when GStreamer is taken down.
  g_object_set(again.get("out"), "linger-time", 0, nullptr);
}
GST_END_TEST

GST_START_TEST(opus_passes_as_it_is) {
  SimulatorProcess simulator({"--voice", "echo"});
  Pipeline p(speak(1.0, 800) + "! audioconvert ! opusenc ! openairealtimebin name=b " +
             "eos-policy=after-answer " + settings(simulator) + "! fakesink sync=false");
  p.record("b");
  p.play();
  fail_unless(p.wait_for_message("eos", 1, std::chrono::seconds(30)), "%s", p.describe().c_str());
  fail_unless(tone_share(voiced(p), 800) > 0.5, "%f", tone_share(voiced(p), 800));
}
GST_END_TEST

GST_START_TEST(any_rate_and_layout_is_taken) {
  SimulatorProcess simulator({"--voice", "echo"});
  Pipeline p(speak(1.0, 600, 8000) + "! audioconvert ! audio/x-raw,format=F32LE,channels=2 ! " +
             "openairealtimebin name=b eos-policy=after-answer " + settings(simulator) +
             "! fakesink sync=false");
  p.record("b");
  p.play();
  fail_unless(p.wait_for_message("eos", 1, std::chrono::seconds(30)), "%s", p.describe().c_str());
  fail_unless(tone_share(voiced(p), 600) > 0.5, "%f", tone_share(voiced(p), 600));
}
GST_END_TEST

GST_START_TEST(first_words_spoken_before_the_call_is_up_are_heard) {
  // The answer to the offer comes a second late; what was said meanwhile is sent first.
  SimulatorProcess simulator({"--voice", "echo", "--fault", "calls_slow=1"});
  Pipeline p(speak(0.6, 700) + "! openairealtimebin name=b eos-policy=after-answer " +
             settings(simulator) + "! fakesink sync=false");
  p.record("b");
  p.play();
  fail_unless(p.wait_for_message("eos", 1, std::chrono::seconds(30)), "%s", p.describe().c_str());
  fail_unless_equals_int(p.messages("openai-realtime/response-done").size(), 1);
  fail_unless(tone_share(voiced(p), 700) > 0.5);
  fail_unless(voiced(p).size() > 0.5 * 48000, "only %zu samples came back", voiced(p).size());
}
GST_END_TEST

GST_START_TEST(a_muted_sink_keeps_sending_silence) {
  SimulatorProcess simulator;
  Pipeline p("audiotestsrc is-live=true ! openairealtimesink name=in mute=true " +
             settings(simulator));
  p.play();
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  auto packets = [&] {
    return simulator.state()["sessions"].items().at(0).at("wire.rtp_received").as_int();
  };
  int64_t before = packets();
  fail_unless(p.wait([&] { return packets() > before + 50; }));
  fail_unless(p.messages("openai-realtime/speech-started").empty());
  g_object_set(p.get("in"), "mute", FALSE, nullptr);
  fail_unless(p.wait_for_message("openai-realtime/speech-started"), "%s", p.describe().c_str());
}
GST_END_TEST

GST_START_TEST(speaking_over_the_model_silences_it_within_a_frame) {
  SimulatorProcess simulator({"--answer",
                              "This is a very long answer which goes on and on, so that there is "
                              "time enough to interrupt it in the middle of a sentence."});
  Pipeline p("audiotestsrc is-live=true wave=sine ! openairealtimebin name=b mute=true " +
             settings(simulator) + "! fakesink sync=false");
  MachineStalls stalls;
  p.record("b");
  p.play();
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  p.send_text("b", "Tell me a story.");
  fail_unless(p.wait([&] { return voiced(p).size() > 24000; }), "%s", p.describe().c_str());
  g_object_set(p.get("b"), "mute", FALSE, nullptr);
  fail_unless(p.wait_for_message("openai-realtime/speech-started"), "%s", p.describe().c_str());
  TimePoint cut = p.messages("openai-realtime/speech-started").front()->at;
  fail_unless(p.wait([&] { return Clock::now() > cut + milliseconds(400); }));
  for (const auto &frame : p.recorded()) {
    fail_unless(frame.gap || frame.at - cut - stalls.between(cut, frame.at) < milliseconds(60),
                "voice %.1f ms after speech-started", to_ms(frame.at - cut));
  }
  p.assert_continuous();
}
GST_END_TEST

GST_START_TEST(the_source_is_live_from_the_first_moment_without_any_network) {
  Pipeline p(
      "openairealtimesrc name=out base-url=http://127.0.0.1:9/v1 api-key=sk-x ! "
      "fakesink sync=true");
  p.record("out");
  fail_unless_equals_int(p.set_state(GST_STATE_PAUSED), GST_STATE_CHANGE_NO_PREROLL);
  p.play();
  fail_unless(p.wait([&] { return p.recorded_count() >= 50; }, std::chrono::seconds(5)));
  p.assert_continuous();
  for (const auto &frame : p.recorded()) fail_unless(frame.gap);
  fail_unless(p.wait_for_message("warning"));
}
GST_END_TEST

OAIRT_TEST_MAIN(talk, the_bin_holds_a_spoken_conversation,
                sink_and_src_in_one_pipeline_share_one_session, two_pipelines_share_a_named_session,
                two_sessions_in_one_process_do_not_hear_each_other,
                a_sink_alone_and_a_src_alone_hold_a_session,
                a_session_lingers_while_its_pipeline_is_rebuilt, opus_passes_as_it_is,
                any_rate_and_layout_is_taken, first_words_spoken_before_the_call_is_up_are_heard,
                a_muted_sink_keeps_sending_silence,
                speaking_over_the_model_silences_it_within_a_frame,
                the_source_is_live_from_the_first_moment_without_any_network)
