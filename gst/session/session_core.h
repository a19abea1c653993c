// The loop's side of a session: runs the policy's actions, owns the call, translates events.
// Thread-bound to the event loop.
// Never waits: every answer comes as a callback, every end is reported through a callback.
#pragma once

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "auth/token_cache.h"
#include "base/event_loop.h"
#include "policy/recovery.h"
#include "rtc/peer.h"
#include "session/call.h"
#include "session/config.h"
#include "session/session.h"
#include "session/turn_tracker.h"

namespace oairt {

// Where the core's news go; called in the loop. Outlives the core.
class CoreOutput {
 public:
  virtual ~CoreOutput() = default;
  virtual void emit(const SessionEvent &event) = 0;
  virtual void publish(const SessionSnapshot &snapshot) = 0;
  virtual bool somebody_answers_request_token() = 0;
  virtual Secret request_token() = 0;  // on a worker thread
};

class SessionCore final : private CallListener {
 public:
  SessionCore(EventLoop &loop, std::shared_ptr<MediaPort> media, std::weak_ptr<CoreOutput> output);
  ~SessionCore() override;

  void set_config(std::shared_ptr<const Config> config);
  void run();
  void stop();
  void reconnect();
  // Ends everything; `done` is called when the hang-up was sent or is given up.
  void shut_down(std::function<void()> done);

  // False when no call is ready or the event does not fit.
  bool send(const ClientEvent &event);
  bool send_json(const std::string &json);
  void interrupt();
  void input_finished();
  void input_resumed() { turns_.input_resumed(); }

 private:
  void on_call_webrtcbin(Ref<GstElement> webrtcbin) override;
  void on_call_created(const SessionCreated &created, const std::string &call_id) override;
  void on_call_ready() override;
  void on_call_event(const ServerEvent &event, const std::string &json) override;
  void on_call_bad_event(const Error &error) override;
  void on_call_failed(Error error, bool token_refused) override;

  void feed_policy(const recovery::Event &event);
  void perform(const recovery::Action &action);
  void arm_policy_timer();
  void start_call(const recovery::StartCall &action);
  void end_call();
  void hang_up(Hangup hangup);
  void hangup_finished(uint64_t id);
  void make_tokens();
  std::unique_ptr<TokenProvider> make_provider();
  bool has_credential();
  void set_state(ConnectionState state, const std::string &reason);
  void start_ticking();
  void tick();
  void sample();
  void follow_audio(const ServerEvent &event);
  void report_recovery();
  void emit(const SessionEvent &event);
  void publish();

  EventLoop &loop_;
  std::shared_ptr<MediaPort> media_;
  std::weak_ptr<CoreOutput> output_;
  std::shared_ptr<const Config> config_;
  std::shared_ptr<HttpClient> http_;
  std::unique_ptr<TokenCache> tokens_;
  std::shared_ptr<const Config> tokens_for_;  // what tokens_ and http_ were made with
  std::unique_ptr<PeerFactory> peers_;
  std::unique_ptr<Call> call_;
  recovery::Policy policy_;
  TurnTracker turns_;
  SessionSnapshot snapshot_;
  std::mt19937_64 random_{std::random_device{}()};

  struct PendingHangup {
    uint64_t id;
    Hangup hangup;
    EventLoop::TimerId timer;
  };
  std::vector<PendingHangup> hangups_;
  uint64_t next_hangup_ = 1;
  std::function<void()> when_shut_down_;

  EventLoop::TimerId policy_timer_ = 0, tick_timer_ = 0;
  TimePoint next_tick_{}, next_sample_{};
  std::optional<TimePoint> outage_since_;
  std::string outage_fault_;
  uint64_t bad_events_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace oairt
