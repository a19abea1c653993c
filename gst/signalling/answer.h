// From the response to an offer to an Answer.
// Thread-safe: pure functions. Never puts a line of the SDP into an error.
#pragma once

#include <string>

#include "base/result.h"
#include "http/http_client.h"
#include "signalling/signalling.h"

namespace oairt {

constexpr std::size_t kMaxAnswerSdp = 64 * 1024;

// The last path segment that begins with "rtc_" and is longer; else the last one that is not empty.
std::string call_id_of(const std::string &location);

// `url` is where the offer was sent; `credential` is masked in errors.
Result<Answer> read_answer(const std::string &url, HttpResponse response, const Secret &credential);

}  // namespace oairt
