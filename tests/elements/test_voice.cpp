// What the bin does with a voice on its way: echo, half duplex, and how the model's voice is cut.
#include <atomic>
#include <cmath>
#include <random>

#include "cancel_proof.h"
#include "echo_control.h"
#include "echo_delay.h"
#include "element_test.h"
#include "gstopenairealtimebin.h"

using namespace oairt;
using namespace oairt::test;

namespace {

constexpr int kBlock = VoiceDsp::kBlock;
constexpr Duration kBlockTime = milliseconds(10);

// Noise in syllables: like speech it comes and goes, unlike speech it is made here.
std::vector<int16_t> make_voice(double seconds, unsigned seed) {
  std::mt19937 chance(seed);
  std::normal_distribution<double> noise;
  std::vector<int16_t> voice(static_cast<std::size_t>(seconds * kSampleRate));
  double low = 0, loud = 0;
  for (std::size_t i = 0; i < voice.size(); ++i) {
    if (i % 7200 == 0) loud = chance() % 4 == 0 ? 300 : 3000 + chance() % 6000;
    low = 0.8 * low + 0.6 * noise(chance);
    voice[i] = static_cast<int16_t>(std::clamp(low * loud, -32000.0, 32000.0));
  }
  return voice;
}

double level_db(const std::vector<int16_t> &samples, double from_s, double to_s) {
  double sum = 1e-9;
  auto from = static_cast<std::size_t>(from_s * kSampleRate);
  auto to = std::min(samples.size(), static_cast<std::size_t>(to_s * kSampleRate));
  for (std::size_t i = from; i < to; ++i) sum += double{1} * samples[i] * samples[i];
  return 10 * std::log10(sum / static_cast<double>(to - from) / (32768.0 * 32768.0));
}

// A model's voice that is played, and what the microphone makes of it, block by block.
struct Play {
  EchoControl control;
  std::vector<int16_t> played, captured, sent;

  void run(bool live = true) {
    fail_unless(control.start().ok(), "webrtcdsp is not installed");
    sent = captured;
    for (std::size_t at = 0; at + kBlock <= captured.size(); at += kBlock) {
      Duration time = kBlockTime * static_cast<int64_t>(at / kBlock);
      if (at % kFrameSamples == 0 && at + kFrameSamples <= played.size()) {
        control.far_end().write(at / kFrameSamples, played.data() + at, 1.0);
      }
      control.process(sent.data() + at, time, live);
    }
    control.stop();
  }
};

EchoControl::Options cancel_echo() { return {{true, false, false}, false}; }

std::vector<int16_t> late(const std::vector<int16_t> &voice, int ms, double gain) {
  std::vector<int16_t> echo(voice.size(), 0);
  auto delay = static_cast<std::size_t>(ms) * kSampleRate / 1000;
  for (std::size_t i = delay; i < voice.size(); ++i) {
    echo[i] = static_cast<int16_t>(voice[i - delay] * gain);
  }
  return echo;
}

std::vector<float> at_4_khz(const std::vector<int16_t> &samples) {
  std::vector<float> result;
  for (std::size_t i = 0; i + 12 <= samples.size(); i += 12) {
    float sum = 0;
    for (std::size_t k = 0; k < 12; ++k) sum += samples[i + k];
    result.push_back(sum);
  }
  return result;
}

}  // namespace

OAIRT_ELEMENT_TEST(the_delay_of_an_echo_is_found_and_another_voice_is_none) {
  auto voice = make_voice(3, 1), other = make_voice(3, 2);
  auto played = at_4_khz(voice);
  for (int ms : {0, 35, 120, 480}) {
    auto captured = at_4_khz(late(voice, ms, 0.1));
    EchoDelay delay;
    for (int i = 0; i < 3; ++i) {
      delay.add(captured.data() + EchoDelay::kLatest + i * 640, played.data() + i * 640);
    }
    auto found = delay.estimate();
    fail_unless(std::abs(found->delay_ms - ms) < 2, "%d ms: found at %.0f", ms, found->delay_ms);
    fail_unless(found->confidence > 12, "%f", found->confidence);
  }
  auto captured = at_4_khz(other);
  EchoDelay delay;
  for (int i = 0; i < 3; ++i) {
    delay.add(captured.data() + EchoDelay::kLatest + i * 640, played.data() + i * 640);
  }
  fail_unless(delay.estimate()->confidence < 8, "%f", delay.estimate()->confidence);
}

