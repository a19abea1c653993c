#include "http_server.h"

#include <algorithm>
#include <cerrno>

#include <sys/socket.h>

namespace oairt::sim {
namespace {

Request read_request(SoupServerMessage *message, const char *path) {
  Request request;
  request.method = soup_server_message_get_method(message);
  request.path = path;
  const char *query = g_uri_get_query(soup_server_message_get_uri(message));
  request.query = query == nullptr ? "" : query;
  SoupMessageHeadersIter iter;
  soup_message_headers_iter_init(&iter, soup_server_message_get_request_headers(message));
  const char *name = nullptr;
  const char *value = nullptr;
  while (soup_message_headers_iter_next(&iter, &name, &value)) {
    Unique<gchar, g_free> lower(g_ascii_strdown(name, -1));
    request.headers.emplace_back(lower.get(), value);
  }
  SoupMessageBody *body = soup_server_message_get_request_body(message);
  auto bytes = Ref<GBytes>::adopt(soup_message_body_flatten(body));
  gsize size = 0;
  const void *data = g_bytes_get_data(bytes.get(), &size);
  if (size > 0) request.body.assign(static_cast<const char *>(data), size);
  return request;
}

// A page from anywhere may call, as it may call the service with a client secret.
void allow_origins(SoupServerMessage *message, const Request &request) {
  SoupMessageHeaders *headers = soup_server_message_get_response_headers(message);
  std::string origin = request.header("origin");
  soup_message_headers_replace(headers, "Access-Control-Allow-Origin",
                               origin.empty() ? "*" : origin.c_str());
  if (!origin.empty()) soup_message_headers_append(headers, "Vary", "Origin");
  soup_message_headers_replace(headers, "Access-Control-Expose-Headers",
                               "Location, x-request-id, ETag, Retry-After");
  if (request.method != "OPTIONS") return;
  std::string asked = request.header("access-control-request-headers");
  soup_message_headers_replace(headers, "Access-Control-Allow-Methods",
                               "GET, POST, PATCH, DELETE, OPTIONS");
  soup_message_headers_replace(
      headers, "Access-Control-Allow-Headers",
      asked.empty() ? "Authorization, Content-Type, If-Match, OpenAI-Safety-Identifier, api-key"
                    : asked.c_str());
  soup_message_headers_replace(headers, "Access-Control-Max-Age", "600");
}

// RST instead of FIN, so that the client sees a reset and not an empty answer.
void reset_connection(SoupServerMessage *message) {
  if (GSocket *socket = soup_server_message_get_socket(message)) {
    struct linger at_once = {1, 0};
    setsockopt(g_socket_get_fd(socket), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  auto stream = Ref<GIOStream>::adopt(soup_server_message_steal_connection(message));
  if (stream) g_io_stream_close(stream.get(), nullptr, nullptr);
}

}  // namespace

HttpServer::HttpServer(GMainContext *context, uint64_t seed, Handler handler)
    : handler_(std::move(handler)), chance_(seed), alarm_(context, G_PRIORITY_DEFAULT, [this] {
        timers_.run(Clock::now());
        alarm_.set(timers_.next());
      }) {}

Result<std::unique_ptr<HttpServer>> HttpServer::listen(GMainContext *context,
                                                       const std::string &address, uint16_t port,
                                                       uint64_t seed, Handler handler) {
  std::unique_ptr<HttpServer> self(new HttpServer(context, seed, std::move(handler)));
  self->server_ = Ref<SoupServer>::adopt(
      soup_server_new("server-header", "openai-realtime-simulator ", nullptr));
  soup_server_add_handler(self->server_.get(), nullptr, &HttpServer::on_request, self.get(),
                          nullptr);
  auto target =
      Ref<GSocketAddress>::adopt(g_inet_socket_address_new_from_string(address.c_str(), port));
  if (!target) {
    return Error{ErrorCode::Config, "'" + address + "' is no IP address to listen on.", {}, {}, {}};
  }
  GError *raw_error = nullptr;
  g_main_context_push_thread_default(context);
  bool listening = soup_server_listen(self->server_.get(), target.get(),
                                      static_cast<SoupServerListenOptions>(0), &raw_error);
  g_main_context_pop_thread_default(context);
  if (!listening) {
    UniqueError error(raw_error);
    return Error{ErrorCode::Network,
                 "Cannot listen on " + address + ":" + std::to_string(port) +
                     "; is another simulator running?",
                 error->message,
                 {},
                 {}};
  }
  GSList *uris = soup_server_get_uris(self->server_.get());
  if (uris != nullptr) {
    self->port_ = static_cast<uint16_t>(g_uri_get_port(static_cast<GUri *>(uris->data)));
  }
  g_slist_free_full(uris, reinterpret_cast<GDestroyNotify>(g_uri_unref));
  return self;
}

HttpServer::~HttpServer() {
  if (server_) soup_server_disconnect(server_.get());
}

void HttpServer::on_request(SoupServer *, SoupServerMessage *message, const char *path,
                            GHashTable *, gpointer self) {
  static_cast<HttpServer *>(self)->serve(message, path);
}

void HttpServer::serve(SoupServerMessage *message, const char *path) {
  close_abandoned(message);
  Request request = read_request(message, path);
  std::string request_id = "req_" + chance_.hex(32);
  SoupMessageHeaders *headers = soup_server_message_get_response_headers(message);
  soup_message_headers_replace(headers, "x-request-id", request_id.c_str());
  allow_origins(message, request);
  if (request.method == "OPTIONS") {
    soup_server_message_set_status(message, 204, nullptr);
    return;
  }
  Reply reply = handler_(request, request_id);
  if (reply.delay <= Duration::zero() && reply.fate == Reply::Fate::Send) {
    finish(message, reply);
    return;
  }
  soup_server_message_pause(message);
  if (reply.fate == Reply::Fate::Hang) return;  // until the client goes away
  auto held = Ref<SoupServerMessage>::share(message);
  timers_.at(Clock::now() + reply.delay, [this, held, reply] {
    if (reply.fate == Reply::Fate::Reset) {
      reset_connection(held.get());
    } else {
      finish(held.get(), reply);
      soup_server_message_unpause(held.get());
    }
  });
  alarm_.set(timers_.next());
}

// libsoup 3.2 loses a reference to each socket that it accepts, so that those which the client has
// closed stay half open and use up the file descriptors.
void HttpServer::close_abandoned(SoupServerMessage *message) {
  std::erase_if(sockets_, [](const Ref<GSocket> &socket) {
    if (g_socket_is_closed(socket.get())) return true;
    char byte = 0;
    auto got = recv(g_socket_get_fd(socket.get()), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    bool gone = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
    if (gone) g_socket_close(socket.get(), nullptr);
    return gone;
  });
  GSocket *socket = soup_server_message_get_socket(message);
  bool known = std::any_of(sockets_.begin(), sockets_.end(),
                           [&](const Ref<GSocket> &other) { return other.get() == socket; });
  if (socket != nullptr && !known) sockets_.push_back(Ref<GSocket>::share(socket));
}

void HttpServer::finish(SoupServerMessage *message, const Reply &reply) {
  soup_server_message_set_status(message, static_cast<guint>(reply.status), nullptr);
  SoupMessageHeaders *headers = soup_server_message_get_response_headers(message);
  for (const auto &[name, value] : reply.headers) {
    soup_message_headers_replace(headers, name.c_str(), value.c_str());
  }
  if (reply.content_type.empty() || reply.status == 204) return;
  soup_server_message_set_response(message, reply.content_type.c_str(), SOUP_MEMORY_COPY,
                                   reply.body.data(), reply.body.size());
}

}  // namespace oairt::sim
