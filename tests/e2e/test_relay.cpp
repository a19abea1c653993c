// Conversations through TURN servers whose credentials are given for a time: real elements, the
// simulator, coturn, loopback. Skipped where coturn is not installed.
#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/lock.h"
#include "support/check.h"
#include "support/http_fixture.h"
#include "support/pipeline.h"
#include "support/simulator_process.h"
#include "support/turn_server.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

constexpr int kLong_s = 3600;

// What a site's own server answers; remembers the credentials for the search for them.
class Site {
 public:
  explicit Site(std::string url, int ttl_s = kLong_s) : url_(std::move(url)), ttl_s_(ttl_s) {}

  // iceServers with credentials of a new name each time: north-1, north-2, … Any thread. The first
  // ones live for the time that was asked for, all others for long.
  std::string answer() {
    LockGuard guard(lock_);
    int ttl_s = ++given_ == 1 ? ttl_s_ : kLong_s;
    int64_t expiry = g_get_real_time() / G_USEC_PER_SEC + ttl_s;
    std::string user = std::to_string(expiry) + ":north-" + std::to_string(given_);
    std::string password = TurnServer::password_of(user);
    secrets_.insert(secrets_.end(), {user, password});
    Json server = Json::object(
        {{"urls", Json::array({Json(url_)})}, {"username", user}, {"credential", password}});
    return Json::object({{"iceServers", Json::array({server})}, {"ttl", ttl_s}}).dump();
  }
  HttpFixture::Handler handler() {
    return [this](const ServedRequest &) {
      ServedReply reply;
      reply.body = answer();
      return reply;
    };
  }
  int given() const {
    LockGuard guard(lock_);
    return given_;
  }
  std::vector<std::string> secrets() const {
    LockGuard guard(lock_);
    return secrets_;
  }

 private:
  const std::string url_;
  const int ttl_s_;
  mutable Mutex lock_;
  int given_ OAIRT_GUARDED_BY(lock_) = 0;
  std::vector<std::string> secrets_ OAIRT_GUARDED_BY(lock_);
};

// The signal `request-ice-servers`, answered; on a worker thread.
gchar *answer_signal(GstElement *, gpointer site) {
  return g_strdup(static_cast<Site *>(site)->answer().c_str());
}

std::string turn(const TurnServer &server, const char *transport) {
  return "turn:127.0.0.1:" + std::to_string(server.port()) + "?transport=" + transport;
}

std::string kiosk(const SimulatorProcess &simulator, const std::string &more) {
  return "audiotestsrc is-live=true wave=silence ! openairealtimebin name=b base-url=" +
         simulator.base_url() + " api-key=" + SimulatorProcess::kApiKey + " " + more +
         " ! fakesink sync=false";
}

// The last of what was posted: all of it is more than an assertion takes.
std::string story(Pipeline &p) {
  constexpr std::size_t kMost = 3000;
  std::string all = p.describe();
  return all.size() > kMost ? all.substr(all.size() - kMost) : all;
}

std::string local_candidate(Pipeline &p) {
  GstStructure *stats = nullptr;
  g_object_get(p.get("b"), "stats", &stats, nullptr);
  UniqueStructure owner(stats);
  const char *text = stats ? gst_structure_get_string(stats, "local-candidate") : nullptr;
  return text != nullptr ? text : "";
}

void ready(TurnServer &server) {
  fail_unless(wait_for([&] { return server.ready(); }), "coturn does not listen");
}

void talk(Pipeline &p) {
  std::size_t before = p.messages("openai-realtime/response-done").size();
  p.send_text("b", "Hello.");
  fail_unless(p.wait_for_message("openai-realtime/response-done", before + 1), "%s",
              story(p).c_str());
}

// A turn is typed and answered, over that kind of path, without a complaint.
void converse(Pipeline &p, const std::string &path) {
  fail_unless(p.wait_for_state("connected"), "%s", story(p).c_str());
  talk(p);
  fail_unless(p.wait([&] { return !local_candidate(p).empty(); }));
  assert_text(local_candidate(p).substr(0, path.size()), path);
  fail_unless(p.messages("warning").empty(), "%s", story(p).c_str());
  fail_unless(p.messages("error").empty(), "%s", story(p).c_str());
}

void none_told(Pipeline &p, const std::vector<std::string> &secrets) {
  std::string all = p.describe();
  for (const auto &secret : secrets) {
    fail_unless(all.find(secret) == std::string::npos, "a secret was told: %s", all.c_str());
  }
}

}  // namespace

