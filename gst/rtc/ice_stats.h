// What a path knows of its candidates, copied so that other threads may read it, and turned into
// the structures webrtcbin's get-stats asks for.
// Thread-safe: plain values and pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <gst/webrtc/ice.h>
#include <nice/agent.h>

#include "rtc/ice_agent.h"
#include "rtc/ice_servers.h"

namespace oairt {

struct CandidateInfo {
  std::string address;
  uint16_t port = 0;
  const char *type = "host";  // static strings, as webrtcbin wants them
  const char *protocol = "udp";
  const char *relay_protocol = nullptr;
  std::string server;  // TURN server's address
  std::string base;    // the machine's own address behind it
  std::string device;  // that owns the base
  std::string foundation;
  uint32_t priority = 0;
};

struct IceSnapshot {
  std::vector<CandidateInfo> local, remote;
  std::optional<CandidateInfo> selected_local, selected_remote;

  std::optional<IcePair> pair() const;
};

// `original`: libnice's own candidate, not a copy; a copy does not know its TURN server, and
// libnice crashes when asked for it.
CandidateInfo describe_candidate(const NiceCandidate &candidate,
                                 const std::vector<RelayServer> &relays, bool original);
GstWebRTCICECandidateStats *make_candidate_stats(const CandidateInfo &info, unsigned stream_id);
// A NULL-ended array that the caller frees.
GstWebRTCICECandidateStats **make_candidate_list(const std::vector<CandidateInfo> &list,
                                                 unsigned stream_id);

}  // namespace oairt
