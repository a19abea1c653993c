#include "schema_check.h"
#include "service_api.h"
#include "support/check.h"

using namespace oairt;        // NOLINT: a test reads better without the prefix
using namespace oairt::sim;   // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

// Makes calls on paper. An offer that does not begin with "v=0" is none.
class Desk : public CallDesk {
 public:
  std::variant<CreatedCall, ApiError> create_call(NewCall call) override {
    if (!call.offer.starts_with("v=0")) return ApiError{"invalid_offer", "", ""};
    calls.push_back(call);
    return CreatedCall{"rtc_u1_" + std::to_string(calls.size()), "v=0 answer\r\n", etag};
  }
  bool hang_up(const std::string &id) override {
    return id == "rtc_u1_1" && !std::exchange(ended, true);
  }
  std::string etag_of(const std::string &id) override { return id == "rtc_u1_1" ? etag : ""; }
  Restarted restart_ice(const std::string &, const std::string &ufrag,
                        const std::string &) override {
    if (ufrag == "same") return {false, etag, ""};
    return {true, "\"two\"", "a=ice-ufrag:new\r\n"};
  }
  std::vector<NewCall> calls;
  std::string etag;
  bool ended = false;
};

struct Bench {
  Options options;
  TokenStore tokens{{"sk-right"}, 1};
  Faults faults;
  Desk desk;
  TimePoint now = TimePoint() + std::chrono::hours(1);
  ServiceApi api{options, tokens, faults, desk, 2};

  Reply post(const std::string &path, const std::string &key, const std::string &type,
             const std::string &body, std::vector<std::pair<std::string, std::string>> more = {}) {
    return request("POST", path, key, type, body, std::move(more));
  }
  Reply request(const std::string &method, const std::string &path, const std::string &key,
                const std::string &type, const std::string &body,
                std::vector<std::pair<std::string, std::string>> more = {}) {
    Request request{method, path, "", body, std::move(more)};
    if (!key.empty()) request.headers.emplace_back("authorization", "Bearer " + key);
    if (!type.empty()) request.headers.emplace_back("content-type", type);
    return api.handle(request, now, 1756320000);
  }
  Reply mint(const std::string &body) {
    return post("/v1/realtime/client_secrets", "sk-right", "application/json", body);
  }
  std::string secret(const std::string &body = "{}") {
    return Json::parse(mint(body).body).value()["value"].as_string();
  }
  Reply call(const std::string &key, const std::string &offer = "v=0\r\n") {
    return post("/v1/realtime/calls", key, "application/sdp", offer);
  }
};

std::string error_of(const Reply &reply) {
  auto json = Json::parse(reply.body);
  if (!json) return std::to_string(reply.status) + "|no JSON";
  const Json &error = json.value()["error"];
  return std::to_string(reply.status) + "|" + error["code"].as_string() + "|" +
         error["param"].as_string();
}

std::string header(const Reply &reply, const std::string &name) {
  for (const auto &[key, value] : reply.headers) {
    if (key == name) return value;
  }
  return "";
}

std::string form(const std::string &session, const char *file_name = "") {
  return std::string("--B\r\nContent-Disposition: form-data; name=\"sdp\"") + file_name +
         "\r\nContent-Type: application/sdp\r\n\r\nv=0\r\na=x\r\n\r\n--B\r\n"
         "Content-Disposition: form-data; name=\"odd\"\r\n\r\nignored\r\n--B\r\n"
         "Content-Disposition: form-data; name=\"session\"\r\n"
         "Content-Type: application/json\r\n\r\n" +
         session + "\r\n--B--\r\n";
}
const char *kForm = "multipart/form-data; boundary=B";

}  // namespace

GST_START_TEST(a_client_secret_carries_its_session) {
  Bench bench;
  auto body = Json::parse(
      bench
          .mint(
              R"({"expires_after":{"anchor":"created_at","seconds":60},"session":{"type":"realtime","model":"gpt-realtime-2.1","audio":{"output":{"voice":"cedar"}}}})")
          .body);
  fail_unless(body.ok());
  const Json &made = body.value();
  fail_unless(made["expires_at"].as_int() == 1756320060);
  fail_unless(made["value"].as_string().starts_with("ek_"));
  fail_unless(made.at("session.expires_at").is_integer());
  fail_unless_equals_int(static_cast<int>(made.at("session.expires_at").as_int(-1)), 0);
  if (const auto *schema = SchemaCheck::shared()) {
    auto wrong = schema->check_as("RealtimeCreateClientSecretResponse", made);
    fail_unless(wrong.empty(), "%s", wrong.empty() ? "" : wrong[0].c_str());
  }
  std::string key = made["value"].as_string();
  fail_unless_equals_int(bench.call(key).status, 201);
  fail_unless_equals_int(bench.call(key).status, 201);  // not single use
  assert_text(bench.desk.calls[0].config.json().at("audio.output.voice").as_string(), "cedar");
  bench.now += std::chrono::seconds(61);
  fail_unless_equals_int(bench.call(key).status, 401);
}
GST_END_TEST

