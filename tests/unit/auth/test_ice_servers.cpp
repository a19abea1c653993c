#include "auth/ice_servers.h"
#include "rtc/turn_uri.h"
#include "support/check.h"
#include "support/http_fixture.h"

using namespace oairt;        // NOLINT: a test reads better without the prefix
using namespace oairt::test;  // NOLINT

using std::chrono::seconds;

namespace {

// All servers, one after the other, and the lifetime; or the error.
std::string read(const std::string &json) {
  auto result = parse_ice_servers(json);
  if (!result.ok()) return std::string(to_string(result.error().code)) + " error";
  std::string text;
  for (const Secret &uri : result->turn_servers) text += std::string(uri.reveal()) + " ";
  for (const std::string &uri : result->stun_servers) text += uri + " ";
  return text + std::to_string(std::chrono::duration_cast<seconds>(result->lifetime).count());
}

std::string server(const std::string &urls, const std::string &user = "u",
                   const std::string &password = "p") {
  return R"({"urls":)" + urls + R"(,"username":")" + user + R"(","credential":")" + password +
         "\"}";
}

std::string list_of(const std::string &servers) { return R"({"iceServers":[)" + servers + "]}"; }

}  // namespace

GST_START_TEST(every_shape_that_servers_answer_with_is_read) {
  std::string turn = "turn://u:p@a.example:3478?transport=udp ";
  std::string one = server(R"(["turn:a.example:3478?transport=udp"])");
  assert_text(read(list_of(one)), turn + "0");
  assert_text(read("[" + one + "]"), turn + "0");
  assert_text(read(one), turn + "0");
  assert_text(read(server(R"("turn:a.example:3478?transport=udp")")), turn + "0");
  assert_text(read(R"({"iceServers":)" + one + R"(,"ttl":86400})"), turn + "86400");
  assert_text(read(R"({"ice_servers":[{"url":"stun:s.example:3478"}],"ttl":"600"})"),
              "stun://s.example:3478 600");
  assert_text(
      read(
          R"({"username":"u","password":"p","ttl":600,"uris":["turn:a.example:3478?transport=udp"]})"),
      turn + "600");
  assert_text(read(R"({"lifetimeDuration":"3600s","iceServers":[)" + one + "]}"), turn + "3600");
  assert_text(read(R"({"expires_in":90.5,"iceServers":[)" + one + "]}"), turn + "90");
}
GST_END_TEST

GST_START_TEST(every_kind_of_url_becomes_one_of_ours_or_is_left_out) {
  const std::pair<const char *, const char *> cases[] = {
      {"turn:a.example", "turn://u:p@a.example"},
      {"TURN:a.example:1?transport=TCP", "turn://u:p@a.example:1?transport=tcp"},
      {"turn://a.example:53", "turn://u:p@a.example:53"},
      {"turns:a.example:443?transport=tcp", "turns://u:p@a.example:443?transport=tcp"},
      {"turns:a.example", "turns://u:p@a.example"},
      {"turn:[2001:db8::1]:3478?transport=udp", "turn://u:p@[2001:db8::1]:3478?transport=udp"},
      {"turn:[::ffff:192.0.2.1]", "turn://u:p@[::ffff:192.0.2.1]"},
      {"turn:192.0.2.1", "turn://u:p@192.0.2.1"},
      {"stun:a.example", "stun://a.example"},
      {"stun:[2001:db8::1]:3478", "stun://[2001:db8::1]:3478"},
      {"stun:a.example:3478?transport=udp", "stun://a.example:3478"}};
  for (const auto &[url, expected] : cases) {
    assert_text(read(server("\"" + std::string(url) + "\"")), std::string(expected) + " 0");
  }
  for (const char *url : {"stuns:a.example",
                          "turns:a.example?transport=udp",
                          "stun:a.example?transport=tcp",
                          "turn:a.example?transport=sctp",
                          "turn:a.example?x=1",
                          "turn:",
                          "turn:?transport=udp",
                          "turn:a.example:0",
                          "turn:a.example:70000",
                          "turn:a.example:",
                          "turn:a.example:1:2",
                          "turn:2001:db8::1",
                          "turn:[2001:db8::1",
                          "turn:[]",
                          "turn:[::1]x",
                          "turn:user@a.example",
                          "turn:a example",
                          "turn:a.example/../x",
                          "http://a.example",
                          "a.example",
                          "",
                          ":"}) {
    assert_text(read(server("\"" + std::string(url) + "\"")), "protocol error");
    // Beside a good one it is left out, and the good one stays.
    assert_text(read(server("[\"" + std::string(url) + "\",\"turn:b.example\"]")),
                "turn://u:p@b.example 0");
  }
}
GST_END_TEST

