// Caption pads over a session of the test's own: streams, states, flushes, ends, late links.
#include <cmath>

#include "element_test.h"
#include "support/caption_tap.h"

using namespace oairt;
using namespace oairt::test;

namespace {

constexpr const char *kLine =
    "openairealtimesrc name=a ! fakesink sync=true async=false  a.transcript_src ! "
    "fakesink name=t sync=true async=false";

// A voice of vowels and softer sounds, as the call would write it.
void speak(int ms) {
  auto media = FakeSession::only()->media();
  uint64_t writer = media->take_writer();
  std::vector<int16_t> samples(kFrameSamples);
  for (int frame = 0; frame < ms / 20; ++frame) {
    int amplitude = frame % 5 == 4 ? 900 : 6000;
    for (int i = 0; i < kFrameSamples; ++i) {
      samples[i] = static_cast<int16_t>(amplitude * std::sin(i * 0.06));
    }
    media->write(writer, samples.data(), samples.size(), Clock::now(), false);
  }
}

void say_text(const std::string &text, const std::string &response = "r1") {
  auto session = FakeSession::only();
  session->say(TranscriptEvent{"assistant", text, false, "i" + response, response});
  session->say(TranscriptEvent{"assistant", text, true, "i" + response, response});
  session->say(VoiceEvent{VoiceEvent::What::Started, response});
}

void say_user(const std::string &text, bool final) {
  FakeSession::only()->say(TranscriptEvent{"user", text, final, "u1"});
}

Ref<GstPad> request(const Ref<GstElement> &element, const char *name) {
  return Ref<GstPad>::adopt(gst_element_request_pad_simple(element.get(), name));
}

void release(const Ref<GstElement> &element, Ref<GstPad> &pad) {
  gst_element_release_request_pad(element.get(), pad.get());
  pad.reset();
}

struct Running {
  explicit Running(const std::string &line, GstState state = GST_STATE_PLAYING)
      : pipeline(launch(line)), element(child(pipeline, "a")) {
    set_state(pipeline, state);
    if (FakeSession::alive > 0) FakeSession::only()->media()->set_latency(Duration(0));
  }
  ~Running() { set_state(pipeline, GST_STATE_NULL); }
  Ref<GstElement> pipeline, element;
};

std::string shown(CaptionTap &tap) {
  auto captions = tap.captions();
  return captions.empty() ? "" : captions.back().text;
}

}  // namespace

OAIRT_ELEMENT_TEST(the_pads_are_there_on_request_one_of_each) {
  for (const char *factory : {"openairealtimesrc", "openairealtimebin"}) {
    auto element = make(factory);
    auto model = request(element, "transcript_src"),
         user = request(element, "input_transcript_src");
    fail_unless(model.get() != nullptr && user.get() != nullptr);
    GstPadTemplate *templ = gst_element_get_pad_template(element.get(), "transcript_src");
    fail_unless(gst_element_request_pad(element.get(), templ, nullptr, nullptr) == nullptr);
    release(element, model);
    model = request(element, "transcript_src");
    fail_unless(model.get() != nullptr);
    release(element, model);
    release(element, user);
  }
  auto sink = make("openairealtimesink");
  auto user = request(sink, "input_transcript_src");
  fail_unless(user.get() != nullptr);
  // Pads that are not released go with their element.
  auto other = make("openairealtimebin");
  fail_unless(request(other, "transcript_src").get() != nullptr);
}

