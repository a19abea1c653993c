// What happened to a client, as lines of JSON with the machine's monotonic time in ms.
// Thread-safe: each line is written whole.
// Never buffers longer than a line: who reads it sees it happen.
#pragma once

#include <string>

#include "base/lock.h"
#include "protocol/json.h"

namespace oairt::lab {

double now_ms();  // CLOCK_MONOTONIC, the same in all namespaces

class Timeline {
 public:
  void write(const std::string &kind, Json line = Json::object());
  // `members` is JSON text without its braces: for what is written often.
  void write_text(const std::string &kind, const std::string &members);

 private:
  Mutex lock_;
};

}  // namespace oairt::lab
