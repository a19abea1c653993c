// Speech on its way out: any kind of input becomes Opus at the media port, without delay.
#include "element_test.h"
#include "rtc/opus_packet.h"

using namespace oairt;
using namespace oairt::test;

namespace {

constexpr GstClockTime kFrame = 20 * GST_MSECOND;
constexpr const char *kRaw = "audio/x-raw,format=S16LE,rate=48000,channels=1,layout=interleaved";
constexpr const char *kOpus = "audio/x-opus,channel-mapping-family=0,channels=2,rate=48000";

std::vector<uint8_t> bytes(const UplinkFrame &frame) {
  GstMapInfo map;
  fail_unless(gst_buffer_map(frame.packet.get(), &map, GST_MAP_READ));
  std::vector<uint8_t> content(map.data, map.data + map.size);
  gst_buffer_unmap(frame.packet.get(), &map);
  return content;
}

class SinkHarness {
 public:
  explicit SinkHarness(const char *caps, bool connected = true) {
    auto element = make("openairealtimesink");
    harness_ = gst_harness_new_with_element(element.get(), "sink", nullptr);
    gst_harness_set_src_caps_str(harness_, caps);
    gst_harness_play(harness_);
    if (connected) FakeSession::only()->media()->set_target(call);
  }
  ~SinkHarness() { gst_harness_teardown(harness_); }
  GstHarness *get() const { return harness_; }
  GstFlowReturn push_raw(int level = 8000) {
    auto *buffer = gst_buffer_new_allocate(nullptr, 1920, nullptr);
    GstMapInfo map;
    gst_buffer_map(buffer, &map, GST_MAP_WRITE);
    auto *samples = reinterpret_cast<int16_t *>(map.data);
    for (int i = 0; i < 960; ++i) samples[i] = i % 100 < 50 ? level : -level;
    gst_buffer_unmap(buffer, &map);
    return push(buffer, kFrame);
  }
  GstFlowReturn push_opus(Duration duration) {
    return push(make_opus_silence(duration).take(), duration.count());
  }
  GstFlowReturn push(GstBuffer *buffer, GstClockTime duration) {
    GST_BUFFER_PTS(buffer) = time_;
    GST_BUFFER_DURATION(buffer) = duration;
    time_ += duration;
    return gst_harness_push(harness_, buffer);
  }

  std::shared_ptr<FakeCall> call = std::make_shared<FakeCall>();

 private:
  GstHarness *harness_;
  GstClockTime time_ = 0;
};

// Plays the line until three frames have come out.
std::vector<UplinkFrame> speak(const std::string &line) {
  auto pipeline = launch(line + " ! openairealtimesink");
  auto call = std::make_shared<FakeCall>();
  set_state(pipeline, GST_STATE_READY);
  FakeSession::only()->media()->set_target(call);
  set_state(pipeline, GST_STATE_PLAYING);
  bool spoke = wait_for([&] { return call->count() >= 3; });
  auto failures = take_failures(pipeline);
  fail_unless(spoke, "%s: %s", line.c_str(), failures.empty() ? "" : failures[0].c_str());
  set_state(pipeline, GST_STATE_NULL);
  return call->frames();
}

}  // namespace

OAIRT_ELEMENT_TEST(raw_audio_of_every_shape_becomes_opus) {
  const std::string source = "audiotestsrc is-live=true ! audioconvert ! audioresample ! ";
  for (const char *caps :
       {"audio/x-raw,format=S16LE,rate=8000,channels=1", "audio/x-raw,format=F32LE,rate=44100",
        "audio/x-raw,format=U8,rate=16000,channels=2", "audio/x-raw,format=S24BE,rate=96000",
        "audio/x-raw,format=S16LE,rate=24000,channels=6,channel-mask=(bitmask)0x3f",
        "audio/x-raw,format=F64LE,rate=11025,channels=2,layout=non-interleaved"}) {
    for (const auto &frame : speak(source + caps)) {
      fail_unless(frame.duration == kFrameDuration);
      fail_unless(bytes(frame).size() > 10, "%s is silent", caps);
    }
  }
}

