// Whatever the other side does: one clear message within connect-timeout, and the pipeline goes on.
#include <string>
#include <vector>

#include "support/check.h"
#include "support/pipeline.h"
#include "support/simulator_process.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

struct Case {
  const char *fault;
  const char *message;  // "error" for what does not heal, "warning" for what does
  int code;             // GstResourceError of an error; -1: any
  std::vector<const char *> told;
};

std::string line(const std::string &base_url, const std::string &extra = "") {
  return "openairealtimesrc name=out connect-timeout=1500 retry-interval=50 base-url=" + base_url +
         " api-key=" + SimulatorProcess::kApiKey + " " + extra + " ! fakesink sync=false";
}

void goes_on(Pipeline &p) {
  std::size_t before = p.recorded_count();
  fail_unless(p.wait([&] { return p.recorded_count() > before + 10; }, std::chrono::seconds(3)),
              "the source stopped");
  p.assert_continuous();
}

void check(const Case &c) {
  SimulatorProcess simulator({"--fault", c.fault});
  Pipeline p(line(simulator.base_url()));
  p.record("out");
  TimePoint start = Clock::now();
  p.play();
  fail_unless(p.wait_for_message(c.message, 1, std::chrono::seconds(6)), "%s gave no %s: %s",
              c.fault, c.message, p.describe().c_str());
  const Posted &told = *p.messages(c.message).front();
  fail_unless(told.at - start < milliseconds(3000), "%s was told after %.0f ms", c.fault,
              to_ms(told.at - start));
  for (const char *part : c.told) {
    fail_unless(told.text.find(part) != std::string::npos, "%s: \"%s\" is not in %s", c.fault, part,
                told.text.c_str());
  }
  if (c.code >= 0) fail_unless_equals_int(told.code, c.code);
  fail_unless(p.messages("error").size() <= 1, "%s", p.describe().c_str());
  goes_on(p);
}

}  // namespace

GST_START_TEST(refusals_that_cannot_heal_are_errors) {
  const Case cases[] = {
      {"mint_error=401x9", "error", GST_RESOURCE_ERROR_NOT_AUTHORIZED, {"api-key"}},
      {"calls_error=401x9", "error", GST_RESOURCE_ERROR_NOT_AUTHORIZED, {}},
      {"calls_error=403", "error", -1, {"403"}},
      {"mint_error=quota", "error", -1, {"quota"}},
      {"wrong_fingerprint", "error", -1, {"fingerprint"}},
      {"reject_update=invalid_value", "error", GST_RESOURCE_ERROR_SETTINGS, {"session settings"}},
  };
  for (const Case &c : cases) check(c);
}
GST_END_TEST

GST_START_TEST(refusals_that_may_heal_are_warnings) {
  const Case cases[] = {
      {"calls_error=429:1", "warning", -1, {"429"}},
      {"calls_error=500", "warning", -1, {"500"}},
      {"calls_error=503", "warning", -1, {"503"}},
      {"mint_error=html", "warning", -1, {"text/html", "502"}},
      {"mint_garbage", "warning", -1, {}},
      {"garbage_sdp", "warning", -1, {}},
      {"no_audio", "warning", -1, {"audio"}},
      {"calls_resetx4", "warning", -1, {}},
      {"mint_resetx4", "warning", -1, {}},
  };
  for (const Case &c : cases) check(c);
}
GST_END_TEST

GST_START_TEST(a_server_that_never_answers_is_told_within_connect_timeout) {
  for (const char *fault : {"mint_hang", "calls_hang", "blackhole@answer", "freeze=on@dtls"}) {
    check({fault, "warning", -1, {}});
  }
}
GST_END_TEST

GST_START_TEST(nobody_there_is_told_with_host_and_reason) {
  Pipeline p(line("http://127.0.0.1:9/v1"));
  p.record("out");
  p.play();
  fail_unless(p.wait_for_message("warning"), "%s", p.describe().c_str());
  assert_contains(p.messages("warning").front()->text, "127.0.0.1");
  goes_on(p);
}
GST_END_TEST

GST_START_TEST(plain_http_to_another_host_is_refused) {
  Pipeline p(line("http://198.51.100.7/v1"));
  p.record("out");
  p.play();
  fail_unless(p.wait_for_message("error"), "%s", p.describe().c_str());
  assert_contains(p.messages("error").front()->text, "allow-insecure-http");
  goes_on(p);
}
GST_END_TEST

