// What an application wants to send: what is refused, and that the reason names it.
#include "protocol/codec.h"
#include "support/check.h"

using namespace oairt;  // NOLINT

namespace {

constexpr std::size_t kMost = 65535;

std::string refusal(const std::string &text) {
  auto status = check_client_event(text, kMost);
  return status ? "" : status.error().message;
}

std::string item(const std::string &json) {
  return R"({"type":"conversation.item.create","item":)" + json + "}";
}

struct Case {
  std::string event;
  const char *reason;
};

const std::vector<std::string> &good_events() {
  static const std::vector<std::string> events = {
      R"({"type":"session.update","session":{"type":"realtime","instructions":"x","new":[1]}})",
      item(R"({"type":"message","role":"user","content":[{"type":"input_text","text":"hi"}]})"),
      item(R"({"id":"a","type":"message","role":"assistant","content":[{"type":"output_text",)"
           R"("text":""}],"status":"completed"})"),
      item(R"({"type":"message","role":"developer","content":[]})"),
      item(R"({"type":"message","role":"user","content":[{"type":"input_image","image_url":)"
           R"("data:image/png;base64,iVBORw0KGgoA","detail":"low"},{"type":"input_audio",)"
           R"("audio":"AAAA","transcript":"x"}]})"),
      item(R"({"type":"function_call","name":"f","arguments":"","call_id":"c"})"),
      item(R"({"type":"function_call_output","call_id":"c","output":""})"),
      item(R"({"type":"mcp_approval_response","id":"m","approval_request_id":"r",)"
           R"("approve":true,"reason":null})"),
      item(R"({"type":"something_new","anything":{"goes":1}})"),
      R"({"type":"conversation.item.create","previous_item_id":null,"item":{"type":"new"}})",
      R"({"type":"conversation.item.retrieve","item_id":"a"})",
      R"({"type":"conversation.item.truncate","item_id":"a","content_index":0,"audio_end_ms":7})",
      R"({"type":"conversation.item.delete","item_id":"a","event_id":"mine"})",
      R"({"type":"input_audio_buffer.append","audio":"AAAA"})",
      R"({"type":"input_audio_buffer.commit"})",
      R"({"type":"output_audio_buffer.clear"})",
      R"({"type":"response.create"})",
      R"({"type":"response.create","response":{"conversation":"none","metadata":{"a":"b"},)"
      R"("max_output_tokens":"inf","input":[{"type":"item_reference","id":"a"}],"later":true}})",
      R"({"type":"response.cancel","response_id":"r"})",
  };
  return events;
}

}  // namespace

GST_START_TEST(what_the_schema_allows_passes) {
  for (const auto &event : good_events()) {
    fail_unless(refusal(event).empty(), "%s: %s", event.c_str(), refusal(event).c_str());
  }
}
GST_END_TEST

