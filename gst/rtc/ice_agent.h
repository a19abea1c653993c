// Our own ICE agent beneath webrtcbin: one NiceAgent per path, and a live path can be replaced by a
// freshly gathered one without DTLS, SRTP or SCTP above noticing (make before break).
// Thread-bound to the event loop, except where marked; webrtcbin calls the GObject from its own
// thread, the streaming threads send and receive through the elements it supplies.
// Never logs a candidate's credentials, a TURN password or an SDP.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/ref.h"
#include "base/secret.h"

typedef struct _GstWebRTCICE GstWebRTCICE;

namespace oairt {

struct IceOptions {
  std::string stun_server;           // stun://host:port
  std::vector<Secret> turn_servers;  // turn(s)://user:password@host:port?transport=udp|tcp
  bool relay_only = false;
  bool ice_tcp = true;
  std::string proxy;                    // http://… for TURN over TCP and TLS
  std::string ca_file;                  // authorities for turns://; empty: the system's
  Duration pacing = milliseconds(5);    // libnice's stun-pacing-timer
  Duration retire = milliseconds(250);  // how long a replaced path still hears
  // The last DTLS flight of ours is sent twice at once, and again after that time (growing by half,
  // at most 400 ms) while a handshake is unanswered; OpenSSL's own timer starts at 1 s and doubles.
  // Receivers drop duplicates. 0: never.
  Duration dtls_repeat = milliseconds(80);
  // The first application records are sent again after a tenth of that time, after that time and
  // after three times that, heard or not: SCTP itself repeats what is lost while a channel opens
  // after 1 to 3 s. 0: never.
  Duration opening_repeat = milliseconds(50);
  // The peer's TCP candidates are tried this long after its UDP ones, at once if it has no others.
  Duration tcp_delay = milliseconds(400);
  // The same once there was a call on UDP: it has been silent for long already.
  Duration migration_tcp_delay = milliseconds(150);
  // A second try by UDP beside the first: libnice repeats a lost check after 500 ms only. 0: none.
  Duration hedge_delay = milliseconds(150);
  // Other network devices than the one that routing prefers are tried that much later; at once
  // when a call hangs on it.
  Duration elsewhere_delay = milliseconds(50);
  // The first check already nominates: one round trip less.
  bool aggressive_nomination = true;
  // RFC 7675: the peer is asked this often, give or take a fifth, whether it still wants to hear
  // us; when nothing of it was heard for that long, no more than the question is sent.
  Duration consent_interval = std::chrono::seconds(5);
  Duration consent_timeout = std::chrono::seconds(30);
  // At the end of a silence of at least that length the records sent in it are sent again. 0:
  // never.
  Duration resume_after = milliseconds(500);
  // A path that is looked for is given that time at least, and two and a half round trips, before a
  // newer effort may take its place.
  Duration effort = milliseconds(300);
};

struct IceCounters {
  uint64_t swaps = 0;               // a path replaced another
  uint64_t paths = 0;               // paths that were started
  uint64_t replayed_records = 0;    // DTLS records sent again after a swap or a silence
  uint64_t repeated_records = 0;    // DTLS records of the opening sent again
  uint64_t probes = 0;              // checks of our own that were sent on the path in use
  uint64_t answers = 0;             // those of them that the peer answered
  Duration round_trip{0};           // as their answers show it, smoothed
  uint64_t send_drops = 0;          // no usable path
  uint64_t receive_drops = 0;       // webrtcbin did not fetch them
  uint64_t ignored_candidates = 0;  // malformed, of no use, or too many
};

struct IcePair {
  std::string local, remote;  // type and protocol, e.g. "host/udp", "host/tcp", "relay/udp"
  std::string local_address, remote_address;
  std::string device;  // that owns the local address, "wlan0"; empty: not known
  // The machine's own address that is sent from, without a port, to be compared with that of a
  // NetworkChange: behind a NAT local_address is the one that the peer sees. Empty: not known.
  std::string base_address;
};

enum class IceState { New, Checking, Connected, Failed };

class IceAgent {
 public:
  using StateCallback = std::function<void(IceState)>;

  static std::shared_ptr<IceAgent> create(EventLoop &loop, IceOptions options);
  virtual ~IceAgent() = default;

  // For webrtcbin's construct-only property "ice-agent", which takes this reference over.
  virtual GstWebRTCICE *new_reference() = 0;
  virtual void set_state_callback(StateCallback callback) = 0;  // of the active path, in the loop
  virtual std::optional<IcePair> selected_pair() const = 0;     // thread-safe
  virtual TimePoint last_inbound() const = 0;                   // any packet, any path; thread-safe
  // The same, but a STUN answer of the peer to probe() counts too; thread-safe.
  virtual TimePoint last_heard() const = 0;
  virtual uint64_t bytes_sent() const = 0;  // thread-safe
  virtual uint64_t bytes_received() const = 0;

  // A fresh path with the same credentials and no signalling; the swap happens when it is
  // connected. May be repeated while nothing comes of it: an older effort that may still be
  // answered goes on beside the newer.
  virtual void migrate(const char *why) = 0;
  // Asks the peer on the path in use for a sign of life and nominates it again; cheap, so that it
  // may be done every 100 ms while nothing is heard. A NAT that forgot us learns of us by it.
  virtual void probe() = 0;
  // Gives up the effort under way; the path in use stays.
  virtual void stop_migrating() = 0;
  // Takes the place of all TURN servers; the next path uses them, the one in use goes on.
  virtual void set_turn_servers(const std::vector<Secret> &turn_servers) = 0;
  // New local credentials for an ICE restart by signalling; the pending path waits for the answer.
  struct Credentials {
    std::string ufrag;
    Secret pwd;
  };
  virtual Credentials begin_restart() = 0;
  // Until its path is connected the one in use stays, and if it never is, the old credentials are
  // those of the next path again.
  virtual void finish_restart(const Credentials &remote,
                              const std::vector<std::string> &candidates) = 0;
  virtual uint64_t swaps() const = 0;
  virtual IceCounters counters() const = 0;  // thread-safe
  // Ends all paths. The GObject lives on as long as webrtcbin holds it, and does nothing. To be
  // called before webrtcbin is disposed of; done by itself when the last owner lets go.
  virtual void close() = 0;
  // After close(): the paths are gone and TURN servers have their allocations back. Thread-safe.
  virtual bool closed() const = 0;
};

}  // namespace oairt