OAIRT_ELEMENT_TEST(an_echo_is_taken_away_wherever_it_comes_from_the_first_word_on) {
  for (int ms : {25, 90, 180, 400}) {
    Play play;
    fail_unless(play.control.set_options(cancel_echo()).ok());
    play.played = make_voice(6, 3);
    play.captured = late(play.played, ms, 0.5);
    play.run();
    double loss = level_db(play.captured, 3, 6) - level_db(play.sent, 3, 6);
    fail_unless(loss > 20, "%d ms: only %.1f dB", ms, loss);
    fail_unless(level_db(play.sent, 0, 1.5) < -47, "%d ms: the first words are heard at %.1f dB",
                ms, level_db(play.sent, 0, 1.5));
  }
}

OAIRT_ELEMENT_TEST(what_is_left_of_the_echo_is_held_until_the_canceller_works) {
  auto seconds_held = [](CancelProof proof, double left) {
    int held = 0;
    for (int i = 0; i < 1000; ++i) {
      proof.add(0.1, 0.05, left);
      held += proof.hold();
    }
    return held / 100.0;
  };
  double works = seconds_held(CancelProof(true), 0.001);
  fail_unless(works > 2 && works < 3, "%.2f s", works);
  double never = seconds_held(CancelProof(true), 0.05);
  fail_unless(never > 7 && never < 8.1, "%.2f s", never);
  fail_unless(seconds_held(CancelProof(false), 0.05) == 0);
  // While the model is silent nothing is held, and no time is counted.
  CancelProof proof(true);
  for (int i = 0; i < 1000; ++i) {
    proof.add(0, 0.05, 0.05);
    fail_if(proof.hold(), "%d ms", i * 10);
  }
  fail_unless(seconds_held(proof, 0.05) > 7);
}

OAIRT_ELEMENT_TEST(who_speaks_where_no_echo_is_is_heard) {
  // Nothing is played.
  Play quiet;
  fail_unless(quiet.control.set_options(cancel_echo()).ok());
  quiet.captured = make_voice(3, 4);
  quiet.run();
  fail_unless(std::abs(level_db(quiet.sent, 0.1, 3) - level_db(quiet.captured, 0.1, 3)) < 3);
  // With a headset: from the second second of the very first answer on.
  Play headset;
  fail_unless(headset.control.set_options(cancel_echo()).ok());
  headset.played = make_voice(5, 5);
  headset.captured = make_voice(5, 6);
  headset.run();
  double lost = level_db(headset.captured, 2, 5) - level_db(headset.sent, 2, 5);
  fail_unless(lost < 9, "weaker by %.1f dB", lost);
}

OAIRT_ELEMENT_TEST(what_comes_from_a_file_is_left_alone) {
  Play play;
  fail_unless(play.control.set_options(cancel_echo()).ok());
  play.played = make_voice(2, 7);
  play.captured = late(play.played, 60, 0.5);
  play.run(false);
  fail_unless(play.sent == play.captured);
}

OAIRT_ELEMENT_TEST(half_duplex_is_silent_while_the_model_is_heard_and_a_little_longer) {
  EchoControl control;
  control.far_end().set_latency(milliseconds(200));
  std::vector<int16_t> frame(kFrameSamples, 1000);
  for (uint64_t i = 50; i < 100; ++i) control.far_end().write(i, frame.data(), 1.0);
  auto withheld = [&](int ms) { return control.withheld(milliseconds(ms), milliseconds(20)); };
  fail_if(withheld(1300), "it is off");
  fail_unless(control.set_options({{}, true}).ok());
  fail_if(withheld(1180));
  fail_unless(withheld(1200) && withheld(2000) && withheld(2199) && withheld(2480));
  fail_if(withheld(2500));
  control.set_answering(true);  // and this is a pause
  fail_unless(withheld(2500) && withheld(4000));
  fail_if(withheld(4300), "for ever");
  control.set_answering(false);
  control.far_end().cut(milliseconds(1500));  // flushed
  fail_unless(withheld(1500));
  fail_if(withheld(1840));
  control.far_end().clear();  // the pipeline was started again
  fail_if(withheld(1400));
}

