#include "transport/peer.h"

#include <algorithm>
#include <random>

#include "base/log.h"
#include "transport/certificate.h"

OAIRT_LOG_USE(simulator_transport)

namespace oairt::sim {
namespace {

constexpr size_t kMaxKnownFlows = 16;
constexpr size_t kMaxUfrags = 5;
constexpr auto kReportInterval = std::chrono::seconds(1);
constexpr auto kKeepaliveInterval = std::chrono::seconds(2);  // Pion's
// A client that nominates every pair it checks reaches TCP after UDP within this time.
constexpr auto kNominationBurst = std::chrono::milliseconds(1500);
constexpr auto kAliveWithin = std::chrono::milliseconds(200);

std::string random_session_id() {
  std::random_device device;
  uint64_t value = (uint64_t{device()} << 32 | device()) >> 1;
  return std::to_string(value);
}

std::string another_fingerprint() {
  std::random_device device;
  static const char digits[] = "0123456789ABCDEF";
  std::string text = "sha-256 ";
  for (int i = 0; i < 32; ++i) {
    if (i > 0) text += ':';
    text += {digits[device() & 15], digits[device() & 15]};
  }
  return text;
}

bool is_dtls(BytesView packet) { return packet[0] >= 20 && packet[0] <= 63; }
bool is_rtp_or_rtcp(BytesView packet) { return packet[0] >= 128 && packet[0] <= 191; }

}  // namespace

PeerCore::PeerCore(std::shared_ptr<Hub> hub, const Offer &offer, PeerListener &listener,
                   const PeerFaults &faults)
    : hub_(std::move(hub)),
      offer_(offer),
      listener_(&listener),
      faults_(faults),
      ice_(offer.ufrag, offer.pwd),
      media_(offer),
      last_heard_(Clock::now()) {
  identity_.session_id = random_session_id();
  identity_.unix_time_s = g_get_real_time() / G_USEC_PER_SEC;
  identity_.fingerprint =
      faults.wrong_fingerprint ? another_fingerprint() : Certificate::own().fingerprint();
  identity_.ssrc = media_.ssrc();
}

std::shared_ptr<PeerCore> PeerCore::create(std::shared_ptr<Hub> hub, const Offer &offer,
                                           PeerListener &listener, const PeerFaults &faults) {
  std::shared_ptr<PeerCore> peer(new PeerCore(std::move(hub), offer, listener, faults));
  peer->build_layers();
  peer->ufrags_ = {peer->local_ufrag()};
  peer->hub_->add_ufrag(peer->local_ufrag(), peer);
  return peer;
}

void PeerCore::build_layers() {
  line_ = std::make_unique<BadLine>(hub_->context(), hub_->next_seed(), [this](BytesView packet) {
    if (!closed_) send(packet);
  });
  line_->set_options(hub_->line());
  Dtls::Hooks dtls;
  dtls.owner = weak_from_this();
  dtls.send = [this](BytesView packet) { send(packet); };
  dtls.on_connected = [this] { on_dtls_connected(); };
  dtls.on_data = [this](BytesView data) { channels_->receive(data); };
  dtls.on_closed = [this](const std::string &reason) { on_ended(reason); };
  dtls_ = std::make_unique<Dtls>(hub_->context(), offer_.fingerprint, hub_->dtls_retransmit_ms(),
                                 hub_->dtls_repeat_at_once(), std::move(dtls));
  DataChannels::Hooks channels;
  channels.owner = weak_from_this();
  channels.send = [this](BytesView packet) { dtls_->send(packet); };
  channels.on_open = [this](const std::string &label) {
    if (listener_) listener_->on_channel_open(label);
  };
  channels.on_message = [this](const std::string &label, const std::string &text) {
    if (listener_) listener_->on_message(label, text);
  };
  channels.on_closed = [this](const std::string &label) {
    if (listener_) listener_->on_channel_closed(label);
  };
  channels_ =
      std::make_unique<DataChannels>(hub_->sctp_engine(), offer_.sctp_port, offer_.max_message_size,
                                     offer_.event_stream, std::move(channels));
}

bool PeerCore::is_deaf_to(const Flow &flow) const {
  return closed_ || blackhole_ || (faults_.no_udp && flow.protocol == Protocol::Udp);
}

void PeerCore::on_check(const Flow &flow, BytesView packet, const stun::Message &check) {
  if (is_deaf_to(flow)) return;
  ++stun_requests_;
  IceLite::Verdict verdict = ice_.answer_check(packet, check, flow.remote);
  if (!verdict.reply.empty()) hub_->wire().send(flow, verdict.reply);
  if (!verdict.valid) {
    LOG_DEBUG("refused a check from %s", flow.label().c_str());
    return;
  }
  remember(flow);
  heard_on(flow);
  if (!closed_ && verdict.nominated) nominate(flow);
}

void PeerCore::on_packet(const Flow &flow, BytesView packet) {
  if (is_deaf_to(flow)) return;
  heard_on(flow);
  if (closed_) return;
  if (is_dtls(packet)) {
    if (connected_) dtls_->receive(packet);
  } else if (is_rtp_or_rtcp(packet)) {
    Bytes copy(packet.begin(), packet.end());
    if (is_rtcp(packet)) {
      media_.receive_rtcp(copy, Clock::now());
    } else if (auto rtp = media_.receive_rtp(copy, Clock::now()); rtp && listener_) {
      listener_->on_rtp(rtp->sequence, rtp->timestamp, rtp->ssrc,
                        {rtp->payload.begin(), rtp->payload.end()});
    }
  }
}

void PeerCore::heard_on(const Flow &flow) {
  last_heard_ = Clock::now();
  std::string key = flow.key();
  for (Known &known : known_) {
    if (known.flow.key() == key) known.heard = last_heard_;
  }
  if (!std::exchange(silent_, false)) return;
  LOG_INFO("heard again from %s", flow.label().c_str());
  if (listener_) listener_->on_reconnected();
}

void PeerCore::remember(const Flow &flow) {
  std::string key = flow.key();
  auto same = [&key](const Known &known) { return known.flow.key() == key; };
  hub_->add_flow(flow, shared_from_this());
  if (std::any_of(known_.begin(), known_.end(), same)) return;
  if (flow.protocol == Protocol::Tcp) hub_->wire().trust(flow);
  if (known_.size() >= kMaxKnownFlows) {
    auto oldest = std::min_element(known_.begin(), known_.end(), [this](auto &a, auto &b) {
      bool a_selected = selected_ && a.flow.key() == selected_->key();
      bool b_selected = selected_ && b.flow.key() == selected_->key();
      return a_selected != b_selected ? b_selected : a.heard < b.heard;
    });
    hub_->remove_flow(oldest->flow, *this);
    if (oldest->flow.protocol == Protocol::Tcp) hub_->wire().close_connection(oldest->flow);
    known_.erase(oldest);
  }
  known_.push_back({flow, Clock::now()});
}

void PeerCore::nominate(const Flow &flow) {
  if (selected_ && selected_->key() == flow.key()) return;
  // New credentials are a new start, also for who follows nobody.
  bool follow = faults_.follow_new_address || std::exchange(restarted_, false);
  if (selected_ && (!follow || is_worse_rival(flow))) return;
  std::string from = std::exchange(remote_label_, flow.label());
  selected_ = flow;
  if (connected_) {
    LOG_INFO("path moved from %s to %s", from.c_str(), remote_label_.c_str());
    if (listener_) listener_->on_path_changed(from, remote_label_);
    return;
  }
  LOG_INFO("ICE connected to %s", remote_label_.c_str());
  connected_ = true;
  connected_at_ = last_sent_ = Clock::now();
  if (listener_) listener_->on_ice_connected();
  if (!closed_) dtls_->start();
}

// A client that nominates aggressively nominates its TCP pair too, a moment after UDP worked.
bool PeerCore::is_worse_rival(const Flow &flow) const {
  if (selected_->protocol != Protocol::Udp || flow.protocol != Protocol::Tcp) return false;
  TimePoint now = Clock::now();
  if (now - connected_at_ > kNominationBurst) return false;
  std::string key = selected_->key();
  return std::any_of(known_.begin(), known_.end(), [&](const Known &known) {
    return known.flow.key() == key && now - known.heard < kAliveWithin;
  });
}

void PeerCore::on_flow_closed(const Flow &flow) {
  std::string key = flow.key();
  std::erase_if(known_, [&key](const Known &known) { return known.flow.key() == key; });
  if (selected_ && selected_->key() == key) selected_.reset();
}

void PeerCore::on_dtls_connected() {
  media_.set_srtp(Srtp::create(dtls_->srtp_keys()));
  LOG_INFO("DTLS connected to %s", remote_label_.c_str());
  channels_->start();
  if (listener_) listener_->on_dtls_connected();
}

void PeerCore::on_ended(const std::string &reason) {
  if (closed_) return;
  LOG_INFO("ended: %s", reason.c_str());
  close(CloseMode::Silent);
  if (listener_) listener_->on_closed(reason);
}

void PeerCore::on_tick(TimePoint now) {
  if (closed_) return;
  check_silence(now);
  if (closed_ || !connected_) return;
  if (now - last_report_ >= kReportInterval) {
    last_report_ = now;
    Bytes report = media_.make_report(now);
    if (!report.empty()) send(report);
  }
  if (now - last_sent_ >= kKeepaliveInterval) send_keepalive();
}

void PeerCore::check_silence(TimePoint now) {
  Duration silence = now - last_heard_;
  const Hub::Timeouts &timeouts = hub_->timeouts;
  if (silence >= timeouts.disconnected + timeouts.failed) {
    on_ended("timed out");
  } else if (connected_ && !silent_ && silence >= timeouts.disconnected) {
    silent_ = true;
    LOG_INFO("nothing heard from %s", remote_label_.c_str());
    if (listener_) listener_->on_disconnected();
  }
}

void PeerCore::send(BytesView packet) {
  if (!selected_ || is_deaf_to(*selected_)) return;
  last_sent_ = Clock::now();
  hub_->wire().send(*selected_, packet);
}

void PeerCore::send_keepalive() {
  stun::TransactionId transaction;
  std::random_device device;
  for (uint8_t &byte : transaction) byte = static_cast<uint8_t>(device());
  send(stun::Builder(stun::Kind::Indication, transaction).finish());
}

AnswerParts PeerCore::answer_parts() const {
  AnswerParts parts = identity_;
  parts.ice = ice_.local();
  parts.addresses = hub_->candidate_addresses();
  parts.udp_port = hub_->candidate_udp_port();
  parts.tcp_port = hub_->candidate_tcp_port();
  parts.with_audio = !faults_.no_audio;
  return parts;
}

std::string PeerCore::answer() {
  return faults_.garbage_sdp ? build_garbage() : build_answer(offer_, answer_parts());
}

std::string PeerCore::ice_fragment() { return build_ice_fragment(offer_, answer_parts()); }

void PeerCore::send_rtp(uint32_t timestamp, bool marker, const Bytes &payload) {
  if (closed_) return;
  Bytes packet = media_.make_rtp(timestamp, marker, payload);
  if (!packet.empty()) line_->send(std::move(packet));
}

bool PeerCore::send_message(const std::string &text) {
  return !closed_ && channels_->send(kEventChannel, text);
}

void PeerCore::close_channel() {
  if (!closed_) channels_->close_channel(kEventChannel);
}

void PeerCore::close(CloseMode mode) {
  if (closed_) return;
  bool notify = mode == CloseMode::CloseNotify;
  channels_->close(notify);
  dtls_->close(notify);
  closed_ = true;
  leave_hub(notify);
}

void PeerCore::detach() {
  listener_ = nullptr;
  close(CloseMode::Silent);
}

void PeerCore::leave_hub(bool notify) {
  for (const std::string &ufrag : ufrags_) hub_->remove_ufrag(ufrag);
  for (const Known &known : known_) {
    hub_->remove_flow(known.flow, *this);
    if (known.flow.protocol == Protocol::Udp) continue;
    if (notify) {
      hub_->wire().close_connection(known.flow);
    } else {
      hub_->wire().abandon(known.flow);
    }
  }
}

Peer::Stats PeerCore::stats() const {
  Peer::Stats stats;
  media_.fill(stats);
  line_->fill(stats);
  stats.stun_requests = stun_requests_;
  stats.remote = remote_label_;
  return stats;
}

void PeerCore::restart_ice(const std::string &remote_ufrag, const std::string &remote_pwd) {
  if (closed_) return;
  ice_.restart(remote_ufrag, remote_pwd);
  restarted_ = true;
  hub_->add_ufrag(local_ufrag(), shared_from_this());
  ufrags_.push_back(local_ufrag());
  if (ufrags_.size() > kMaxUfrags) {
    hub_->remove_ufrag(ufrags_.front());
    ufrags_.erase(ufrags_.begin());
  }
}

}  // namespace oairt::sim
