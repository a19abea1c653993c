// Sockets and HTTP for the simulator, over libsoup: requests in, replies out, with CORS and
// x-request-id on each; slow, missing and reset answers as a reply asks for them.
// Thread-bound to its context.
// Never knows a resource: a handler does.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <libsoup/soup.h>

#include "alarm.h"
#include "base/ref.h"
#include "base/result.h"
#include "chance.h"
#include "http_types.h"
#include "timers.h"

namespace oairt::sim {

class HttpServer {
 public:
  // `request_id` is already on its way to the client as x-request-id.
  using Handler = std::function<Reply(const Request &request, const std::string &request_id)>;

  static Result<std::unique_ptr<HttpServer>> listen(GMainContext *context,
                                                    const std::string &address, uint16_t port,
                                                    uint64_t seed, Handler handler);
  ~HttpServer();
  uint16_t port() const { return port_; }

 private:
  HttpServer(GMainContext *context, uint64_t seed, Handler handler);
  static void on_request(SoupServer *server, SoupServerMessage *message, const char *path,
                         GHashTable *query, gpointer self);
  void serve(SoupServerMessage *message, const char *path);
  void finish(SoupServerMessage *message, const Reply &reply);
  void close_abandoned(SoupServerMessage *message);

  Handler handler_;
  Chance chance_;
  Ref<SoupServer> server_;
  Timers timers_;
  Alarm alarm_;
  std::vector<Ref<GSocket>> sockets_;  // of all connections that still are open
  uint16_t port_ = 0;
};

}  // namespace oairt::sim
