// The model's voice as a live stream: exact, continuous, whatever the session does.
#include <gst/audio/audio.h>
#include <gst/check/gsttestclock.h>

#include "element_test.h"

using namespace oairt;
using namespace oairt::test;

namespace {

constexpr GstClockTime kFrame = 20 * GST_MSECOND;
constexpr const char *kCaps = "audio/x-raw,format=S16LE,rate=48000,channels=1,layout=interleaved";

// The source under a clock that stands still unless it is told.
class SrcHarness {
 public:
  explicit SrcHarness(const char *caps = kCaps, const char *properties = "") {
    auto line = "openairealtimesrc name=a " + std::string(properties);
    harness_ = gst_harness_new_parse(line.c_str());
    gst_harness_set_sink_caps_str(harness_, caps);
    gst_harness_use_testclock(harness_);
    gst_harness_play(harness_);
    element_ = Ref<GstElement>::adopt(gst_harness_find_element(harness_, "openairealtimesrc"));
    session()->media()->set_latency(Duration(0));
  }
  ~SrcHarness() {
    element_.reset();
    gst_harness_teardown(harness_);
  }
  GstHarness *get() const { return harness_; }
  GstElement *element() const { return element_.get(); }
  std::shared_ptr<FakeSession> session() const { return FakeSession::only(); }
  // The clock goes on to the next frame's due time.
  Ref<GstBuffer> next() {
    fail_unless(gst_harness_crank_single_clock_wait(harness_));
    return pull();
  }
  Ref<GstBuffer> pull() { return Ref<GstBuffer>::adopt(gst_harness_pull(harness_)); }
  // The clock jumps while the source sleeps.
  void jump_to(GstClockTime time) {
    auto *clock = gst_harness_get_testclock(harness_);
    gst_test_clock_wait_for_next_pending_id(clock, nullptr);
    gst_test_clock_set_time(clock, time);
    fail_unless(gst_harness_crank_single_clock_wait(harness_));
    gst_object_unref(clock);
  }
  void speak(int frames, int16_t level) {
    auto media = session()->media();
    std::vector<int16_t> samples(kFrameSamples * frames, level);
    uint64_t writer = media->take_writer();
    for (int i = 0; i < frames; ++i) {
      media->write(writer, samples.data(), kFrameSamples, Clock::now(), false);
    }
  }

 private:
  GstHarness *harness_;
  Ref<GstElement> element_;
};

bool has_flag(const Ref<GstBuffer> &buffer, GstBufferFlags flag) {
  return GST_BUFFER_FLAG_IS_SET(buffer.get(), flag);
}

template <typename Sample>
std::vector<Sample> content(const Ref<GstBuffer> &buffer) {
  GstMapInfo map;
  fail_unless(gst_buffer_map(buffer.get(), &map, GST_MAP_READ));
  auto *begin = reinterpret_cast<const Sample *>(map.data);
  std::vector<Sample> samples(begin, begin + map.size / sizeof(Sample));
  gst_buffer_unmap(buffer.get(), &map);
  return samples;
}

// Cranks until voice comes out; the play-out delay may hold it back for a few frames.
Ref<GstBuffer> next_voice(SrcHarness &src) {
  for (int i = 0; i < 50; ++i) {
    auto buffer = src.next();
    if (!has_flag(buffer, GST_BUFFER_FLAG_GAP)) return buffer;
  }
  fail_unless(false, "no voice came out");
  return nullptr;
}

}  // namespace

OAIRT_ELEMENT_TEST(frames_lie_on_the_20_ms_grid_without_a_call) {
  SrcHarness src;
  for (GstClockTime i = 0; i < 100; ++i) {
    auto buffer = src.next();
    fail_unless_equals_uint64(GST_BUFFER_PTS(buffer.get()), i * kFrame);
    fail_unless_equals_uint64(GST_BUFFER_DURATION(buffer.get()), kFrame);
    fail_unless_equals_int(gst_buffer_get_size(buffer.get()), 1920);
    fail_unless(has_flag(buffer, GST_BUFFER_FLAG_GAP), "silence is a gap");
    fail_unless(has_flag(buffer, GST_BUFFER_FLAG_DISCONT) == (i == 0));
    for (int16_t sample : content<int16_t>(buffer)) fail_unless(sample == 0);
  }
}

