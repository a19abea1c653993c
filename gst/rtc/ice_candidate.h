// One ICE candidate of the peer, read from an SDP line (RFC 8839, 5.1) and checked.
// Thread-safe: plain values and pure functions.
// Never lets a line through that libnice would choke on: it comes from the network.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oairt {

struct IceCandidate {
  enum class Type { Host, ServerReflexive, PeerReflexive, Relay };
  enum class Transport { Udp, TcpPassive };
  std::string foundation;
  Transport transport = Transport::Udp;
  uint32_t priority = 0;
  std::string address;  // numeric
  uint16_t port = 0;
  Type type = Type::Host;

  bool ipv6() const { return address.find(':') != std::string::npos; }
  bool same_target(const IceCandidate &other) const {
    return transport == other.transport && address == other.address && port == other.port;
  }
};

enum class CandidateFault {
  None,
  Malformed,    // not a candidate line
  Unsupported,  // another component, protocol or TCP role: of no use to us, but legal
  Hostname,     // mDNS or DNS name in place of an address
  BadAddress,   // unspecified, multicast, broadcast, link-local without a scope
};

struct ParsedCandidate {
  std::optional<IceCandidate> candidate;
  CandidateFault fault = CandidateFault::None;
};

// Takes the line with or without "a=" and "candidate:".
ParsedCandidate parse_candidate(std::string_view line);
bool is_loopback_address(const std::string &address);
const char *to_string(CandidateFault fault);

// The peer's candidates: no duplicates, and no more than a sane peer sends.
class IceCandidateList {
 public:
  static constexpr std::size_t kMax = 32;
  // True if the line added a candidate; ignored() counts the others that were not duplicates.
  bool add(std::string_view line);
  void clear() { list_.clear(); }
  const std::vector<IceCandidate> &list() const { return list_; }
  std::vector<IceCandidate> with(IceCandidate::Transport transport) const;
  unsigned ignored() const { return ignored_; }
  CandidateFault last_fault() const { return last_fault_; }

 private:
  std::vector<IceCandidate> list_;
  unsigned ignored_ = 0;
  CandidateFault last_fault_ = CandidateFault::None;
};

}  // namespace oairt