OAIRT_ELEMENT_TEST(speech_passes_in_blocks_of_any_size_and_keeps_its_time) {
  // 7 ms each, live.
  auto pipeline = launch(
      "audiotestsrc is-live=true samplesperbuffer=336 num-buffers=60 volume=0.1 ! "
      "audio/x-raw,rate=48000,channels=1 ! openairealtimebin name=b noise-suppression=true "
      "gain-control=true b. ! fakesink sync=false");
  auto call = std::make_shared<FakeCall>();
  set_state(pipeline, GST_STATE_READY);
  FakeSession::only()->media()->set_target(call);
  set_state(pipeline, GST_STATE_PLAYING);
  fail_unless(wait_for([&] { return call->count() >= 18; }), "%zu", call->count());
  auto frames = call->frames();
  for (std::size_t i = 1; i < frames.size(); ++i) {
    double step = to_ms(frames[i].captured - frames[i - 1].captured);
    fail_unless(std::abs(step - 20) < 15, "frame %zu is %.1f ms behind the one before", i, step);
  }
  FakeSession::only()->media()->set_target(nullptr);
  set_state(pipeline, GST_STATE_NULL);
  fail_unless(take_failures(pipeline).empty());
}

OAIRT_ELEMENT_TEST(echo_cancellation_may_be_changed_at_any_time) {
  auto pipeline = launch(
      "audiotestsrc is-live=true volume=0.1 ! openairealtimebin name=b ! fakesink sync=false");
  auto bin = child(pipeline, "b");
  auto call = std::make_shared<FakeCall>();
  set_state(pipeline, GST_STATE_READY);
  FakeSession::only()->media()->set_target(call);
  set_state(pipeline, GST_STATE_PLAYING);
  for (int i = 0; i < 20; ++i) {
    g_object_set(bin.get(), "echo-cancel", i % 2 != 0, "noise-suppression", i % 3 == 0,
                 "half-duplex", i % 5 == 0, nullptr);
    std::size_t before = call->count();
    fail_unless(wait_for([&] { return call->count() > before + 1; }), "it stands still");
  }
  FakeSession::only()->media()->set_target(nullptr);
  set_state(pipeline, GST_STATE_NULL);
  fail_unless(take_failures(pipeline).empty());
}

OAIRT_ELEMENT_TEST(without_webrtcdsp_a_warning_says_so_once_and_speech_passes) {
  auto *registry = gst_registry_get();
  if (auto *plugin = gst_registry_find_plugin(registry, "webrtcdsp")) {
    gst_registry_remove_plugin(registry, plugin);
    gst_object_unref(plugin);
  }
  auto pipeline =
      launch("audiotestsrc is-live=true ! openairealtimebin name=b ! fakesink sync=false");
  auto call = std::make_shared<FakeCall>();
  set_state(pipeline, GST_STATE_READY);
  FakeSession::only()->media()->set_target(call);
  set_state(pipeline, GST_STATE_PLAYING);
  fail_unless(wait_for([&] { return call->count() > 10; }));
  auto failures = take_failures(pipeline);
  fail_unless_equals_int(failures.size(), 1);
  assert_contains(failures[0], "gstreamer1.0-plugins-bad");
  FakeSession::only()->media()->set_target(nullptr);
  set_state(pipeline, GST_STATE_NULL);
  // A file has no echo: nothing is missed.
  pipeline = launch("audiotestsrc num-buffers=10 ! openairealtimebin ! fakesink sync=false");
  set_state(pipeline, GST_STATE_PLAYING);
  fail_unless(wait_for([&] { return FakeSession::only()->count_calls("input-finished") == 1; }));
  set_state(pipeline, GST_STATE_NULL);
  fail_unless(take_failures(pipeline).empty());
}

