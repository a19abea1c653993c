#include "http/exchange.h"

#include <algorithm>
#include <cstring>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "base/log.h"
#include "http/credential.h"
#include "http/redact.h"

OAIRT_LOG_USE(http)

namespace oairt {
namespace {

// A peer whose kernel acknowledges nothing for this long is gone: a kept-alive connection that died
// with the old network is found out here and not by the request's whole time limit.
constexpr int kTcpUserTimeoutMs = 3000;

Error config_error(std::string message) {
  Error error;
  error.code = ErrorCode::Config;
  error.message = std::move(message);
  return error;
}

bool is_token(const std::string &text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return g_ascii_isalnum(c) || std::strchr("!#$%&'*+-.^_`|~", c) != nullptr;
  });
}

bool is_header_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

// Hands the body to GLib in memory that wipes itself.
Ref<GBytes> to_bytes(std::string &body) {
  auto *owned = new Secret(body);
  wipe(body);
  return Ref<GBytes>::adopt(g_bytes_new_with_free_func(
      owned->reveal().data(), owned->reveal().size(),
      [](gpointer data) { delete static_cast<Secret *>(data); }, owned));
}

// libsoup keeps plain copies of the headers; the message's own can be reached and wiped.
void wipe_headers(SoupMessage *message, const std::vector<HttpHeader> &headers) {
  SoupMessageHeaders *sent = soup_message_get_request_headers(message);
  for (const HttpHeader &header : headers) {
    const char *value = soup_message_headers_get_one(sent, header.name.c_str());
    if (value == nullptr) continue;
    explicit_bzero(const_cast<char *>(value), std::strlen(value));
    soup_message_headers_remove(sent, header.name.c_str());
  }
}

std::string lower_case(const char *text) {
  GString_ lower(g_ascii_strdown(text != nullptr ? text : "", -1));
  return lower.get();
}

const char *stage_name(GSocketClientEvent event) {
  switch (event) {
    case G_SOCKET_CLIENT_RESOLVING:
      return "looking up its name";
    case G_SOCKET_CLIENT_CONNECTING:
      return "connecting";
    case G_SOCKET_CLIENT_PROXY_NEGOTIATING:
      return "talking to the proxy";
    case G_SOCKET_CLIENT_TLS_HANDSHAKING:
      return "shaking hands for TLS";
    case G_SOCKET_CLIENT_COMPLETE:
      return "waiting for the answer";
    default:
      return nullptr;
  }
}

}  // namespace

void prepare_connection(EventLoop &loop, GSocketClientEvent event, GIOStream *stream) {
  if (event == G_SOCKET_CLIENT_CONNECTED && G_IS_SOCKET_CONNECTION(stream)) {
    GSocket *socket = g_socket_connection_get_socket(G_SOCKET_CONNECTION(stream));
    g_socket_set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, kTcpUserTimeoutMs, nullptr);
    loop.outlive(G_OBJECT(stream));
  }
  // One request after the other gains nothing from HTTP/2, and libsoup's was not steady before 3.7.
  if (event == G_SOCKET_CLIENT_TLS_HANDSHAKING && G_IS_TLS_CONNECTION(stream)) {
    static const char *kProtocols[] = {"http/1.1", nullptr};
    g_tls_connection_set_advertised_protocols(G_TLS_CONNECTION(stream), kProtocols);
  }
}

Result<Url> check_request(const HttpRequest &request, bool allow_insecure_http) {
  Result<Url> url = parse_url(request.url, allow_insecure_http);
  if (!url.ok()) return url;
  if (!is_token(request.method)) return config_error("The HTTP method is not valid.");
  for (const HttpHeader &header : request.headers) {
    if (!is_token(header.name)) {
      return config_error("A header for " + url->shown + " has a name that is not valid.");
    }
    if (!is_header_value(header.value.reveal())) {
      return config_error("The header " + header.name + " for " + url->shown +
                          " has line breaks or control characters in its value.");
    }
  }
  return url;
}

Exchange::Exchange(EventLoop &loop, Ref<SoupSession> session, HttpRequest request, Url url,
                   HttpClient::Callback callback)
    : loop_(loop),
      session_(std::move(session)),
      request_(std::move(request)),
      body_(to_bytes(request_.body)),
      url_(std::move(url)),
      callback_(std::move(callback)),
      cancellable_(Ref<GCancellable>::adopt(g_cancellable_new())) {}

Exchange::~Exchange() {
  explicit_bzero(buffer_.data(), buffer_.size());
  wipe(response_.body);
}