GST_START_TEST(a_missing_key_says_what_to_set) {
  g_unsetenv("OPENAI_API_KEY");
  SimulatorProcess simulator;
  Pipeline p("openairealtimesrc name=out base-url=" + simulator.base_url() + " ! fakesink");
  p.record("out");
  p.play();
  fail_unless(p.wait_for_message("error"), "%s", p.describe().c_str());
  fail_unless_equals_int(p.messages("error").front()->code, GST_RESOURCE_ERROR_NOT_AUTHORIZED);
  assert_contains(p.messages("error").front()->text, "OPENAI_API_KEY");
  goes_on(p);
}
GST_END_TEST

GST_START_TEST(what_fails_once_heals_by_itself) {
  for (const char *fault : {"calls_error=503", "mint_reset", "garbage_sdp", "close_channel@open",
                            "close_notify@ice", "no_location", "calls_status=200"}) {
    SimulatorProcess simulator({"--fault", fault});
    Pipeline p(line(simulator.base_url()));
    p.record("out");
    p.play();
    fail_unless(p.wait_for_state("connected"), "%s: %s", fault, p.describe().c_str());
    goes_on(p);
  }
}
GST_END_TEST

GST_START_TEST(strange_events_are_survived) {
  SimulatorProcess simulator({"--fault", "malformed_event@update+0.1", "--fault",
                              "unknown_event@update+0.1", "--fault", "huge_event=200000@update+0.1",
                              "--fault", "error_event=invalid_value@update+0.2"});
  Pipeline p(line(simulator.base_url()));
  p.record("out");
  p.play();
  fail_unless(p.wait_for_message("openai-realtime/error"), "%s", p.describe().c_str());
  p.send_text("out", "Still there?");
  fail_unless(p.wait_for_message("openai-realtime/response-done"), "%s", p.describe().c_str());
  fail_unless_equals_int(p.messages("warning").size(), 1);
  fail_unless_equals_int(simulator.log("call").size(), 1);
  goes_on(p);
}
GST_END_TEST

GST_START_TEST(a_bad_event_of_the_application_is_refused_not_sent) {
  SimulatorProcess simulator;
  Pipeline p(line(simulator.base_url()));
  p.play();
  fail_unless(p.wait_for_state("connected"));
  gboolean sent = TRUE;
  for (const char *event : {"{", "[]", "{\"type\":\"session.destroy\"}", "{}"}) {
    g_signal_emit_by_name(p.get("out"), "send-event", event, &sent);
    fail_if(sent, "%s", event);
  }
  g_signal_emit_by_name(p.get("out"), "send-event", "{\"type\":\"response.create\"}", &sent);
  fail_unless(sent);
  fail_unless(p.wait_for_message("openai-realtime/response-done"), "%s", p.describe().c_str());
  fail_unless_equals_int(p.messages("warning").size(), 4);
}
GST_END_TEST

GST_START_TEST(contradicting_elements_are_refused_at_ready) {
  Pipeline p(
      "openairealtimesink name=in voice=cedar api-key=sk-x audiotestsrc ! in.  "
      "openairealtimesrc name=out voice=marin ! fakesink");
  fail_unless_equals_int(p.set_state(GST_STATE_READY), GST_STATE_CHANGE_FAILURE);
  fail_unless(p.wait_for_message("error"));
  for (const char *part : {"cedar", "marin", "voice"}) {
    assert_contains(p.messages("error").front()->text, part);
  }
}
GST_END_TEST

GST_START_TEST(wrong_settings_are_refused_at_ready) {
  for (const char *setting : {"voice=darth", "tools=nonsense", "session-config=[]",
                              "base-url=nonsense", "ice-transport-policy=relay"}) {
    Pipeline p("openairealtimesrc " + std::string(setting) + " ! fakesink");
    fail_unless_equals_int(p.set_state(GST_STATE_READY), GST_STATE_CHANGE_FAILURE);
    fail_unless(p.wait_for_message("error"), "%s", setting);
    fail_unless_equals_int(p.messages("error").front()->code, GST_RESOURCE_ERROR_SETTINGS);
  }
}
GST_END_TEST

OAIRT_TEST_MAIN(bad_input, refusals_that_cannot_heal_are_errors,
                refusals_that_may_heal_are_warnings,
                a_server_that_never_answers_is_told_within_connect_timeout,
                nobody_there_is_told_with_host_and_reason, plain_http_to_another_host_is_refused,
                a_missing_key_says_what_to_set, what_fails_once_heals_by_itself,
                strange_events_are_survived, a_bad_event_of_the_application_is_refused_not_sent,
                contradicting_elements_are_refused_at_ready, wrong_settings_are_refused_at_ready)