OAIRT_ELEMENT_TEST(the_stream_begins_as_a_live_stream_does) {
  SrcHarness src;
  src.next();
  auto query = Ref<GstQuery>::adopt(gst_query_new_latency());
  auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(src.element(), "src"));
  fail_unless(gst_pad_query(pad.get(), query.get()));
  gboolean live = FALSE;
  GstClockTime least = 0, most = 0;
  gst_query_parse_latency(query.get(), &live, &least, &most);
  fail_unless(live && least == kFrame && most == 51 * kFrame);

  auto *start = gst_pad_get_sticky_event(pad.get(), GST_EVENT_STREAM_START, 0);
  guint group = 0;
  fail_unless(gst_event_parse_group_id(start, &group) && group != GST_GROUP_ID_INVALID);
  gst_event_unref(start);
  auto *segment_event = gst_pad_get_sticky_event(pad.get(), GST_EVENT_SEGMENT, 0);
  const GstSegment *segment = nullptr;
  gst_event_parse_segment(segment_event, &segment);
  fail_unless(segment->format == GST_FORMAT_TIME && segment->start == 0);
  gst_event_unref(segment_event);

  gint64 duration = 0;
  fail_unless(!gst_pad_query_duration(pad.get(), GST_FORMAT_TIME, &duration) || duration == -1);
  auto seeking = Ref<GstQuery>::adopt(gst_query_new_seeking(GST_FORMAT_TIME));
  gboolean seekable = TRUE;
  fail_unless(gst_pad_query(pad.get(), seeking.get()));
  gst_query_parse_seeking(seeking.get(), nullptr, &seekable, nullptr, nullptr);
  fail_if(seekable);
  fail_unless(GST_OBJECT_FLAG_IS_SET(src.element(), GST_ELEMENT_FLAG_SOURCE));
}

