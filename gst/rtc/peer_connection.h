// The peer of one call around one webrtcbin in a private pipeline; the only place that emits its
// action signals. Thread-bound to the event loop; webrtcbin's callbacks only copy and post.
// Never lets audio or events pass before the peer's DTLS certificate matched the answer.
//
//   start ─> offer made ─> on_offer ─> set_answer ─> ICE ─> DTLS ─> verified ─> channel open
//                                                            └> certificate of another ─> on_failed
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rtc/data_channel.h"
#include "rtc/ice_agent.h"
#include "rtc/mailbox.h"
#include "rtc/peer.h"
#include "rtc/peer_pipeline.h"
#include "rtc/sdp.h"
#include "rtc/signal_handler.h"
#include "rtc/stats_sampler.h"

typedef struct _GstWebRTCSessionDescription GstWebRTCSessionDescription;

namespace oairt {

class PeerConnection : public Peer, private DataChannelListener {
 public:
  PeerConnection(EventLoop &loop, PeerListener &listener, std::shared_ptr<MediaPort> media,
                 PeerOptions options);
  ~PeerConnection() override;

  void start() override;
  void set_answer(const std::string &sdp) override;
  bool send(const std::string &text) override;
  std::size_t max_send_size() const override;
  std::shared_ptr<UplinkTarget> uplink() override;
  void enable_downlink() override;
  PeerTimings timings() const override;
  PeerStats stats() override;
  IceAgent *ice() override { return ice_.get(); }
  Ref<GstElement> webrtcbin() override;
  void close() override;

 private:
  enum class Step { New, Offering, Offered, Answered, Verified, Failed, Closed };

  void make_offer();
  void handle_offer(const std::string &sdp);
  void set_local(GstWebRTCSessionDescription *description);
  void watch_transports(Ref<GObject> sctp);
  void handle_dtls_state(int state, const std::string &pem, TimePoint when);
  void verify(const std::string &pem);
  void handle_ice_state(IceState state, TimePoint when);
  void fail(ErrorCode code, const char *message, std::string detail);
  void fail_later(ErrorCode code, const char *message, std::string detail);

  void on_channel_open() override;
  void on_channel_closed() override;
  void on_bad_message() override;
  void on_message(std::string text) override;

  EventLoop &loop_;
  PeerListener &listener_;
  std::shared_ptr<MediaPort> media_;
  const PeerOptions options_;
  std::shared_ptr<Mailbox> mailbox_;
  std::shared_ptr<IceAgent> ice_;
  std::unique_ptr<PeerPipeline> pipeline_;
  std::unique_ptr<DataChannel> channel_;
  StatsSampler sampler_;
  Step step_ = Step::New;
  std::string offer_;
  AnswerSummary answer_;
  bool downlink_wanted_ = false;
  std::vector<SignalHandler> signals_;
  std::optional<TimePoint> started_, answered_, ice_connected_, dtls_connected_;
  std::optional<Duration> offer_took_;
};

}  // namespace oairt
