// Who shares a session with whom, what the bus hears of it, and what the states do.
#include <set>

#include "element_test.h"

using namespace oairt;
using namespace oairt::test;

namespace {

std::size_t count_messages(const Ref<GstElement> &pipeline, const char *name) {
  std::size_t count = 0;
  for (const auto &message : take_messages(pipeline, GST_MESSAGE_ELEMENT)) {
    count += gst_message_has_name(message.get(), name);
  }
  return count;
}

const SpeechStartedEvent kSpeech{"item_1", 120};

Error error_of(ErrorCode code) {
  return Error{code, "What happened.", "Where.", "service_code", std::nullopt};
}

void cycle(const char *line) {
  auto pipeline = launch(line);
  for (int round = 0; round < 3; ++round) {
    for (GstState state : {GST_STATE_READY, GST_STATE_PAUSED, GST_STATE_PLAYING, GST_STATE_PAUSED,
                           GST_STATE_PLAYING, GST_STATE_READY, GST_STATE_PLAYING, GST_STATE_NULL}) {
      set_state(pipeline, state);
      bool running = state >= GST_STATE_PAUSED;
      if (state == GST_STATE_NULL) break;
      for (const auto &member : FakeSession::only()->members()) {
        fail_unless(member.running == running, "%s in %s", member.element.c_str(),
                    gst_element_state_get_name(state));
      }
    }
    fail_unless_equals_int(FakeSession::alive, 0);
  }
}

}  // namespace

OAIRT_ELEMENT_TEST(states_cycle_and_the_session_follows) {
  cycle("audiotestsrc is-live=true ! openairealtimesink openairealtimesrc ! fakesink sync=true");
  cycle("audiotestsrc is-live=true ! openairealtimebin ! fakesink sync=true");
  cycle("openairealtimesrc ! fakesink");
  cycle("audiotestsrc ! openairealtimesink");
}

