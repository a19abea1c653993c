// The simulator's WebRTC side: ICE-lite on one UDP port and one TCP port for all sessions, DTLS
// client, SRTP, SCTP with DCEP or an agreed channel. Stands for the service's Go/Pion stack.
// Thread-bound to the GMainContext it was opened on; listeners are called there.
// Never uses our client's rtc room: it is the other side, and proves the wire.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <glib.h>

#include "base/clock.h"
#include "base/result.h"

namespace oairt::sim {

// What becomes of RTP on its way to the client.
struct LineOptions {
  double loss = 0, reorder = 0;  // of all packets, 0..1
  milliseconds jitter{0};        // at most that much later, in order
};

struct TransportOptions {
  std::string listen = "127.0.0.1";
  uint16_t udp_port = 0;  // 0: any free one; the service uses 3478
  uint16_t tcp_port = 0;  // 0: any free one; the service uses 443
  // Addresses of the candidates, for a `listen` of 0.0.0.0 or behind NAT; empty: `listen`.
  std::vector<std::string> advertise;
  // Ports of the candidates, behind NAT or a relay; 0: the real ones.
  uint16_t advertise_udp_port = 0, advertise_tcp_port = 0;
  std::vector<std::string> dead_candidates;  // addresses advertised though nobody answers there
  // How long a DTLS flight waits for its answer before it is sent again. Pion's default.
  unsigned dtls_retransmit_ms = 1000;
  // Whether it is also sent again at once when the peer repeats what it answers: pion/dtls 3.0.0 to
  // 3.0.9 does that; the versions before and after leave it to the timer (pion/dtls#758).
  bool dtls_repeat_at_once = false;
  LineOptions line;
  uint64_t seed = 1;  // of what the line does
};

// The only data channel that carries events: what Peer::send_message() and close_channel() mean.
inline constexpr char kEventChannel[] = "oai-events";

// Of an SCTP association, each way; as many as GStreamer's element asks for.
inline constexpr uint16_t kSctpStreams = 1024;

// What the answer needs to know of the offer; parsed by attribute, never by position.
struct Offer {
  std::string ufrag, pwd, fingerprint;  // "sha-256 AB:CD:…"
  std::string audio_mid, data_mid;      // echoed in the answer
  int opus_payload_type = 111;
  uint16_t sctp_port = 5000;
  std::size_t max_message_size = 65535;  // what Pion assumes if the offer is silent
  bool extmap_allow_mixed = false;
  std::string audio_direction = "sendrecv";
  // SSRCs that the audio section announces. As with Pion, RTP with another one is not handled (see
  // Stats::rtp_unhandled). Not set, in an offer made by hand: any SSRC will do.
  std::optional<std::vector<uint32_t>> audio_ssrcs;
  // The stream of the event channel, agreed on beside the SDP; nothing: the client opens it (DCEP).
  std::optional<uint16_t> event_stream;
  // Every section in the offer's order, since the answer has to keep it; empty: audio, then data.
  struct Section {
    std::string media, mid, protocol;
  };
  std::vector<Section> sections;
};

// Parses what a service like this one reads; the error message is for the log, the HTTP answer is
// the service's own "invalid_offer".
Result<Offer> parse_offer(const std::string &sdp);

struct PeerFaults {
  bool wrong_fingerprint = false;  // the answer names another certificate
  bool no_audio = false;           // the answer has no audio section
  bool garbage_sdp = false;        // the answer is noise
  bool no_udp = false;             // deaf on UDP: only the TCP candidate works
  bool follow_new_address = true;  // a nominated check from a new 5-tuple moves the path
};

// A listener may call anything, also destroy the Peer or the Transport, from inside its callbacks.
class PeerListener {
 public:
  virtual ~PeerListener() = default;
  virtual void on_ice_connected() = 0;
  virtual void on_dtls_connected() = 0;
  virtual void on_channel_open(const std::string &label) = 0;
  virtual void on_message(const std::string &label, const std::string &text) = 0;
  virtual void on_channel_closed(const std::string &label) = 0;
  // One RTP packet of the client's audio, in order of arrival; payload is one Opus packet.
  virtual void on_rtp(uint16_t sequence, uint32_t timestamp, uint32_t ssrc,
                      const std::vector<uint8_t> &payload) = 0;
  virtual void on_path_changed(const std::string &from, const std::string &to) = 0;
  virtual void on_disconnected() = 0;  // silent for 5 s; may come back
  virtual void on_reconnected() {}     // heard again after on_disconnected
  // Final, and never called for an end that came from our own side: "peer left", "timed out",
  // "dtls failed".
  virtual void on_closed(const std::string &reason) = 0;
};

enum class CloseMode {
  CloseNotify,  // SCTP abort and DTLS close_notify, as Pion's Close()
  Silent,       // stops answering anything, sends nothing
};

class Peer {
 public:
  virtual ~Peer() = default;         // without close(): as CloseMode::Silent
  virtual std::string answer() = 0;  // the SDP, in the service's own shape
  virtual const std::string &local_ufrag() const = 0;
  // Sends one Opus packet; sequence numbers, SSRC and SRTP are the peer's business.
  virtual void send_rtp(uint32_t timestamp, bool marker, const std::vector<uint8_t> &payload) = 0;
  // False if the channel is not open, or the text is larger than the offer allowed (dropped, as
  // Pion does).
  virtual bool send_message(const std::string &text) = 0;
  virtual void close_channel() = 0;  // SCTP stream reset; media goes on
  virtual void close(CloseMode mode) = 0;
  // Deaf and dumb until called with false: packets are dropped both ways.
  virtual void set_blackhole(bool on) = 0;
  virtual void set_faults(const PeerFaults &faults) = 0;
  virtual void set_line(const LineOptions &line) = 0;
  struct Stats {
    uint64_t rtp_received = 0, rtp_lost = 0, rtp_sent = 0, rtcp_received = 0, stun_requests = 0;
    uint64_t rtp_unhandled = 0;  // SSRC or payload type that the offer did not announce
    uint64_t line_lost = 0, line_reordered = 0;  // by LineOptions; they count as sent
    std::string remote;                          // address:port and protocol of the path in use
  };
  virtual Stats stats() const = 0;
  // New ICE credentials of the client and of this side (RFC 9725 restart); old checks are refused.
  virtual void restart_ice(const std::string &remote_ufrag, const std::string &remote_pwd) = 0;
  virtual std::string ice_fragment() = 0;  // this side's ufrag, pwd and candidates as sdpfrag lines
};

class Transport {
 public:
  virtual ~Transport() = default;
  static Result<std::unique_ptr<Transport>> open(GMainContext *context, TransportOptions options);
  virtual uint16_t udp_port() const = 0;
  virtual uint16_t tcp_port() const = 0;
  // `listener` must outlive the peer. Peer-loss timeouts as Pion's: silent 5 s, then 25 s more.
  virtual std::unique_ptr<Peer> create_peer(const Offer &offer, PeerListener &listener,
                                            const PeerFaults &faults) = 0;
  virtual void set_timeouts(double disconnected_s, double failed_s) = 0;
};

}  // namespace oairt::sim
