// Text and video beside speech: what becomes of buffers, and that neither pad holds anything up.
#include <cstring>

#include "element_test.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

Ref<GstElement> pipeline_with(const std::string &line) {
  auto pipeline = launch(line);
  set_state(pipeline, GST_STATE_PLAYING);
  return pipeline;
}

void push_text(const Ref<GstElement> &source, const std::string &text) {
  GstBuffer *buffer = gst_buffer_new_allocate(nullptr, text.size(), nullptr);
  gst_buffer_fill(buffer, 0, text.data(), text.size());
  GstFlowReturn flow = GST_FLOW_ERROR;
  g_signal_emit_by_name(source.get(), "push-buffer", buffer, &flow);
  gst_buffer_unref(buffer);
  fail_unless_equals_int(flow, GST_FLOW_OK);
}

std::size_t texts(const std::string &text) {
  return FakeSession::only()->count_calls("send-text " + text);
}

bool has_images(std::size_t count) {
  return wait_for([&] { return FakeSession::only()->images().size() >= count; });
}

const char *kText = "appsrc name=text format=bytes caps=text/x-raw,format=utf8 ! ";

}  // namespace

OAIRT_ELEMENT_TEST(each_buffer_of_text_is_a_message) {
  for (const char *element : {"openairealtimesink", "openairealtimebin"}) {
    auto p = pipeline_with(std::string(kText) + element + "0.text_sink " + element +
                           " name=" + element + "0");
    auto source = child(p, "text");
    push_text(source, " hello \n");
    push_text(source, "  \n");
    push_text(source, std::string("zwei\0", 5));
    push_text(source, "gr\xc3\xbc\xc3\x9f");
    fail_unless(wait_for([] { return texts("gr\xc3\xbc\xc3\x9f") == 1; }));
    fail_unless_equals_int(texts("hello"), 1);
    fail_unless_equals_int(texts("zwei"), 1);
    fail_unless_equals_int(FakeSession::only()->calls().size(), 3);
    set_state(p, GST_STATE_NULL);
  }
}