GST_START_TEST(user_names_and_passwords_arrive_at_the_agent_as_they_were) {
  struct Case {
    std::string json, text;
  };
  const Case cases[] = {{"1700000000:user", "1700000000:user"},
                        {"a@b/c?d#e%41 f", "a@b/c?d#e%41 f"},
                        {"a+b=\\/\\\"&;[x]", "a+b=/\"&;[x]"},
                        {"\\u00fc\\u20ac", "ü€"},
                        {"~-._", "~-._"}};
  for (const Case &user : cases) {
    for (const Case &password : cases) {
      auto result = parse_ice_servers(
          server(R"("turns:[2001:db8::1]:443?transport=tcp")", user.json, password.json));
      fail_unless(result.ok() && result->turn_servers.size() == 1);
      auto parsed = parse_turn_uri(result->turn_servers[0].reveal());
      fail_unless(parsed.ok(), "not taken: %s", parsed.ok() ? "" : parsed.error().message.c_str());
      assert_text(parsed->user, user.text);
      assert_text(std::string(parsed->password.reveal()), password.text);
      assert_text(parsed->host, "2001:db8::1");
      fail_unless_equals_int(parsed->port, 443);
    }
  }
  assert_text(read(server(R"("turn:a")", "1700000000:user")), "turn://1700000000%3Auser:p@a 0");
}
GST_END_TEST

GST_START_TEST(turn_without_a_usable_credential_is_left_out) {
  std::string good = server(R"("turn:b.example")");
  for (const std::string &bad :
       {std::string(R"({"urls":"turn:a.example"})"),
        std::string(R"({"urls":"turn:a.example","username":"u"})"),
        std::string(R"({"urls":"turn:a.example","username":7,"credential":"p"})"),
        std::string(
            R"({"urls":"turn:a","username":"u","credential":"p","credentialType":"oauth"})"),
        server(R"("turn:a")", ""), server(R"("turn:a")", "u", ""),
        server(R"("turn:a")", std::string(5000, 'u')), std::string(R"({"urls":{}})"),
        std::string(R"({"urls":[7,null]})"), std::string("{}"), std::string("7"),
        std::string("null")}) {
    assert_text(read(list_of(bad)), "protocol error");
    assert_text(read(list_of(bad + "," + good)), "turn://u:p@b.example 0");
  }
}
GST_END_TEST

GST_START_TEST(an_empty_list_is_none_and_what_is_no_list_is_an_error) {
  assert_text(read(R"({"iceServers":[]})"), "0");
  assert_text(read("[]"), "0");
  for (const char *text :
       {"", " ", "{", "<html>hidden</html>", "null", "7", "\"turn:a\"", "{}",
        R"({"iceServers":null})", R"({"iceServers":"turn:a"})", R"({"value":"ek_hidden"})"}) {
    auto result = parse_ice_servers(text);
    fail_if(result.ok(), "taken: %s", text);
    fail_unless(result.error().code == ErrorCode::Protocol);
    fail_if((result.error().message + result.error().detail).find("hidden") != std::string::npos);
  }
}
GST_END_TEST

GST_START_TEST(absurd_sizes_are_refused) {
  auto many = [](int servers, int urls) {
    std::string text;
    for (int i = 0; i < servers; ++i) {
      std::string list;
      for (int j = 0; j < urls; ++j) list += std::string(j == 0 ? "" : ",") + R"("turn:a")";
      text += (i == 0 ? "" : ",") + server("[" + list + "]");
    }
    return read(list_of(text));
  };
  fail_unless(many(64, 1).ends_with(" 0"));
  fail_unless(many(8, 8).ends_with(" 0"));
  assert_text(many(65, 1), "protocol error");
  assert_text(many(1, 65), "protocol error");
  assert_text(read(list_of(server(R"("turn:a")")) + std::string(64 * 1024, ' ')), "protocol error");
  assert_text(read(std::string(3000, '[')), "protocol error");
}
GST_END_TEST

GST_START_TEST(a_lifetime_that_is_none_is_unknown_and_a_long_one_is_bounded) {
  for (const char *ttl : {"0", "-5", "\"soon\"", "\"\"", "null", "true", "\"-1s\"", "\"60m\"",
                          "\"nan\"", "\"inf\"", "[60]"}) {
    assert_text(read(R"({"iceServers":[],"ttl":)" + std::string(ttl) + "}"), "0");
  }
  assert_text(read(R"({"iceServers":[],"ttl":1e300})"), std::to_string(30 * 86400));
  assert_text(read(R"({"iceServers":[],"ttl":"60.9s"})"), "60");
}
GST_END_TEST

GST_START_TEST(what_is_left_out_is_logged_without_its_words) {
  LogCapture log;
  read(list_of(server(R"("ftp:hidden-host")", "hidden-user", "hidden-password") + "," +
               server(R"(["turn:hidden host","turn:b"])", "hidden-user", "hidden-password") + "," +
               R"({"urls":"turn:a","username":"hidden-user"})"));
  assert_contains(log.text(), "3 ICE servers are not used");
  fail_if(log.text().find("hidden") != std::string::npos);
}
GST_END_TEST

OAIRT_TEST_MAIN(ice_servers, every_shape_that_servers_answer_with_is_read,
                every_kind_of_url_becomes_one_of_ours_or_is_left_out,
                user_names_and_passwords_arrive_at_the_agent_as_they_were,
                turn_without_a_usable_credential_is_left_out,
                an_empty_list_is_none_and_what_is_no_list_is_an_error, absurd_sizes_are_refused,
                a_lifetime_that_is_none_is_unknown_and_a_long_one_is_bounded,
                what_is_left_out_is_logged_without_its_words)
