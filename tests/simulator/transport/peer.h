// One client's session on the wire: which path, DTLS, media and data channels, and when it is over.
// Thread-bound to the transport's context.
// Never touches its listener after detach(); its layers live on until the last caller is back.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "transport/bad_line.h"
#include "transport/channels.h"
#include "transport/dtls.h"
#include "transport/hub.h"
#include "transport/ice_lite.h"
#include "transport/media.h"
#include "transport/sdp.h"

namespace oairt::sim {

class PeerCore : public std::enable_shared_from_this<PeerCore> {
 public:
  static std::shared_ptr<PeerCore> create(std::shared_ptr<Hub> hub, const Offer &offer,
                                          PeerListener &listener, const PeerFaults &faults);

  // From the hub.
  void on_check(const Flow &flow, BytesView packet, const stun::Message &check);
  void on_packet(const Flow &flow, BytesView packet);
  void on_flow_closed(const Flow &flow);
  void on_tick(TimePoint now);

  // From the owner; see Peer.
  std::string answer();
  const std::string &local_ufrag() const { return ice_.local().ufrag; }
  void send_rtp(uint32_t timestamp, bool marker, const Bytes &payload);
  bool send_message(const std::string &text);
  void close_channel();
  void close(CloseMode mode);
  void set_blackhole(bool on) { blackhole_ = on; }
  void set_faults(const PeerFaults &faults) { faults_ = faults; }
  void set_line(const LineOptions &line) { line_->set_options(line); }
  Peer::Stats stats() const;
  void restart_ice(const std::string &remote_ufrag, const std::string &remote_pwd);
  std::string ice_fragment();
  void detach();

 private:
  struct Known {
    Flow flow;
    TimePoint heard;
  };

  PeerCore(std::shared_ptr<Hub> hub, const Offer &offer, PeerListener &listener,
           const PeerFaults &faults);
  void build_layers();
  bool is_deaf_to(const Flow &flow) const;
  void heard_on(const Flow &flow);
  void remember(const Flow &flow);
  void nominate(const Flow &flow);
  bool is_worse_rival(const Flow &flow) const;
  void on_dtls_connected();
  void on_ended(const std::string &reason);
  void check_silence(TimePoint now);
  void send(BytesView packet);
  void send_keepalive();
  void leave_hub(bool notify);
  AnswerParts answer_parts() const;

  std::shared_ptr<Hub> hub_;
  Offer offer_;
  PeerListener *listener_;
  PeerFaults faults_;
  AnswerParts identity_;  // what stays the same in all answers
  IceLite ice_;
  Media media_;
  std::unique_ptr<BadLine> line_;
  std::unique_ptr<Dtls> dtls_;
  std::unique_ptr<DataChannels> channels_;

  std::vector<std::string> ufrags_;  // known to the hub: today's, and the ones before a restart
  std::vector<Known> known_;         // paths with a valid check: only these may carry data
  std::optional<Flow> selected_;
  std::string remote_label_;
  bool connected_ = false, silent_ = false, blackhole_ = false, closed_ = false;
  bool restarted_ = false;  // ICE, and nothing was nominated since
  uint64_t stun_requests_ = 0;
  TimePoint last_heard_, last_sent_, last_report_, connected_at_;
};

}  // namespace oairt::sim