OAIRT_ELEMENT_TEST(there_is_no_preroll) {
  auto pipeline = launch("openairealtimesrc ! fakesink");
  fail_unless(gst_element_set_state(pipeline.get(), GST_STATE_PAUSED) ==
              GST_STATE_CHANGE_NO_PREROLL);
  set_state(pipeline, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(voice_comes_out_as_it_was_written_and_then_silence) {
  SrcHarness src;
  src.next();
  src.speak(3, 1000);
  auto buffer = next_voice(src);
  for (int i = 0; i < 2; ++i) {
    for (int16_t sample : content<int16_t>(buffer)) fail_unless_equals_int(sample, 1000);
    buffer = src.next();
    fail_if(has_flag(buffer, GST_BUFFER_FLAG_DISCONT));
  }
  for (int i = 0; i < 20; ++i) buffer = src.next();
  fail_unless(has_flag(buffer, GST_BUFFER_FLAG_GAP));
}

OAIRT_ELEMENT_TEST(volume_changes_over_one_frame_and_clips) {
  SrcHarness src;
  src.next();
  src.speak(10, 1000);
  next_voice(src);
  g_object_set(src.element(), "volume", 0.5, nullptr);
  auto ramp = content<int16_t>(src.next());
  fail_unless(ramp.front() > 990 && ramp.back() == 500);
  auto flat = content<int16_t>(src.next());
  fail_unless(flat.front() == 500 && flat.back() == 500);
  src.speak(10, 20000);
  g_object_set(src.element(), "volume", 4.0, nullptr);
  bool clipped = false;
  for (int i = 0; i < 30 && !clipped; ++i) {
    auto loud = content<int16_t>(src.next());
    clipped = loud.back() == 32767;
    fail_if(loud.back() < 0, "wrapped around");
  }
  fail_unless(clipped);
}

OAIRT_ELEMENT_TEST(stereo_and_float_are_given_where_they_are_asked_for) {
  SrcHarness src("audio/x-raw,format=F32LE,channels=2,channel-mask=(bitmask)3,rate=48000");
  src.next();
  src.speak(3, 16384);
  auto buffer = next_voice(src);
  fail_unless_equals_int(gst_buffer_get_size(buffer.get()), 960 * 2 * 4);
  for (float sample : content<float>(buffer)) fail_unless_equals_float(sample, 0.5f);
}

OAIRT_ELEMENT_TEST(mono_s16_is_what_anybody_gets) {
  auto pipeline = launch("openairealtimesrc name=a num-buffers=2 ! fakesink name=end");
  set_state(pipeline, GST_STATE_PLAYING);
  auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(child(pipeline, "a").get(), "src"));
  fail_unless(wait_for([&] { return gst_pad_has_current_caps(pad.get()) != FALSE; }));
  auto caps = Ref<GstCaps>::adopt(gst_pad_get_current_caps(pad.get()));
  GstAudioInfo info;
  fail_unless(gst_audio_info_from_caps(&info, caps.get()));
  fail_unless(info.channels == 1 && info.rate == 48000 &&
              GST_AUDIO_INFO_FORMAT(&info) == GST_AUDIO_FORMAT_S16);
  set_state(pipeline, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(a_source_that_was_held_up_catches_up_back_to_back) {
  SrcHarness src;
  src.next();
  src.jump_to(9 * kFrame);  // frames 1 to 8 are due
  for (GstClockTime i = 1; i <= 8; ++i) {
    auto buffer = src.pull();
    fail_unless_equals_uint64(GST_BUFFER_PTS(buffer.get()), i * kFrame);
    fail_if(has_flag(buffer, GST_BUFFER_FLAG_DISCONT));
  }
  fail_unless_equals_uint64(GST_BUFFER_PTS(src.next().get()), 9 * kFrame);
}

OAIRT_ELEMENT_TEST(what_is_missed_for_too_long_is_left_out_so_that_no_delay_stays) {
  SrcHarness src;
  src.next();
  src.speak(100, 1000);
  src.jump_to(60 * kFrame);
  auto buffer = src.pull();  // frame 1 was waited for, it is given out
  fail_unless_equals_uint64(GST_BUFFER_PTS(buffer.get()), 1 * kFrame);
  buffer = src.next();
  fail_unless_equals_uint64(GST_BUFFER_PTS(buffer.get()), 60 * kFrame);
  fail_unless(has_flag(buffer, GST_BUFFER_FLAG_DISCONT));
  fail_unless(src.session()->media()->queued() < 45 * kFrameDuration, "old voice was kept");
  fail_unless_equals_uint64(GST_BUFFER_PTS(src.next().get()), 61 * kFrame);
}

OAIRT_ELEMENT_TEST(a_flush_is_survived_with_a_discontinuity) {
  SrcHarness src;
  src.next();
  gst_element_send_event(src.element(), gst_event_new_flush_start());
  gst_element_send_event(src.element(), gst_event_new_flush_stop(FALSE));
  auto buffer = src.next();
  fail_unless(has_flag(buffer, GST_BUFFER_FLAG_DISCONT));
  fail_unless_equals_uint64(GST_BUFFER_PTS(buffer.get()) % kFrame, 0);
}

OAIRT_ELEMENT_TEST(a_new_clock_wakes_a_source_whose_clock_stands_still) {
  SrcHarness src;
  src.next();
  auto clock = Ref<GstClock>::adopt(gst_system_clock_obtain());
  gst_element_set_base_time(src.element(), gst_clock_get_time(clock.get()));
  gst_element_set_clock(src.element(), clock.get());
  for (int i = 0; i < 3; ++i) src.pull();
}

OAIRT_ELEMENT_TEST(the_stream_ends_after_the_answer_if_asked_to) {
  SrcHarness src(kCaps, "eos-policy=after-answer");
  src.next();
  src.speak(5, 1000);
  src.session()->say(AnswerFinishedEvent{});
  int voiced = 0;
  auto *pad = GST_PAD_PEER(src.get()->sinkpad);
  for (int i = 0; i < 50 && !GST_PAD_IS_EOS(pad); ++i) {
    gst_harness_crank_single_clock_wait(src.get());
    fail_unless(wait_for(
        [&] { return gst_harness_buffers_in_queue(src.get()) > 0 || GST_PAD_IS_EOS(pad); }));
    if (auto buffer = Ref<GstBuffer>::adopt(gst_harness_try_pull(src.get()))) {
      voiced += !has_flag(buffer, GST_BUFFER_FLAG_GAP);
    }
  }
  fail_unless(GST_PAD_IS_EOS(pad));
  fail_unless(voiced >= 5, "%d of 5 frames were given out before the end", voiced);
}

OAIRT_ELEMENT_TEST(otherwise_the_stream_goes_on_after_the_answer) {
  SrcHarness src;
  src.next();
  src.session()->say(AnswerFinishedEvent{});
  for (int i = 0; i < 20; ++i) src.next();
}

OAIRT_ELEMENT_TEST(failures_do_not_end_the_stream) {
  SrcHarness src;
  src.next();
  Error error{ErrorCode::Auth, "Bad key.", "401", "invalid_api_key", std::nullopt};
  src.session()->say(FailureEvent{error, true});
  src.session()->say(ConnectionStateEvent{ConnectionState::Failed, "Bad key.", 1});
  for (int i = 0; i < 20; ++i) src.next();
}

OAIRT_ELEMENT_TEST(a_session_that_stands_still_is_told_of_once) {
  auto pipeline = launch("openairealtimesrc name=a ! fakesink");
  auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline.get()));
  set_state(pipeline, GST_STATE_PLAYING);
  auto session = FakeSession::only();
  auto warned = [&](GstClockTime patience) {
    return Ref<GstMessage>::adopt(
        gst_bus_timed_pop_filtered(bus.get(), patience, GST_MESSAGE_WARNING));
  };
  for (int standstill = 0; standstill < 2; ++standstill) {
    session->delay = std::chrono::seconds(11);
    fail_unless(warned(10 * GST_SECOND), "it is told");
    int looks = session->looks;
    fail_unless(wait_for([&] { return session->looks > looks + 1; }));
    fail_if(warned(0), "once");
    session->delay = std::chrono::seconds(9);
    looks = session->looks;
    fail_unless(wait_for([&] { return session->looks > looks; }));
  }
  fail_if(warned(0));
  set_state(pipeline, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(the_stream_id_is_the_same_for_each_run) {
  auto pipeline = launch("openairealtimesrc name=a session=desk ! fakesink");
  auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(child(pipeline, "a").get(), "src"));
  std::string first;
  for (int run = 0; run < 2; ++run) {
    set_state(pipeline, GST_STATE_PLAYING);
    fail_unless(wait_for([&] { return gst_pad_has_current_caps(pad.get()) != FALSE; }));
    GString_ id(gst_pad_get_stream_id(pad.get()));
    if (run == 0) first = id.get();
    assert_text(id.get(), first);
    set_state(pipeline, GST_STATE_NULL);
  }
}

OAIRT_ELEMENT_TEST(pausing_leaves_no_hole_and_buffers_live_past_null) {
  auto pipeline = launch("openairealtimesrc ! appsink name=end sync=false");
  auto sink = child(pipeline, "end");
  std::vector<Ref<GstBuffer>> kept;
  auto pull = [&] {
    GstSample *sample = nullptr;
    g_signal_emit_by_name(sink.get(), "try-pull-sample", 5 * GST_SECOND, &sample);
    fail_if(sample == nullptr);
    kept.push_back(Ref<GstBuffer>::share(gst_sample_get_buffer(sample)));
    gst_sample_unref(sample);
  };
  for (int round = 0; round < 3; ++round) {
    set_state(pipeline, GST_STATE_PLAYING);
    for (int i = 0; i < 5; ++i) pull();
    set_state(pipeline, GST_STATE_PAUSED);
  }
  set_state(pipeline, GST_STATE_NULL);
  sink.reset();
  pipeline.reset();
  for (std::size_t i = 1; i < kept.size(); ++i) {
    fail_unless_equals_uint64(GST_BUFFER_PTS(kept[i].get()),
                              GST_BUFFER_PTS(kept[i - 1].get()) + kFrame);
  }
  for (const auto &buffer : kept) fail_unless_equals_int(content<int16_t>(buffer).size(), 960);
}

OAIRT_TEST_MAIN(elements_src, frames_lie_on_the_20_ms_grid_without_a_call,
                the_stream_begins_as_a_live_stream_does, there_is_no_preroll,
                voice_comes_out_as_it_was_written_and_then_silence,
                volume_changes_over_one_frame_and_clips,
                stereo_and_float_are_given_where_they_are_asked_for, mono_s16_is_what_anybody_gets,
                a_source_that_was_held_up_catches_up_back_to_back,
                what_is_missed_for_too_long_is_left_out_so_that_no_delay_stays,
                a_flush_is_survived_with_a_discontinuity,
                a_new_clock_wakes_a_source_whose_clock_stands_still,
                the_stream_ends_after_the_answer_if_asked_to,
                otherwise_the_stream_goes_on_after_the_answer, failures_do_not_end_the_stream,
                a_session_that_stands_still_is_told_of_once, the_stream_id_is_the_same_for_each_run,
                pausing_leaves_no_hole_and_buffers_live_past_null)
