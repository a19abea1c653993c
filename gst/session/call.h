// One call to the service, from the token to the acknowledged configuration and the conversation
// so far, and to its end.
// Thread-bound to the event loop; the listener is called there and may destroy the call later, not
// inside the callback.
// Never lets audio through before session.updated: the model must not answer with defaults.
//
//   start -> [token ready and offer made] -> POST -> answer -> ICE, DTLS, SCTP
//         -> session.update, what was said before -> session.created -> session.updated -> ready
//         -> events … -> failed
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "auth/token_cache.h"
#include "base/event_loop.h"
#include "conversation/replay.h"
#include "protocol/codec.h"
#include "rtc/peer.h"
#include "session/config.h"
#include "session/session.h"
#include "signalling/signalling.h"

namespace oairt {

class Call;

class CallListener {
 public:
  virtual ~CallListener() = default;
  virtual void on_call_webrtcbin(Ref<GstElement> webrtcbin) = 0;
  // What is to be put into the new session before anybody speaks; asked for when its channel is
  // open.
  virtual ReplayPlan replay_for(Call &call) = 0;
  virtual void on_call_created(Call &call) = 0;
  virtual void on_call_ready(Call &call) = 0;
  // It is taken for ready, though nothing acknowledged its configuration.
  virtual void on_call_unacknowledged(Call &) {}
  virtual void on_call_event(Call &call, const ServerEvent &event, const std::string &json) = 0;
  virtual void on_call_bad_event(Call &call, const Error &error) = 0;  // ignored, the call goes on
  // Once; nothing follows. `token_refused`: the service refused the token that we had.
  virtual void on_call_failed(Call &call, Error error, bool token_refused) = 0;
  virtual void on_call_path_failed(Call &call) = 0;  // it may come back
  // A path is found, and the handshake on it takes longer than the path explains: what the service
  // sends only once a second was lost. It goes on. At most once.
  virtual void on_call_late(Call &call) = 0;
  // The server does not know the event channel that was negotiated: another call is to take the
  // place of this one, with a channel that is opened. Nothing follows.
  virtual void on_call_channel_unknown(Call &call) = 0;
};

struct CallContext {
  EventLoop &loop;
  std::shared_ptr<const Config> config;
  std::shared_ptr<HttpClient> http;
  TokenCache &tokens;
  PeerFactory &peers;
  std::shared_ptr<MediaPort> media;
  std::vector<Secret> relays;  // in place of those of the settings; empty: none known as yet
  // This call takes the place of one whose negotiated channel was unknown to the server.
  bool channel_unknown = false;
};

// Who takes the answer to an offer: the call, or, when that was given up meanwhile, whoever ends
// what the service made of the offer.
struct AnswerTaker {
  Signalling::AnswerCallback callback;
};

// What is left to do over HTTP when a call is over.
struct Hangup {
  std::unique_ptr<Signalling> signalling;
  Secret credential;
  Answer call;
  std::shared_ptr<AnswerTaker> awaited;  // the offer has not been answered yet
};

class Call final : private PeerListener {
 public:
  Call(CallContext context, CallListener &listener);
  ~Call() override;

  void start();
  bool ready() const { return ready_; }
  // False when the channel is not open or the event is too large for it.
  bool send(const ClientEvent &event);
  bool send_json(const std::string &json);
  std::size_t max_send_size() const { return peer_ ? peer_->max_send_size() : 0; }
  // Audio may flow: opens the uplink and, with its voice, takes the downlink. What was captured
  // since `again_from` is sent once more.
  void open_media(std::optional<TimePoint> again_from, bool with_voice);
  void take_voice() { peer_->enable_downlink(); }
  const SessionCreated &created() const { return created_info_; }
  bool answered() const { return answered_; }
  const ReplayPlan &replay() const { return replay_; }
  IceAgent *ice() { return peer_ ? peer_->ice() : nullptr; }
  // A round trip to the service, as far as the connect has shown.
  Duration round_trip() const;

  bool can_restart_ice() const { return !answer_.etag.empty(); }
  // New ICE credentials by signalling; `done` says whether the server agreed. A failure changes
  // nothing.
  void restart_ice(Duration timeout, std::function<void(bool)> done);
  // Ends the peer; what remains is the hang-up request, if the service has a call to hang up.
  std::optional<Hangup> close();

  const Answer &answer() const { return answer_; }
  ConnectBreakdown breakdown() const;
  PeerStats peer_stats() { return peer_ ? peer_->stats() : PeerStats(); }

 private:
  void on_offer(std::string sdp) override;
  void on_connected() override;
  void on_channel_open() override;
  void on_channel_closed() override;
  void on_message(std::string text) override;
  void on_bad_message() override;
  void on_failed(Error error) override;
  void on_ice_state(IceState state) override;

  void on_token(Result<Token> token);
  void post_offer_if_possible();
  void on_answer(Result<Answer> answer);
  void on_session_created(const SessionCreated &created);
  void configure();
  void on_restarted(const Result<Signalling::Restarted> &answer);
  void on_no_acknowledgement();
  void hurry();
  Duration until_updated() const;
  void on_unheard();
  void leave_negotiated_channel(const std::string &why);
  void become_ready();
  void cancel_timers();
  void handle_before_ready(const ServerEvent &event);
  void watch_handshake();
  void on_deadline();
  void fail(Error error, bool token_refused = false);
  const char *stage() const;

  CallContext context_;
  CallListener &listener_;
  std::unique_ptr<Peer> peer_;
  std::unique_ptr<Signalling> signalling_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for callbacks that cannot be
                                                                // cancelled
  std::optional<Token> token_;
  std::shared_ptr<AnswerTaker> answer_taker_ = std::make_shared<AnswerTaker>();
  std::string offer_;
  Answer answer_;
  EventLoop::TimerId deadline_timer_ = 0, patience_timer_ = 0, late_timer_ = 0, channel_timer_ = 0,
                     hurry_timer_ = 0;
  std::optional<uint16_t> event_stream_;
  bool posted_ = false, answered_ = false, path_found_ = false, connected_ = false;
  bool channel_open_ = false;
  bool created_ = false, ready_ = false, failed_ = false;
  SessionCreated created_info_;
  ReplayPlan replay_;
  int updates_awaited_ = 0;  // session.updated still to come before it is ready
  std::size_t refused_items_ = 0;
  int hurries_ = 0;  // not answered yet
  std::function<void(bool)> restart_done_;
  TimePoint started_{}, posted_at_{}, channel_open_at_{}, ready_at_{};
  std::optional<double> token_ms_, sdp_ms_;
};

}  // namespace oairt
