// Azure, and servers that resemble the service: what they leave out, and what is made of it.
#include <string>

#include "support/check.h"
#include "support/pipeline.h"
#include "support/simulator_process.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

std::string url(const SimulatorProcess &simulator, const std::string &path) {
  return "http://127.0.0.1:" + std::to_string(simulator.port()) + path;
}

std::string line(const std::string &base_url, const std::string &more = "") {
  return "openairealtimesrc name=out base-url=" + base_url +
         " api-key=" + SimulatorProcess::kApiKey + " " + more + " ! fakesink sync=false";
}

// A typed turn is answered, and nothing is complained of but what was expected.
void talks(Pipeline &p, std::size_t warnings = 0) {
  p.play();
  fail_unless(p.wait_for_state("connected"), "%s", p.describe().c_str());
  p.send_text("out", "Hello.");
  fail_unless(p.wait_for_message("openai-realtime/response-done"), "%s", p.describe().c_str());
  fail_unless_equals_int(p.messages("warning").size(), warnings);
  fail_unless(p.messages("error").empty(), "%s", p.describe().c_str());
}

int requests(SimulatorProcess &simulator, const std::string &path, const std::string &type = "") {
  int count = 0;
  for (const Json &line : simulator.log("http")) {
    bool same = line["path"].as_string() == path;
    if (same && (type.empty() || line["content_type"].as_string() == type)) ++count;
  }
  return count;
}

std::string refusal(Pipeline &p) {
  p.play();
  fail_unless(p.wait_for_message("error"), "%s", p.describe().c_str());
  return p.messages("error")[0]->text;
}

}  // namespace

GST_START_TEST(azure_is_spoken_as_azure_wants_it) {
  SimulatorProcess simulator({"--azure"});
  {
    Pipeline p(line(url(simulator, "/openai/v1"),
                    "service=azure model=my-deployment safety-identifier=visitor"));
    talks(p);
    Json session = simulator.state()["sessions"].items().at(0)["session"];
    assert_text(session["config"]["model"].as_string(), "my-deployment");
  }
  fail_unless_equals_int(requests(simulator, "/openai/v1/realtime/client_secrets"), 1);
  fail_unless_equals_int(requests(simulator, "/openai/v1/realtime/calls", "multipart/form-data"),
                         1);
  // The key as a bearer, as OpenAI takes it.
  Pipeline p(line(url(simulator, "/openai/v1")));
  std::string why = refusal(p);
  assert_contains(why, "the key or token is missing, wrong or expired");
  assert_contains(why, "PermissionDenied");
}
GST_END_TEST

GST_START_TEST(azure_says_no_in_bodies_of_its_own) {
  SimulatorProcess simulator({"--azure", "--fault", "calls_error=quota"});
  Pipeline p(line(url(simulator, "/openai/v1"), "service=azure model=my-deployment"));
  assert_contains(refusal(p), "no credit or quota left");
}
GST_END_TEST

GST_START_TEST(a_server_may_live_below_a_path_and_the_url_end_in_a_slash) {
  SimulatorProcess simulator({"--prefix", "/speech/api"});
  for (const char *path : {"/speech/api/v1", "/speech/api/v1/"}) {
    Pipeline p(line(url(simulator, path)));
    talks(p);
  }
  fail_unless_equals_int(requests(simulator, "/speech/api/v1/realtime/calls"), 2);
  fail_unless(wait_for([&] { return simulator.state()["sessions"].items().empty(); }));
}
GST_END_TEST

GST_START_TEST(a_server_that_mints_no_keys_is_called_with_the_key) {
  SimulatorProcess simulator({"--fault", "mint_error=404x0"});
  {
    Pipeline p(line(simulator.base_url()));
    talks(p);
    // The next call of the session as well.
    gboolean done = FALSE;
    g_signal_emit_by_name(p.get("out"), "reconnect", &done);
    fail_unless(done && p.wait_for_message("openai-realtime/session", 2), "%s",
                p.describe().c_str());
  }
  fail_unless_equals_int(requests(simulator, "/v1/realtime/calls", "multipart/form-data"), 2);
}
GST_END_TEST

GST_START_TEST(a_model_that_is_not_there_is_not_taken_for_a_server_without_keys) {
  SimulatorProcess simulator;
  Pipeline p(line(simulator.base_url(), "model=gpt-nowhere"));
  assert_contains(refusal(p), "the model does not exist");
  fail_unless_equals_int(requests(simulator, "/v1/realtime/calls"), 0);
}
GST_END_TEST

GST_START_TEST(a_url_that_leads_nowhere_says_so) {
  SimulatorProcess simulator;
  Pipeline p(line(url(simulator, "/nowhere/v1")));
  assert_contains(refusal(p), "Is the URL (base-url) right?");
}
GST_END_TEST

GST_START_TEST(what_others_leave_out_is_not_missed) {
  SimulatorProcess simulator({"--fault", "no_locationx0", "--fault", "calls_status=200x0",
                              "--fault", "no_transcriptx0", "--no-audio-done"});
  Pipeline p("filesrc location=" + make_speech_file(0.8, 0.2) +
             " ! wavparse ! openairealtimebin name=out eos-policy=after-answer base-url=" +
             simulator.base_url() + " api-key=" + SimulatorProcess::kApiKey +
             " ! fakesink sync=false");
  p.play();
  fail_unless(p.wait_for_message("eos"), "%s", p.describe().c_str());
  fail_unless(p.transcript("user").empty());
  fail_unless(!p.transcript("assistant").empty());
  fail_unless(p.messages("warning").empty(), "%s", p.describe().c_str());
}
GST_END_TEST

GST_START_TEST(other_voices_go_into_the_session_config) {
  SimulatorProcess simulator;
  Pipeline p(line(simulator.base_url()));
  g_object_set(p.get("out"), "session-config",
               R"({"audio":{"output":{"voice":{"id":"voice_of_theirs"}}}})", nullptr);
  talks(p);
  Json session = simulator.state()["sessions"].items().at(0)["session"];
  assert_text(session["config"].at("audio.output.voice.id").as_string(), "voice_of_theirs");
}
GST_END_TEST

GST_START_TEST(a_server_that_does_not_acknowledge_is_believed_after_a_while) {
  SimulatorProcess simulator({"--fault", "no_updatedx0"});
  Pipeline p(line(simulator.base_url()));
  talks(p, 1);
  assert_contains(p.messages("warning")[0]->text, "does not acknowledge the settings");
}
GST_END_TEST

OAIRT_TEST_MAIN(services, azure_is_spoken_as_azure_wants_it, azure_says_no_in_bodies_of_its_own,
                a_server_may_live_below_a_path_and_the_url_end_in_a_slash,
                a_server_that_mints_no_keys_is_called_with_the_key,
                a_model_that_is_not_there_is_not_taken_for_a_server_without_keys,
                a_url_that_leads_nowhere_says_so, what_others_leave_out_is_not_missed,
                other_voices_go_into_the_session_config,
                a_server_that_does_not_acknowledge_is_believed_after_a_while)