GST_START_TEST(relay_only_works_with_the_credentials_of_a_server) {
  TurnServer server(TurnServer::Users::TimeLimited);
  ready(server);
  Site site(turn(server, "udp"));
  HttpFixture http(site.handler());
  SimulatorProcess simulator;
  Pipeline p(kiosk(simulator, "ice-transport-policy=relay ice-servers-url=" + http.url("/ice")));
  g_object_set(p.get("b"), "token-headers", "X-Kiosk: 12", nullptr);
  p.play();
  converse(p, "relay/udp");
  fail_unless(server.count("north-1") > 0);
  assert_text(http.requests().front().header("X-Kiosk"), "12");
  fail_unless_equals_int(site.given(), 1);
  none_told(p, site.secrets());
}
GST_END_TEST

GST_START_TEST(relay_only_works_with_the_credentials_of_the_application) {
  TurnServer server(TurnServer::Users::TimeLimited);
  ready(server);
  SimulatorProcess simulator;
  Site site(turn(server, "udp"));
  Pipeline p(kiosk(simulator, "ice-transport-policy=relay"));
  g_signal_connect(p.get("b"), "request-ice-servers", G_CALLBACK(answer_signal), &site);
  p.play();
  converse(p, "relay/udp");
  fail_unless(server.count("north-1") > 0);
  fail_unless_equals_int(site.given(), 1);
  // Another call needs no other credentials.
  gboolean done = FALSE;
  g_signal_emit_by_name(p.get("b"), "reconnect", &done);
  fail_unless(p.wait_for_message("openai-realtime/session", 2), "%s", story(p).c_str());
  talk(p);
  fail_unless_equals_int(site.given(), 1);
  none_told(p, site.secrets());
}
GST_END_TEST

GST_START_TEST(renewed_credentials_leave_the_call_alone_and_serve_the_next_path) {
  constexpr int kShort_s = 6;  // renewed after 5
  TurnServer server(TurnServer::Users::TimeLimited);
  ready(server);
  Site site(turn(server, "udp"), kShort_s);
  HttpFixture http(site.handler());
  SimulatorProcess simulator({"--ice-restart"});
  Pipeline p(kiosk(simulator, "ice-transport-policy=relay ice-servers-url=" + http.url("/ice")));
  p.record("b");
  p.play();
  TimePoint expiry = Clock::now() + std::chrono::seconds(kShort_s + 1);
  converse(p, "relay/udp");
  std::string call = p.messages("openai-realtime/session")[0]->field("call-id");
  fail_unless(p.wait([&] { return site.given() == 2 && Clock::now() > expiry; }));
  talk(p);  // over the path of credentials that have expired
  fail_unless_equals_int(server.count("north-2"), 0);
  fail_unless(p.messages("openai-realtime/recovery").empty(), "%s", story(p).c_str());

  gboolean taken = FALSE;
  g_signal_emit_by_name(p.get("b"), "restart-ice", &taken);
  fail_unless(taken);
  fail_unless(p.wait_for_message("openai-realtime/recovery"), "%s", story(p).c_str());
  assert_text(p.messages("openai-realtime/recovery")[0]->field("action"), "restart-ice");
  fail_unless(server.count("north-2") > 0);
  talk(p);
  fail_unless_equals_int(p.messages("openai-realtime/session").size(), 1);
  assert_text(p.messages("openai-realtime/session")[0]->field("call-id"), call);
  assert_text(local_candidate(p).substr(0, 9), "relay/udp");
  p.assert_continuous();
  none_told(p, site.secrets());
}
GST_END_TEST

GST_START_TEST(a_migration_takes_the_credentials_of_now) {
  TurnServer server(TurnServer::Users::TimeLimited);
  ready(server);
  Site site(turn(server, "udp"), 6);
  SimulatorProcess simulator;
  Pipeline p(kiosk(simulator, "ice-transport-policy=relay"));
  g_signal_connect(p.get("b"), "request-ice-servers", G_CALLBACK(answer_signal), &site);
  p.play();
  TimePoint expiry = Clock::now() + std::chrono::seconds(7);
  converse(p, "relay/udp");
  fail_unless(p.wait([&] { return site.given() == 2 && Clock::now() > expiry; }));
  // The signalling is away, or another call would be the quicker way.
  simulator.control("/simulator/faults", Json::object({{"fault", "calls_hang"}}));
  simulator.control("/simulator/sessions/*/blackhole", Json::object({{"value", "2"}}));
  fail_unless(p.wait_for_message("openai-realtime/recovery"), "%s", story(p).c_str());
  assert_text(p.messages("openai-realtime/recovery")[0]->field("kept"), "call");
  fail_unless(server.count("north-2") > 0);
  talk(p);
}
GST_END_TEST