GST_START_TEST(requests_for_secrets_are_validated) {
  Bench bench;
  const std::pair<const char *, const char *> cases[] = {
      {R"({"expires_after":{"seconds":9}})", "400|invalid_value|expires_after.seconds"},
      {R"({"expires_after":{"seconds":7201}})", "400|invalid_value|expires_after.seconds"},
      {R"({"expires_after":{"anchor":"now"}})", "400|invalid_value|expires_after.anchor"},
      {R"({"session":{"model":"gpt-realtime-2.1"}})",
       "400|missing_required_parameter|session.type"},
      {R"({"session":{"type":"realtime","voice":"alloy"}})", "400|unknown_parameter|session.voice"},
      {R"({"session":{"type":"realtime","model":"gpt-0"}})", "404|model_not_found|"},
      {R"({"sesion":{}})", "400|unknown_parameter|sesion"},
      {"{", "400||"}};
  for (const auto &[body, expected] : cases) assert_text(error_of(bench.mint(body)), expected);
  fail_unless_equals_int(bench.mint("").status, 200);
}
GST_END_TEST

GST_START_TEST(credentials_are_checked) {
  Bench bench;
  const char *path = "/v1/realtime/client_secrets";
  assert_text(error_of(bench.post(path, "", "application/json", "{}")), "401||");
  assert_text(error_of(bench.post(path, "sk-wrong", "application/json", "{}")),
              "401|invalid_api_key|");
  assert_text(error_of(bench.post(path, bench.secret(), "application/json", "{}")),
              "401|invalid_api_key|");
  assert_text(error_of(bench.call("ek_garbage")), "401|invalid_api_key|");
  auto azure = bench.post("/openai/v1/realtime/client_secrets", "", "application/json",
                          R"({"session":{"type":"realtime","model":"my-deployment"}})",
                          {{"api-key", "sk-right"}});
  fail_unless_equals_int(azure.status, 200);
}
GST_END_TEST

GST_START_TEST(calls_take_both_forms_of_body) {
  Bench bench;
  auto raw = bench.call(bench.secret());
  fail_unless_equals_int(raw.status, 201);
  assert_text(raw.content_type, "application/sdp");
  assert_text(header(raw, "Location"), "/v1/realtime/calls/rtc_u1_1");
  assert_text(header(raw, "ETag"), "");
  fail_unless_equals_int(bench.call("sk-right").status, 400);
  for (const char *file : {"", "; filename=\"offer.sdp\""}) {
    auto reply = bench.post("/v1/realtime/calls", "sk-right", kForm,
                            form(R"({"type":"realtime","instructions":"Hi."})", file));
    fail_unless_equals_int(reply.status, 201);
    assert_text(bench.desk.calls.back().offer, "v=0\r\na=x\r\n");
    assert_text(bench.desk.calls.back().config.json()["instructions"].as_string(), "Hi.");
  }
  assert_text(error_of(bench.post("/v1/realtime/calls", "sk-right", kForm,
                                  form(R"({"type":"realtime","foo":1})"))),
              "400|unknown_parameter|session.foo");
  assert_text(error_of(bench.post("/v1/realtime/calls", "sk-right", kForm, "no form at all")),
              "400||");
  assert_text(error_of(bench.post("/v1/realtime/calls", "sk-right", "text/plain", "v=0")), "400||");
  assert_text(error_of(bench.call(bench.secret(), "hello")), "400|invalid_offer|");
}
GST_END_TEST