void Exchange::start() {
  std::weak_ptr<Exchange> weak = weak_from_this();
  timer_ = loop_.call_after(request_.timeout, [weak] {
    auto self = weak.lock();
    if (!self) return;
    self->timer_ = 0;
    double seconds = to_ms(self->request_.timeout) / 1000;
    self->finish(timeout_error(self->context(), seconds));
  });
  send();
}

void Exchange::fail_later(Error error) {
  std::weak_ptr<Exchange> weak = weak_from_this();
  loop_.post([weak, error = std::move(error)] {
    if (auto self = weak.lock()) self->finish(error);
  });
}

void Exchange::cancel() {
  callback_ = nullptr;
  stop_timer();
  g_cancellable_cancel(cancellable_.get());
}

Ref<SoupMessage> Exchange::build_message() {
  auto message =
      Ref<SoupMessage>::adopt(soup_message_new(request_.method.c_str(), request_.url.c_str()));
  if (!message) return message;
  // To libsoup, "idempotent" is the leave to take a kept-alive connection. It repeats no POST.
  unsigned flags = SOUP_MESSAGE_NO_REDIRECT | SOUP_MESSAGE_IDEMPOTENT |
                   SOUP_MESSAGE_DO_NOT_USE_AUTH_CACHE | SOUP_MESSAGE_COLLECT_METRICS;
  if (retried_) flags |= SOUP_MESSAGE_NEW_CONNECTION;
  soup_message_set_flags(message.get(), static_cast<SoupMessageFlags>(flags));
  SoupMessageHeaders *headers = soup_message_get_request_headers(message.get());
  for (const HttpHeader &header : request_.headers) {
    std::string value(header.value.reveal());
    soup_message_headers_append(headers, header.name.c_str(), value.c_str());
    wipe(value);
  }
  if (g_bytes_get_size(body_.get()) > 0 || !request_.content_type.empty()) {
    const char *type = request_.content_type.empty() ? nullptr : request_.content_type.c_str();
    soup_message_set_request_body_from_bytes(message.get(), type, body_.get());
  }
  return message;
}

void Exchange::send() {
  message_ = build_message();
  if (!message_) {
    fail_later(config_error("The server's URL is not valid: it is malformed."));
    return;
  }
  new_connection_ = false;
  tls_errors_ = 0;
  stage_ = "waiting for the answer";  // unless a connection is to be made first
  network_event_ = SignalConnection(message_.get(), "network-event",
                                    G_CALLBACK(&Exchange::on_network_event), this);
  certificate_ = SignalConnection(message_.get(), "accept-certificate",
                                  G_CALLBACK(&Exchange::on_certificate), this);
  LOG_DEBUG("%s %s%s", request_.method.c_str(), url_.shown.c_str(), retried_ ? " (again)" : "");
  soup_session_send_async(session_.get(), message_.get(), G_PRIORITY_DEFAULT, cancellable_.get(),
                          &Exchange::on_sent, hold());
}

// Every pending call into libsoup keeps the exchange alive.
gpointer Exchange::hold() {
  pending_ = true;
  return new std::shared_ptr<Exchange>(shared_from_this());
}

std::shared_ptr<Exchange> Exchange::take(gpointer data) {
  Holder holder(static_cast<std::shared_ptr<Exchange> *>(data));
  (*holder)->pending_ = false;
  return std::move(*holder);
}

void Exchange::on_network_event(SoupMessage *, GSocketClientEvent event, GIOStream *stream,
                                gpointer data) {
  auto *self = static_cast<Exchange *>(data);
  self->new_connection_ = true;
  if (event == G_SOCKET_CLIENT_COMPLETE) {
    self->connecting_since_.reset();
  } else if (!self->connecting_since_) {
    self->connecting_since_ = Clock::now();
  }
  if (const char *stage = stage_name(event)) self->stage_ = stage;
  prepare_connection(self->loop_, event, stream);
}

gboolean Exchange::on_certificate(SoupMessage *, GTlsCertificate *, GTlsCertificateFlags errors,
                                  gpointer data) {
  static_cast<Exchange *>(data)->tls_errors_ = errors;
  return FALSE;
}

void Exchange::on_sent(GObject *session, GAsyncResult *result, gpointer data) {
  auto self = take(data);
  self->connecting_since_.reset();
  GError *raw = nullptr;
  self->stream_ =
      Ref<GInputStream>::adopt(soup_session_send_finish(SOUP_SESSION(session), result, &raw));
  UniqueError error(raw);
  if (!self->callback_) {
    self->drop_stream();
    self->drop_message();
  } else if (error) {
    self->handle_send_error(*error);
  } else {
    self->handle_headers();
  }
}

