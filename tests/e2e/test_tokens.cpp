// Every way to a credential, against the simulator: it checks them as the service does.
#include <cstdlib>
#include <string>

#include "support/check.h"
#include "support/pipeline.h"
#include "support/simulator_process.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

std::string source(const std::string &base_url, const std::string &extra = "") {
  return "openairealtimesrc name=out retry-interval=50 base-url=" + base_url + " " + extra +
         " ! fakesink sync=false";
}

int requests_to(SimulatorProcess &simulator, const std::string &path) {
  int count = 0;
  for (const auto &line : simulator.log("http")) {
    if (line["path"].as_string() == path) ++count;
  }
  return count;
}

void talks(Pipeline &p) {
  p.play();
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  p.send_text("out", "Hello.");
  fail_unless(p.wait_for_message("openai-realtime/response-done"), "%s", p.describe().c_str());
  fail_unless(p.messages("error").empty(), "%s", p.describe().c_str());
}

gchar *give_project_key(GstElement *, gpointer count) {
  ++*static_cast<int *>(count);
  return g_strdup(SimulatorProcess::kApiKey);
}

}  // namespace

GST_START_TEST(an_api_key_mints_a_token_once) {
  SimulatorProcess simulator;
  Pipeline p(source(simulator.base_url(), std::string("api-key=") + SimulatorProcess::kApiKey));
  talks(p);
  gboolean done = FALSE;
  g_signal_emit_by_name(p.get("out"), "reconnect", &done);
  fail_unless(p.wait_for_message("openai-realtime/session", 2), "%s", p.describe().c_str());
  fail_unless_equals_int(requests_to(simulator, "/v1/realtime/client_secrets"), 1);
  fail_unless_equals_int(requests_to(simulator, "/v1/realtime/calls"), 2);
}
GST_END_TEST

GST_START_TEST(a_token_server_is_asked_with_its_headers) {
  SimulatorProcess simulator;
  Pipeline p(source(simulator.base_url(),
                    "token-url=" + simulator.base_url() + "/realtime/client_secrets"));
  std::string headers = std::string("Authorization: Bearer ") + SimulatorProcess::kApiKey;
  g_object_set(p.get("out"), "token-headers", headers.c_str(), nullptr);
  talks(p);
}
GST_END_TEST

GST_START_TEST(the_application_is_asked_and_a_project_key_takes_the_form) {
  SimulatorProcess simulator;
  Pipeline p(source(simulator.base_url()));
  int asked = 0;
  g_signal_connect(p.get("out"), "request-token", G_CALLBACK(give_project_key), &asked);
  talks(p);
  fail_unless(asked >= 1);
  fail_unless_equals_int(requests_to(simulator, "/v1/realtime/client_secrets"), 0);
}
GST_END_TEST

GST_START_TEST(azure_has_its_own_paths_and_headers) {
  SimulatorProcess simulator;
  std::string base_url = "http://127.0.0.1:" + std::to_string(simulator.port()) + "/openai/v1";
  Pipeline p(source(base_url, std::string("service=azure api-key=") + SimulatorProcess::kApiKey));
  talks(p);
}
GST_END_TEST

GST_START_TEST(a_token_that_was_revoked_is_renewed) {
  SimulatorProcess simulator({"--fault", "calls_error=401"});
  Pipeline p(source(simulator.base_url(), std::string("api-key=") + SimulatorProcess::kApiKey));
  talks(p);
  fail_unless_equals_int(requests_to(simulator, "/v1/realtime/client_secrets"), 2);
}
GST_END_TEST

GST_START_TEST(a_wrong_key_is_told_once_and_not_tried_again) {
  SimulatorProcess simulator;
  Pipeline p(source(simulator.base_url(), "api-key=sk-wrong-key-51"));
  p.play();
  fail_unless(p.wait_for_message("error"), "%s", p.describe().c_str());
  fail_unless_equals_int(p.messages("error").front()->code, GST_RESOURCE_ERROR_NOT_AUTHORIZED);
  fail_unless(p.messages("error").front()->text.find("sk-wrong") == std::string::npos);
  TimePoint until = Clock::now() + milliseconds(500);
  p.wait([&] { return Clock::now() > until; });
  fail_unless_equals_int(requests_to(simulator, "/v1/realtime/client_secrets"), 1);
  fail_unless_equals_int(p.messages("error").size(), 1);
}
GST_END_TEST

GST_START_TEST(a_key_that_comes_later_and_reconnect_re_arm_the_session) {
  SimulatorProcess simulator;
  Pipeline p(source(simulator.base_url(), "api-key=sk-wrong-key-51"));
  p.play();
  fail_unless(p.wait_for_message("error"), "%s", p.describe().c_str());
  g_object_set(p.get("out"), "api-key", SimulatorProcess::kApiKey, nullptr);
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
}
GST_END_TEST

OAIRT_TEST_MAIN(tokens, an_api_key_mints_a_token_once, a_token_server_is_asked_with_its_headers,
                the_application_is_asked_and_a_project_key_takes_the_form,
                azure_has_its_own_paths_and_headers, a_token_that_was_revoked_is_renewed,
                a_wrong_key_is_told_once_and_not_tried_again,
                a_key_that_comes_later_and_reconnect_re_arm_the_session)
