// What all peers of a transport share: the sockets, and which packet belongs to whom.
// Thread-bound to the context it was opened on.
// Never answers for a peer that is gone: its packets fall into the void.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "transport/stun.h"
#include "transport/transport.h"
#include "transport/wire.h"

namespace oairt::sim {

class PeerCore;
class SctpEngine;

class Hub : public std::enable_shared_from_this<Hub> {
 public:
  static Result<std::shared_ptr<Hub>> open(GMainContext *context, TransportOptions options);
  ~Hub();

  GMainContext *context() const { return context_; }
  const std::shared_ptr<SctpEngine> &sctp_engine() const { return sctp_engine_; }
  Wire &wire() { return *wire_; }
  unsigned dtls_retransmit_ms() const { return options_.dtls_retransmit_ms; }
  bool dtls_repeat_at_once() const { return options_.dtls_repeat_at_once; }
  const LineOptions &line() const { return options_.line; }
  uint64_t next_seed() { return options_.seed++; }
  std::vector<std::string> candidate_addresses() const;
  uint16_t candidate_udp_port() const {
    return options_.advertise_udp_port != 0 ? options_.advertise_udp_port : wire_->udp_port();
  }
  uint16_t candidate_tcp_port() const {
    return options_.advertise_tcp_port != 0 ? options_.advertise_tcp_port : wire_->tcp_port();
  }

  struct Timeouts {
    Duration disconnected = std::chrono::seconds(5);
    Duration failed = std::chrono::seconds(25);  // after disconnected
  };
  Timeouts timeouts;

  void add_ufrag(const std::string &ufrag, const std::shared_ptr<PeerCore> &peer);
  void remove_ufrag(const std::string &ufrag);
  void add_flow(const Flow &flow, const std::shared_ptr<PeerCore> &peer);
  // Only if it still is the peer's own.
  void remove_flow(const Flow &flow, const PeerCore &peer);
  void shut_down();

 private:
  using Peers = std::unordered_map<std::string, std::weak_ptr<PeerCore>>;

  Hub(GMainContext *context, TransportOptions options);
  void on_packet(const Flow &flow, BytesView packet);
  void on_stun(const Flow &flow, BytesView packet);
  void on_tcp_closed(const Flow &flow);
  bool on_tick();
  std::shared_ptr<PeerCore> peer_by_flow(const Flow &flow) const;

  GMainContext *context_;
  TransportOptions options_;
  std::shared_ptr<SctpEngine> sctp_engine_;
  std::shared_ptr<Wire> wire_;
  Peers by_ufrag_, by_flow_;
  Source ticker_;
};

}  // namespace oairt::sim
