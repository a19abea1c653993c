// One connection to a Redis server, in the clear or over TLS; one command at a time. Thread-bound;
// blocks, each wait for the server kPatience at most; the cancellable ends it from any thread.
// Never shows a password, nor what the server says beyond its error's name: it may quote a command.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gio/gio.h>
#include <hiredis/hiredis.h>

#include "base/ref.h"
#include "base/result.h"
#include "store/store_uri.h"

namespace oairt {

struct RedisReply {
  bool present = false;
  int64_t number = 0;
  std::string text;
  std::vector<RedisReply> list;
};

class RedisLink {
 public:
  static constexpr unsigned kPatienceSeconds = 1;

  // Connected, over TLS if wanted, logged in, in the right database.
  static Result<std::unique_ptr<RedisLink>> connect(const StoreUri &uri, const std::string &ca_file,
                                                    GCancellable *cancellable);
  ~RedisLink();

  Result<RedisReply> call(const std::vector<std::string_view> &words);
  // After an error on the way: replies no longer belong to commands.
  bool broken() const { return broken_; }

 private:
  RedisLink(std::string name, GCancellable *cancellable);
  Status connect_tls(const StoreUri &uri, const std::string &ca_file);
  Status log_in(const StoreUri &uri);
  Status send(const std::vector<std::string_view> &words);
  Result<RedisReply> receive();
  Error network_error(const GError *error);
  Error refusal(std::string_view text) const;

  std::string name_;
  Ref<GCancellable> cancellable_;
  Ref<GIOStream> stream_;
  Unique<redisReader, redisReaderFree> reader_;
  bool broken_ = false;
};

}  // namespace oairt
