#include "session/config.h"
#include "session/session_object.h"
#include "session/settings.h"
#include "support/check.h"

using namespace oairt;  // NOLINT

namespace {

std::string refusal(const Settings &settings) {
  auto config = build_config(settings, Secret());
  fail_if(config.ok());
  fail_unless(config.error().code == ErrorCode::Config);
  return config.error().message;
}

}  // namespace

GST_START_TEST(elements_that_agree_are_merged) {
  auto merged =
      merge_settings({{"sink0", {{"model", std::string("a")}, {"bitrate", int64_t(1)}}},
                      {"src0", {{"model", std::string("a")}, {"voice", std::string("cedar")}}}});
  fail_unless(merged.ok());
  fail_unless_equals_int(merged.value().size(), 3);
}
GST_END_TEST

GST_START_TEST(a_contradiction_names_both_elements_and_both_values) {
  auto merged = merge_settings(
      {{"sink0", {{"voice", std::string("cedar")}}}, {"src0", {{"voice", std::string("marin")}}}});
  fail_if(merged.ok());
  for (const char *part : {"sink0", "src0", "voice", "cedar", "marin"}) {
    assert_contains(merged.error().message, part);
  }
}
GST_END_TEST

GST_START_TEST(contradicting_secrets_are_not_told) {
  auto merged = merge_settings(
      {{"sink0", {{"api-key", Secret("sk-one")}}}, {"src0", {{"api-key", Secret("sk-two")}}}});
  fail_if(merged.ok());
  fail_unless(merged.error().message.find("sk-") == std::string::npos);
  assert_contains(merged.error().message, "api-key");
  auto proxies = merge_settings({{"sink0", {{"proxy", std::string("http://me:hunter2@one:3128")}}},
                                 {"src0", {{"proxy", std::string("http://two:3128")}}}});
  fail_if(proxies.ok());
  fail_unless(proxies.error().message.find("hunter2") == std::string::npos);
  assert_contains(proxies.error().message, "@one:3128");
}
GST_END_TEST

GST_START_TEST(bad_values_are_refused_with_property_and_reason) {
  assert_contains(refusal({{"voice", std::string("darth")}}), "marin");
  assert_contains(refusal({{"tools", std::string("[{")}}), "\"tools\" is not valid JSON");
  assert_contains(refusal({{"tools", std::string("{}")}}), "must be a JSON array");
  assert_contains(refusal({{"session-config", std::string("[]")}}), "must be a JSON object");
  assert_contains(refusal({{"session-config", std::string("{'a")}}), "not valid JSON");
  assert_contains(refusal({{"base-url", std::string("api.openai.com")}}), "not a URL");
  assert_contains(refusal({{"base-url", std::string("ftp://host/")}}), "https://");
  assert_contains(refusal({{"service", std::string("azure")}}), "base-url");
  assert_contains(refusal({{"token-lifetime", int64_t(5)}}), "7200");
  assert_contains(refusal({{"ice-transport-policy", std::string("relay")}}), "turn-servers");
  assert_contains(refusal({{"turn-servers", Secret("http://x")}}), "turn://");
  assert_contains(refusal({{"token-headers", Secret("no colon")}}), "Name: value");
  assert_contains(refusal({{"ca-file", std::string("/nonexistent.pem")}}), "not there");
  assert_contains(refusal({{"stun-server", std::string("host:1")}}), "stun://");
}
GST_END_TEST

GST_START_TEST(a_refused_turn_server_does_not_show_its_password) {
  std::string message = refusal({{"turn-servers", Secret("trun://user:hunter2@host")}});
  fail_unless(message.find("hunter2") == std::string::npos);
}
GST_END_TEST

GST_START_TEST(the_session_object_is_complete) {
  auto session =
      build_session_object({{"instructions", std::string("Be brief.")},
                            {"voice", std::string("cedar")},
                            {"turn-detection", std::string("semantic-vad")},
                            {"noise-reduction", std::string("far-field")},
                            {"language", std::string("de")},
                            {"tools", std::string("[{\"type\":\"function\",\"name\":\"f\"}]")}});
  fail_unless(session.ok());
  const Json &json = session.value();
  assert_text(json["type"].as_string(), "realtime");
  assert_text(json["model"].as_string(), kDefaultModel);
  assert_text(json.at("audio.output.voice").as_string(), "cedar");
  assert_text(json.at("audio.input.turn_detection.type").as_string(), "semantic_vad");
  assert_text(json.at("audio.input.noise_reduction.type").as_string(), "far_field");
  assert_text(json.at("audio.input.transcription.language").as_string(), "de");
  fail_unless_equals_int(json["tools"].items().size(), 1);
  fail_if(session_update_payload(json).has("model"));
}
GST_END_TEST

GST_START_TEST(session_config_is_merged_over_everything) {
  auto session = build_session_object(
      {{"voice", std::string("cedar")},
       {"session-config",
        std::string(R"({"audio":{"output":{"voice":"new"}},"truncation":"disabled"})")}});
  fail_unless(session.ok());
  assert_text(session.value().at("audio.output.voice").as_string(), "new");
  assert_text(session.value()["truncation"].as_string(), "disabled");
}
GST_END_TEST

GST_START_TEST(a_transcription_session_has_no_output) {
  auto session =
      build_session_object({{"session-config", std::string(R"({"type":"transcription"})")}});
  fail_unless(session.ok());
  fail_if(session.value().has("output_modalities"));
  fail_if(session.value().has("model"));
  fail_if(session.value()["audio"].has("output"));
}
GST_END_TEST

GST_START_TEST(only_differences_are_sent_to_a_live_session) {
  Settings settings{{"instructions", std::string("a")}, {"voice", std::string("cedar")}};
  Json before = build_session_object(settings).value();
  fail_if(session_difference(before, before).has_value());
  settings["instructions"] = std::string("b");
  settings["turn-detection"] = std::string("none");
  auto change = session_difference(before, build_session_object(settings).value());
  fail_unless(change.has_value());
  assert_text(
      change->dump(),
      R"({"type":"realtime","audio":{"input":{"turn_detection":null}},"instructions":"b"})");
  settings.erase("instructions");
  auto cleared = session_difference(before, build_session_object(settings).value());
  fail_unless((*cleared)["instructions"].is_string());
  assert_text((*cleared)["instructions"].as_string(), "");
}
GST_END_TEST

OAIRT_TEST_MAIN(settings, elements_that_agree_are_merged,
                a_contradiction_names_both_elements_and_both_values,
                contradicting_secrets_are_not_told, bad_values_are_refused_with_property_and_reason,
                a_refused_turn_server_does_not_show_its_password, the_session_object_is_complete,
                session_config_is_merged_over_everything, a_transcription_session_has_no_output,
                only_differences_are_sent_to_a_live_session)
