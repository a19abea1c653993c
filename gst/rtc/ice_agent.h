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
  // The last DTLS flight of ours is sent again this often while a handshake is unanswered;
  // OpenSSL's own timer starts at 1 s and doubles. Receivers drop duplicates. 0: never.
  Duration dtls_repeat = milliseconds(80);
  // The first application records are sent again after that time and after three times that, heard
  // or not: SCTP itself repeats what is lost while a channel opens after 1 to 3 s. 0: never.
  Duration opening_repeat = milliseconds(50);
  // The peer's TCP candidates are tried this long after its UDP ones, at once if it has no others.
  Duration tcp_delay = milliseconds(400);
  // A second try by UDP beside the first: libnice repeats a lost check after 500 ms only. 0: none.
  Duration hedge_delay = milliseconds(150);
  // The first check already nominates: one round trip less.
  bool aggressive_nomination = true;
};

struct IceCounters {
  uint64_t swaps = 0;               // a path replaced another
  uint64_t paths = 0;               // paths that were started
  uint64_t replayed_records = 0;    // DTLS records sent again after a swap
  uint64_t repeated_records = 0;    // DTLS records of the opening sent again
  uint64_t send_drops = 0;          // no usable path
  uint64_t receive_drops = 0;       // webrtcbin did not fetch them
  uint64_t ignored_candidates = 0;  // malformed, of no use, or too many
};

struct IcePair {
  std::string local, remote;  // type and protocol, e.g. "host/udp", "host/tcp", "relay/udp"
  std::string local_address, remote_address;
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
  virtual uint64_t bytes_sent() const = 0;                      // thread-safe
  virtual uint64_t bytes_received() const = 0;

  // A fresh path with the same credentials and no signalling; the swap happens when it is
  // connected. One pending path at a time: a newer call replaces it.
  virtual void migrate(const char *why) = 0;
  // New local credentials for an ICE restart by signalling; the pending path waits for the answer.
  struct Credentials {
    std::string ufrag;
    Secret pwd;
  };
  virtual Credentials begin_restart() = 0;
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
