// The addresses of STUN, TURN and proxy servers as users write them:
//   stun://host[:port]   turn(s)://user:password@host[:port][?transport=udp|tcp]
//   http://[user:password@]host[:port]
// Thread-safe: pure functions over values.
// Never repeats a URI in an error: it holds a password.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace oairt {

enum class TurnTransport { Udp, Tcp, Tls };

struct ServerUri {
  std::string host;  // a name or a numeric address, IPv6 without brackets
  uint16_t port = 0;
  std::string user;
  Secret password;
  std::vector<TurnTransport> transports;  // TURN only; without ?transport=: UDP, then TCP
};

Result<ServerUri> parse_stun_uri(std::string_view uri);
Result<ServerUri> parse_turn_uri(std::string_view uri);
Result<ServerUri> parse_proxy_uri(std::string_view uri);
const char *to_string(TurnTransport transport);

}  // namespace oairt
