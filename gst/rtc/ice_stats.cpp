#include "rtc/ice_stats.h"

#include <algorithm>

namespace oairt {
namespace {

const char *type_name(NiceCandidateType type) {
  switch (type) {
    case NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE:
      return "srflx";
    case NICE_CANDIDATE_TYPE_PEER_REFLEXIVE:
      return "prflx";
    case NICE_CANDIDATE_TYPE_RELAYED:
      return "relay";
    default:
      return "host";
  }
}

std::string address_of(const NiceAddress &address) {
  char text[NICE_ADDRESS_STRING_LEN] = "";
  nice_address_to_string(&address, text);
  return text;
}

std::string name_of(const CandidateInfo &info) {
  return std::string(info.type) + "/" +
         (info.relay_protocol != nullptr ? info.relay_protocol : info.protocol);
}

}  // namespace

std::optional<IcePair> IceSnapshot::pair() const {
  if (!selected_local || !selected_remote) return std::nullopt;
  auto place = [](const CandidateInfo &info) {
    bool ipv6 = info.address.find(':') != std::string::npos;
    return (ipv6 ? "[" + info.address + "]" : info.address) + ":" + std::to_string(info.port);
  };
  return IcePair{name_of(*selected_local), name_of(*selected_remote), place(*selected_local),
                 place(*selected_remote),  selected_local->device,    selected_local->base};
}

CandidateInfo describe_candidate(const NiceCandidate &candidate,
                                 const std::vector<RelayServer> &relays, bool original) {
  CandidateInfo info;
  info.address = address_of(candidate.addr);
  info.port = static_cast<uint16_t>(nice_address_get_port(&candidate.addr));
  if (nice_address_is_valid(&candidate.base_addr)) info.base = address_of(candidate.base_addr);
  info.type = type_name(candidate.type);
  info.protocol = candidate.transport == NICE_CANDIDATE_TRANSPORT_UDP ? "udp" : "tcp";
  info.foundation = candidate.foundation;
  info.priority = candidate.priority;
  if (candidate.type == NICE_CANDIDATE_TYPE_RELAYED && !relays.empty()) {
    const RelayServer *relay = &relays.front();
    if (original) {
      NiceAddress server;
      nice_address_init(&server);
      nice_candidate_relay_address(&candidate, &server);
      std::string address = address_of(server);
      auto match = std::find_if(relays.begin(), relays.end(), [&](const RelayServer &one) {
        return one.server.address == address && one.server.port == nice_address_get_port(&server);
      });
      if (match != relays.end()) relay = &*match;
    }
    info.server = relay->server.address;
    info.relay_protocol = to_string(relay->transport);
  }
  return info;
}

GstWebRTCICECandidateStats *make_candidate_stats(const CandidateInfo &info, unsigned stream_id) {
  auto *stats = g_new0(GstWebRTCICECandidateStats, 1);
  stats->ipaddr = g_strdup(info.address.c_str());
  stats->port = info.port;
  stats->stream_id = stream_id;
  stats->type = info.type;
  stats->proto = info.protocol;
  stats->relay_proto = info.relay_protocol;
  stats->prio = info.priority;
  stats->url = g_strdup(info.server.c_str());
#if GST_CHECK_VERSION(1, 27, 0)
  stats->ABI.abi.foundation = g_strdup(info.foundation.c_str());
#endif
  return stats;
}

GstWebRTCICECandidateStats **make_candidate_list(const std::vector<CandidateInfo> &list,
                                                 unsigned stream_id) {
  auto **out = g_new0(GstWebRTCICECandidateStats *, list.size() + 1);
  for (std::size_t i = 0; i < list.size(); ++i) out[i] = make_candidate_stats(list[i], stream_id);
  return out;
}

}  // namespace oairt
