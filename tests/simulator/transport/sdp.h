// Writes the service's answer, and reads what it reads of an offer (see transport.h).
// Thread-safe: free functions.
// Never logs any of it.
#pragma once

#include "transport/ice_lite.h"
#include "transport/transport.h"

namespace oairt::sim {

struct AnswerParts {
  std::string session_id;  // 63 random bits, decimal
  int64_t unix_time_s = 0;
  std::string fingerprint;
  IceCredentials ice;
  uint32_t ssrc = 0;
  std::vector<std::string> addresses;  // of the candidates, in order
  uint16_t udp_port = 0, tcp_port = 0;
  bool with_audio = true;
};

std::string build_answer(const Offer &offer, const AnswerParts &parts);
// This side's credentials and candidates as application/trickle-ice-sdpfrag.
std::string build_ice_fragment(const Offer &offer, const AnswerParts &parts);
// What the answer says to the offer's direction.
std::string answer_direction(const std::string &offered);
// An answer that is none.
std::string build_garbage();

}  // namespace oairt::sim