OAIRT_ELEMENT_TEST(channels_of_unknown_position_are_mixed) {
  for (const char *caps : {"audio/x-raw,channels=4,channel-mask=(bitmask)0",
                           "audio/x-raw,channels=12,channel-mask=(bitmask)0"}) {
    auto frames = speak(std::string("audiotestsrc is-live=true ! ") + caps);
    fail_unless(bytes(frames[2]).size() > 10, "%s is silent", caps);
  }
}

OAIRT_ELEMENT_TEST(a_frame_is_on_its_way_as_soon_as_it_is_full) {
  SinkHarness sink(kRaw);
  for (std::size_t i = 1; i <= 10; ++i) {
    fail_unless(sink.push_raw() == GST_FLOW_OK);
    fail_unless(sink.call->count() + 1 >= i, "%zu frames in, %zu out", i, sink.call->count());
  }
}

OAIRT_ELEMENT_TEST(opus_goes_out_as_it_is) {
  SinkHarness sink(kOpus);
  for (auto duration : {milliseconds(20), milliseconds(60), milliseconds(10)}) {
    auto packet = make_opus_silence(duration);
    sink.call->clear();
    fail_unless(sink.push_opus(duration) == GST_FLOW_OK);
    auto frames = sink.call->frames();
    fail_unless_equals_int(frames.size(), 1);
    fail_unless(frames[0].duration == duration);
    fail_unless(bytes(frames[0]) == bytes({packet, {}, {}}));
  }
}

OAIRT_ELEMENT_TEST(what_is_no_speech_is_not_sent) {
  SinkHarness sink(kOpus);
  auto push = [&](const char *data, std::size_t size) {
    auto *buffer = gst_buffer_new_memdup(data, size);
    fail_unless(sink.push(buffer, kFrame) == GST_FLOW_OK);
  };
  push("OpusHead\1\2\0\0\0\0\0\0\0\0\0", 19);
  push("OpusTags\0\0\0\0\0\0\0\0", 16);
  fail_unless(sink.push(gst_buffer_new(), kFrame) == GST_FLOW_OK);
  fail_unless_equals_int(sink.call->count(), 0);
  sink.push_opus(kFrameDuration);
  fail_unless_equals_int(sink.call->count(), 1);
}

OAIRT_ELEMENT_TEST(input_may_change_from_raw_to_opus_and_back) {
  SinkHarness sink(kRaw);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 5; ++i) fail_unless(sink.push_raw() == GST_FLOW_OK);
    fail_unless(sink.call->count() >= 4, "%zu of 5 raw frames", sink.call->count());
    sink.call->clear();
    gst_harness_set_src_caps_str(sink.get(), kOpus);
    for (int i = 0; i < 5; ++i) fail_unless(sink.push_opus(kFrameDuration) == GST_FLOW_OK);
    fail_unless_equals_int(sink.call->count(), 5);
    sink.call->clear();
    gst_harness_set_src_caps_str(sink.get(), kRaw);
  }
  gst_harness_set_src_caps_str(sink.get(),
                               "audio/x-raw,format=F32LE,rate=16000,channels=2,"
                               "channel-mask=(bitmask)3,layout=interleaved");
  for (int i = 0; i < 5; ++i) {
    auto *buffer = gst_buffer_new_allocate(nullptr, 320 * 8, nullptr);
    gst_buffer_memset(buffer, 0, 0, 320 * 8);
    fail_unless(sink.push(buffer, kFrame) == GST_FLOW_OK);
  }
  fail_unless(sink.call->count() >= 4);
}

OAIRT_ELEMENT_TEST(caps_that_cannot_be_sent_are_refused) {
  SinkHarness sink(kRaw);
  auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(sink.get()->element, "sink"));
  auto accepts = [&](const char *text) {
    auto caps = Ref<GstCaps>::adopt(gst_caps_from_string(text));
    return gst_pad_query_accept_caps(pad.get(), caps.get()) != FALSE;
  };
  fail_unless(accepts(kRaw) && accepts(kOpus) && accepts("audio/x-opus"));
  fail_if(accepts("audio/x-opus,channel-mapping-family=1,channels=6"));
  fail_if(accepts("audio/x-vorbis"));
}

