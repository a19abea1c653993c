#include "script.h"

#include <cmath>
#include <map>
#include <sstream>

#include "support/check.h"

namespace oairt::test {
namespace {

using namespace recovery;  // NOLINT: all of its words are used

using Words = std::vector<std::string>;

Words split(const std::string &text) {
  std::istringstream stream(text);
  Words words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::string trimmed(const std::string &text) {
  std::string out;
  for (const auto &word : split(text)) out += (out.empty() ? "" : " ") + word;
  return out;
}

bool has(const Words &words, const std::string &word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

double value(const Words &words, const std::string &key, double otherwise) {
  for (const auto &word : words) {
    if (word.compare(0, key.size() + 1, key + "=") == 0)
      return std::stod(word.substr(key.size() + 1));
  }
  return otherwise;
}

Duration ms(double value) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(value));
}

std::string round_ms(Duration duration) { return std::to_string(std::lround(to_ms(duration))); }

ErrorCode code_of(const std::string &name) {
  for (ErrorCode code : {ErrorCode::Auth, ErrorCode::Config, ErrorCode::Quota, ErrorCode::Network,
                         ErrorCode::Busy, ErrorCode::Protocol, ErrorCode::Security,
                         ErrorCode::Media, ErrorCode::Storage, ErrorCode::Cancelled}) {
    if (name == to_string(code)) return code;
  }
  fail_unless(false, "no error code is named \"%s\"", name.c_str());
  return ErrorCode::Network;
}

CallFailed failure(const Words &words, bool next) {
  CallFailed event;
  event.error = Error{code_of(words.at(1)), "m", "d", "", {}};
  double after = value(words, "after", -1);
  if (after >= 0) event.error.retry_after = milliseconds(static_cast<int>(after));
  event.random = value(words, "random", 0.5);
  event.token_refused = has(words, "refused");
  event.next = next;
  return event;
}

Reached reached(const Words &words) {
  Reached event;
  event.reach = words.at(1) == "yes"  ? Reach::Reachable
                : words.at(1) == "no" ? Reach::NoAnswer
                                      : Reach::Refused;
  event.random = value(words, "random", 0.5);
  event.next_answered = has(words, "answered");
  return event;
}

CallReady ready(const Words &words, TimePoint now) {
  CallReady event;
  event.can_restart_ice = has(words, "restart");
  event.rtt = ms(value(words, "rtt", 0));
  double limit = value(words, "limit", -1);
  if (limit >= 0) event.limit = SessionLimit{now + ms(limit), value(words, "random", 0)};
  return event;
}

Event event_of(const Words &words, TimePoint now) {
  const std::string &name = words.at(0);
  if (name == "start") return Start{};
  if (name == "stop") return Stop{};
  if (name == "reconnect") return Reconnect{};
  if (name == "restart-ice") return RestartIce{};
  if (name == "network") return NetworkChanged{};
  if (name == "quiet") return Quiet{};
  if (name == "timer") return TimerFired{};
  if (name == "ready") return ready(words, now);
  if (name == "failed" || name == "dropped") return failure(words, name == "failed");
  if (name == "lost") return PathLost{words.at(1), now - ms(value(words, "ago", 0))};
  if (name == "back") return PathBack{has(words, "moved")};
  if (name == "reach") return reached(words);
  if (name == "restarted") return IceRestarted{words.at(1) == "yes"};
  if (name == "limit") {
    return SessionLimit{now + ms(std::stod(words.at(1))), value(words, "random", 0)};
  }
  fail_unless(false, "no event is named \"%s\"", name.c_str());
  return TimerFired{};
}

// How often a path is sought and the server asked is not told: two dots.
std::string summary(const std::vector<Action> &actions) {
  std::map<std::string, int> counts;
  for (const auto &action : actions) {
    bool often =
        std::holds_alternative<Migrate>(action) || std::holds_alternative<ProbeServer>(action);
    ++counts[text_of(action) + (often ? ".." : "")];
  }
  std::string text;
  for (const auto &[name, count] : counts) {
    bool many = count > 1 && name.back() != '.';
    text += (text.empty() ? "" : " ") + name + (many ? "*" + std::to_string(count) : "");
  }
  return text;
}

}  // namespace

std::string text_of(const Action &action) {
  struct Visitor {
    std::string operator()(const StartCall &a) {
      return "call(" + std::to_string(a.attempt) + (a.fresh_token ? ",fresh)" : ")");
    }
    std::string operator()(const EndCall &) { return "end"; }
    std::string operator()(const EndNext &) { return "end-next"; }
    std::string operator()(const SwitchCall &a) {
      return a.lost ? "switch(lost)" : a.quiet ? "switch" : "switch(busy)";
    }
    std::string operator()(const Migrate &a) { return "migrate(" + a.why + ")"; }
    std::string operator()(const StopMigrating &) { return "stop-migrating"; }
    std::string operator()(const RestartIceNow &a) {
      return "restart-ice(" + round_ms(a.timeout) + ")";
    }
    std::string operator()(const ProbeServer &) { return "probe"; }
    std::string operator()(const Warn &a) { return "warn(" + round_ms(a.delay) + ")"; }
    std::string operator()(const GiveUp &a) {
      return "give-up(" + std::string(to_string(a.error.code)) + ")";
    }
    std::string operator()(const Recovered &a) {
      return "recovered(" + a.fault + "," + a.action + "," + round_ms(a.outage) + ")";
    }
  };
  return std::visit(Visitor{}, action);
}

std::string text_of(const std::vector<Action> &actions) {
  std::string text;
  for (const auto &action : actions) text += (text.empty() ? "" : " ") + text_of(action);
  return text;
}

std::vector<Action> Script::pass(Duration time) {
  TimePoint until = now_ + time;
  std::vector<Action> all;
  for (int fired = 0; policy_.deadline() && *policy_.deadline() <= until; ++fired) {
    fail_unless(fired < 100000, "the timer fires without end");
    now_ = std::max(now_, *policy_.deadline());
    auto actions = policy_.handle(TimerFired{}, now_);
    all.insert(all.end(), actions.begin(), actions.end());
  }
  now_ = until;
  return all;
}

std::vector<Action> Script::perform(const std::string &event) {
  Words words = split(event);
  if (words.at(0).front() == '+') {
    now_ += ms(std::stod(words[0].substr(1)));
    words.erase(words.begin());
  }
  if (words.at(0) == "due") {
    fail_unless(policy_.deadline().has_value(), "nothing is due: \"%s\"", event.c_str());
    now_ = std::max(now_, *policy_.deadline());
    return policy_.handle(TimerFired{}, now_);
  }
  return policy_.handle(event_of(words, now_), now_);
}

std::string Script::step(const std::string &event) {
  Words words = split(event);
  if (words.at(0) == "pass") return summary(pass(ms(std::stod(words.at(1)))));
  return text_of(perform(event));
}

std::string Script::due() const {
  return policy_.deadline() ? "due " + round_ms(*policy_.deadline() - now_) : "never";
}

void Script::check_early_timer(const std::string &line) {
  auto deadline = policy_.deadline();
  if (deadline && *deadline <= now_) return;
  State state = policy_.state();
  std::string early = text_of(policy_.handle(TimerFired{}, now_));
  fail_unless(early.empty() && policy_.state() == state && policy_.deadline() == deadline,
              "an early timer did something before \"%s\": %s", line.c_str(), early.c_str());
}

// A call that is being made is answered some day; without one there has to be a deadline.
void Script::check_not_stuck(const std::string &line) const {
  State state = policy_.state();
  bool waits = state == State::Migrating || state == State::Restarting || state == State::Waiting;
  fail_unless(!waits || policy_.deadline(), "stuck after \"%s\"", line.c_str());
  bool over = state == State::Idle || state == State::Stopped;
  fail_unless(!over || !policy_.deadline(), "a timer is armed after \"%s\"", line.c_str());
}

void Script::check(const std::string &line) {
  check_early_timer(line);
  size_t arrow = line.find("=>");
  fail_unless(arrow != std::string::npos, "no \"=>\" in \"%s\"", line.c_str());
  std::string expected = line.substr(arrow + 2), expected_due;
  if (size_t end = expected.find(';'); end != std::string::npos) {
    expected_due = trimmed(expected.substr(end + 1));
    expected.resize(end);
  }
  std::string actions = step(line.substr(0, arrow));
  std::string actual =
      std::string(to_string(policy_.state())) + (actions.empty() ? "" : ": " + actions);
  fail_unless(actual == trimmed(expected), "\"%s\"\n  gave \"%s\", %s", trimmed(line).c_str(),
              actual.c_str(), due().c_str());
  fail_unless(expected_due.empty() || due() == expected_due, "\"%s\"\n  left it \"%s\"",
              trimmed(line).c_str(), due().c_str());
  check_not_stuck(line);
}

void Script::run(std::string_view lines) {
  std::istringstream stream{std::string(lines)};
  for (std::string line; std::getline(stream, line);) {
    if (!trimmed(line).empty()) check(line);
  }
}

}  // namespace oairt::test
