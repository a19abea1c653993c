// From what a token server answered, or an application gave, to a Token.
// Thread-safe: pure functions. Never puts a part of the answer into an error.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/token.h"
#include "http/http_client.h"

namespace oairt {

// Trims white space around it; an error if what is left cannot be a credential. `source` begins
// the message: "The token server".
Result<Token> make_token(std::string_view value, const std::string &source);

struct AnswerTime {
  TimePoint now;             // when the answer came
  int64_t wall_clock_s = 0;  // the same moment by this machine's wall clock, which may be wrong
  // What was asked for, if anything was: no token is believed to live longer.
  std::optional<std::chrono::seconds> lifetime;
};

// Reads each of the shapes that make_token_url_provider() lists.
Result<Token> read_token_answer(const HttpResponse &response, const AnswerTime &time,
                                const std::string &source);

}  // namespace oairt
