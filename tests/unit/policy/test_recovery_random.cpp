// Random events in random order, fitting and not, on a clock of the test: nothing gets stuck, no
// action contradicts the calls that exist. The seed of a failure is in its message.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "support/check.h"
#include "world.h"

using namespace oairt;            // NOLINT
using namespace oairt::recovery;  // NOLINT
using oairt::test::CallModel;
using oairt::test::most_within;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

constexpr unsigned kSequences = 4000;
constexpr int kEvents = 250;

std::set<std::string> gone;  // "FROM TO"

// RollingOver is written "rolling-over" where it is shown.
std::string shown(const std::string &name) {
  std::string text;
  for (char letter : name) {
    if (g_ascii_isupper(letter) && !text.empty()) text += '-';
    text += g_ascii_tolower(letter);
  }
  return text;
}

std::set<std::string> drawn() {
  const char *root = g_getenv("OAIRT_SOURCE_ROOT");
  std::ifstream file(std::string(root != nullptr ? root : ".") + "/gst/policy/recovery.h");
  std::string header{std::istreambuf_iterator<char>(file), {}};
  header.resize(std::min(header.find("#pragma"), header.size()));
  header = std::regex_replace(header, std::regex("//|\\[label=\"[^\"]*\"\\]"), "");
  std::set<std::string> edges;
  std::regex edge("([\\w ]+)\\}?\\s*->\\s*(\\w+)");
  for (std::sregex_iterator it(header.begin(), header.end(), edge), end; it != end; ++it) {
    std::istringstream sources((*it)[1].str());
    for (std::string from; sources >> from;) edges.insert(shown(from) + " " + shown((*it)[2]));
  }
  return edges;
}

class Chaos {
 public:
  explicit Chaos(unsigned seed) : seed_(seed), generator_(seed), policy_(random_options()) {}

  void run() {
    feed(Start{}, "start");
    for (int n = 0; n < kEvents; ++n) {
      pass();
      happen();
    }
    settle();
    feed(Stop{}, "stop");
    fail_unless(policy_.state() == State::Idle && !policy_.deadline(), "seed %u", seed_);
    fail_if(calls_.current() || calls_.next(), "seed %u: a call is left", seed_);
    // Start and Reconnect are the application's own orders and not counted.
    size_t most = most_within(made_, minutes(1));
    fail_unless(most <= 30, "seed %u: %zu calls in a minute", seed_, most);
  }

 private:
  double random() { return std::uniform_real_distribution<double>(0, 1)(generator_); }
  int pick(int count) { return static_cast<int>(random() * count); }
  bool chance(double probability) { return random() < probability; }

  RecoveryOptions random_options() {
    RecoveryOptions options;
    options.auto_reconnect = !chance(0.1);
    options.max_retries = chance(0.2) ? pick(4) : -1;
    options.ice_restart = !chance(0.2);
    return options;
  }

  // Everything that is due is fired, mostly in time.
  void pass() {
    static const Duration kSteps[] = {milliseconds(0),   milliseconds(1), milliseconds(40),
                                      milliseconds(300), seconds(1),      seconds(5),
                                      seconds(40)};
    TimePoint until = now_ + kSteps[pick(std::size(kSteps))];
    bool late = chance(0.1);
    for (int fired = 0; policy_.deadline() && *policy_.deadline() <= until; ++fired) {
      OAIRT_REQUIRE(fired < 2000, "seed %u: fires without end in %s", seed_,
                    to_string(policy_.state()));
      now_ = late ? until : std::max(now_, *policy_.deadline());
      feed(TimerFired{}, "timer");
    }
    now_ = until;
  }

  Error error() {
    Error error{static_cast<ErrorCode>(pick(10)), "m", "d", "", {}};
    if (chance(0.6)) error.code = chance(0.5) ? ErrorCode::Network : ErrorCode::Busy;
    if (chance(0.1)) error.retry_after = milliseconds(pick(20000));
    return error;
  }

