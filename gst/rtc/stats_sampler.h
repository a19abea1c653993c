// The network's figures of a call, read where webrtcbin has them from: its RTP session.
// Thread-bound to the event loop.
// Never asks webrtcbin itself: each of its answers names streams, ports and pads in strings that
// GLib keeps to the end of the process.
#pragma once

#include "base/ref.h"
#include "rtc/peer.h"

namespace oairt {

class StatsSampler {
 public:
  // Zeros while there is no session yet.
  PeerStats sample(GstElement *webrtcbin);
  // Lets go of the session.
  void close() { session_.reset(); }
  // Round trip, the peer's report, jitter and packets received, from the session's own structure;
  // what it does not say stays zero.
  static PeerStats parse(const GstStructure *session_stats);

 private:
  Ref<GObject> session_;
};

}  // namespace oairt
