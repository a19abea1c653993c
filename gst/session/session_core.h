// The loop's side of a session: carries out what the policy orders, owns the calls and the
// conversation, translates events. Thread-bound to the event loop.
// Never waits: every answer comes as a callback, every end is reported through a callback.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "conversation/conversation.h"
#include "policy/pause_watch.h"
#include "policy/recovery.h"
#include "policy/speech_watch.h"
#include "rtc/peer.h"
#include "session/answer_gate.h"
#include "session/call.h"
#include "session/config.h"
#include "session/core_output.h"
#include "session/hangups.h"
#include "session/image_desk.h"
#include "session/outbox.h"
#include "session/path_guard.h"
#include "session/quality_control.h"
#include "session/record_keeper.h"
#include "session/service_access.h"
#include "session/session.h"
#include "session/state_bus.h"
#include "session/tool_calls.h"
#include "session/turn_tracker.h"

namespace oairt {

class SessionCore final : private CallListener, private KeeperListener {
 public:
  SessionCore(EventLoop &loop, std::shared_ptr<MediaPort> media, std::weak_ptr<CoreOutput> output);
  ~SessionCore() override;

  void set_config(std::shared_ptr<const Config> config);
  void run();
  void stop();
  void reconnect();
  void restart_ice();
  // Ends everything; `done` is called when the hang-up was sent or is given up.
  void shut_down(std::function<void()> done);

  // Goes out at once, or when the service is heard again.
  void send(ClientEvent event);
  void send_json(const std::string &json, const std::string &item_id);  // of an item that it makes
  // An item, and the response to it as soon as one may be asked for.
  void add_item(ClientEvent event, bool respond);
  void request_response(const std::string &event_id);
  // Of a call that tools() has taken an answer for.
  void deliver_output(const std::string &call_id, const std::string &output);
  std::shared_ptr<ToolCalls> tools() const { return tools_; }
  std::shared_ptr<ImageDesk> images() const { return images_; }
  void interrupt();
  void input_finished();
  void input_resumed() { turns_.input_resumed(); }

  // What was said is another visitor's from now on.
  void split(const std::string &why);
  void forget();
  void grant_consent();
  void withdraw_consent();
  void note_audio(std::optional<bool> mute, std::optional<double> volume);
  void note_encoder(const std::optional<EncoderLimits> &limits);

 private:
  // What is cut off may come for so long.
  static constexpr Duration kInFlight = milliseconds(250);

  struct Leaving {
    std::unique_ptr<Call> call;
    TimePoint until;        // its last packets are on their way
    bool speaking = false;  // and its voice is heard until it ends
    bool spoken = false;    // it has ended; the last of it is on its way
  };

  void on_call_webrtcbin(Ref<GstElement> webrtcbin) override;
  ReplayPlan replay_for(Call &call) override;
  ReplayLimits replay_limits(const Call &call) const;
  void on_call_created(Call &call) override;
  void on_call_ready(Call &call) override;
  void on_call_unacknowledged(Call &call) override;
  void on_call_event(Call &call, const ServerEvent &event, const std::string &json) override;
  void on_call_bad_event(Call &call, const Error &error) override;
  void on_call_failed(Call &call, Error error, bool token_refused) override;
  void on_call_path_failed(Call &call) override;
  void on_call_late(Call &call) override;
  void on_call_channel_unknown(Call &call) override;

  void feed_policy(const recovery::Event &event);
  void arm_policy_timer();
  void show_state();
  void set_state(ConnectionState state, const std::string &reason);
  bool path_is_well() const;
  double random();
  void start_ticking();
  void tick();
  void sample();
  void show_quality(const std::optional<QualityEvent> &event);
  void look_for_quiet(TimePoint now);
  void look_for_muteness(TimePoint now);
  void ask_for_an_answer();
  void end_turns_at_pauses(TimePoint now);
  void follow_audio(const ServerEvent &event);
  void cut_voice(TimePoint deaf_until);
  void flush_outbox();
  void emit(const SessionEvent &event);
  void publish();

