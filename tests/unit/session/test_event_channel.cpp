#include "session/event_channel.h"
#include "support/check.h"

using namespace oairt;  // NOLINT

namespace {

std::optional<uint16_t> stream(Settings settings) {
  auto config = build_config(settings, Secret("sk-x"));
  fail_unless(config.ok());
  return event_stream_for(config.value());
}

std::optional<uint16_t> stream_at(const std::string &url, const std::string &channel = "auto") {
  return stream({{"base-url", url}, {"event-channel", channel}});
}

}  // namespace

GST_START_TEST(only_the_service_itself_is_asked_for_a_known_channel) {
  fail_unless_equals_int(stream({}).value_or(0), kEventStream);
  for (const char *own :
       {"https://api.openai.com/v1", "https://api.openai.com/v1/", "https://eu.api.openai.com/v1",
        "https://API.OpenAI.com/v1", "https://api.openai.com:443/v1"}) {
    fail_unless(stream_at(own).has_value(), "%s", own);
  }
  for (const char *other :
       {"http://127.0.0.1:8089/v1", "https://gateway.example/v1", "https://openai.com/v1",
        "https://api.openai.com.example/v1", "https://fakeapi.openai.com/v1",
        "https://api.openai.com/v2", "https://api.openai.com/proxy/v1",
        "https://example.com/api.openai.com/v1", "http://api.openai.com/v1"}) {
    fail_if(stream_at(other).has_value(), "%s", other);
  }
  fail_if(stream({{"service", std::string("azure")},
                  {"base-url", std::string("https://mine.openai.azure.com/openai/v1")}})
              .has_value());
}
GST_END_TEST

GST_START_TEST(who_knows_better_says_so) {
  fail_if(stream_at("https://api.openai.com/v1", "opened").has_value());
  fail_unless(stream_at("https://gateway.example/v1", "negotiated").has_value());
}
GST_END_TEST

GST_START_TEST(a_server_that_does_not_know_it_is_remembered) {
  remember_opened_channels("https://old.example/v1");
  fail_if(stream_at("https://old.example/v1", "negotiated").has_value());
  fail_unless(stream_at("https://new.example/v1", "negotiated").has_value());
}
GST_END_TEST

OAIRT_TEST_MAIN("session_event_channel", only_the_service_itself_is_asked_for_a_known_channel,
                who_knows_better_says_so, a_server_that_does_not_know_it_is_remembered)