OAIRT_ELEMENT_TEST(text_that_is_none_costs_a_warning_and_nothing_else) {
  auto p = pipeline_with(std::string(kText) + "s.text_sink openairealtimesink name=s");
  auto source = child(p, "text");
  push_text(source, "\xff\xfe zebra");
  push_text(source, "good");
  fail_unless(wait_for([] { return texts("good") == 1; }));
  auto failures = take_failures(p);
  fail_unless_equals_int(failures.size(), 1);
  assert_contains(failures[0], "warning: A text is not valid UTF-8");
  fail_unless(failures[0].find("zebra") == std::string::npos);
  // The session's own refusals are told too.
  FakeSession::next_refusal = Error{ErrorCode::Config, "Too long.", "", "", std::nullopt};
  push_text(source, "long");
  fail_unless(wait_for([] { return !FakeSession::next_refusal.has_value(); }));
  push_text(source, "last");
  fail_unless(wait_for([] { return texts("last") == 1; }));
  failures = take_failures(p);
  fail_unless_equals_int(failures.size(), 1);
  assert_contains(failures[0], "warning: Too long.");
  set_state(p, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(markup_is_taken_out) {
  auto p = pipeline_with(
      "appsrc name=text format=bytes caps=text/x-raw,format=pango-markup ! s.text_sink "
      "openairealtimesink name=s");
  push_text(child(p, "text"), "<i>Tea</i> &amp; <b>milk</b>");
  push_text(child(p, "text"), "<i>open");
  push_text(child(p, "text"), "plain");
  fail_unless(wait_for([] { return texts("plain") == 1; }));
  fail_unless_equals_int(texts("Tea & milk"), 1);
  fail_unless_equals_int(take_failures(p).size(), 1);
  set_state(p, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(an_idle_text_pad_holds_up_neither_states_nor_eos) {
  auto p = launch(std::string("audiotestsrc num-buffers=5 ! s.sink ") + kText +
                  "s.text_sink openairealtimesink name=s");
  set_state(p, GST_STATE_PAUSED);
  fail_unless_equals_int(gst_element_get_state(p.get(), nullptr, nullptr, 5 * GST_SECOND),
                         GST_STATE_CHANGE_SUCCESS);
  set_state(p, GST_STATE_PLAYING);
  auto bus = Ref<GstBus>::adopt(gst_element_get_bus(p.get()));
  auto eos = Ref<GstMessage>::adopt(
      gst_bus_timed_pop_filtered(bus.get(), 10 * GST_SECOND, GST_MESSAGE_EOS));
  fail_unless(static_cast<bool>(eos), "no EOS while the text is idle");
  set_state(p, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(the_end_of_the_text_ends_the_input_where_nobody_speaks) {
  for (const char *element : {"openairealtimesink", "openairealtimebin"}) {
    auto p = pipeline_with(std::string(kText) + "e.text_sink " + element + " name=e");
    GstFlowReturn flow = GST_FLOW_ERROR;
    push_text(child(p, "text"), "all");
    g_signal_emit_by_name(child(p, "text").get(), "end-of-stream", &flow);
    fail_unless(wait_for([] { return FakeSession::only()->count_calls("input-finished") == 1; }));
    fail_unless_equals_int(texts("all"), 1);
    set_state(p, GST_STATE_NULL);
  }
}

OAIRT_ELEMENT_TEST(the_end_of_the_text_does_not_end_speech) {
  auto p = pipeline_with(std::string("audiotestsrc is-live=true ! e.sink ") + kText +
                         "e.text_sink openairealtimebin name=e");
  GstFlowReturn flow = GST_FLOW_ERROR;
  g_signal_emit_by_name(child(p, "text").get(), "end-of-stream", &flow);
  auto limit = Clock::now() + milliseconds(300);
  wait_for([&] { return Clock::now() > limit; });
  fail_unless_equals_int(FakeSession::only()->count_calls("input-finished"), 0);
  set_state(p, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(pads_come_and_go) {
  auto p = pipeline_with("fakesink openairealtimebin name=e");
  auto bin = child(p, "e");
  for (int round = 0; round < 3; ++round) {
    for (const char *name : {"text_sink", "video_sink"}) {
      auto pad = Ref<GstPad>::adopt(gst_element_request_pad_simple(bin.get(), name));
      fail_unless(static_cast<bool>(pad));
      gst_element_release_request_pad(bin.get(), pad.get());
    }
  }
  set_state(p, GST_STATE_NULL);
}

// --- video ---

OAIRT_ELEMENT_TEST(a_picture_on_request_is_small_enough_whatever_it_shows) {
  auto p = pipeline_with(
      "videotestsrc is-live=true pattern=snow ! video/x-raw,format=BGRx,width=1920,height=1080,"
      "framerate=10/1 ! s.video_sink openairealtimesink name=s snapshot-width=1280");
  auto sink = child(p, "s");
  gboolean taken = FALSE;
  g_signal_emit_by_name(sink.get(), "send-snapshot", "What is this?", &taken);
  fail_unless(taken);
  fail_unless(has_images(1));
  Image image = FakeSession::only()->images().front();
  assert_text(image.text, "What is this?");
  fail_unless(image.jpeg.size() > 2000 && image.jpeg.size() * 4 / 3 < kMaxEventBytes - 1000,
              "%zu bytes", image.jpeg.size());
  fail_unless(std::memcmp(image.jpeg.data(), "\xff\xd8\xff", 3) == 0);
  fail_unless(image.width <= 1280 && image.width * 9 / 16 - image.height <= 2, "%dx%d", image.width,
              image.height);
  fail_unless(take_failures(p).empty());
  set_state(p, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(a_picture_is_never_enlarged_and_keeps_its_aspect) {
  auto p = pipeline_with(
      "videotestsrc is-live=true ! video/x-raw,format=UYVY,width=720,height=576,"
      "pixel-aspect-ratio=16/15 ! s.video_sink openairealtimesink name=s snapshot-width=4096");
  gboolean taken = FALSE;
  g_signal_emit_by_name(child(p, "s").get(), "send-snapshot", nullptr, &taken);
  fail_unless(taken && has_images(1));
  Image image = FakeSession::only()->images().front();
  fail_unless_equals_int(image.width, 720);
  fail_unless_equals_int(image.height, 540);
  assert_text(image.text, "");
  set_state(p, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(pictures_come_at_the_interval_and_only_when_wanted) {
  auto p = pipeline_with(
      "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=30/1 ! e.video_sink "
      "openairealtimebin name=e snapshot-interval=100");
  fail_unless(has_images(3));
  FakeSession::only()->image_wanted = false;
  auto limit = Clock::now() + milliseconds(150);
  wait_for([&] { return Clock::now() > limit; });
  auto count = FakeSession::only()->images().size();
  limit = Clock::now() + milliseconds(300);
  wait_for([&] { return Clock::now() > limit; });
  fail_unless_equals_int(FakeSession::only()->images().size(), count);
  FakeSession::only()->image_wanted = true;
  fail_unless(has_images(count + 1));
  set_state(p, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(without_video_a_request_is_refused_with_the_reason) {
  auto p = pipeline_with("openairealtimesink name=s openairealtimesrc name=o ! fakesink");
  for (const char *name : {"s", "o"}) {
    gboolean taken = TRUE;
    g_signal_emit_by_name(child(p, name).get(), "send-snapshot", "?", &taken);
    fail_if(taken);
  }
  auto failures = take_failures(p);
  fail_unless_equals_int(failures.size(), 2);
  for (const auto &failure : failures) assert_contains(failure, "video");
  set_state(p, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(video_changes_neither_latency_nor_preroll) {
  auto p = launch(
      "videotestsrc is-live=true ! video/x-raw,width=64,height=48 ! s.video_sink audiotestsrc "
      "is-live=true ! s.sink openairealtimesink name=s");
  set_state(p, GST_STATE_PAUSED);
  fail_unless_equals_int(gst_element_get_state(p.get(), nullptr, nullptr, 5 * GST_SECOND),
                         GST_STATE_CHANGE_NO_PREROLL);
  set_state(p, GST_STATE_PLAYING);
  auto query = Ref<GstQuery>::adopt(gst_query_new_latency());
  fail_unless(gst_element_query(p.get(), query.get()));
  GstClockTime least = 1;
  gst_query_parse_latency(query.get(), nullptr, &least, nullptr);
  fail_unless_equals_uint64(least, 0);
  set_state(p, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(a_picture_under_way_does_not_outlive_its_element) {
  for (int round = 0; round < 5; ++round) {
    auto p = pipeline_with(
        "videotestsrc is-live=true pattern=snow ! video/x-raw,width=1920,height=1080 ! "
        "e.video_sink openairealtimebin name=e snapshot-interval=1 snapshot-width=1920");
    if (round % 2 == 0) fail_unless(has_images(1));
    set_state(p, GST_STATE_NULL);
  }
}

OAIRT_TEST_MAIN(side_inputs, each_buffer_of_text_is_a_message,
                text_that_is_none_costs_a_warning_and_nothing_else, markup_is_taken_out,
                an_idle_text_pad_holds_up_neither_states_nor_eos,
                the_end_of_the_text_ends_the_input_where_nobody_speaks,
                the_end_of_the_text_does_not_end_speech, pads_come_and_go,
                a_picture_on_request_is_small_enough_whatever_it_shows,
                a_picture_is_never_enlarged_and_keeps_its_aspect,
                pictures_come_at_the_interval_and_only_when_wanted,
                without_video_a_request_is_refused_with_the_reason,
                video_changes_neither_latency_nor_preroll,
                a_picture_under_way_does_not_outlive_its_element)
