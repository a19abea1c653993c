// One peer's half of ICE, as an ICE-lite agent has it: answers checks, never sends any.
// Thread-bound to the transport's context.
// Never decides which path carries media: it only says whether a check was valid and nominated.
#pragma once

#include <string>

#include "transport/stun.h"

namespace oairt::sim {

struct IceCredentials {
  std::string ufrag, pwd;
  static IceCredentials random();  // 16 and 32 characters, as the service's
};

class IceLite {
 public:
  IceLite(std::string remote_ufrag, std::string remote_pwd);

  struct Verdict {
    Bytes reply;  // to be sent back the way the check came; may be empty
    bool valid = false;
    bool nominated = false;
  };
  Verdict answer_check(BytesView packet, const stun::Message &check, const SocketAddress &from);

  const IceCredentials &local() const { return local_; }
  // New credentials on both sides; checks with the old ones are refused from now on.
  void restart(std::string remote_ufrag, std::string remote_pwd);

  // The part of USERNAME that names the receiver of a check.
  static std::string receiver_of(const std::string &username);

 private:
  IceCredentials local_ = IceCredentials::random();
  std::string remote_ufrag_, remote_pwd_;
};

}  // namespace oairt::sim