GST_START_TEST(a_useless_answer_is_told_once_and_the_call_is_made_directly) {
  constexpr const char *kUser = "1790000000:south", *kPassword = "pw-55fa01c2";
  std::string full =
      std::string("{\"iceServers\": [{\"urls\": \"turn:127.0.0.1:9\", \"username\": \"") + kUser +
      "\", \"credential\": \"" + kPassword + "\"}]}";
  std::vector<ServedReply> replies(4);
  replies[0].status = 500;
  replies[0].body = full;
  replies[1].content_type = "text/html";
  replies[1].body = std::string("<html><body>Sign in as ") + kPassword + "</body></html>";
  replies[2].body = full.substr(0, full.size() - 3);
  replies[3].body = std::string("{\"iceServers\": [{\"urls\": \"http://x\", \"credential\": \"") +
                    kPassword + "\"}]}";
  for (const ServedReply &reply : replies) {
    LogCapture log("openairealtime");
    std::atomic<int> asked{0};
    HttpFixture http([&](const ServedRequest &) { return ++asked, reply; });
    SimulatorProcess simulator;
    Pipeline p(kiosk(simulator, "ice-servers-url=" + http.url("/ice?key=query-71b3")));
    g_object_set(p.get("b"), "token-headers", "Authorization: Bearer site-92aa", nullptr);
    p.play();
    fail_unless(p.wait_for_state("connected"), "%s", story(p).c_str());
    talk(p);
    fail_unless(p.wait_for_message("warning"), "%s", story(p).c_str());
    // Asked again, it says nothing new.
    fail_unless(p.wait([&] { return asked >= 2; }), "%d requests", asked.load());
    talk(p);
    fail_unless_equals_int(p.messages("warning").size(), 1);
    std::string told = p.messages("warning")[0]->text;
    assert_contains(told, "ICE servers");
    assert_contains(told, "127.0.0.1");
    char last = told.substr(0, told.find(" [")).back();
    fail_unless(last == '.' || last == '?', "no sentence: %s", told.c_str());
    fail_unless(p.messages("error").empty(), "%s", story(p).c_str());
    fail_unless(p.wait([&] { return local_candidate(p).substr(0, 5) == "host/"; }));
    std::vector<std::string> secrets = {kUser, kPassword, "site-92aa", "query-71b3"};
    none_told(p, secrets);
    std::string logged = log.text();
    fail_if(logged.empty());
    for (const auto &secret : secrets) {
      fail_unless(logged.find(secret) == std::string::npos, "logged: %s", secret.c_str());
    }
  }
}
GST_END_TEST

GST_START_TEST(a_server_of_credentials_that_comes_back_ends_the_wait) {
  TurnServer server(TurnServer::Users::TimeLimited);
  ready(server);
  Site site(turn(server, "udp"));
  std::atomic<int> asked{0};
  HttpFixture http([&](const ServedRequest &) {
    ServedReply reply;
    if (++asked <= 2) {
      reply.status = 503;
    } else {
      reply.body = site.answer();
    }
    return reply;
  });
  SimulatorProcess simulator;
  Pipeline p(kiosk(simulator, "ice-transport-policy=relay connect-timeout=3000 ice-servers-url=" +
                                  http.url("/ice")));
  p.play();
  // Each call asks anew: by itself the third question would come after 15 s.
  fail_unless(p.wait_for_state("connected", std::chrono::seconds(13)), "%s", story(p).c_str());
  talk(p);
  fail_unless(p.wait([&] { return local_candidate(p).substr(0, 9) == "relay/udp"; }));
}
GST_END_TEST

GST_START_TEST(without_udp_turn_over_tcp_and_tls_hold_a_conversation) {
  TurnServer server(TurnServer::Users::One, TurnServer::Clients::TcpAndTls);
  ready(server);
  SimulatorProcess simulator;
  std::string user = std::string(TurnServer::kEscaped) + "@";
  {
    Pipeline p(kiosk(simulator, "ice-transport-policy=relay turn-servers=turn://" + user +
                                    "127.0.0.1:" + std::to_string(server.port()) +
                                    "?transport=tcp"));
    p.play();
    converse(p, "relay/tcp");
    none_told(p, {TurnServer::kPassword, TurnServer::kEscaped});
  }
  Pipeline p(kiosk(simulator, "ice-transport-policy=relay ca-file=" + server.ca_file() +
                                  " turn-servers=turns://" + user +
                                  "localhost:" + std::to_string(server.tls_port())));
  p.play();
  converse(p, "relay/tls");
  none_told(p, {TurnServer::kPassword, TurnServer::kEscaped});
}
GST_END_TEST

OAIRT_TEST_MAIN_UNLESS(TurnServer::available() ? nullptr
                                               : "coturn (turnserver) or openssl is not installed",
                       relay, relay_only_works_with_the_credentials_of_a_server,
                       relay_only_works_with_the_credentials_of_the_application,
                       renewed_credentials_leave_the_call_alone_and_serve_the_next_path,
                       a_migration_takes_the_credentials_of_now,
                       a_useless_answer_is_told_once_and_the_call_is_made_directly,
                       a_server_of_credentials_that_comes_back_ends_the_wait,
                       without_udp_turn_over_tcp_and_tls_hold_a_conversation)