OAIRT_ELEMENT_TEST(a_caption_stream_is_sparse_live_text_in_running_time) {
  Running r(kLine);
  CaptionTap tap(r.element.get(), "transcript_src");
  fail_unless(wait_for([&] { return tap.gaps() > 3; }));
  auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(r.element.get(), "transcript_src"));
  GstEvent *start = gst_pad_get_sticky_event(pad.get(), GST_EVENT_STREAM_START, 0);
  GstStreamFlags flags;
  const gchar *id = nullptr;
  gst_event_parse_stream_flags(start, &flags);
  gst_event_parse_stream_start(start, &id);
  fail_unless((flags & GST_STREAM_FLAG_SPARSE) != 0);
  fail_unless(g_str_has_prefix(id, "openairealtime:") && g_str_has_suffix(id, "/transcript_src"));
  gst_event_unref(start);
  auto caps = Ref<GstCaps>::adopt(gst_pad_get_current_caps(pad.get()));
  GString_ text(gst_caps_to_string(caps.get()));
  assert_text(text.get(), "text/x-raw, format=(string)utf8");
  GstEvent *event = gst_pad_get_sticky_event(pad.get(), GST_EVENT_SEGMENT, 0);
  const GstSegment *segment = nullptr;
  gst_event_parse_segment(event, &segment);
  fail_unless(segment->format == GST_FORMAT_TIME && segment->start == 0);
  gst_event_unref(event);
  auto query = Ref<GstQuery>::adopt(gst_query_new_latency());
  fail_unless(gst_pad_query(pad.get(), query.get()));
  gboolean live = FALSE;
  GstClockTime least = 0, most = 0;
  gst_query_parse_latency(query.get(), &live, &least, &most);
  gint delay_ms = 0;
  g_object_get(r.element.get(), "caption-delay", &delay_ms, nullptr);
  fail_unless(delay_ms > 0 && live);
  fail_unless_equals_uint64(least, (20 + static_cast<guint64>(delay_ms)) * GST_MSECOND);
  // Downstream knows at any time that nothing was missed.
  auto clock = Ref<GstClock>::adopt(gst_element_get_clock(r.element.get()));
  double behind = 1000;
  fail_unless(wait_for([&] {
                auto now =
                    gst_clock_get_time(clock.get()) - gst_element_get_base_time(r.element.get());
                behind = static_cast<double>(now) / 1e6 - tap.known_until_ms();
                return behind < 100 + delay_ms;
              }),
              "%.0f", behind);
}

OAIRT_ELEMENT_TEST(words_are_shown_with_the_voice_and_cut_with_it) {
  Running r(kLine);
  CaptionTap tap(r.element.get(), "transcript_src");
  say_text("These are the words that will be heard, until somebody interrupts what is said.");
  speak(1400);
  fail_unless(wait_for([&] { return tap.words().size() >= 3; }), "%s", shown(tap).c_str());
  FakeSession::only()->media()->clear_downlink();
  FakeSession::only()->say(VoiceEvent{VoiceEvent::What::Cut});
  fail_unless(wait_for([&] { return !tap.lines().empty(); }));
  std::string cut = tap.lines().back();
  fail_unless(cut.find("These are the") == 0 && cut.find("said") == std::string::npos);
  double end = tap.known_until_ms();
  fail_unless(wait_for([&] { return tap.known_until_ms() > end + 1500; }));
  assert_text(shown(tap), cut);
  tap.assert_sound();
}

OAIRT_ELEMENT_TEST(whoever_holds_the_text_holds_nothing_else) {
  Running r(kLine);
  auto text_sink = child(r.pipeline, "t");
  auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(text_sink.get(), "sink"));
  auto audio = Ref<GstPad>::adopt(gst_element_get_static_pad(r.element.get(), "src"));
  std::atomic<int> frames = 0;
  gulong count = gst_pad_add_probe(
      audio.get(), GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad *, GstPadProbeInfo *, gpointer data) {
        ++*static_cast<std::atomic<int> *>(data);
        return GST_PAD_PROBE_OK;
      },
      &frames, nullptr);
  gulong block = gst_pad_add_probe(
      pad.get(), GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM,
      [](GstPad *, GstPadProbeInfo *, gpointer) { return GST_PAD_PROBE_OK; }, nullptr, nullptr);
  for (int i = 0; i < 5000; ++i) say_text("Many words that nobody takes.", std::to_string(i));
  speak(1000);
  int before = frames;
  fail_unless(wait_for([&] { return frames > before + 40; }));
  gst_pad_remove_probe(pad.get(), block);
  CaptionTap tap(r.element.get(), "transcript_src");
  fail_unless(wait_for([&] { return tap.gaps() > 3; }));
  gst_pad_remove_probe(audio.get(), count);
}