  // session_core_actions.cpp: what the policy orders
  void perform(const recovery::Action &action);
  void start_call(const recovery::StartCall &action);
  void end_call();
  void switch_call(const recovery::SwitchCall &action);
  void bring_up_to_date(bool answer_was_cut);
  std::optional<TimePoint> speech_to_repeat(const recovery::SwitchCall &action) const;
  TimePoint last_heard(Call &call) const;
  std::optional<recovery::SessionLimit> limit_of(const Call &call);
  void finish_leaving(Leaving &leaving);
  void dispose(std::unique_ptr<Call> call);
  void release_leaving(TimePoint now);
  void announce(const Call &call);
  void restart_ice_now(Duration timeout);
  void probe_server();
  void report(const recovery::Recovered &recovered);

  // session_core_making.cpp: the call being made, and perhaps another one beside it
  std::unique_ptr<Call> make_call(bool channel_unknown);
  void end_next();
  bool lose_one_of_two(Call &call);
  void drop_rival();

  // session_core_tools.cpp: outputs of functions, texts, pictures
  struct Output {
    std::string item_id;
    uint64_t carrier;
    std::string json;
  };
  std::vector<FunctionCallEvent> follow_tools(const ServerEvent &event, bool in_use);
  void follow_images(const ServerEvent &event);
  void send_outputs();
  void look_for_late_tools(TimePoint now);
  bool awaiting_tool() const;
  void pursue_answers();

  // session_core_records.cpp: what outlives the calls
  void on_keeper_ready(const Restored &restored) override;
  void on_keeper_standby() override;
  void on_keeper_trouble(const Error &error) override;
  bool may_restore() override;
  void show_on_bus();
  void close_store(std::function<void()> done);
  void note_usage(const ResponseDone &done);
  void forget_conversation();
  void forget_turns();
  void forget_requests();
  void forget_item(const ConversationItem &item);
  void follow_split(const ServerEvent &event);
  bool splitting() const;
  void drop_forgotten_items();
  void look_for_end(TimePoint now);
  void fall_asleep(TimePoint now);
  void listen_asleep();
  void wake();

  EventLoop &loop_;
  std::shared_ptr<MediaPort> media_;
  std::weak_ptr<CoreOutput> output_;
  std::shared_ptr<const Config> config_;
  ServiceAccess access_;
  std::unique_ptr<PeerFactory> peers_;
  recovery::Policy policy_;
  PathGuard guard_;
  SpeechWatch speech_watch_;
  QualityControl quality_;
  PauseWatch pauses_;
  Hangups hangups_;
  TurnTracker turns_;
  Conversation conversation_;
  RecordKeeper keeper_;
  std::unique_ptr<StateBus> state_bus_;
  Outbox outbox_;
  std::shared_ptr<ToolCalls> tools_ = std::make_shared<ToolCalls>();
  std::shared_ptr<ImageDesk> images_ = std::make_shared<ImageDesk>();
  AnswerGate gate_;
  std::vector<Output> outputs_;            // of functions, not sent yet
  uint64_t carrier_ = 0;                   // which of all calls is in use
  std::unique_ptr<Call> call_, next_;      // in use; being made
  std::unique_ptr<Call> rival_;            // made beside that one: whose session is first is kept
  std::vector<ServerEvent> early_events_;  // of the next call, for the conversation
  std::vector<Leaving> leaving_;
  SessionSnapshot snapshot_;
  std::mt19937_64 generator_{std::random_device{}()};

  EventLoop::TimerId policy_timer_ = 0, tick_timer_ = 0;
  TimePoint next_sample_{};
  std::optional<TimePoint> quiet_since_, outage_since_;
  TimePoint well_since_{}, back_since_{}, reached_at_{};
  uint64_t answers_ = 0;                  // to our checks of the path, as they were counted last
  std::vector<std::string> known_items_;  // that the service was given for the call in use
  std::string announced_call_;
  bool was_connected_ = false;
  bool running_ = false;                   // an element wants a call
  int splits_under_way_ = 0;               // the service has not done them yet
  TimePoint split_limit_{};                // nor will it tell
  std::optional<TimePoint> asleep_since_;  // the call was hung up, since nobody speaks
  TimePoint heard_asleep_{};
  int voiced_ticks_ = 0;
  uint64_t bad_events_ = 0;
  bool told_of_no_acknowledgement_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

ClientEvent make_tool_output(const std::string &call_id, const std::string &output);

}  // namespace oairt
