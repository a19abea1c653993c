// What does not heal: the ERROR message waits for the pipeline's state change, and keeps nothing
// alive that the application has given up.
#include "element_test.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

Error refusal() { return Error{ErrorCode::Auth, "What happened.", "detail", {}, {}}; }

}  // namespace

// gst_deinit() right behind the last reference must find nothing that still runs.
OAIRT_ELEMENT_TEST(the_application_has_the_last_reference_after_a_fatal_error) {
  for (int i = 0; i < 200; ++i) {
    auto pipeline = launch("openairealtimesrc name=talk ! fakesink");
    set_state(pipeline, GST_STATE_READY);
    GWeakRef weak;
    g_weak_ref_init(&weak, child(pipeline, "talk").get());
    FakeSession::only()->say(FailureEvent{refusal(), true});
    set_state(pipeline, GST_STATE_NULL);
    pipeline = nullptr;
    auto left = Ref<GstElement>::adopt(static_cast<GstElement *>(g_weak_ref_get(&weak)));
    fail_unless(!left, "round %d: somebody holds the element", i);
    g_weak_ref_clear(&weak);
  }
}

OAIRT_ELEMENT_TEST(an_error_in_a_state_change_is_posted_when_it_is_through) {
  auto pipeline = launch("openairealtimesink name=talk  appsrc name=late ! fakesink");
  fail_unless_equals_int(gst_element_set_state(pipeline.get(), GST_STATE_PAUSED),
                         GST_STATE_CHANGE_ASYNC);
  FakeSession::only()->say(FailureEvent{refusal(), true});
  GstFlowReturn flow = GST_FLOW_OK;
  g_signal_emit_by_name(child(pipeline, "late").get(), "end-of-stream", &flow);
  auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline.get()));
  auto both = static_cast<GstMessageType>(GST_MESSAGE_ASYNC_DONE | GST_MESSAGE_ERROR);
  for (GstMessageType wanted : {GST_MESSAGE_ASYNC_DONE, GST_MESSAGE_ERROR}) {
    auto message =
        Ref<GstMessage>::adopt(gst_bus_timed_pop_filtered(bus.get(), 5 * GST_SECOND, both));
    fail_unless(bool(message) && GST_MESSAGE_TYPE(message.get()) == wanted, "no %s",
                gst_message_type_get_name(wanted));
  }
  set_state(pipeline, GST_STATE_NULL);
}

OAIRT_TEST_MAIN(fatal, the_application_has_the_last_reference_after_a_fatal_error,
                an_error_in_a_state_change_is_posted_when_it_is_through)
