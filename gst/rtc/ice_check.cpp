#include "rtc/ice_check.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include <stun/usages/ice.h>

namespace oairt {
namespace {

// That of a peer-reflexive UDP candidate (RFC 8445, 5.1.2.1): all of ours are that to the peer.
constexpr uint32_t kPriority = (110u << 24) | (0x3fffu << 8) | 255u;
constexpr std::size_t kHeader = 20;
constexpr uint8_t kCookie[] = {0x21, 0x12, 0xa4, 0x42};
constexpr uint8_t kBindingSuccess[] = {0x01, 0x01};

const uint16_t kKnown[] = {STUN_ATTRIBUTE_MAPPED_ADDRESS,     STUN_ATTRIBUTE_USERNAME,
                           STUN_ATTRIBUTE_MESSAGE_INTEGRITY,  STUN_ATTRIBUTE_ERROR_CODE,
                           STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS, 0};

uint64_t random64() { return static_cast<uint64_t>(g_random_int()) << 32 | g_random_int(); }

}  // namespace

IceChecks::IceChecks(IceAgent::Credentials local, IceAgent::Credentials remote, bool controlling)
    : local_(std::move(local)),
      remote_(std::move(remote)),
      controlling_(controlling),
      user_(remote_.ufrag + ":" + local_.ufrag),
      tie_breaker_(random64()) {
  stun_agent_init(&agent_, kKnown, STUN_COMPATIBILITY_RFC5389,
                  static_cast<StunAgentUsageFlags>(STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS |
                                                   STUN_AGENT_USAGE_USE_FINGERPRINT));
}

void IceChecks::forget(TimePoint now) {
  while (!open_.empty() && (open_.size() >= kMaxOpen || now - open_.front().when > kLifetime)) {
    stun_agent_forget_transaction(&agent_, open_.front().id.data());
    open_.pop_front();
  }
}

std::vector<uint8_t> IceChecks::make(TimePoint now) {
  std::string_view password = remote_.pwd.reveal();
  if (remote_.ufrag.empty() || password.empty()) return {};
  forget(now);
  StunMessage message;
  std::vector<uint8_t> bytes(STUN_MAX_MESSAGE_SIZE_IPV6);
  // The agent keeps the pointer to the password, to verify the answer with.
  std::size_t size = stun_usage_ice_conncheck_create(
      &agent_, &message, bytes.data(), bytes.size(),
      reinterpret_cast<const uint8_t *>(user_.data()), user_.size(),
      reinterpret_cast<const uint8_t *>(password.data()), password.size(), controlling_,
      controlling_, kPriority, tie_breaker_, nullptr, STUN_USAGE_ICE_COMPATIBILITY_RFC5245);
  bytes.resize(size);
  if (size == 0) return bytes;
  Open open{{}, now};
  stun_message_id(&message, open.id.data());
  open_.push_back(open);
  return bytes;
}

std::optional<Duration> IceChecks::find_answer(const uint8_t *data, std::size_t size,
                                               TimePoint now) {
  if (open_.empty()) return std::nullopt;
  const uint8_t *end = data + size;
  for (const uint8_t *at = data; static_cast<std::size_t>(end - at) >= kHeader; ++at) {
    at = std::search(at, end, std::begin(kBindingSuccess), std::end(kBindingSuccess));
    std::size_t left = static_cast<std::size_t>(end - at);
    if (left < kHeader) break;
    if (std::memcmp(at + 4, kCookie, sizeof(kCookie)) != 0) continue;
    std::size_t length = kHeader + static_cast<std::size_t>(at[2] << 8 | at[3]);
    if (length > left) continue;
    if (auto took = accept(at, length, now)) return took;
  }
  return std::nullopt;
}

std::optional<Duration> IceChecks::accept(const uint8_t *data, std::size_t size, TimePoint now) {
  StunMessage message;
  StunValidationStatus status =
      stun_agent_validate(&agent_, &message, data, size, nullptr, nullptr);
  if (status != STUN_VALIDATION_SUCCESS && status != STUN_VALIDATION_UNKNOWN_ATTRIBUTE) {
    return std::nullopt;
  }
  StunTransactionId id;
  stun_message_id(&message, id);
  auto open = std::find_if(open_.begin(), open_.end(), [&id](const Open &one) {
    return std::memcmp(one.id.data(), id, sizeof(id)) == 0;
  });
  if (open == open_.end()) return std::nullopt;
  Duration took = now - open->when;
  open_.erase(open);
  return took <= kLifetime ? std::optional(took) : std::nullopt;
}

}  // namespace oairt