bool Exchange::is_dead_kept_alive(const GError &error) const {
  if (new_connection_ || retried_) return false;
  if (error.domain == G_IO_ERROR && error.code == G_IO_ERROR_CANCELLED) return false;
  SoupMessageMetrics *metrics = soup_message_get_metrics(message_.get());
  return metrics == nullptr ||
         soup_message_metrics_get_response_header_bytes_received(metrics) == 0;
}

void Exchange::handle_send_error(const GError &error) {
  bool again = is_dead_kept_alive(error);
  if (!again) {
    finish(network_error(error, context()));
    return;
  }
  LOG_INFO("a kept-alive connection to %s was dead, trying a new one", url_.shown.c_str());
  drop_message();
  retried_ = true;
  send();
}

void Exchange::handle_headers() {
  response_.status = soup_message_get_status(message_.get());
  // For a tunnel that the proxy did not open, libsoup reports the proxy's status as if the server
  // had sent it; the server would have shown a certificate.
  if (url_.secure && soup_message_get_tls_peer_certificate(message_.get()) == nullptr) {
    finish(proxy_error(context(), response_.status));
    return;
  }
  SoupMessageHeaders *headers = soup_message_get_response_headers(message_.get());
  response_.content_type = lower_case(soup_message_headers_get_content_type(headers, nullptr));
  soup_message_headers_foreach(
      headers,
      [](const char *name, const char *value, gpointer data) {
        static_cast<HttpResponse *>(data)->headers.emplace_back(name, value);
      },
      &response_);
  goffset length = soup_message_headers_get_content_length(headers);
  std::size_t expected = length > 0 ? static_cast<std::size_t>(length) : buffer_.size();
  response_.body.reserve(std::min(expected, HttpClient::kMaxBody));
  stage_ = "reading the answer";
  read_more();
}

void Exchange::read_more() {
  g_input_stream_read_async(stream_.get(), buffer_.data(), buffer_.size(), G_PRIORITY_DEFAULT,
                            cancellable_.get(), &Exchange::on_read, hold());
}

void Exchange::on_read(GObject *stream, GAsyncResult *result, gpointer data) {
  auto self = take(data);
  GError *raw = nullptr;
  gssize count = g_input_stream_read_finish(G_INPUT_STREAM(stream), result, &raw);
  UniqueError error(raw);
  if (!self->callback_) {
    self->drop_stream();
    self->drop_message();
    return;
  }
  self->handle_read(count, error.get());
}

void Exchange::handle_read(gssize count, const GError *error) {
  if (error != nullptr) {
    finish(network_error(*error, context()));
    return;
  }
  if (count == 0) {
    LOG_DEBUG("%s answered %u, %zu bytes%s", url_.shown.c_str(), response_.status,
              response_.body.size(), new_connection_ ? ", new connection" : "");
    // At the end of the body this cannot block, and the connection is free for a request that the
    // callback makes.
    g_input_stream_close(stream_.get(), nullptr, nullptr);
    stream_.reset();
    finish(std::move(response_));
    return;
  }
  if (response_.body.size() + static_cast<std::size_t>(count) > HttpClient::kMaxBody) {
    Error too_large;
    too_large.code = ErrorCode::Protocol;
    too_large.message = "The answer of " + url_.shown + " is larger than 1 MiB. Is the URL right?";
    too_large.detail =
        "HTTP " + std::to_string(response_.status) + ", " + redact(response_.content_type, {}, 64);
    finish(std::move(too_large));
    return;
  }
  response_.body.append(buffer_.data(), static_cast<std::size_t>(count));
  read_more();
}

// Closing by dropping would be synchronous.
void Exchange::drop_stream() {
  if (!stream_) return;
  g_input_stream_close_async(stream_.get(), G_PRIORITY_DEFAULT, nullptr, nullptr, nullptr);
  stream_.reset();
}

void Exchange::drop_message() {
  network_event_.disconnect();
  certificate_.disconnect();
  if (!message_) return;
  wipe_headers(message_.get(), request_.headers);
  message_.reset();
}

void Exchange::stop_timer() {
  if (timer_ != 0) loop_.cancel(std::exchange(timer_, 0));
}

NetworkContext Exchange::context() const { return {url_.shown, stage_, tls_errors_}; }

void Exchange::finish(Result<HttpResponse> result) {
  if (!callback_) return;
  auto keep = shared_from_this();
  HttpClient::Callback callback = std::exchange(callback_, nullptr);
  stop_timer();
  if (!result.ok()) {
    LOG_INFO("%s", result.error().message.c_str());
    g_cancellable_cancel(cancellable_.get());
  }
  if (!pending_) {
    drop_stream();
    drop_message();
  }
  callback(std::move(result));
}

}  // namespace oairt
