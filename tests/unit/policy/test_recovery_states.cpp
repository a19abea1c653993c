// Every event in every state: what does not belong changes nothing; Stop and Reconnect always work.
#include "script.h"
#include "support/check.h"

using oairt::milliseconds;
using oairt::test::Script;

namespace {

struct Situation {
  const char *name;
  const char *way;      // how to get there
  const char *foreign;  // events that do not belong, separated by commas
  const char *stop;     // what Stop orders
  const char *reconnect;
};

constexpr const char *kCurrent = "start,ready restart,+60000 timer";
constexpr const char *kNotConnected =
    "dropped media,dropped quota,lost silence,back,back moved,restart-ice,restarted yes,"
    "restarted no,limit 60000,quiet,timer,reach yes,reach no,reach refused";

const Situation kSituations[] = {
    {"idle", "timer", "reconnect,ready,failed network,failed quota,network", "", ""},
    {"connecting", "start", "start", "end-next", "end-next call(0)"},
    {"connecting", "start,failed auth refused", "start", "end-next", "end-next call(0)"},
    {"connected", kCurrent,
     "start,ready,failed network,failed quota,back,back moved,network,reach yes,reach no,"
     "restarted yes,restarted no,limit -5,limit 0,quiet,timer",
     "end", "end call(0)"},
    {"migrating", "start,ready restart,+60000 timer,lost silence",
     "start,ready,failed network,failed quota,lost link-down,restarted yes,restarted no,quiet,"
     "timer",
     "end", "end call(0)"},
    {"restarting", "start,ready restart,+60000 timer,restart-ice",
     "start,ready,failed network,back,network,reach yes,reach no,restart-ice,quiet,timer", "end",
     "end call(0)"},
    {"restarting", "start,ready restart,+60000 timer,lost silence,reach yes,+300 timer",
     "start,ready,failed network,lost silence,restart-ice,quiet,timer,reach yes", "end",
     "end call(0)"},
    {"replacing", "start,ready,+60000 timer,dropped media",
     "start,dropped media,lost silence,back,back moved,restart-ice,restarted yes,"
     "limit 60000,quiet,timer,reach yes",
     "end-next", "end-next call(0)"},
    {"replacing", "start,ready,+60000 timer,lost silence,reach yes,+300 timer",
     "start,lost silence,restart-ice,restarted yes,restarted no,quiet,timer,reach yes",
     "end-next end", "end-next end call(0)"},
    {"replacing", "start,ready,+60000 timer,lost silence,reach yes,+300 timer,failed busy",
     "start,ready,failed network,lost silence,restart-ice,restarted yes,quiet,timer", "end",
     "end call(0)"},
    {"rolling-over", "start,ready restart limit=600000,pass 480000",
     "start,back,back moved,network,restart-ice,restarted yes,quiet,timer,reach yes,reach no",
     "end-next end", "end-next end call(0)"},
    {"rolling-over", "start,ready restart limit=600000,pass 480000,ready",
     "start,ready,back,back moved,network,restart-ice,restarted yes,timer,reach yes,reach no",
     "end-next end", "end-next end call(0)"},
    {"waiting", "start,failed busy,failed busy", "start,ready,failed network,failed quota,network",
     "", "call(0)"},
    {"waiting", "start,ready,+60000 timer,dropped busy,failed busy",
     "start,ready,failed network,failed quota,dropped quota,lost silence,back,back moved,network,"
     "restart-ice,restarted no,limit 60000,quiet,timer,reach yes",
     "", "call(0)"},
    {"stopped", "start,failed quota", "start,ready,failed network,network", "", "call(0,fresh)"},
    {"stopped", "start,ready limit=600000,lost silence,dropped quota",
     "start,ready,failed network,failed auth,network", "", "call(0,fresh)"},
};

std::vector<std::string> listed(const std::string &list) {
  std::vector<std::string> parts;
  std::istringstream stream(list);
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  return parts;
}

Script there(const Situation &situation) {
  Script script;
  for (const auto &event : listed(situation.way)) script.step(event);
  assert_text(to_string(script.policy().state()), situation.name);
  return script;
}

// What comes of it in a rough future.
std::string future(Script script) {
  std::string text;
  for (const char *event :
       {"pass 200", "reach yes", "pass 2500", "reach no", "pass 20", "reach yes", "pass 40000",
        "ready", "pass 3000", "lost silence", "pass 120", "back", "dropped busy", "pass 2000",
        "failed auth refused", "pass 1000"}) {
    text += script.step(event) + "|" + to_string(script.policy().state()) + "|";
  }
  return text;
}

void check_foreign(const Situation &situation, const std::string &event) {
  Script before = there(situation), after = before;
  std::string actions = after.step(event);
  fail_unless(actions.empty(), "\"%s\" after \"%s\" ordered %s", event.c_str(), situation.way,
              actions.c_str());
  fail_unless(before.policy().deadline() == after.policy().deadline(),
              "\"%s\" after \"%s\" changed the deadline", event.c_str(), situation.way);
  assert_text(to_string(after.policy().state()), to_string(before.policy().state()));
  assert_text(after.policy().fault(), before.policy().fault());
  if (event.rfind("reach", 0) == 0) return;  // the server's state is known now
  fail_unless(future(before) == future(after), "\"%s\" after \"%s\" changed what comes:\n%s\n%s",
              event.c_str(), situation.way, future(before).c_str(), future(after).c_str());
}

}  // namespace