OAIRT_ELEMENT_TEST(pads_come_and_go_while_everything_streams) {
  Running r("openairealtimesrc name=a ! fakesink sync=true async=false");
  auto element = r.element;
  for (int round = 0; round < 5; ++round) {
    auto pad = request(element, "transcript_src");
    // Not linked yet: the stream goes on.
    {
      CaptionTap tap(element.get(), "transcript_src");
      fail_unless(wait_for([&] { return tap.gaps() > 2; }));
    }
    auto sink = make("fakesink");
    g_object_set(sink.get(), "sync", TRUE, "async", FALSE, nullptr);
    gst_bin_add(GST_BIN(r.pipeline.get()), sink.get());
    gst_element_sync_state_with_parent(sink.get());
    auto sink_pad = Ref<GstPad>::adopt(gst_element_get_static_pad(sink.get(), "sink"));
    fail_unless(GST_PAD_LINK_SUCCESSFUL(gst_pad_link(pad.get(), sink_pad.get())));
    {
      CaptionTap tap(element.get(), "transcript_src");
      say_text("Linked late.", "r" + std::to_string(round));
      speak(400);
      fail_unless(wait_for([&] { return !tap.words().empty(); }));
      fail_unless(wait_for([&] { return GST_PAD_LAST_FLOW_RETURN(pad.get()) == GST_FLOW_OK; }));
    }
    release(element, pad);
    gst_element_set_state(sink.get(), GST_STATE_NULL);
    gst_bin_remove(GST_BIN(r.pipeline.get()), sink.get());
  }
  fail_unless(take_failures(r.pipeline).empty());
}

OAIRT_ELEMENT_TEST(a_pad_is_released_though_its_text_is_held) {
  // An overlay holds its second text until the video has passed the first: here there is none.
  Running r(
      "appsrc format=time is-live=true "
      "caps=video/x-raw,format=I420,width=64,height=64,framerate=0/1"
      " ! textoverlay name=o ! fakesink async=false  openairealtimesrc name=a ! "
      "fakesink sync=true async=false  a.transcript_src ! o.text_sink");
  auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(r.element.get(), "transcript_src"));
  {
    CaptionTap tap(r.element.get(), "transcript_src");
    say_text("These are quite a few words.");
    speak(1200);
    fail_unless(wait_for([&] { return tap.captions().size() >= 2; }));
  }
  auto start = Clock::now();
  release(r.element, pad);
  fail_unless(Clock::now() - start < std::chrono::seconds(2));
}

OAIRT_ELEMENT_TEST(each_run_begins_a_new_stream) {
  Running r(kLine);
  for (int round = 0; round < 3; ++round) {
    CaptionTap tap(r.element.get(), "transcript_src");
    say_text("Once more.", "r" + std::to_string(round));
    speak(500);
    fail_unless(wait_for([&] { return !tap.words().empty(); }));
    fail_unless(tap.captions().front().start_ms < 5000);
    set_state(r.pipeline, GST_STATE_READY);
    set_state(r.pipeline, GST_STATE_PAUSED);
    set_state(r.pipeline, GST_STATE_PLAYING);
  }
}

OAIRT_ELEMENT_TEST(the_end_of_the_voice_is_the_end_of_its_captions) {
  Running r(
      "openairealtimesrc name=a eos-policy=after-answer ! fakesink async=false  a.transcript_src ! "
      "fakesink async=false  a.input_transcript_src ! fakesink async=false");
  CaptionTap model(r.element.get(), "transcript_src"),
      user(r.element.get(), "input_transcript_src");
  say_text("That was all.");
  say_user("Was that all?", true);
  speak(700);
  fail_unless(wait_for([&] { return model.words().size() == 3; }));
  FakeSession::only()->say(VoiceEvent{VoiceEvent::What::Ended, "r1"});
  FakeSession::only()->say(AnswerFinishedEvent{});
  fail_unless(wait_for([&] { return model.ended() && user.ended(); }));
  assert_text(model.lines().back(), "That was all.");
  assert_text(user.lines().back(), "Was that all?");
  fail_unless(wait_for([&] { return !take_messages(r.pipeline, GST_MESSAGE_EOS).empty(); }));
}

