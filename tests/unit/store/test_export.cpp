// The tool that prints what is stored, as its user runs it.
#include "protocol/json.h"
#include "store_bench.h"
#include "support/check.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

struct Outcome {
  int status = -1;
  std::string output, errors;
};

Outcome run_tool(const std::vector<std::string> &words) {
  std::vector<const char *> raw{g_getenv("OAIRT_STORE_EXPORT")};
  for (const std::string &word : words) raw.push_back(word.c_str());
  raw.push_back(nullptr);
  auto process = Ref<GSubprocess>::adopt(
      g_subprocess_newv(raw.data(),
                        static_cast<GSubprocessFlags>(G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                                                      G_SUBPROCESS_FLAGS_STDERR_PIPE),
                        nullptr));
  fail_unless(process.get() != nullptr);
  char *output = nullptr, *errors = nullptr;
  g_subprocess_communicate_utf8(process.get(), nullptr, nullptr, &output, &errors, nullptr);
  GString_ own_output(output), own_errors(errors);
  return {g_subprocess_get_exit_status(process.get()), output, errors};
}

GST_START_TEST(records_are_printed_as_json) {
  StateHome home;
  StoreOptions options;
  options.uri = "sqlite:" + home.file("rows.sqlite");
  options.session = "kiosk";
  Driver driver(options);
  driver.wait_for_record();
  driver.save(1, R"({"role": "user", "text": "Grüß Gott"})", 1700000000123);
  driver.save(2, "no JSON \xff at all");
  driver.state(R"({"turns": 1})");
  driver.close_record(1700000005000);
  driver.save(3, "in use");
  Outcome outcome;
  // While the session is in use.
  fail_unless(wait_for([&] {
    outcome = run_tool({"--store", options.uri, "--session", "kiosk"});
    return outcome.status == 0 && outcome.output.find("in use") != std::string::npos;
  }));
  Result<Json> json = Json::parse(outcome.output);
  fail_unless(json.ok(), "%s", outcome.output.c_str());
  assert_text(json->at("session").as_string(), "kiosk");
  const Json::Array &records = json->at("records").items();
  assert_equals_int(records.size(), 2);
  assert_text(records[0]["closed"].as_string(), "2023-11-14T22:13:25.000Z");
  assert_equals_int64(records[0].at("state.turns").as_int(), 1);
  const Json &item = records[0]["items"].items().at(0);
  assert_text(item.at("content.text").as_string(), "Grüß Gott");
  assert_text(item["time"].as_string(), "2023-11-14T22:13:20.123Z");
  assert_contains(records[0]["items"].items().at(1)["content"].as_string(), "no JSON");
  fail_unless(records[1]["closed"].is_null());
  assert_text(outcome.errors, "");
}
GST_END_TEST

GST_START_TEST(what_is_wrong_is_told_with_its_cure) {
  StateHome home;
  Outcome outcome = run_tool({"--help"});
  assert_equals_int(outcome.status, 0);
  assert_contains(outcome.output, "--session NAME");
  outcome = run_tool({});
  assert_equals_int(outcome.status, 2);
  assert_contains(outcome.errors, "--help");
  outcome = run_tool({"--session", "kiosk", "--store", "sqlite:" + home.file("none.sqlite")});
  assert_equals_int(outcome.status, 1);
  fail_unless(!outcome.errors.empty());
  outcome = run_tool({"--session", "kiosk", "--store", "redis://u:hunter2@host/x"});
  assert_equals_int(outcome.status, 1);
  fail_unless(outcome.errors.find("hunter2") == std::string::npos);
  fail_if(std::filesystem::exists(home.file("state")), "it has made a key");
}
GST_END_TEST

}  // namespace

OAIRT_TEST_MAIN(store_export, records_are_printed_as_json, what_is_wrong_is_told_with_its_cure)