GST_START_TEST(a_call_may_name_the_stream_of_its_channel) {
  Bench bench;
  auto call = [&bench](const std::string &query, const std::string &base = "/v1") {
    bool azure = base != "/v1";
    Request request{"POST", base + "/realtime/calls", query, form("{\"type\":\"realtime\"}"), {}};
    request.headers.emplace_back("authorization",
                                 "Bearer " + (azure ? bench.secret() : "sk-right"));
    request.headers.emplace_back("content-type", kForm);
    return bench.api.handle(request, bench.now, 1756320000);
  };
  fail_unless_equals_int(call("").status, 201);
  fail_if(bench.desk.calls.back().event_stream.has_value());
  for (const char *query : {"dcid=4", "model=x&dcid=4", "dcid=4&a=b"}) {
    fail_unless_equals_int(call(query).status, 201);
    fail_unless_equals_int(bench.desk.calls.back().event_stream.value_or(0), 4);
  }
  fail_unless_equals_int(call("dcid=1023").status, 201);
  for (const char *query : {"dcid=", "dcid=x", "dcid=-1", "dcid=1024", "dcid=4.5", "dcid=65536"}) {
    assert_text(error_of(call(query)), "400|invalid_value|dcid");
  }
  fail_unless_equals_int(call("dcid=4", "/openai/v1").status, 201);  // not of Azure's
  fail_if(bench.desk.calls.back().event_stream.has_value());
  bench.options.ignore_dcid = true;
  fail_unless_equals_int(call("dcid=x").status, 201);
  fail_if(bench.desk.calls.back().event_stream.has_value());
}
GST_END_TEST

GST_START_TEST(dead_paths_and_wrong_methods_are_told_apart) {
  Bench bench;
  for (const char *path : {"/v1/realtime", "/v1/realtime/sessions"}) {
    assert_text(error_of(bench.post(path, "sk-right", "", "")), "400|beta_api_shape_disabled|");
  }
  auto beta = bench.post("/v1/realtime/calls", "sk-right", "application/sdp", "v=0",
                         {{"openai-beta", "realtime=v1"}});
  assert_text(error_of(beta), "400|beta_api_shape_disabled|");
  fail_unless_equals_int(bench.request("GET", "/v1/realtime/calls", "sk-right", "", "").status,
                         405);
  fail_unless_equals_int(
      bench.request("PATCH", "/v1/realtime/calls/rtc_u1_1", "sk-right", "", "").status, 405);
  fail_unless_equals_int(bench.post("/v1/nothing", "sk-right", "", "").status, 404);
}
GST_END_TEST

GST_START_TEST(a_call_is_hung_up_once) {
  Bench bench;
  const char *path = "/v1/realtime/calls/rtc_u1_1/hangup";
  fail_unless_equals_int(bench.post(path, "sk-right", "", "").status, 200);
  assert_text(error_of(bench.post(path, "sk-right", "", "")), "404|call_id_not_found|");
}
GST_END_TEST

GST_START_TEST(ordered_errors_come_first_and_are_used_up) {
  Bench bench;
  for (const char *fault : {"calls_error=429:2x2", "calls_error=quota", "mint_error=html",
                            "mint_hang", "mint_reset", "mint_slow=1.5"}) {
    fail_unless(bench.faults.order(fault, bench.now).ok());
  }
  std::string key = bench.tokens.mint(Json(), "", std::chrono::seconds(60), bench.now);
  for (int i = 0; i < 2; ++i) {
    auto busy = bench.call(key);
    assert_text(error_of(busy), "429|rate_limit_exceeded|");
    assert_text(header(busy, "Retry-After"), "2");
  }
  assert_text(error_of(bench.call(key)), "429|insufficient_quota|");
  fail_unless_equals_int(bench.call(key).status, 201);
  auto hanging = bench.mint("{}");
  fail_unless(hanging.fate == Reply::Fate::Hang && hanging.delay == milliseconds(1500));
  fail_unless(bench.mint("{}").fate == Reply::Fate::Reset);
  assert_text(error_of(bench.mint("{}")), "502|no JSON");
  fail_unless_equals_int(bench.mint("{}").status, 200);
}
GST_END_TEST

namespace {

const char *kFragmentType = "application/trickle-ice-sdpfrag";
const char *kPwd = "P2uYro0UCOQ4zxjKXaWCBui1";

// A simulator with ICE restart and a call whose ETag is "one".
struct RestartBench : Bench {
  RestartBench() {
    options.ice_restart = true;
    desk.etag = "\"one\"";
    assert_text(header(call(secret()), "ETag"), "\"one\"");
  }
  static std::string fragment(const std::string &ufrag, const std::string &pwd = kPwd) {
    return "a=group:BUNDLE 0 1\r\na=ice-ufrag:" + ufrag + "\r\na=ice-pwd:" + pwd +
           "\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n";
  }
  Reply patch(const std::string &match, const std::string &body,
              const std::string &type = kFragmentType, const std::string &id = "rtc_u1_1",
              const std::string &key = "sk-right") {
    std::vector<std::pair<std::string, std::string>> headers;
    if (!match.empty()) headers.emplace_back("if-match", match);
    return request("PATCH", "/v1/realtime/calls/" + id, key, type, body, headers);
  }
  int status(const std::string &match, const std::string &body) {
    return patch(match, body).status;
  }
};

}  // namespace

