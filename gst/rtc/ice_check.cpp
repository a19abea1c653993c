#include "rtc/ice_check.h"

#include <string>

#include <stun/usages/ice.h>

namespace oairt {
namespace {

// That of a peer-reflexive UDP candidate (RFC 8445, 5.1.2.1): all of ours are that to the peer.
constexpr uint32_t kPriority = (110u << 24) | (0x3fffu << 8) | 255u;

}  // namespace

std::vector<uint8_t> make_nominating_check(const IceAgent::Credentials &local,
                                           const IceAgent::Credentials &remote) {
  static const uint16_t known[] = {0};
  StunAgent agent;
  stun_agent_init(&agent, known, STUN_COMPATIBILITY_RFC5389,
                  static_cast<StunAgentUsageFlags>(STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS |
                                                   STUN_AGENT_USAGE_USE_FINGERPRINT));
  std::string user = remote.ufrag + ":" + local.ufrag;
  std::string_view password = remote.pwd.reveal();
  if (remote.ufrag.empty() || password.empty()) return {};
  StunMessage message;
  std::vector<uint8_t> bytes(STUN_MAX_MESSAGE_SIZE_IPV6);
  uint64_t tie_breaker = g_random_int();
  std::size_t size = stun_usage_ice_conncheck_create(
      &agent, &message, bytes.data(), bytes.size(), reinterpret_cast<const uint8_t *>(user.data()),
      user.size(), reinterpret_cast<const uint8_t *>(password.data()), password.size(), true, true,
      kPriority, tie_breaker << 32 | g_random_int(), nullptr, STUN_USAGE_ICE_COMPATIBILITY_RFC5245);
  bytes.resize(size);
  return bytes;
}

}  // namespace oairt
