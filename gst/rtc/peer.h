// The WebRTC peer of one call, as the session sees it. An interface, so that the session is
// testable without media. Thread-bound to the event loop; PeerListener is called there, never
// inline. Never lets audio or events pass before the peer's DTLS certificate matched the answer.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/ref.h"
#include "base/result.h"
#include "base/secret.h"
#include "rtc/ice_agent.h"
#include "rtc/media_port.h"

namespace oairt {

struct PeerOptions {
  std::string stun_server;           // stun://host:port
  std::vector<Secret> turn_servers;  // turn(s)://user:password@host:port?transport=…
  bool relay_only = false;           // ice-transport-policy=relay
  bool ice_tcp = true;
  std::string proxy;                      // http://… for TURN over TCP
  std::string ca_file;                    // authorities for turns://; empty: the system's
  std::size_t max_message_size = 262144;  // announced to the service
  // The stream of the event channel where both sides know it beforehand; nothing: we open it
  // (DCEP).
  std::optional<uint16_t> event_stream;
  // How long the jitter buffer waits for a missing packet; packets in order are not held back.
  Duration jitter_latency = milliseconds(40);
};

// How long each step of a connect took; the element shows them in `stats`.
struct PeerTimings {
  std::optional<Duration> offer;  // start() -> the offer is there
  std::optional<Duration> ice;    // answer set -> a path is connected
  std::optional<Duration> dtls;   // path connected -> DTLS connected
  std::optional<Duration> sctp;   // DTLS connected -> data channel open
};

struct PeerStats {
  double rtt_ms = 0, jitter_ms = 0;
  uint64_t packets_sent = 0, bytes_sent = 0, packets_received = 0, bytes_received = 0;
  int64_t packets_lost = 0;
  // What the peer's receiver reports say of what we send, since the call began.
  struct Report {
    uint32_t highest_sequence = 0;  // with the count of wraps in the upper half
    int64_t lost = 0;
    double jitter_ms = 0;
    friend bool operator==(const Report &, const Report &) = default;
  };
  std::optional<Report> report;                   // the last one; nothing: none came
  std::string local_candidate, remote_candidate;  // type and protocol, e.g. "host/udp"
};

class PeerListener {
 public:
  virtual ~PeerListener() = default;
  virtual void on_offer(std::string sdp) = 0;  // without candidates, ready to be POSTed
  virtual void on_connected() = 0;             // ICE and DTLS up, fingerprint verified
  virtual void on_channel_open() = 0;          // "oai-events" open and verified
  virtual void on_channel_closed() = 0;
  virtual void on_message(std::string text) = 0;  // one whole JSON message
  virtual void on_bad_message() {}                // text that is no JSON message was dropped
  virtual void on_failed(Error error) = 0;        // this peer is of no more use
  // Of the path in use. Failed before on_connected() ends in on_failed(); later it may come back.
  virtual void on_ice_state(IceState) {}
};

class Peer {
 public:
  virtual ~Peer() = default;  // closes if that was not done; returns at once
  // Makes the private pipeline and the offer. `media` must outlive the peer.
  virtual void start() = 0;
  virtual void set_answer(const std::string &sdp) = 0;
  // False when the channel is not open, or the message is larger than the service takes.
  virtual bool send(const std::string &text) = 0;
  virtual std::size_t max_send_size() const = 0;
  // The uplink end of this call, to be given to MediaPort::set_target when audio may flow.
  virtual std::shared_ptr<UplinkTarget> uplink() = 0;
  // From now on this call's voice goes to the media port (takes its writer).
  virtual void enable_downlink() = 0;
  virtual PeerTimings timings() const = 0;
  // Of this moment; to be asked for now and then only.
  virtual PeerStats stats() = 0;
  // For recovery below the call: fresh paths, ICE restart. Lives as long as the peer.
  virtual IceAgent *ice() { return nullptr; }
  // For the signal webrtcbin-ready.
  virtual Ref<GstElement> webrtcbin() = 0;
  // Takes the call down on a worker thread; listener is not called any more.
  virtual void close() = 0;
};

class PeerFactory {
 public:
  virtual ~PeerFactory() = default;
  virtual std::unique_ptr<Peer> create(EventLoop &loop, PeerListener &listener,
                                       std::shared_ptr<MediaPort> media, PeerOptions options) = 0;
};

std::unique_ptr<PeerFactory> make_webrtc_peer_factory();

// Loads plugins and makes the process-wide DTLS certificate in the background. Thread-safe, once.
void prewarm_webrtc();
// Waits until every closed peer's pipeline is gone, at most until the deadline. Thread-safe.
bool wait_for_closed_peers(TimePoint deadline);

}  // namespace oairt
