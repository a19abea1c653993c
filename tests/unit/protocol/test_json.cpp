#include "protocol/json.h"
#include "support/check.h"

using oairt::Json;

namespace {
std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }
}  // namespace

GST_START_TEST(text_round_trips) {
  const char *text =
      R"({"a":1,"b":[true,false,null,"x\"\\\u00e4\n"],"c":{"d":-1.5},"big":9007199254740993})";
  auto json = Json::parse(text);
  fail_unless(json.ok());
  fail_unless_equals_int(json.value()["a"].as_int(), 1);
  assert_text(json.value()["b"].items()[3].as_string(), "x\"\\\xc3\xa4\n");
  fail_unless(json.value().at("c.d").as_double() == -1.5);
  fail_unless(json.value()["big"].as_int() == 9007199254740993LL);
  auto again = Json::parse(json.value().dump());
  fail_unless(again.ok());
  fail_unless(again.value() == json.value());
}
GST_END_TEST

GST_START_TEST(hostile_text_is_an_error_not_a_crash) {
  for (const std::string &text :
       {std::string(""), std::string("{"), std::string("}"), std::string("{\"a\":}"),
        std::string("\xff\xfe"), std::string("{\"a\":\"\0\"}", 9), std::string("[1,2"),
        std::string("nul"), nested(100000), "{\"a\":" + nested(70) + "}"}) {
    fail_if(Json::parse(text).ok(), "accepted %.20s", text.c_str());
  }
  fail_unless(Json::parse(nested(60)).ok());
}
GST_END_TEST

GST_START_TEST(an_error_does_not_quote_the_text) {
  auto json = Json::parse(R"({"instructions": my very private words})");
  fail_if(json.ok());
  std::string told = json.error().message + json.error().detail;
  fail_unless(told.find("private") == std::string::npos, "%s", told.c_str());
}
GST_END_TEST

GST_START_TEST(reading_is_total) {
  Json json = Json::object({{"a", "text"}, {"n", 1e300}});
  fail_unless_equals_int(json["missing"]["deeper"].as_int(7), 7);
  fail_unless_equals_int(json["a"].as_int(3), 3);
  fail_unless_equals_int(json["n"].as_int(5), 5);
  assert_text(json["n"].as_string(), "");
  fail_unless(json["a"].items().empty());
  fail_unless(json.at("a.b.c").is_null());
}
GST_END_TEST

GST_START_TEST(merge_is_deep_for_objects_and_replaces_the_rest) {
  Json json = Json::parse(R"({"a":{"b":1,"c":[1,2]},"d":1})").value();
  json.merge(Json::parse(R"({"a":{"c":[3],"e":null},"d":{"f":2}})").value());
  assert_text(json.dump(), R"({"a":{"b":1,"c":[3],"e":null},"d":{"f":2}})");
}
GST_END_TEST

OAIRT_TEST_MAIN(json, text_round_trips, hostile_text_is_an_error_not_a_crash,
                an_error_does_not_quote_the_text, reading_is_total,
                merge_is_deep_for_objects_and_replaces_the_rest)
