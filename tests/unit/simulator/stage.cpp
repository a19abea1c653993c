#include "stage.h"

#include <algorithm>
#include <array>

namespace oairt::test {
namespace {

constexpr int64_t kWordMs = 250;
constexpr int64_t kSynthesisMs = 10;
constexpr std::size_t kFrame = sim::kSampleRate / 50;

}  // namespace

sim::SessionSettings Stage::quiet_settings() {
  sim::SessionSettings settings;
  settings.sprinkle = false;
  return settings;
}

Stage::Stage(Json config, sim::SessionSettings given)
    : settings(given),
      session(*this, settings, script, sim::SessionConfig::from_initial(config), 7) {
  now += std::chrono::hours(1);
}

void Stage::open() {
  session.open(now, 1756320000);
  forget();
}

void Stage::client(const std::string &json) { session.handle(json, now); }

void Stage::send(const Json &event) {
  events.push_back(event);
  const SchemaCheck *schema = SchemaCheck::shared();
  const std::string &type = event["type"].as_string();
  if (schema == nullptr || type == "session.weather.observed") return;
  auto wrong = schema->check_server_event(event);
  fail_unless(wrong.empty(), "%s\n in %s", wrong.empty() ? "" : wrong[0].c_str(),
              event.dump().c_str());
}

void Stage::prepare(sim::Speech speech) {
  auto words = static_cast<int64_t>(sim::split_words(speech.text).size());
  uint64_t id = speech.id;
  lengths_[id] = words * kWordMs;
  speeches.push_back(std::move(speech));
  timers_.at(now + milliseconds(kSynthesisMs), [this, id] {
    session.voice_ready(id, {lengths_[id], {}}, now);
  });
}

void Stage::play(uint64_t speech) { queue_.push_back({speech, lengths_[speech]}); }

void Stage::cut(uint64_t speech, int64_t keep_ms) {
  for (auto &utterance : queue_) {
    if (utterance.id == speech) utterance.length_ms = keep_ms;
  }
  lengths_[speech] = keep_ms;
}

int64_t Stage::stop(uint64_t speech) {
  for (auto utterance = queue_.begin(); utterance != queue_.end(); ++utterance) {
    if (utterance->id != speech) continue;
    auto heard = utterance->playing ? static_cast<int64_t>(to_ms(now - utterance->started)) : 0;
    queue_.erase(utterance);
    return heard;
  }
  return 0;
}

std::optional<std::string> Stage::take_fault(const std::string &name) {
  auto node = faults.extract(name);
  if (node.empty()) return std::nullopt;
  return node.mapped();
}

void Stage::play_on() {
  if (queue_.empty()) return;
  if (!queue_.front().playing) {
    queue_.front().playing = true;
    queue_.front().started = now;
    session.play_started(queue_.front().id, now);
  } else if (to_ms(now - queue_.front().started) >= static_cast<double>(queue_.front().length_ms)) {
    uint64_t id = queue_.front().id;
    queue_.pop_front();
    session.play_finished(id, now);
  }
}

void Stage::step(int64_t ms) {
  now += milliseconds(ms);
  timers_.run(now);
  session.advance(now);
  play_on();
}

void Stage::pass(int64_t ms) {
  for (int64_t passed = 0; passed < ms; passed += 10) step(10);
}

void Stage::sound(int64_t ms, int16_t level) {
  std::array<int16_t, kFrame> frame;
  for (std::size_t i = 0; i < frame.size(); ++i) frame[i] = (i / 24) % 2 == 0 ? level : -level;
  for (int64_t passed = 0; passed < ms; passed += 20) {
    step(20);
    session.hear(frame.data(), frame.size(), now);
  }
}

void Stage::say_something(int64_t ms) { sound(ms, 8000); }
void Stage::be_quiet(int64_t ms) { sound(ms, 0); }

const Json &Stage::wait_for_event(const std::string &type) {
  for (int i = 0; i < 1000; ++i) {
    if (count(type) > 0) return last(type);
    step(10);
  }
  fail_unless(false, "%s never came; there were: %s", type.c_str(), story().c_str());
  return last(type);
}

std::vector<std::string> Stage::types() const {
  std::vector<std::string> list;
  for (const auto &event : events) {
    const std::string &type = event["type"].as_string();
    if (type != "rate_limits.updated") list.push_back(type);
  }
  return list;
}

std::string Stage::story() const {
  std::string story, previous;
  for (const auto &type : types()) {
    bool repeated = type == previous && type.ends_with(".delta");
    if (!repeated) story += (story.empty() ? "" : " ") + type;
    previous = type;
  }
  return story;
}

const Json &Stage::last(const std::string &type) const {
  auto found = std::find_if(events.rbegin(), events.rend(),
                            [&](const Json &event) { return event["type"].as_string() == type; });
  fail_unless(found != events.rend(), "there is no %s in: %s", type.c_str(), story().c_str());
  return *found;
}

int Stage::count(const std::string &type) const {
  return static_cast<int>(std::count_if(events.begin(), events.end(), [&](const Json &event) {
    return event["type"].as_string() == type;
  }));
}

std::string Stage::error() const {
  fail_unless(count("error") == 1, "%d errors in: %s", count("error"), story().c_str());
  const Json &error = last("error")["error"];
  return error["code"].as_string() + "|" + error["param"].as_string() + "|" +
         error["event_id"].as_string();
}

}  // namespace oairt::test
