// Lists of tools: what is refused and why, what is shown of them.
#include "protocol/tool_list.h"
#include "support/check.h"

using namespace oairt;  // NOLINT

namespace {

std::string refusal(const char *text) {
  auto json = Json::parse(text);
  fail_unless(json.ok(), "%s", text);
  auto status = check_tools(json.value());
  return status ? "" : status.error().message;
}

}  // namespace

GST_START_TEST(an_error_names_the_tool_and_what_is_wrong) {
  assert_contains(refusal("{}"), "must be a JSON array");
  assert_contains(refusal("[1]"), "tools[0]: a tool must be an object");
  assert_contains(refusal("[{}]"), "needs a \"type\"");
  assert_contains(refusal(R"([{"type":"function"}])"), "needs a \"name\"");
  assert_contains(refusal(R"([{"type":"function","name":"open door"}])"), "1 to 64");
  assert_contains(refusal(R"([{"type":"function","name":"ok"},{"type":"function","name":"ok"}])"),
                  "tools[1] (ok): another function");
  assert_contains(refusal(R"([{"type":"function","name":"ok","parameters":[]}])"),
                  "(ok): its \"parameters\"");
  assert_contains(refusal(R"([{"type":"function","name":"ok","description":1}])"), "description");
  assert_contains(refusal(R"([{"type":"mcp"}])"), "server_label");
  assert_contains(refusal(R"([{"type":"mcp","server_label":"a","headers":"X: secret"}])"),
                  "headers");
  std::string long_name = R"([{"type":"function","name":")" + std::string(65, 'a') + "\"}]";
  assert_contains(refusal(long_name.c_str()), "1 to 64");
}
GST_END_TEST

GST_START_TEST(what_the_service_may_take_passes) {
  for (const char *text :
       {"[]", R"([{"type":"function","name":"a"}])",
        R"([{"type":"function","name":"a-B_9","description":null,"parameters":null,"new":1}])",
        R"([{"type":"mcp","server_label":"m","server_url":"https://x/","authorization":"t",)"
        R"("headers":{"A":"b"},"require_approval":"never"}])",
        R"([{"type":"teleport","name":"not known yet"}])"}) {
    assert_text(refusal(text), "");
  }
}
GST_END_TEST

GST_START_TEST(credentials_of_servers_are_not_shown) {
  std::string shown = without_tool_secrets(
      R"({"tools":[{"type":"mcp","server_label":"m","authorization":"tok3n","headers":)"
      R"({"X-Key":"k3y"},"server_url":"https://user:pa55@host/mcp"},{"type":"function",)"
      R"("name":"f","parameters":{"properties":{"headers":{"type":"string"}}}}]})");
  for (const char *secret : {"tok3n", "k3y", "pa55"}) {
    fail_unless(shown.find(secret) == std::string::npos, "%s", shown.c_str());
  }
  assert_contains(shown, "\"server_label\":\"m\"");
  assert_contains(shown, R"("headers":{"type":"string"})");
  assert_contains(shown, "@host/mcp");
}
GST_END_TEST

GST_START_TEST(no_spelling_gets_a_credential_through) {
  for (const char *text :
       {R"([{"type":"mcp","\u0061uthorization":"tok3n","server_label":"m"}])",
        R"([{"type":"MCP","authorization":"tok3n"}])", R"([{"authorization":"tok3n"}])",
        R"([{"type":"mcp","authorization":{"deep":"tok3n"}}])",
        R"({"x":{"server_url":"u","headers":["tok3n"]}})",
        R"([{"type":"mcp","authorization":"tok3n")", R"("authorization" tok3n)",
        R"([{"type":"mcp","server_url":"https://tok3n@host"}])"}) {
    std::string shown = without_tool_secrets(text);
    fail_unless(shown.find("tok3n") == std::string::npos, "%s -> %s", text, shown.c_str());
  }
}
GST_END_TEST

GST_START_TEST(text_without_credentials_is_shown_as_it_is) {
  for (const char *text : {"", "nonsense", " [ {\"type\": \"function\", \"name\": \"a\"} ]"}) {
    assert_text(without_tool_secrets(text), text);
  }
}
GST_END_TEST

GST_START_TEST(garbage_is_survived) {
  std::string base = R"([{"type":"mcp","server_label":"m","authorization":"t","headers":{}},)"
                     R"({"type":"function","name":"f","parameters":{"a":[1,2,{"b":null}]}}])";
  guint seed = 1;
  for (int i = 0; i < 3000; ++i) {
    std::string text = base;
    for (int change = 0; change < 3; ++change) {
      seed = seed * 1664525 + 1013904223;
      std::size_t at = (seed >> 8) % text.size();
      if (seed % 3 == 0) {
        text.erase(at, 1 + seed % 5);
      } else {
        text[at] = "\"[]{}:,0tn\\u\x80 "[(seed >> 4) % 14];
      }
      if (text.empty()) break;
    }
    (void)without_tool_secrets(text);
    if (auto json = Json::parse(text)) (void)check_tools(json.value());
  }
}
GST_END_TEST

OAIRT_TEST_MAIN(tool_list, an_error_names_the_tool_and_what_is_wrong,
                what_the_service_may_take_passes, credentials_of_servers_are_not_shown,
                no_spelling_gets_a_credential_through, text_without_credentials_is_shown_as_it_is,
                garbage_is_survived)
