// Dates in HTTP headers. Thread-safe: pure functions. Never asks a clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace oairt {

// "Sun, 22 Nov 2026 14:00:00 GMT" and its older forms, in unix seconds.
std::optional<int64_t> parse_http_date(const std::string &text);

}  // namespace oairt
