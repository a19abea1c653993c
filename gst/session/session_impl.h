// The thread-safe face of a session: who belongs to it, what they set, and a copy of its state.
// Thread-safe: every method. Posts to the loop; its last owner may be any thread, the loop's too.
// Never waits for the loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/lock.h"
#include "session/session.h"
#include "session/session_core.h"

namespace oairt {

class SessionImpl final : public Session {
 public:
  explicit SessionImpl(std::string key);
  ~SessionImpl() override;

  Result<MemberId> attach(const std::string &element, const Settings &settings,
                          std::weak_ptr<SessionObserver> observer) override;
  void detach(MemberId member) override;
  void run(MemberId member) override;
  void stop(MemberId member) override;
  Status update(MemberId member, const Settings &settings) override;
  std::shared_ptr<MediaPort> media() override { return media_; }
  SessionSnapshot snapshot() const override;
  Duration loop_delay() const override;
  Status send_event(const std::string &json) override;
  Status send_text(const std::string &text, bool respond) override;
  Status create_response() override;
  Status interrupt() override;
  Status commit_audio() override;
  Status clear_audio() override;
  Status submit_tool_output(const std::string &call_id, const std::string &output) override;
  Status send_image(const Image &image) override;
  bool wants_image() override;
  Status split_session() override;
  Status forget_session() override;
  void grant_consent() override;
  void withdraw_consent() override;
  void note_audio(std::optional<bool> mute, std::optional<double> volume) override;
  void note_encoder(const std::optional<EncoderLimits> &limits) override;
  void reconnect() override;
  void restart_ice() override;
  void input_finished() override;
  void input_resumed() override;

  // Keeps the session alive while it lingers; set once, right after construction.
  void set_self(std::weak_ptr<SessionImpl> self) { self_ = std::move(self); }

 private:
  // What outlives this object until the loop has ended: the loop is joined by the reaper.
  struct Body;
  class Output;

  struct Member {
    std::string element;
    Settings settings;
    std::weak_ptr<SessionObserver> observer;
    bool running = false;
  };

  Result<std::shared_ptr<const Config>> merged_config(const Member *candidate, MemberId replaced,
                                                      bool relays_are_told) const
      OAIRT_REQUIRES(lock_);
  SessionSnapshot output_state() const;

  // session_impl_events.cpp
  Status takes_events() const;
  Status possible(const std::string &what) const;
  Status check_size(const ClientEvent &event) const;
  Status post_event(ClientEvent event);

  void post_to_core(std::function<void(SessionCore &)> task);
  void last_member_stopped();

  std::string key_;
  std::shared_ptr<MediaPort> media_ = std::make_shared<MediaPort>();
  std::shared_ptr<Output> output_;
  std::shared_ptr<Body> body_;
  std::shared_ptr<ToolCalls> tools_;
  std::shared_ptr<ImageDesk> images_;
  std::weak_ptr<SessionImpl> self_;

  mutable Mutex lock_;  // never held over a call out
  std::map<MemberId, Member> members_ OAIRT_GUARDED_BY(lock_);
  MemberId next_member_ OAIRT_GUARDED_BY(lock_) = 1;
  bool transcription_ OAIRT_GUARDED_BY(lock_) = false;
  Duration linger_ OAIRT_GUARDED_BY(lock_){0};
  uint64_t run_generation_ OAIRT_GUARDED_BY(lock_) = 0;  // tells an old linger from a new run
};

}  // namespace oairt