GST_START_TEST(what_it_does_not_allow_is_refused_by_name) {
  std::string long_id(33, 'x');
  const Case cases[] = {
      {R"({"type":"session.update","session":{}})", "lacks \"session.type\""},
      {R"({"type":"session.update","session":"x"})", "\"session\" must be an object"},
      {R"({"type":"session.update","session":{"type":"realtime","tools":[{"type":"function"}]}})",
       "\"session.tools\" has an error in tools[0]"},
      {R"({"type":"conversation.item.create"})", "lacks \"item\""},
      {item("[]"), "\"item\" must be an object"},
      {item("{}"), "lacks \"item.type\""},
      {item(R"({"type":"message","role":"user"})"), "lacks \"item.content\""},
      {item(R"({"type":"message","role":"robot","content":[]})"), "\"item.role\" must be user"},
      {item(R"({"type":"message","role":"user","content":["hi"]})"), "\"item.content[0]\""},
      {item(R"({"type":"message","role":"user","content":[{"type":"output_text","text":"x"}]})"),
       "item.content[0].type"},
      {item(R"({"type":"message","role":"assistant","content":[{"type":"output_audio"}]})"),
       "must be output_text"},
      {item(R"({"type":"message","role":"system","content":[{"type":"input_image"}]})"),
       "must be input_text"},
      {item(R"({"type":"message","role":"user","content":[{"type":"input_text"}]})"),
       "lacks \"item.content[0].text\""},
      {item(R"({"type":"message","role":"user","content":[{"type":"input_image",)"
            R"("image_url":"https://example.com/cat.png"}]})"),
       "must be a data URL"},
      {item(R"({"type":"message","role":"user","content":[{"type":"input_image",)"
            R"("image_url":"data:image/png;base64,/9j/4AAQ"}]})"),
       "holds no picture"},
      {item(R"({"type":"message","role":"user","content":[{"type":"input_image",)"
            R"("image_url":"data:image/jpeg;base64,/9j/","detail":"huge"}]})"),
       "auto, low or high"},
      {item(R"({"id":")" + long_id + R"(","type":"message","role":"user","content":[]})"),
       "\"item.id\" has more than 32"},
      {item(R"({"type":"function_call","arguments":"{}"})"), "lacks \"item.name\""},
      {item(R"({"type":"function_call","name":"f","arguments":{}})"), "item.arguments"},
      {item(R"({"type":"function_call_output","output":"x"})"), "lacks \"item.call_id\""},
      {item(R"({"type":"function_call_output","call_id":"c","output":7})"), "item.output"},
      {item(R"({"type":"mcp_approval_response","approval_request_id":"r","approve":"yes"})"),
       "true or false"},
      {R"({"type":"conversation.item.truncate","item_id":"a","content_index":0})",
       "lacks \"audio_end_ms\""},
      {R"({"type":"conversation.item.truncate","item_id":"a","content_index":0,)"
       R"("audio_end_ms":-1})",
       "whole number"},
      {R"({"type":"conversation.item.truncate","item_id":"a","content_index":0.5,)"
       R"("audio_end_ms":1})",
       "whole number"},
      {R"({"type":"conversation.item.delete","item_id":7})", "\"item_id\" must be a string"},
      {R"({"type":"response.create","response":[]})", "\"response\" must be an object"},
      {R"({"type":"response.create","response":{"max_output_tokens":"many"}})", "\"inf\""},
      {R"({"type":"response.create","response":{"input":[{"type":"message"}]}})",
       "response.input[0].role"},
      {R"({"type":"response.cancel","response_id":7})", "response_id"},
      {R"({"type":"response.create","event_id":7})", "\"event_id\" must be a string"},
      {R"({"type":"response.create","event_id":"oairt_x"})", "is ours"},
  };
  for (const Case &c : cases) {
    std::string reason = refusal(c.event);
    fail_unless(reason.find(c.reason) != std::string::npos, "%s: \"%s\" lacks %s", c.event.c_str(),
                reason.c_str(), c.reason);
  }
  std::string text =
      "{\"type\":\"response.create\",\"event_id\":\"" + std::string(513, 'x') + "\"}";
  assert_contains(refusal(text), "512");
  assert_contains(refusal(std::string(70000, ' ')), "70000 bytes");
}
GST_END_TEST

GST_START_TEST(a_refusal_quotes_nothing_of_what_was_to_be_sent) {
  for (const char *text :
       {R"({"type":"conversation.item.create","item":{"type":"message","role":"zebra"}})",
        R"({"type":"zebra"})", R"({"type":"response.cancel","response_id":["zebra"]})",
        R"({"type":"response.create" zebra})"}) {
    fail_if(refusal(text).empty());
    fail_unless(refusal(text).find("zebra") == std::string::npos, "%s", refusal(text).c_str());
  }
}
GST_END_TEST

// Whatever is done to an event: it passes or is refused with a sentence, and what passes can be
// read.
GST_START_TEST(mutated_events_are_refused_or_whole) {
  guint seed = 7;
  auto dice = [&seed](std::size_t sides) {
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % sides;
  };
  int passed = 0, refused = 0;
  for (int round = 0; round < 300; ++round) {
    for (const auto &event : good_events()) {
      std::string text = event;
      for (std::size_t change = 0; change <= dice(3); ++change) {
        std::size_t at = dice(text.size());
        switch (dice(4)) {
          case 0:
            text.erase(at, 1 + dice(8));
            break;
          case 1:
            text.insert(at, 1, "\"[]{}:,0\\n\x80"[dice(11)]);
            break;
          case 2:
            text.insert(at, text.substr(dice(text.size()), dice(12)));
            break;
          default:
            text[at] = static_cast<char>(dice(256));
        }
        if (text.empty()) text = "{";
      }
      auto status = check_client_event(text, kMost);
      if (status) {
        ++passed;
        fail_unless(Json::parse(text).ok());
      } else {
        ++refused;
        fail_if(status.error().message.empty());
        fail_unless(g_utf8_validate(status.error().message.c_str(), -1, nullptr));
      }
    }
  }
  fail_unless(passed > 50 && refused > 3000, "%d passed, %d refused", passed, refused);
}
GST_END_TEST

OAIRT_TEST_MAIN(client_check, what_the_schema_allows_passes,
                what_it_does_not_allow_is_refused_by_name,
                a_refusal_quotes_nothing_of_what_was_to_be_sent,
                mutated_events_are_refused_or_whole)
