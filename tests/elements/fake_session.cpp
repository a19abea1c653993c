#include "fake_session.h"

#include <algorithm>

#include <gst/check/gstcheck.h>

#include "rtc/peer.h"

namespace oairt {
namespace test {
namespace {

Mutex registry_lock;
std::map<std::string, std::weak_ptr<FakeSession>> registry OAIRT_GUARDED_BY(registry_lock);

// Enough of a merge to contradict: the first difference, with both values when they are texts.
std::optional<Error> contradiction(const std::string &element, const Settings &mine,
                                   const FakeSession::Member &other) {
  for (const auto &[name, value] : mine) {
    auto found = other.settings.find(name);
    if (found == other.settings.end() || found->second == value) continue;
    const auto *a = std::get_if<std::string>(&found->second);
    const auto *b = std::get_if<std::string>(&value);
    return Error{ErrorCode::Config,
                 other.element + " and " + element + " contradict each other on " + name + ": " +
                     (a != nullptr && b != nullptr ? *a + " and " + *b : "two values"),
                 "property " + name, "", std::nullopt};
  }
  return std::nullopt;
}

}  // namespace

std::shared_ptr<FakeSession> FakeSession::find(const std::string &key) {
  LockGuard guard(registry_lock);
  auto found = registry.find(key);
  return found == registry.end() ? nullptr : found->second.lock();
}

std::vector<std::string> FakeSession::keys() {
  LockGuard guard(registry_lock);
  std::vector<std::string> keys;
  for (const auto &[key, session] : registry) {
    if (!session.expired()) keys.push_back(key);
  }
  return keys;
}

std::shared_ptr<FakeSession> FakeSession::only() {
  auto all = keys();
  fail_unless_equals_int(all.size(), 1);
  return find(all.front());
}

void FakeSession::say(const SessionEvent &event) {
  for (const auto &member : members()) {
    if (auto observer = member.observer.lock()) observer->on_session_event(event);
  }
}

Secret FakeSession::ask_for_token() {
  for (const auto &member : members()) {
    auto observer = member.observer.lock();
    if (observer && observer->answers_request_token()) return observer->request_token();
  }
  return {};
}

std::vector<FakeSession::Member> FakeSession::members() const {
  LockGuard guard(lock_);
  std::vector<Member> all;
  for (const auto &[id, member] : members_) all.push_back(member);
  return all;
}

std::vector<std::string> FakeSession::calls() const {
  LockGuard guard(lock_);
  return calls_;
}

std::size_t FakeSession::count_calls(const std::string &call) const {
  auto all = calls();
  return std::count(all.begin(), all.end(), call);
}

void FakeSession::set_snapshot(SessionSnapshot snapshot) {
  LockGuard guard(lock_);
  snapshot_ = std::move(snapshot);
}

Result<Session::MemberId> FakeSession::attach(const std::string &element, const Settings &settings,
                                              std::weak_ptr<SessionObserver> observer) {
  if (auto refusal = std::exchange(next_refusal, std::nullopt)) return *refusal;
  for (const auto &member : members()) {
    if (auto error = contradiction(element, settings, member)) return *error;
  }
  LockGuard guard(lock_);
  members_[next_member_] = {element, settings, std::move(observer), false};
  return next_member_++;
}

void FakeSession::detach(MemberId member) {
  LockGuard guard(lock_);
  fail_unless(members_.erase(member) == 1, "detached twice");
}

void FakeSession::run(MemberId member) {
  LockGuard guard(lock_);
  fail_unless(!members_.at(member).running, "run twice");
  members_.at(member).running = true;
}

void FakeSession::stop(MemberId member) {
  LockGuard guard(lock_);
  fail_unless(members_.at(member).running, "stopped, but not running");
  members_.at(member).running = false;
}

Status FakeSession::update(MemberId member, const Settings &settings) {
  if (auto refusal = std::exchange(next_refusal, std::nullopt)) return *refusal;
  LockGuard guard(lock_);
  members_.at(member).settings = settings;
  return Success{};
}

SessionSnapshot FakeSession::snapshot() const {
  LockGuard guard(lock_);
  return snapshot_;
}

Status FakeSession::note(std::string call) {
  if (auto refusal = std::exchange(next_refusal, std::nullopt)) return *refusal;
  LockGuard guard(lock_);
  calls_.push_back(std::move(call));
  return Success{};
}

void FakeCall::push(UplinkFrame frame) {
  LockGuard guard(lock_);
  frames_.push_back(std::move(frame));
}
std::vector<UplinkFrame> FakeCall::frames() const {
  LockGuard guard(lock_);
  return frames_;
}
std::size_t FakeCall::count() const {
  LockGuard guard(lock_);
  return frames_.size();
}
void FakeCall::clear() {
  LockGuard guard(lock_);
  frames_.clear();
}

}  // namespace test

// --- what the core would define ---

const char *to_string(ConnectionState state) {
  constexpr const char *kNames[] = {"idle",   "connecting", "connected", "reconnecting",
                                    "failed", "closed",     "standby"};
  return kNames[static_cast<int>(state)];
}

std::shared_ptr<Session> Session::acquire(const std::string &key) {
  LockGuard guard(test::registry_lock);
  auto &slot = test::registry[key];
  auto session = slot.lock();
  if (!session) slot = session = std::make_shared<test::FakeSession>(key);
  return session;
}

bool Session::wait_for_ended(TimePoint) {
  ++test::FakeSession::waits;
  return true;
}

void prewarm_webrtc() { ++test::FakeSession::prewarms; }

}  // namespace oairt
