// Where a store is, taken apart. A plain value; reading it touches no file and no network.
// Never shows a password: neither in an error nor in name().
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "store/store.h"

namespace oairt {

struct StoreUri {
  enum class Kind { Memory, Sqlite, Redis };
  Kind kind = Kind::Memory;
  std::string path;  // Sqlite; absolute

  std::string host;  // Redis
  uint16_t port = 6379;
  bool tls = false;
  int database = 0;
  std::string user;
  Secret password;

  // For error texts: "the Redis server HOST:PORT", "the file PATH".
  std::string name() const;
};

Result<StoreUri> parse_store_uri(const std::string &uri);
Status check_store_options(const StoreOptions &options);
// XDG_STATE_HOME/gst-openai-realtime
std::string state_directory();

}  // namespace oairt
