// What the simulator saw and did, one JSON object a line, with monotonic and wall times.
// Thread-bound to the simulator's context.
// Never writes a key: only the end of its hash. Event texts are written: that is its purpose.
#pragma once

#include <cstdio>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "protocol/json.h"

namespace oairt::sim {

class Log {
 public:
  Log();                                 // writes nowhere
  Status open(const std::string &path);  // "-": standard error
  void write(std::string_view kind, std::initializer_list<Json::Member> members);
  bool enabled() const { return file_ != nullptr; }

 private:
  struct Close {
    void operator()(std::FILE *file) const {
      if (file != stderr) std::fclose(file);
    }
  };
  std::unique_ptr<std::FILE, Close> file_;
  TimePoint start_;
};

// The same event with pictures replaced by their size.
Json without_pictures(const Json &event);

// The last 4 characters of the key's SHA-256: enough to tell two keys apart.
std::string key_mark(std::string_view key);

}  // namespace oairt::sim
