// A credential that starts calls. A plain value; wipes itself.
#pragma once

#include <optional>

#include "base/clock.h"
#include "base/secret.h"

namespace oairt {

struct Token {
  Secret value;
  // Until when it may start calls; nothing: it does not expire as far as we know.
  std::optional<TimePoint> expires;
  // An ephemeral key takes its session settings from the mint; a project key sends them with the
  // call (realtime-api: calls, form A and B).
  bool ephemeral = true;
};

}  // namespace oairt
