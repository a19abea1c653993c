// One ICE connectivity check of our own making, that nominates the address it is sent from. libnice
// repeats its nomination only every few seconds; a peer that heard several addresses of ours would
// answer to the last one for so long.
// Thread-safe: pure.
// Never holds the password longer than it takes to sign.
#pragma once

#include <cstdint>
#include <vector>

#include "rtc/ice_agent.h"

namespace oairt {

// Empty if the credentials are of no use.
std::vector<uint8_t> make_nominating_check(const IceAgent::Credentials &local,
                                           const IceAgent::Credentials &remote);

}  // namespace oairt
