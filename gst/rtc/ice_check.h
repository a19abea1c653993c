// Our own connectivity checks on a path that libnice has found: they nominate the path again and
// ask the peer for a sign of life whenever we like. libnice asks every five seconds only, and a
// peer that heard several addresses of ours would answer to the last one for so long. Thread-bound:
// the owner guards it. Time is an argument. Never takes an answer for one of the peer's unless it
// is to a check of ours and signed with the peer's password.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include <stun/stunagent.h>

#include "base/clock.h"
#include "rtc/ice_agent.h"

namespace oairt {

class IceChecks {
 public:
  // An answer that is older than this belongs to another age of the network.
  static constexpr Duration kLifetime = std::chrono::seconds(10);
  static constexpr std::size_t kMaxOpen = 150;  // libnice remembers 200

  IceChecks(IceAgent::Credentials local, IceAgent::Credentials remote, bool controlling);
  IceChecks(const IceChecks &) = delete;
  IceChecks &operator=(const IceChecks &) = delete;

  // Empty if the credentials are of no use.
  std::vector<uint8_t> make(TimePoint now);
  bool waiting() const { return !open_.empty(); }
  // Looks for an answer anywhere in the bytes, for they may be framed by TCP or wrapped by a TURN
  // server; the round trip time, once for every check.
  std::optional<Duration> find_answer(const uint8_t *data, std::size_t size, TimePoint now);

 private:
  struct Open {
    std::array<uint8_t, STUN_MESSAGE_TRANS_ID_LEN> id;
    TimePoint when;
  };
  void forget(TimePoint now);
  std::optional<Duration> accept(const uint8_t *data, std::size_t size, TimePoint now);

  const IceAgent::Credentials local_, remote_;
  const bool controlling_;
  const std::string user_;
  const uint64_t tie_breaker_;
  StunAgent agent_;
  std::deque<Open> open_;
};

}  // namespace oairt