  void happen() {
    switch (pick(20)) {
      case 0:
        return feed(Reconnect{}, "reconnect");
      case 1:
        return feed(RestartIce{}, "restart-ice");
      case 2:
      case 3:
        return ready();
      case 4:
      case 5:
        return feed(CallFailed{error(), random(), chance(0.2), true}, "failed");
      case 6:
        return feed(CallFailed{error(), random(), chance(0.1), false}, "dropped");
      case 7:
      case 8:
        return feed(PathLost{"silence", now_ - milliseconds(pick(3000))}, "lost");
      case 9:
        return feed(PathBack{chance(0.5)}, "back");
      case 10:
        return feed(NetworkChanged{}, "network");
      case 11:
        return feed(IceRestarted{chance(0.5)}, "restarted");
      case 12:
        return feed(SessionLimit{now_ + milliseconds(pick(200000) - 1000), random()}, "limit");
      case 13:
        return feed(Quiet{}, "quiet");
      case 14:
        return feed(TimerFired{}, "an early timer");
      case 15:
        if (chance(0.9)) return;
        feed(Stop{}, "stop");
        return feed(Start{}, "start");
      default:
        return feed(Reached{static_cast<Reach>(pick(3)), random(), chance(0.3)}, "reach");
    }
  }

  void ready() {
    CallReady event{chance(0.5), milliseconds(pick(600)), {}};
    if (chance(0.5)) event.limit = SessionLimit{now_ + seconds(pick(4000)), random()};
    feed(event, "ready");
  }

  void feed(const Event &event, const char *name) {
    bool ordered = std::holds_alternative<Start>(event) || std::holds_alternative<Reconnect>(event);
    if (std::holds_alternative<CallReady>(event)) calls_.next_is_ready();
    bool early = std::holds_alternative<TimerFired>(event) &&
                 (!policy_.deadline() || *policy_.deadline() > now_);
    State before = policy_.state();
    auto actions = policy_.handle(event, now_);
    std::snprintf(what_, sizeof what_, "%s in %s, seed %u", name, to_string(before), seed_);
    OAIRT_REQUIRE(!early || actions.empty(), "an early timer did something: %s", what_);
    for (const auto &action : actions) {
      calls_.perform(action, what_);
      if (std::holds_alternative<StartCall>(action) && !ordered) made_.push_back(now_);
    }
    OAIRT_REQUIRE(actions.size() < 8, "%zu actions after %s", actions.size(), what_);
    test::check_not_stuck(policy_, calls_, what_);
    if (policy_.state() != before) {
      gone.insert(std::string(to_string(before)) + " " + to_string(policy_.state()));
    }
  }

  // The world becomes well: so does the conversation, unless it was given up for good.
  void settle() {
    for (int n = 0; n < 400 && policy_.state() != State::Connected; ++n) {
      if (policy_.state() == State::Stopped) return;
      feed(Reached{Reach::Reachable, random(), false}, "settling: reach");
      if (calls_.next() && !calls_.ready()) feed(CallReady{}, "settling: ready");
      feed(Quiet{}, "settling: quiet");
      now_ += milliseconds(250);
      feed(TimerFired{}, "settling: timer");
    }
    fail_unless(policy_.state() == State::Connected || policy_.state() == State::Stopped,
                "seed %u: still in %s", seed_, to_string(policy_.state()));
  }

  unsigned seed_;
  std::mt19937 generator_;
  Policy policy_;
  CallModel calls_;
  TimePoint now_ = TimePoint() + std::chrono::hours(1);
  std::vector<TimePoint> made_;
  char what_[128] = "";
};

}  // namespace

// Also that the digraph in the header is what happens, no more and no less.
GST_START_TEST(random_events_never_confuse_it) {
  for (unsigned seed = 1; seed <= kSequences; ++seed) Chaos(seed).run();
  auto edges = drawn();
  for (const auto &edge : gone) fail_unless(edges.count(edge), "not drawn: %s", edge.c_str());
  for (const auto &edge : edges) fail_unless(gone.count(edge), "never gone: %s", edge.c_str());
}
GST_END_TEST

OAIRT_TEST_MAIN(recovery_random, random_events_never_confuse_it)
