#include "timeline.h"

#include <cstdio>
#include <utility>

#include <glib.h>

namespace oairt::lab {

double now_ms() { return static_cast<double>(g_get_monotonic_time()) / 1000; }

void Timeline::write(const std::string &kind, Json line) {
  std::string text = line.dump();
  write_text(kind, text.substr(1, text.size() - 2));
}

void Timeline::write_text(const std::string &kind, const std::string &members) {
  LockGuard guard(lock_);
  std::printf("{\"t\":%.1f,\"k\":\"%s\"%s%s}\n", now_ms(), kind.c_str(), members.empty() ? "" : ",",
              members.c_str());
  std::fflush(stdout);
}

}  // namespace oairt::lab
