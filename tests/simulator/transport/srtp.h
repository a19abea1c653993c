// SRTP and SRTCP of one peer, keyed from DTLS.
// Thread-bound to the transport's context.
// Never passes on what did not authenticate.
#pragma once

#include <memory>
#include <unordered_set>

#include "transport/dtls.h"

struct srtp_ctx_t_;

namespace oairt::sim {

class Srtp {
 public:
  // Null if the keys are of no profile known here.
  static std::unique_ptr<Srtp> create(const SrtpKeys &keys);
  ~Srtp();
  Srtp(const Srtp &) = delete;
  Srtp &operator=(const Srtp &) = delete;

  // In place; false: the packet is worth nothing.
  bool protect_rtp(Bytes &packet);
  bool protect_rtcp(Bytes &packet);
  bool unprotect_rtp(Bytes &packet);
  bool unprotect_rtcp(Bytes &packet);

 private:
  Srtp() = default;
  bool admit(uint32_t ssrc);

  srtp_ctx_t_ *outbound_ = nullptr;
  srtp_ctx_t_ *inbound_ = nullptr;
  std::unordered_set<uint32_t> inbound_ssrcs_;  // bounded: each costs the library a state
};

}  // namespace oairt::sim
