// A session without a service, put beneath the elements by the linker: it remembers what it was
// told and says what the test wants.
// Thread-safe. Speaks on the thread of the test, so that messages are there when say() returns.
// Never answers by itself.
#pragma once

#include <atomic>
#include <map>
#include <string>
#include <vector>

#include "base/lock.h"
#include "session/session.h"

namespace oairt::test {

class FakeSession final : public Session {
 public:
  struct Member {
    std::string element;
    Settings settings;
    std::weak_ptr<SessionObserver> observer;
    bool running = false;
  };

  explicit FakeSession(std::string key) : key_(std::move(key)) { ++alive; }
  ~FakeSession() override { --alive; }

  // The living session of that key, or of the only key there is.
  static std::shared_ptr<FakeSession> find(const std::string &key);
  static std::shared_ptr<FakeSession> only();
  static std::vector<std::string> keys();
  static inline std::atomic<int> alive{0}, waits{0}, prewarms{0};
  // What the next attach() or refusable call answers.
  static inline std::optional<Error> next_refusal;

  // Tells every member, as the loop would.
  void say(const SessionEvent &event);
  Secret ask_for_token();
  std::vector<Member> members() const;
  std::vector<std::string> calls() const;  // "send-event {…}", "input-finished", …
  std::size_t count_calls(const std::string &call) const;
  void set_snapshot(SessionSnapshot snapshot);
  std::optional<EncoderLimits> encoder() const {
    LockGuard guard(lock_);
    return encoder_;
  }

  // --- Session ---
  Result<MemberId> attach(const std::string &element, const Settings &settings,
                          std::weak_ptr<SessionObserver> observer) override;
  void detach(MemberId member) override;
  void run(MemberId member) override;
  void stop(MemberId member) override;
  Status update(MemberId member, const Settings &settings) override;
  std::shared_ptr<MediaPort> media() override { return media_; }
  SessionSnapshot snapshot() const override;
  Duration loop_delay() const override {
    ++looks;
    return delay.load();
  }
  std::atomic<Duration> delay{Duration::zero()};
  mutable std::atomic<int> looks{0};
  Status send_event(const std::string &json) override { return note("send-event " + json); }
  Status send_text(const std::string &text, bool) override { return note("send-text " + text); }
  Status create_response() override { return note("create-response"); }
  Status interrupt() override { return note("interrupt"); }
  Status commit_audio() override { return note("commit-audio"); }
  Status clear_audio() override { return note("clear-audio"); }
  Status submit_tool_output(const std::string &call_id, const std::string &output) override {
    return note("submit-tool-output " + call_id + " " + output);
  }
  Status send_image(const Image &image) override {
    LockGuard guard(lock_);
    images_.push_back(image);
    return Success{};
  }
  bool wants_image() override { return image_wanted; }
  std::vector<Image> images() const {
    LockGuard guard(lock_);
    return images_;
  }
  std::atomic<bool> image_wanted{true};
  Status split_session() override { return note("split-session"); }
  Status forget_session() override { return note("forget-session"); }
  void grant_consent() override { (void)note("grant-consent"); }
  void withdraw_consent() override { (void)note("withdraw-consent"); }
  void note_audio(std::optional<bool> mute, std::optional<double> volume) override {
    if (mute) (void)note(*mute ? "mute" : "unmute");
    if (volume) (void)note("volume " + std::to_string(*volume));
  }
  void note_encoder(const std::optional<EncoderLimits> &limits) override {
    LockGuard guard(lock_);
    encoder_ = limits;
  }
  void reconnect() override { (void)note("reconnect"); }
  void restart_ice() override { (void)note("restart-ice"); }
  void input_finished() override { (void)note("input-finished"); }
  void input_resumed() override { (void)note("input-resumed"); }

 private:
  Status note(std::string call);

  const std::string key_;
  std::shared_ptr<MediaPort> media_ = std::make_shared<MediaPort>();
  mutable Mutex lock_;
  std::map<MemberId, Member> members_ OAIRT_GUARDED_BY(lock_);
  MemberId next_member_ OAIRT_GUARDED_BY(lock_) = 1;
  std::vector<std::string> calls_ OAIRT_GUARDED_BY(lock_);
  std::optional<EncoderLimits> encoder_ OAIRT_GUARDED_BY(lock_);
  SessionSnapshot snapshot_ OAIRT_GUARDED_BY(lock_);
  std::vector<Image> images_ OAIRT_GUARDED_BY(lock_);
};

// The far end of the uplink: keeps the packets that a call would send.
class FakeCall final : public UplinkTarget {
 public:
  void push(UplinkFrame frame) override;
  std::vector<UplinkFrame> frames() const;
  std::size_t count() const;
  void clear();

 private:
  mutable Mutex lock_;
  std::vector<UplinkFrame> frames_ OAIRT_GUARDED_BY(lock_);
};

}  // namespace oairt::test