OAIRT_ELEMENT_TEST(opus_is_told_to_be_unprocessed_only_to_who_asked) {
  for (bool asked : {false, true}) {
    auto pipeline = launch(std::string("audiotestsrc is-live=true ! opusenc ! openairealtimebin ") +
                           (asked ? "echo-cancel=true" : "") + " ! fakesink sync=false");
    auto call = std::make_shared<FakeCall>();
    set_state(pipeline, GST_STATE_READY);
    FakeSession::only()->media()->set_target(call);
    set_state(pipeline, GST_STATE_PLAYING);
    fail_unless(wait_for([&] { return call->count() > 10; }));
    auto failures = take_failures(pipeline);
    fail_unless_equals_int(failures.size(), asked ? 1 : 0);
    if (asked) assert_contains(failures[0], "Opus");
    FakeSession::only()->media()->set_target(nullptr);
    set_state(pipeline, GST_STATE_NULL);
  }
}

OAIRT_ELEMENT_TEST(a_flush_goes_down_only_when_it_is_asked_for_and_something_is_heard) {
  for (const char *how : {"ramp", "flush"}) {
    auto pipeline = launch(std::string("openairealtimesrc name=a barge-in=") + how +
                           " ! queue ! fakesink name=end sync=true processing-deadline=100000000");
    auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(child(pipeline, "a").get(), "src"));
    static std::atomic<int> flushes, discontinuities, frames;
    flushes = discontinuities = frames = 0;
    auto types =
        static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_EVENT_FLUSH | GST_PAD_PROBE_TYPE_BUFFER);
    gst_pad_add_probe(
        pad.get(), types,
        [](GstPad *, GstPadProbeInfo *info, gpointer) -> GstPadProbeReturn {
          if (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) {
            ++frames;
            discontinuities +=
                GST_BUFFER_FLAG_IS_SET(GST_PAD_PROBE_INFO_BUFFER(info), GST_BUFFER_FLAG_DISCONT);
          } else if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_FLUSH_STOP) {
            gboolean reset = TRUE;
            gst_event_parse_flush_stop(GST_PAD_PROBE_INFO_EVENT(info), &reset);
            fail_if(reset, "the running time would begin anew");
            ++flushes;
          }
          return GST_PAD_PROBE_OK;
        },
        nullptr, nullptr);
    set_state(pipeline, GST_STATE_PLAYING);
    fail_unless(wait_for([] { return frames > 3; }));
    auto session = FakeSession::only();
    session->say(VoiceEvent{VoiceEvent::What::Cut});  // nothing is heard
    auto media = session->media();
    media->set_latency(Duration(0));
    std::vector<int16_t> samples(kFrameSamples, 1000);
    uint64_t writer = media->take_writer();
    for (int i = 0; i < 50; ++i) {
      media->write(writer, samples.data(), samples.size(), Clock::now(), false);
    }
    fail_unless(wait_for([&] { return media->last_voice() != TimePoint{}; }));
    fail_unless_equals_int(flushes, 0);
    media->clear_downlink();
    session->say(VoiceEvent{VoiceEvent::What::Cut});
    bool flush = std::string(how) == "flush";
    if (flush) fail_unless(wait_for([] { return flushes == 1; }));
    int before = frames;
    fail_unless(wait_for([before] { return frames > before + 10; }), "it stands still");
    fail_unless_equals_int(flushes, flush ? 1 : 0);
    fail_unless_equals_int(discontinuities, flush ? 2 : 1);
    fail_unless(take_failures(pipeline).empty());
    session.reset();
    media.reset();
    set_state(pipeline, GST_STATE_NULL);
  }
}

OAIRT_TEST_MAIN(elements_voice, the_delay_of_an_echo_is_found_and_another_voice_is_none,
                an_echo_is_taken_away_wherever_it_comes_from_the_first_word_on,
                what_is_left_of_the_echo_is_held_until_the_canceller_works,
                who_speaks_where_no_echo_is_is_heard, what_comes_from_a_file_is_left_alone,
                half_duplex_is_silent_while_the_model_is_heard_and_a_little_longer,
                speech_passes_in_blocks_of_any_size_and_keeps_its_time,
                echo_cancellation_may_be_changed_at_any_time,
                without_webrtcdsp_a_warning_says_so_once_and_speech_passes,
                opus_is_told_to_be_unprocessed_only_to_who_asked,
                a_flush_goes_down_only_when_it_is_asked_for_and_something_is_heard)