GST_START_TEST(what_does_not_belong_changes_nothing) {
  for (const auto &situation : kSituations) {
    for (const auto &event : listed(situation.foreign)) check_foreign(situation, event);
    std::string name = situation.name;
    bool no_call = name == "idle" || name == "connecting" || name == "stopped";
    if (!no_call) continue;
    for (const auto &event : listed(kNotConnected)) check_foreign(situation, event);
  }
}
GST_END_TEST

GST_START_TEST(stop_ends_what_there_is_and_leaves_nothing) {
  for (const auto &situation : kSituations) {
    Script script = there(situation);
    assert_text(script.step("stop"), situation.stop);
    script.run(R"(
        timer                => idle; never
        stop                 => idle
        reconnect            => idle
        start                => connecting: call(0); due 500
        failed auth refused  => connecting: end-next warn(0) call(1,fresh); due 500
        ready                => connected: switch(lost); never
        restart-ice          => connected
        lost silence         => migrating: migrate(silence) probe)");
  }
}
GST_END_TEST

GST_START_TEST(reconnect_makes_a_call_from_the_beginning_in_every_state) {
  for (const auto &situation : kSituations) {
    Script script = there(situation);
    assert_text(script.step("reconnect"), situation.reconnect);
    if (std::string(situation.name) == "idle") continue;
    fail_unless(script.policy().deadline() == script.now() + milliseconds(500),
                "another timer is armed after reconnect, %s", situation.way);
    assert_text(script.step("failed busy"), "end-next warn(0) call(1)");
    script.step("ready");
    script.run("timer => connected; never");
  }
}
GST_END_TEST

GST_START_TEST(reconnect_tells_the_outage_from_its_beginning) {
  Script script;
  script.run(R"(
      start                => connecting: call(0)
      ready                => connected: switch(lost)
      +60000 lost silence ago=700 => migrating: migrate(silence) probe
      +1300 reconnect      => replacing: end call(0); due 500
      +100 ready           => connected: switch(lost) recovered(reconnect,replace-call,2100)
      reconnect            => replacing: end call(0)
      +100 ready           => connected: switch(lost) recovered(reconnect,replace-call,100))");
}
GST_END_TEST

OAIRT_TEST_MAIN(recovery_states, what_does_not_belong_changes_nothing,
                stop_ends_what_there_is_and_leaves_nothing,
                reconnect_makes_a_call_from_the_beginning_in_every_state,
                reconnect_tells_the_outage_from_its_beginning)
