// The agent itself: credentials, candidates and servers come in from webrtcbin's thread, paths are
// started, swapped and retired in the loop.
// Thread-bound to the event loop, except for the part the GObjects call, which copies and posts.
// Never touches the loop after close(), never shows a candidate of ours to anyone.
//
//   migrate, restart, first candidates --> rounds of pending paths --connected--> active path
//     --> retired --> gone
//   A round ends when a path of any is connected, when it is too old to hope, when all is well.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gst/webrtc/icetransport.h>

#include "base/lock.h"
#include "rtc/ice_agent.h"
#include "rtc/ice_path.h"
#include "rtc/ice_round.h"

namespace oairt {

class IceCore final : public IceAgent,
                      public IcePathListener,
                      public std::enable_shared_from_this<IceCore> {
 public:
  IceCore(EventLoop &loop, IceOptions options);
  ~IceCore() override;
  void init();  // what needs a shared pointer

  // IceAgent.
  GstWebRTCICE *new_reference() override;
  void set_state_callback(StateCallback callback) override;
  std::optional<IcePair> selected_pair() const override;
  TimePoint last_inbound() const override { return channel_->last_inbound(); }
  TimePoint last_heard() const override { return channel_->last_heard(); }
  uint64_t bytes_sent() const override { return channel_->bytes_sent(); }
  uint64_t bytes_received() const override { return channel_->bytes_received(); }
  void migrate(const char *why) override;
  void probe() override;
  void stop_migrating() override;
  void set_turn_servers(const std::vector<Secret> &turn_servers) override;
  Credentials begin_restart() override;
  void finish_restart(const Credentials &remote,
                      const std::vector<std::string> &candidates) override;
  uint64_t swaps() const override { return swaps_; }
  IceCounters counters() const override;
  void close() override;
  bool closed() const override { return drained_; }

  // For the GObjects; thread-safe.
  const std::shared_ptr<IceChannel> &channel() const { return channel_; }
  void attach_transport(GstWebRTCICETransport *transport);
  bool set_local(const char *ufrag, const char *pwd);
  bool set_remote(const char *ufrag, const char *pwd);
  void add_candidate(const char *line);
  bool set_stun(const char *uri);
  bool add_turn(const char *uri, bool replace);
  bool set_proxy(const char *uri);
  void set_relay_only(bool relay_only);
  void set_tos(unsigned tos);
  void set_controlling(bool controlling) { controlling_ = controlling; }
  bool controlling() const { return controlling_; }
  void request_close();
  IceSnapshot snapshot() const;

  // IcePathListener.
  void on_path_state(const std::shared_ptr<IcePath> &path, IceState state) override;
  void on_path_pair(const std::shared_ptr<IcePath> &path) override;
  void on_path_packet(const IcePath &path, const uint8_t *data, std::size_t size) override;
  void on_path_answer(const std::shared_ptr<IcePath> &path, Duration round_trip) override;

 private:
  // An effort under way. Several overlap while the peer is not reached: one that is renewed faster
  // than the peer can answer would never succeed.
  struct Effort {
    std::shared_ptr<IceRound> round;
    TimePoint since;
  };
  // What a restart puts aside until its path is connected.
  struct Before {
    Credentials local, remote;
    IceCandidateList candidates;
  };
  static constexpr std::size_t kMaxEfforts = 3;

  void post(std::function<void(IceCore &)> task);
  void configure_servers();
  void add_turn_servers(const std::vector<Secret> &turn_servers);

  // ice_core_rounds.cpp
  bool ready() const;
  void schedule_sync();
  void sync_candidates();
  void start_round(const char *why);
  void plan_round();
  void make_room();
  Duration effort_time() const;
  bool active_is_well() const;
  std::shared_ptr<IcePath> make_path(IceRound::Kind kind);
  IcePathConfig path_config(IceRound::Kind kind) const;
  std::vector<Destination> destinations() const;
  void on_servers_changed();
  void end_rounds();
  void end_rounds_gently();
  Effort *effort_of(const std::shared_ptr<IcePath> &path);
  void give_up(const std::shared_ptr<IceRound> &round);
  void on_pending_failed(Effort &effort, const std::shared_ptr<IcePath> &path);
  void abandon_restart();

  // ice_core_paths.cpp
  void swap_in(const std::shared_ptr<IcePath> &path);
  void schedule_nominations();
  void retire(std::shared_ptr<IcePath> path, Duration time);
  void bury(std::shared_ptr<IcePath> path);
  void reap();
  void set_state(IceState state);
  void publish_snapshot();
  void schedule_repeat();
  void watch_consent();
  void on_sign_of_life(bool on_active);
  void cancel(EventLoop::TimerId &timer);

  EventLoop &loop_;
  IceOptions options_;
  std::shared_ptr<IceChannel> channel_;
  std::shared_ptr<IceServers> servers_;

  // Loop only.
  StateCallback state_callback_;
  Credentials local_, remote_;
  std::optional<Credentials> restart_local_;
  std::optional<Before> before_restart_;
  IceCandidateList candidates_;
  std::shared_ptr<IcePath> active_;
  std::vector<Effort> efforts_;  // the newest last
  bool gentle_ = false;          // the newest: the path in use is well, the peer is to stay there
  std::vector<Destination> round_destinations_;
  std::vector<std::shared_ptr<IcePath>> retired_, dying_;
  IceState state_ = IceState::New;
  bool ended_ = false;
  unsigned tos_ = 0;
  EventLoop::TimerId sync_timer_ = 0, repeat_timer_ = 0, consent_timer_ = 0;
  TimePoint next_consent_check_{}, nominated_at_{};
  const IcePath *nominated_ = nullptr;  // to be compared only
  std::optional<Duration> round_trip_;
  std::optional<TimePoint> repeat_at_;

  std::atomic<bool> controlling_{true}, drained_{false};
  std::atomic<uint64_t> swaps_{0}, paths_{0}, probes_{0}, answers_{0}, ignored_{0};

  mutable Mutex mutex_;
  bool open_ OAIRT_GUARDED_BY(mutex_) = true;  // the loop may be posted to
  IceSnapshot snapshot_ OAIRT_GUARDED_BY(mutex_);
  GWeakRef transport_;
};

}  // namespace oairt