OAIRT_ELEMENT_TEST(a_flush_begins_the_stream_anew) {
  Running r(kLine);
  CaptionTap tap(r.element.get(), "transcript_src");
  fail_unless(wait_for([&] { return tap.gaps() > 3; }));
  fail_unless(gst_element_send_event(r.element.get(), gst_event_new_flush_start()));
  fail_unless(gst_element_send_event(r.element.get(), gst_event_new_flush_stop(TRUE)));
  std::size_t gaps = tap.gaps();
  fail_unless(wait_for([&] { return tap.gaps() > gaps + 3; }));
  say_text("After it.");
  speak(500);
  fail_unless(wait_for([&] { return !tap.words().empty(); }));
}

OAIRT_ELEMENT_TEST(nothing_moves_in_pause) {
  Running r(kLine);
  CaptionTap tap(r.element.get(), "transcript_src");
  fail_unless(wait_for([&] { return tap.gaps() > 3; }));
  set_state(r.pipeline, GST_STATE_PAUSED);
  double until = 0;
  fail_unless(wait_for([&] { return std::exchange(until, tap.known_until_ms()) == until; }));
  say_user("In the pause.", true);
  set_state(r.pipeline, GST_STATE_PLAYING);
  fail_unless(wait_for([&] { return tap.known_until_ms() > until + 100; }));
}

OAIRT_ELEMENT_TEST(what_the_user_said_is_shown_when_it_is_known) {
  Running r(
      "audiotestsrc is-live=true wave=silence ! openairealtimesink name=a  "
      "a.input_transcript_src ! fakesink sync=true async=false");
  CaptionTap tap(r.element.get(), "input_transcript_src");
  fail_unless(wait_for([&] { return tap.gaps() > 3; }));
  auto session = FakeSession::only();
  session->say(SpeechStartedEvent{"u1", 0});
  double began = tap.known_until_ms();
  fail_unless(wait_for([&] { return tap.known_until_ms() > began + 400; }));
  session->say(SpeechStoppedEvent{"u1", 400});
  say_user("Good ", false);
  fail_unless(wait_for([&] { return shown(tap) == "Good"; }));
  say_user("morning", false);
  say_user("Good morning.", true);
  fail_unless(wait_for([&] { return !tap.lines().empty(); }));
  assert_text(tap.lines().back(), "Good morning.");
  auto first = tap.captions().front();
  fail_unless(first.spoken_ms && std::abs(*first.spoken_ms - began) < 250, "%.0f, began %.0f",
              first.spoken_ms.value_or(-1), began);
  tap.assert_sound();
}

OAIRT_ELEMENT_TEST(the_bin_hands_the_mode_and_the_pads_to_its_source) {
  Running r(
      "openairealtimebin name=a caption-mode=sentence ! fakesink async=false  "
      "a.transcript_src ! fakesink async=false");
  CaptionTap tap(r.element.get(), "transcript_src");
  say_text("One line. And another one.");
  speak(1500);
  FakeSession::only()->say(VoiceEvent{VoiceEvent::What::Ended, "r1"});
  fail_unless(wait_for([&] { return tap.lines().size() == 2; }));
  fail_unless_equals_int(tap.captions().size(), 2);
  assert_text(tap.lines()[0] + "|" + tap.lines()[1], "One line.|And another one.");
  g_object_set(r.element.get(), "caption-mode", 0, nullptr);
  say_text("Word by word.", "r2");
  speak(800);
  fail_unless(wait_for([&] { return tap.captions().size() > 4; }));
}

OAIRT_TEST_MAIN(captions, the_pads_are_there_on_request_one_of_each,
                a_caption_stream_is_sparse_live_text_in_running_time,
                words_are_shown_with_the_voice_and_cut_with_it,
                whoever_holds_the_text_holds_nothing_else,
                pads_come_and_go_while_everything_streams,
                a_pad_is_released_though_its_text_is_held, each_run_begins_a_new_stream,
                the_end_of_the_voice_is_the_end_of_its_captions, a_flush_begins_the_stream_anew,
                nothing_moves_in_pause, what_the_user_said_is_shown_when_it_is_known,
                the_bin_hands_the_mode_and_the_pads_to_its_source)
