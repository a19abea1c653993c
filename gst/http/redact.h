// Makes another side's words fit for a log: keys are masked, control characters go, length is
// bounded. Thread-safe: a pure function. Never lets a key in the service's style through, nor the
// credential that it is told.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/secret.h"

namespace oairt {

std::string redact(std::string_view text, const Secret &credential = {},
                   std::size_t max_bytes = 300);

}  // namespace oairt
