// One request and its answer over libsoup: time limit, size limit, one retry when a kept-alive
// connection turns out to be dead. Thread-bound to the event loop.
// Never calls back inline, after cancel(), or more than once.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <libsoup/soup.h>

#include "base/event_loop.h"
#include "base/ref.h"
#include "http/http_client.h"
#include "http/network_error.h"
#include "http/url.h"

namespace oairt {

class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  // `request` must have passed check_request().
  Exchange(EventLoop &loop, Ref<SoupSession> session, HttpRequest request, Url url,
           HttpClient::Callback callback);
  ~Exchange();

  void start();
  // Answers with this error instead, from the loop.
  void fail_later(Error error);
  void cancel();
  // While it is opening a connection: since when.
  std::optional<TimePoint> connecting_since() const { return connecting_since_; }
  const SoupSession *session() const { return session_.get(); }

 private:
  using Holder = std::unique_ptr<std::shared_ptr<Exchange>>;

  void send();
  Ref<SoupMessage> build_message();
  gpointer hold();
  static std::shared_ptr<Exchange> take(gpointer data);
  static void on_sent(GObject *session, GAsyncResult *result, gpointer data);
  static void on_read(GObject *stream, GAsyncResult *result, gpointer data);
  static void on_network_event(SoupMessage *message, GSocketClientEvent event, GIOStream *stream,
                               gpointer data);
  static gboolean on_certificate(SoupMessage *message, GTlsCertificate *certificate,
                                 GTlsCertificateFlags errors, gpointer data);
  void handle_headers();
  void handle_send_error(const GError &error);
  bool is_dead_kept_alive(const GError &error) const;
  void read_more();
  void handle_read(gssize count, const GError *error);
  void drop_stream();
  void drop_message();
  void stop_timer();
  void finish(Result<HttpResponse> result);
  NetworkContext context() const;

  EventLoop &loop_;
  Ref<SoupSession> session_;
  HttpRequest request_;
  Ref<GBytes> body_;
  Url url_;
  HttpClient::Callback callback_;  // empty: finished or cancelled
  EventLoop::TimerId timer_ = 0;
  Ref<GCancellable> cancellable_;
  Ref<SoupMessage> message_;
  SignalConnection network_event_;
  SignalConnection certificate_;
  Ref<GInputStream> stream_;
  std::array<char, 16384> buffer_;
  HttpResponse response_;
  std::string stage_;
  std::optional<TimePoint> connecting_since_;
  unsigned tls_errors_ = 0;
  bool new_connection_ = false;  // this request opened the connection that it uses
  bool retried_ = false;
  bool pending_ = false;  // libsoup will call back, and needs message and stream until then
};

// To be called at each "network-event" of a message: what libsoup leaves at other defaults.
void prepare_connection(EventLoop &loop, GSocketClientEvent event, GIOStream *stream);

// Config error if the request cannot be sent as it is.
Result<Url> check_request(const HttpRequest &request, bool allow_insecure_http);

}  // namespace oairt