GST_START_TEST(an_ice_restart_answers_with_a_fragment_and_a_new_tag) {
  // "*" is what RFC 9725 demands of a restart, "\"*\"" what its example has; a tag that matches is
  // a precondition that holds.
  for (const char *match : {"*", "\"*\"", "\"one\"", "\"zero\" , \"one\"", " *"}) {
    RestartBench bench;
    auto done = bench.patch(match, bench.fragment("EsAw"));
    fail_unless_equals_int(done.status, 200);
    assert_text(done.content_type, kFragmentType);
    assert_text(done.body, "a=ice-ufrag:new\r\n");
    assert_text(header(done, "ETag"), "\"two\"");
  }
}
GST_END_TEST

GST_START_TEST(a_fragment_of_the_same_ice_session_is_taken_without_a_word) {
  RestartBench bench;
  auto taken = bench.patch(
      "\"one\"", bench.fragment("same") + "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n");
  fail_unless_equals_int(taken.status, 204);
  assert_text(taken.body + header(taken, "ETag"), "");
}
GST_END_TEST

GST_START_TEST(an_ice_restart_has_its_preconditions) {
  RestartBench bench;
  std::string fragment = bench.fragment("EsAw");
  fail_unless_equals_int(bench.status("", fragment), 428);
  for (const char *match : {"\"old\"", "one", "W/\"one\"", "\"on\", \"e\"", "\"one", ","}) {
    fail_unless(bench.status(match, fragment) == 412, "%s is taken", match);
  }
}
GST_END_TEST

GST_START_TEST(an_ice_restart_needs_call_key_type_and_credentials) {
  RestartBench bench;
  std::string fragment = bench.fragment("EsAw");
  fail_unless_equals_int(bench.patch("*", fragment, kFragmentType, "rtc_none").status, 404);
  fail_unless_equals_int(bench.patch("*", fragment, kFragmentType, "rtc_u1_1", "sk-no").status,
                         401);
  for (const char *type : {"text/plain", "application/sdp", ""}) {
    auto refused = bench.patch("*", fragment, type);
    fail_unless_equals_int(refused.status, 415);
    assert_text(header(refused, "Accept-Patch"), kFragmentType);
  }
  fail_unless_equals_int(
      bench.patch("*", fragment, std::string(kFragmentType) + "; charset=utf-8").status, 200);
  for (const std::string &body :
       {std::string(), std::string("a=ice-ufrag:EsAw\r\n"), std::string("<html>"),
        bench.fragment("abc"), bench.fragment("EsAw", "short"), bench.fragment("Es w"),
        bench.fragment(std::string(257, 'a')), bench.fragment("EsAw", std::string(257, 'a'))}) {
    fail_unless_equals_int(bench.status("*", body), 422);
  }
}
GST_END_TEST

GST_START_TEST(without_ice_restart_a_call_is_no_resource_to_patch) {
  RestartBench bench;
  bench.options.ice_restart = false;
  auto refused = bench.patch("*", bench.fragment("EsAw"));
  fail_unless_equals_int(refused.status, 405);
  fail_if(header(refused, "Allow").find("PATCH") != std::string::npos);
}
GST_END_TEST

GST_START_TEST(an_ice_restart_can_be_made_to_fail) {
  RestartBench bench;
  for (const char *fault : {"patch_error=429:2", "patch_hang", "patch_reset", "patch_slow=1"}) {
    fail_unless(bench.faults.order(fault, bench.now).ok());
  }
  std::string fragment = bench.fragment("EsAw");
  auto hanging = bench.patch("*", fragment);
  fail_unless(hanging.fate == Reply::Fate::Hang && hanging.delay == milliseconds(1000));
  fail_unless(bench.patch("*", fragment).fate == Reply::Fate::Reset);
  assert_text(header(bench.patch("*", fragment), "Retry-After"), "2");
  fail_unless_equals_int(bench.status("*", fragment), 200);
}
GST_END_TEST

OAIRT_TEST_MAIN(simulator_service_api, a_client_secret_carries_its_session,
                requests_for_secrets_are_validated, credentials_are_checked,
                calls_take_both_forms_of_body, a_call_may_name_the_stream_of_its_channel,
                dead_paths_and_wrong_methods_are_told_apart, a_call_is_hung_up_once,
                ordered_errors_come_first_and_are_used_up,
                an_ice_restart_answers_with_a_fragment_and_a_new_tag,
                a_fragment_of_the_same_ice_session_is_taken_without_a_word,
                an_ice_restart_has_its_preconditions,
                an_ice_restart_needs_call_key_type_and_credentials,
                without_ice_restart_a_call_is_no_resource_to_patch,
                an_ice_restart_can_be_made_to_fail)
