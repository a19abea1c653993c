// SDP as text: what we change in our offer, and what we demand of an answer before webrtcbin sees
// it. Thread-safe: pure functions. Parses by attribute, never by position. Never puts a line of an
// SDP into an error: they hold ICE passwords.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace oairt {

constexpr int kOpusPayloadType = 111;

// Without a=candidate and a=end-of-candidates lines; always ends with CRLF.
std::string strip_candidates(const std::string &sdp);
// Announces in the data-channel section how large a message we take.
std::string add_max_message_size(const std::string &sdp, std::size_t bytes);

struct AnswerSummary {
  std::string ice_ufrag;
  Secret ice_pwd;
  bool ice_lite = false;
  std::vector<std::string> fingerprints;  // all the SHA-256 ones: "AB:CD:…", upper case
  std::size_t candidates = 0;
  std::optional<uint64_t> max_message_size;  // 0: no limit
};
// Only what webrtcbin can be trusted with passes; everything else is ErrorCode::Protocol.
Result<AnswerSummary> check_answer(const std::string &offer, const std::string &answer);

// The body of an ICE restart (RFC 8840 application/trickle-ice-sdpfrag).
struct IceFragment {
  std::string ufrag;
  Secret pwd;
  std::vector<std::string> candidates;  // "candidate:…", without a=
};
std::string make_ice_fragment(const std::string &offer, const std::string &ufrag,
                              const Secret &pwd);
Result<IceFragment> parse_ice_fragment(const std::string &fragment);

}  // namespace oairt