OAIRT_ELEMENT_TEST(an_element_alone_works_without_a_pipeline) {
  auto src = make("openairealtimesrc");
  set_state(src, GST_STATE_READY);
  fail_unless_equals_int(FakeSession::only()->members().size(), 1);
  bool counted = false;  // what assert_nothing_left() relies on
  for (const auto &object : live_objects()) {
    counted |= object.find("GstOpenaiRealtimeSrc") != std::string::npos;
  }
  fail_unless(counted);
  set_state(src, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(elements_of_one_pipeline_share_a_session_also_from_inside_a_bin) {
  auto pipeline = launch(
      "( audiotestsrc is-live=true ! openairealtimesink ) openairealtimesrc ! "
      "fakesink");
  set_state(pipeline, GST_STATE_READY);
  fail_unless_equals_int(FakeSession::only()->members().size(), 2);
  set_state(pipeline, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(two_pipelines_have_two_sessions_unless_they_share_a_name) {
  auto one = launch("openairealtimesrc ! fakesink"), two = launch("openairealtimesrc ! fakesink");
  set_state(one, GST_STATE_READY);
  set_state(two, GST_STATE_READY);
  fail_unless_equals_int(FakeSession::alive, 2);
  set_state(one, GST_STATE_NULL);
  set_state(two, GST_STATE_NULL);

  one = launch("audiotestsrc is-live=true ! openairealtimesink session=desk");
  two = launch("openairealtimesrc session=desk ! fakesink");
  set_state(one, GST_STATE_READY);
  set_state(two, GST_STATE_READY);
  fail_unless_equals_int(FakeSession::find("name:desk")->members().size(), 2);
  fail_unless_equals_int(FakeSession::alive, 1);
  FakeSession::only()->say(kSpeech);
  fail_unless_equals_int(count_messages(one, "openai-realtime/speech-started"), 1);
  fail_unless_equals_int(count_messages(two, "openai-realtime/speech-started"), 1);
  set_state(one, GST_STATE_NULL);
  set_state(two, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(two_sessions_in_one_pipeline_speak_for_themselves) {
  auto pipeline = launch(
      "openairealtimesrc session=a ! fakesink openairealtimesrc session=b ! "
      "fakesink");
  set_state(pipeline, GST_STATE_READY);
  FakeSession::find("name:a")->say(kSpeech);
  FakeSession::find("name:b")->say(kSpeech);
  fail_unless_equals_int(count_messages(pipeline, "openai-realtime/speech-started"), 2);
  set_state(pipeline, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(the_bus_hears_each_thing_once) {
  for (const char *line :
       {"audiotestsrc is-live=true ! openairealtimesink openairealtimesrc ! fakesink",
        "audiotestsrc is-live=true ! openairealtimebin ! fakesink"}) {
    auto pipeline = launch(line);
    set_state(pipeline, GST_STATE_READY);
    auto session = FakeSession::only();
    session->say(kSpeech);
    fail_unless_equals_int(count_messages(pipeline, "openai-realtime/speech-started"), 1);
    session->say(FailureEvent{error_of(ErrorCode::Network), false});
    fail_unless_equals_int(take_failures(pipeline).size(), 1);
    session.reset();
    set_state(pipeline, GST_STATE_NULL);
  }
}

OAIRT_ELEMENT_TEST(when_the_first_element_leaves_the_next_one_speaks) {
  auto pipeline = launch("openairealtimesrc name=a ! fakesink openairealtimesrc name=b ! fakesink");
  set_state(pipeline, GST_STATE_READY);
  auto session = FakeSession::only();
  set_state(child(pipeline, "a"), GST_STATE_NULL);
  session->say(kSpeech);
  fail_unless_equals_int(count_messages(pipeline, "openai-realtime/speech-started"), 1);
  session.reset();
  set_state(pipeline, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(every_event_of_the_design_has_its_message) {
  auto pipeline = launch("openairealtimesrc ! fakesink");
  set_state(pipeline, GST_STATE_READY);
  auto session = FakeSession::only();
  session->say(ConnectionStateEvent{ConnectionState::Connecting, "start", 0});
  session->say(SessionInfoEvent{"sess_1", "rtc_1", 1234});
  session->say(SpeechStoppedEvent{"item_1", 900});
  session->say(ResponseStartedEvent{"resp_1"});
  session->say(ResponseDoneEvent{"resp_1", "completed", "", Json::object({{"total_tokens", 5}})});
  session->say(TranscriptEvent{"assistant", "hello", true, "item_2"});
  session->say(FunctionCallEvent{"light", "call_1", "{}"});
  session->say(RecoveryEvent{"network", "replace", 250, "conversation"});
  session->say(RateLimitsEvent{{{"tokens", 100, 90, 1.5}, {"requests", 10, 9, 2.5}}});
  session->say(ServiceErrorEvent{"invalid_request_error", "code", "message", false});
  std::vector<std::string> names;
  for (const auto &message : take_messages(pipeline, GST_MESSAGE_ELEMENT)) {
    GString_ text(gst_structure_to_string(gst_message_get_structure(message.get())));
    names.emplace_back(text.get());
  }
  fail_unless_equals_int(names.size(), 10);
  assert_contains(names[0], "openai-realtime/connection-state, state=(string)connecting");
  assert_contains(names[1], "expires-at=(gint64)1234");
  assert_contains(names[2], "openai-realtime/speech-stopped");
  assert_contains(names[3], "openai-realtime/response-started");
  assert_contains(names[4], "total_tokens");
  assert_contains(names[5], "final=(boolean)true");
  assert_contains(names[6], "arguments=(string)\"\\{\\}\"");
  assert_contains(names[7], "outage-ms=(double)250");
  assert_contains(names[8], "remaining\\=\\(gint64\\)90");
  assert_contains(names[9], "fatal=(boolean)false");
  session.reset();
  set_state(pipeline, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(failures_have_the_right_domain_and_both_texts) {
  auto pipeline = launch("openairealtimesrc ! fakesink");
  set_state(pipeline, GST_STATE_READY);
  auto session = FakeSession::only();
  auto code_of = [&](ErrorCode code) {
    session->say(FailureEvent{error_of(code), true});
    // Errors are posted when the pipeline's state has settled.
    auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline.get()));
    auto message = Ref<GstMessage>::adopt(
        gst_bus_timed_pop_filtered(bus.get(), 5 * GST_SECOND, GST_MESSAGE_ERROR));
    fail_unless(bool(message), "no error was posted");
    GError *raw = nullptr;
    gst_message_parse_error(message.get(), &raw, nullptr);
    UniqueError error(raw);
    assert_text(raw->message, "What happened.");
    return raw->domain == GST_RESOURCE_ERROR ? raw->code : -1;
  };
  fail_unless_equals_int(code_of(ErrorCode::Auth), GST_RESOURCE_ERROR_NOT_AUTHORIZED);
  fail_unless_equals_int(code_of(ErrorCode::Config), GST_RESOURCE_ERROR_SETTINGS);
  fail_unless_equals_int(code_of(ErrorCode::Busy), GST_RESOURCE_ERROR_BUSY);
  fail_unless_equals_int(code_of(ErrorCode::Media), -1);
  session->say(FailureEvent{error_of(ErrorCode::Network), false});
  auto failures = take_failures(pipeline);
  fail_unless_equals_int(failures.size(), 1);
  assert_text(failures[0], "warning: What happened. | Where.");
  session.reset();
  set_state(pipeline, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(contradictions_fail_the_way_to_ready_and_name_both_values) {
  auto pipeline = launch(
      "audiotestsrc ! openairealtimesink voice=marin "
      "openairealtimesrc voice=cedar ! fakesink");
  fail_unless(gst_element_set_state(pipeline.get(), GST_STATE_READY) == GST_STATE_CHANGE_FAILURE);
  auto failures = take_failures(pipeline);
  fail_unless_equals_int(failures.size(), 1);
  assert_contains(failures[0], "error: ");
  assert_contains(failures[0], "marin");
  assert_contains(failures[0], "cedar");
  set_state(pipeline, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(a_refused_element_can_be_corrected_and_tried_again) {
  auto pipeline = launch("openairealtimebin name=bin ! fakesink");
  FakeSession::next_refusal = error_of(ErrorCode::Config);
  fail_unless(gst_element_set_state(pipeline.get(), GST_STATE_READY) == GST_STATE_CHANGE_FAILURE);
  fail_unless_equals_int(take_failures(pipeline).size(), 1);
  set_state(pipeline, GST_STATE_NULL);
  fail_unless_equals_int(FakeSession::alive, 0);
  set_state(pipeline, GST_STATE_PLAYING);
  set_state(pipeline, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(actions_reach_the_session) {
  auto pipeline = launch("openairealtimebin name=a ! fakesink");
  auto element = child(pipeline, "a");
  set_state(pipeline, GST_STATE_READY);
  gboolean done = FALSE;
  g_signal_emit_by_name(element.get(), "send-event", "{}", &done);
  fail_unless(done);
  g_signal_emit_by_name(element.get(), "send-text", "hello", &done);
  g_signal_emit_by_name(element.get(), "create-response", &done);
  g_signal_emit_by_name(element.get(), "interrupt", &done);
  g_signal_emit_by_name(element.get(), "commit-audio", &done);
  g_signal_emit_by_name(element.get(), "clear-audio", &done);
  g_signal_emit_by_name(element.get(), "submit-tool-output", "call_1", "42", &done);
  for (const char *action :
       {"split-session", "forget-session", "grant-consent", "withdraw-consent", "reconnect"}) {
    g_signal_emit_by_name(element.get(), action, &done);
    fail_unless(done, "%s", action);
  }
  std::vector<std::string> expected = {"send-event {}",
                                       "send-text hello",
                                       "create-response",
                                       "interrupt",
                                       "commit-audio",
                                       "clear-audio",
                                       "submit-tool-output call_1 42",
                                       "split-session",
                                       "forget-session",
                                       "grant-consent",
                                       "withdraw-consent",
                                       "reconnect"};
  fail_unless(FakeSession::only()->calls() == expected);
  set_state(pipeline, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(what_was_restored_is_told_and_set_where_nothing_else_was) {
  auto pipeline = launch("openairealtimebin name=a volume=0.5 ! fakesink");
  auto element = child(pipeline, "a");
  set_state(pipeline, GST_STATE_READY);
  auto session = FakeSession::only();
  fail_unless_equals_int(session->count_calls("volume 0.500000"), 1);
  session->say(RestoredEvent{12, 1700000000000, true, 0.25, "{\"language\":\"de\"}"});
  gboolean mute = FALSE;
  gdouble volume = 0;
  g_object_get(element.get(), "mute", &mute, "volume", &volume, nullptr);
  fail_unless(mute && volume == 0.5, "%d %f", mute, volume);
  fail_unless(session->count_calls("mute") >= 1);
  session->say(LogicalSessionEvent{"split-session"});
  std::vector<std::string> told;
  for (const auto &message : take_messages(pipeline, GST_MESSAGE_ELEMENT)) {
    GString_ text(gst_structure_to_string(gst_message_get_structure(message.get())));
    told.emplace_back(text.get());
  }
  fail_unless_equals_int(told.size(), 2);
  assert_contains(told[0], "openai-realtime/restored, items=(guint64)12");
  assert_contains(told[0], "language");
  assert_contains(told[0], "mute=(boolean)true");
  assert_contains(told[1], "openai-realtime/logical-session, reason=(string)split-session");
  session.reset();
  set_state(pipeline, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(refused_actions_return_false_and_say_why) {
  auto pipeline = launch("openairealtimesrc name=a ! fakesink");
  auto element = child(pipeline, "a");
  gboolean done = TRUE;
  g_signal_emit_by_name(element.get(), "interrupt", &done);
  fail_if(done, "there is no session in NULL");
  g_signal_emit_by_name(element.get(), "send-event", nullptr, &done);
  fail_if(done);
  auto failures = take_failures(pipeline);
  fail_unless_equals_int(failures.size(), 2);
  assert_contains(failures[0], "READY");
  set_state(pipeline, GST_STATE_READY);
  FakeSession::next_refusal = error_of(ErrorCode::Network);
  done = TRUE;
  g_signal_emit_by_name(element.get(), "commit-audio", &done);
  fail_if(done);
  g_signal_emit_by_name(element.get(), "send-text", nullptr, &done);
  fail_if(done);
  failures = take_failures(pipeline);
  fail_unless_equals_int(failures.size(), 2);
  assert_text(failures[0], "warning: What happened. | Where.");
  assert_contains(failures[1], "\"text\"");
  set_state(pipeline, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(signals_tell_of_events_and_calls) {
  auto pipeline = launch("openairealtimesrc name=a ! fakesink");
  auto element = child(pipeline, "a");
  std::vector<std::string> heard;
  auto on_event = +[](GstElement *, const char *type, const char *json, gpointer heard) {
    static_cast<std::vector<std::string> *>(heard)->push_back(std::string(type) + json);
  };
  auto on_call = +[](GstElement *, const char *name, const char *id, const char *arguments,
                     gpointer heard) {
    static_cast<std::vector<std::string> *>(heard)->push_back(std::string(name) + id + arguments);
  };
  auto on_bin = +[](GstElement *, GstElement *webrtcbin, gpointer heard) {
    static_cast<std::vector<std::string> *>(heard)->push_back(GST_OBJECT_NAME(webrtcbin));
  };
  auto on_notify = +[](GObject *, GParamSpec *spec, gpointer heard) {
    static_cast<std::vector<std::string> *>(heard)->push_back(spec->name);
  };
  g_signal_connect(element.get(), "event", G_CALLBACK(on_event), &heard);
  g_signal_connect(element.get(), "function-call", G_CALLBACK(on_call), &heard);
  g_signal_connect(element.get(), "webrtcbin-ready", G_CALLBACK(on_bin), &heard);
  g_signal_connect(element.get(), "notify::connection-state", G_CALLBACK(on_notify), &heard);
  set_state(pipeline, GST_STATE_READY);
  auto session = FakeSession::only();
  session->say(RawServerEvent{"session.created", "{}"});
  session->say(FunctionCallEvent{"light", "call_1", "[]"});
  auto bin = Ref<GstElement>::sink(gst_bin_new("inner"));
  session->say(WebrtcbinReadyEvent{bin});
  session->say(ConnectionStateEvent{ConnectionState::Connected, "", 0});
  std::vector<std::string> expected = {"session.created{}", "lightcall_1[]", "inner",
                                       "connection-state"};
  fail_unless(heard == expected);
  session.reset();
  set_state(pipeline, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(the_application_is_asked_for_a_token) {
  auto pipeline = launch("openairealtimesink name=a openairealtimesrc name=b ! fakesink");
  auto silent = +[](GstElement *, gpointer) -> gchar * { return nullptr; };
  auto answers = +[](GstElement *, gpointer) -> gchar * { return g_strdup("ek_1"); };
  set_state(pipeline, GST_STATE_READY);
  fail_unless(FakeSession::only()->ask_for_token().empty());
  auto element = child(pipeline, "b");
  g_signal_connect(element.get(), "request-token", G_CALLBACK(silent), nullptr);
  g_signal_connect(element.get(), "request-token", G_CALLBACK(answers), nullptr);
  assert_text(std::string(FakeSession::only()->ask_for_token().reveal()), "ek_1");
  set_state(pipeline, GST_STATE_NULL);
}

OAIRT_ELEMENT_TEST(only_the_last_element_waits_for_ended_sessions) {
  int before = FakeSession::waits;
  auto one = make("openairealtimesrc");
  make("openairealtimebin");
  fail_unless_equals_int(FakeSession::waits, before);
  one.reset();
  fail_unless_equals_int(FakeSession::waits, before + 1);
}

OAIRT_ELEMENT_TEST(a_message_handler_may_take_the_pipeline_down) {
  auto pipeline = launch("openairealtimesrc ! fakesink");
  set_state(pipeline, GST_STATE_PLAYING);
  auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline.get()));
  auto handler = +[](GstBus *, GstMessage *message, gpointer pipeline) -> GstBusSyncReply {
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ELEMENT) {
      gst_element_set_state(static_cast<GstElement *>(pipeline), GST_STATE_NULL);
    }
    return GST_BUS_PASS;
  };
  gst_bus_set_sync_handler(bus.get(), handler, pipeline.get(), nullptr);
  FakeSession::only()->say(kSpeech);
  fail_unless_equals_int(FakeSession::alive, 0);
  gst_bus_set_sync_handler(bus.get(), nullptr, nullptr, nullptr);
}

OAIRT_TEST_MAIN(elements_sessions, states_cycle_and_the_session_follows,
                an_element_alone_works_without_a_pipeline,
                elements_of_one_pipeline_share_a_session_also_from_inside_a_bin,
                two_pipelines_have_two_sessions_unless_they_share_a_name,
                two_sessions_in_one_pipeline_speak_for_themselves, the_bus_hears_each_thing_once,
                when_the_first_element_leaves_the_next_one_speaks,
                every_event_of_the_design_has_its_message,
                failures_have_the_right_domain_and_both_texts,
                contradictions_fail_the_way_to_ready_and_name_both_values,
                a_refused_element_can_be_corrected_and_tried_again, actions_reach_the_session,
                what_was_restored_is_told_and_set_where_nothing_else_was,
                refused_actions_return_false_and_say_why, signals_tell_of_events_and_calls,
                the_application_is_asked_for_a_token,
                only_the_last_element_waits_for_ended_sessions,
                a_message_handler_may_take_the_pipeline_down)