OAIRT_ELEMENT_TEST(the_end_of_the_input_is_told_once_and_new_input_again) {
  SinkHarness sink(kRaw);
  auto session = FakeSession::only();
  sink.push_raw();
  fail_unless(gst_harness_push_event(sink.get(), gst_event_new_eos()));
  fail_unless_equals_int(session->count_calls("input-finished"), 1);
  fail_unless_equals_int(session->count_calls("input-resumed"), 0);
  gst_harness_push_event(sink.get(), gst_event_new_flush_start());
  gst_harness_push_event(sink.get(), gst_event_new_flush_stop(TRUE));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_harness_push_event(sink.get(), gst_event_new_segment(&segment));
  fail_unless_equals_int(session->count_calls("input-resumed"), 0);
  for (int i = 0; i < 3; ++i) fail_unless(sink.push_raw() == GST_FLOW_OK);
  fail_unless_equals_int(session->count_calls("input-resumed"), 1);
  fail_unless_equals_int(session->count_calls("input-finished"), 1);
}

OAIRT_ELEMENT_TEST(a_pipeline_from_a_file_is_paced_and_ends) {
  auto pipeline = launch(
      "audiotestsrc num-buffers=15 samplesperbuffer=882 ! "
      "openairealtimesink name=a");
  auto call = std::make_shared<FakeCall>();
  set_state(pipeline, GST_STATE_READY);
  auto session = FakeSession::only();
  session->media()->set_target(call);
  TimePoint begin = Clock::now();
  set_state(pipeline, GST_STATE_PLAYING);
  auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline.get()));
  auto types = static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  auto message =
      Ref<GstMessage>::adopt(gst_bus_timed_pop_filtered(bus.get(), 10 * GST_SECOND, types));
  fail_unless(message && GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_EOS);
  fail_if(Clock::now() - begin < milliseconds(270), "300 ms of audio went out too fast");
  fail_unless_equals_int(session->count_calls("input-finished"), 1);
  fail_unless(call->count() >= 15);
  auto frames = call->frames();
  for (std::size_t i = 1; i < frames.size(); ++i) {
    fail_unless(frames[i].captured >= frames[i - 1].captured);
  }
  session.reset();
  set_state(pipeline, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(live_input_does_not_wait_for_the_latency_of_the_pipeline) {
  auto pipeline = launch("audiotestsrc is-live=true samplesperbuffer=441 ! openairealtimesink");
  gst_pipeline_set_latency(GST_PIPELINE(pipeline.get()), 20 * GST_SECOND);
  auto call = std::make_shared<FakeCall>();
  set_state(pipeline, GST_STATE_READY);
  FakeSession::only()->media()->set_target(call);
  set_state(pipeline, GST_STATE_PLAYING);
  fail_unless(wait_for([&] { return call->count() >= 5; }, std::chrono::seconds(5)));
  auto frame = call->frames().back();
  fail_if(Clock::now() - frame.captured > std::chrono::seconds(1));
  set_state(pipeline, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(the_sink_adds_nothing_to_the_latency_of_the_pipeline) {
  auto pipeline = launch(
      "audiotestsrc is-live=true ! openairealtimesink name=a "
      "openairealtimesrc ! fakesink sync=true processing-deadline=0");
  auto latency_of = [](const Ref<GstElement> &element) {
    auto query = Ref<GstQuery>::adopt(gst_query_new_latency());
    fail_unless(gst_element_query(element.get(), query.get()));
    gboolean live = FALSE;
    GstClockTime least = 0;
    gst_query_parse_latency(query.get(), &live, &least, nullptr);
    return live ? least : 0;
  };
  auto call = std::make_shared<FakeCall>();
  set_state(pipeline, GST_STATE_PAUSED);
  FakeSession::only()->media()->set_target(call);
  // Before the first buffer tells whether the input is live.
  fail_unless_equals_uint64(latency_of(child(pipeline, "a")), 0);
  set_state(pipeline, GST_STATE_PLAYING);
  fail_unless(wait_for([&] { return call->count() >= 3; }));
  fail_unless_equals_uint64(latency_of(pipeline), kFrame);
  set_state(pipeline, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(a_flush_drops_what_waits_for_a_call) {
  SinkHarness sink(kOpus, false);
  auto media = FakeSession::only()->media();
  media->set_prebuffer(std::chrono::seconds(2));
  for (int i = 0; i < 10; ++i) sink.push_opus(kFrameDuration);
  fail_unless(media->uplink_stats().prebuffered > Duration(0));
  gst_harness_push_event(sink.get(), gst_event_new_flush_start());
  gst_harness_push_event(sink.get(), gst_event_new_flush_stop(TRUE));
  fail_unless(media->uplink_stats().prebuffered == Duration(0));
}

OAIRT_ELEMENT_TEST(mute_sends_silence_and_ends_with_the_element) {
  SinkHarness sink(kRaw);
  auto media = FakeSession::only()->media();
  g_object_set(sink.get()->element, "mute", TRUE, nullptr);
  for (int i = 0; i < 5; ++i) sink.push_raw();
  uint64_t silent = media->uplink_stats().silence;
  fail_unless(silent >= 4);
  g_object_set(sink.get()->element, "mute", FALSE, nullptr);
  for (int i = 0; i < 5; ++i) sink.push_raw();
  fail_unless(media->uplink_stats().silence == silent);
}

OAIRT_ELEMENT_TEST(the_encoder_follows_the_properties) {
  auto sink = make("openairealtimesink");
  auto encoder = child(sink, "encoder");
  g_object_set(sink.get(), "bitrate", 20000, "dtx", TRUE, "inband-fec", FALSE, nullptr);
  gint bitrate = 0, loss = -1;
  gboolean dtx = FALSE, fec = TRUE;
  g_object_get(encoder.get(), "bitrate", &bitrate, "dtx", &dtx, "inband-fec", &fec,
               "packet-loss-percentage", &loss, nullptr);
  fail_unless(bitrate == 20000 && dtx && !fec && loss == 0);
}

OAIRT_ELEMENT_TEST(the_encoder_follows_the_network_within_what_was_set) {
  auto sink = make("openairealtimesink");
  auto encoder = child(sink, "encoder");
  struct Encoding {
    gint bitrate = 0, loss = -1;
    gboolean dtx = FALSE, fec = TRUE;
  };
  auto encoding = [&] {
    Encoding now;
    g_object_get(encoder.get(), "bitrate", &now.bitrate, "dtx", &now.dtx, "inband-fec", &now.fec,
                 "packet-loss-percentage", &now.loss, nullptr);
    return now;
  };
  auto told = [](int bitrate, bool fec, int loss, bool dtx) {
    QualityEvent event;
    event.bitrate = bitrate;
    event.fec = fec;
    event.loss_percent = loss;
    event.dtx = dtx;
    FakeSession::only()->say(event);
  };
  set_state(sink, GST_STATE_READY);
  auto limits = FakeSession::only()->encoder();
  fail_unless(limits && limits->bitrate == 32000 && limits->fec && !limits->fec_fixed);
  told(24000, true, 25, true);
  Encoding now = encoding();
  fail_unless(now.bitrate == 24000 && now.fec && now.loss == 25 && now.dtx);
  // What is set counts at once, and is not exceeded.
  g_object_set(sink.get(), "bitrate", 16000, "dtx", FALSE, "inband-fec", FALSE, nullptr);
  limits = FakeSession::only()->encoder();
  fail_unless(limits && limits->bitrate == 16000 && limits->fec_fixed && limits->dtx_fixed);
  now = encoding();
  fail_unless(now.bitrate == 16000 && !now.fec && now.loss == 0 && !now.dtx);
  told(64000, true, 20, true);
  now = encoding();
  fail_unless(now.bitrate == 16000 && !now.fec && now.loss == 0 && !now.dtx);
  told(12000, true, 20, true);
  fail_unless_equals_int(encoding().bitrate, 12000);
  // Another session begins with what was set.
  set_state(sink, GST_STATE_NULL);
  fail_unless_equals_int(encoding().bitrate, 16000);
}

OAIRT_ELEMENT_TEST(input_that_comes_encoded_is_not_adapted) {
  SinkHarness sink(kRaw);
  sink.push_raw();
  fail_unless(FakeSession::only()->encoder().has_value());
  gst_harness_set_src_caps_str(sink.get(), kOpus);
  fail_unless(wait_for([] { return !FakeSession::only()->encoder(); }));
}

OAIRT_ELEMENT_TEST(the_end_waits_for_the_answer_if_that_is_wanted) {
  auto play = [](bool answered) {
    auto pipeline = launch(
        "audiotestsrc num-buffers=5 samplesperbuffer=960 ! audio/x-raw,rate=48000 ! "
        "openairealtimesink eos-policy=after-answer");
    set_state(pipeline, GST_STATE_PLAYING);
    auto session = FakeSession::only();
    fail_unless(wait_for([&] { return session->count_calls("input-finished") == 1; }));
    fail_unless(take_messages(pipeline, GST_MESSAGE_EOS).empty());
    if (answered) {
      session->say(AnswerFinishedEvent{});
      fail_unless(wait_for([&] { return !take_messages(pipeline, GST_MESSAGE_EOS).empty(); }));
    }
    session.reset();
    set_state(pipeline, GST_STATE_NULL);
  };
  play(true);
  play(false);  // nobody answers, and nobody waits for that
}

OAIRT_ELEMENT_TEST(packets_live_past_null) {
  auto frames = speak("audiotestsrc is-live=true");
  for (const auto &frame : frames) {
    auto packet = bytes(frame);
    fail_unless(opus_duration(packet.data(), packet.size()) == kFrameDuration);
  }
}

OAIRT_ELEMENT_TEST(the_pipeline_runs_on_while_no_call_is_up) {
  auto pipeline = launch(
      "audiotestsrc is-live=true ! tee name=t ! openairealtimesink "
      "t. ! fakesink name=end signal-handoffs=true");
  int count = 0;
  auto on_buffer = +[](GstElement *, GstBuffer *, GstPad *, gpointer count) {
    g_atomic_int_inc(static_cast<int *>(count));
  };
  g_signal_connect(child(pipeline, "end").get(), "handoff", G_CALLBACK(on_buffer), &count);
  set_state(pipeline, GST_STATE_PLAYING);
  fail_unless(wait_for([&] { return g_atomic_int_get(&count) > 20; }));
  fail_unless_equals_int(take_failures(pipeline).size(), 0);
  set_state(pipeline, GST_STATE_NULL);
}

OAIRT_TEST_MAIN(elements_sink, raw_audio_of_every_shape_becomes_opus,
                channels_of_unknown_position_are_mixed, a_frame_is_on_its_way_as_soon_as_it_is_full,
                opus_goes_out_as_it_is, what_is_no_speech_is_not_sent,
                input_may_change_from_raw_to_opus_and_back, caps_that_cannot_be_sent_are_refused,
                the_end_of_the_input_is_told_once_and_new_input_again,
                a_pipeline_from_a_file_is_paced_and_ends,
                live_input_does_not_wait_for_the_latency_of_the_pipeline,
                the_sink_adds_nothing_to_the_latency_of_the_pipeline,
                a_flush_drops_what_waits_for_a_call, mute_sends_silence_and_ends_with_the_element,
                the_encoder_follows_the_properties,
                the_encoder_follows_the_network_within_what_was_set,
                input_that_comes_encoded_is_not_adapted,
                the_end_waits_for_the_answer_if_that_is_wanted, packets_live_past_null,
                the_pipeline_runs_on_while_no_call_is_up)
