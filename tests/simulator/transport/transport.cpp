#include "transport/transport.h"

#include "base/log.h"
#include "transport/peer.h"

OAIRT_LOG_DEFINE(simulator_transport, "simulator-transport", "the simulator's WebRTC side")

namespace oairt::sim {
namespace {

Duration from_seconds(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

// What the owner holds. The core may outlive it for as long as a callback is on the stack.
class OwnedPeer : public Peer {
 public:
  explicit OwnedPeer(std::shared_ptr<PeerCore> core) : core_(std::move(core)) {}
  ~OwnedPeer() override { core_->detach(); }

  std::string answer() override { return core_->answer(); }
  const std::string &local_ufrag() const override { return core_->local_ufrag(); }
  void send_rtp(uint32_t timestamp, bool marker, const std::vector<uint8_t> &payload) override {
    core_->send_rtp(timestamp, marker, payload);
  }
  bool send_message(const std::string &text) override { return core_->send_message(text); }
  void close_channel() override { core_->close_channel(); }
  void close(CloseMode mode) override { core_->close(mode); }
  void set_blackhole(bool on) override { core_->set_blackhole(on); }
  void set_faults(const PeerFaults &faults) override { core_->set_faults(faults); }
  void set_line(const LineOptions &line) override { core_->set_line(line); }
  Stats stats() const override { return core_->stats(); }
  void restart_ice(const std::string &remote_ufrag, const std::string &remote_pwd) override {
    core_->restart_ice(remote_ufrag, remote_pwd);
  }
  std::string ice_fragment() override { return core_->ice_fragment(); }

 private:
  std::shared_ptr<PeerCore> core_;
};

class OwnTransport : public Transport {
 public:
  explicit OwnTransport(std::shared_ptr<Hub> hub) : hub_(std::move(hub)) {}
  ~OwnTransport() override { hub_->shut_down(); }

  uint16_t udp_port() const override { return hub_->wire().udp_port(); }
  uint16_t tcp_port() const override { return hub_->wire().tcp_port(); }
  std::unique_ptr<Peer> create_peer(const Offer &offer, PeerListener &listener,
                                    const PeerFaults &faults) override {
    return std::make_unique<OwnedPeer>(PeerCore::create(hub_, offer, listener, faults));
  }
  void set_timeouts(double disconnected_s, double failed_s) override {
    hub_->timeouts = {from_seconds(disconnected_s), from_seconds(failed_s)};
  }

 private:
  std::shared_ptr<Hub> hub_;
};

}  // namespace

Result<std::unique_ptr<Transport>> Transport::open(GMainContext *context,
                                                   TransportOptions options) {
  if (context == nullptr) context = g_main_context_default();
  auto hub = Hub::open(context, std::move(options));
  if (!hub) return hub.error();
  return std::unique_ptr<Transport>(new OwnTransport(std::move(hub).value()));
}

}  // namespace oairt::sim
