// A session on a stage: no network, no sound card, a clock that is moved by hand. Voices take
// 250 ms a word. Every event is checked against the published schema, if there is one.
// Thread-bound.
// Never sleeps.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "schema_check.h"
#include "session.h"
#include "support/check.h"

namespace oairt::test {

class Stage : public sim::SessionHost {
 public:
  explicit Stage(Json session = Json(), sim::SessionSettings settings = quiet_settings());
  static sim::SessionSettings quiet_settings();

  void open();
  void client(const std::string &json);
  void say_something(int64_t ms);  // the user speaks, loudly
  void be_quiet(int64_t ms);
  void pass(int64_t ms);  // time without any sound
  // Passes time until that event came; fails if it does not within ten seconds.
  const Json &wait_for_event(const std::string &type);

  // What was sent since the last call of forget(), without rate limits.
  std::vector<std::string> types() const;
  std::string story() const;  // the same in one line; runs of deltas as one
  const Json &last(const std::string &type) const;
  int count(const std::string &type) const;
  void forget() { events.clear(); }
  // The only error since forget(), as "code|param|event_id".
  std::string error() const;
  std::string message() const { return last("error").at("error.message").as_string(); }
  void order(const std::string &fault, const std::string &value = "") { faults[fault] = value; }

  std::vector<Json> events;
  std::map<std::string, std::string> faults;
  std::vector<std::string> points;
  bool expired = false;
  sim::Script script;
  sim::SessionSettings settings;
  TimePoint now{};
  std::vector<sim::Speech> speeches;

 private:
  struct Utterance {
    uint64_t id;
    int64_t length_ms;
    bool playing = false;
    TimePoint started{};
  };
  void send(const Json &event) override;
  void prepare(sim::Speech speech) override;
  void play(uint64_t speech) override;
  void cut(uint64_t speech, int64_t keep_ms) override;
  int64_t stop(uint64_t speech) override;
  void session_expired() override { expired = true; }
  std::optional<std::string> take_fault(const std::string &name) override;
  void reached(const std::string &point) override { points.push_back(point); }
  void step(int64_t ms);
  void play_on();
  void sound(int64_t ms, int16_t level);

  std::map<uint64_t, int64_t> lengths_;
  std::deque<Utterance> queue_;
  sim::Timers timers_;

 public:
  sim::Session session;
};

}  // namespace oairt::test
