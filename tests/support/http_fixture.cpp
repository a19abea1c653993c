#include "support/http_fixture.h"

#include <algorithm>
#include <set>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <gst/gst.h>
#include <libsoup/soup.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/event_loop.h"
#include "base/ref.h"

namespace oairt::test {

std::string ServedRequest::header(const std::string &name) const {
  for (const auto &[key, value] : headers) {
    if (g_ascii_strcasecmp(key.c_str(), name.c_str()) == 0) return value;
  }
  return {};
}

// --- certificates ---

CertificateMaker::CertificateMaker() {
  GString_ made(g_dir_make_tmp("oairt-test-XXXXXX", nullptr));
  g_assert(made);
  directory_ = made.get();
}

CertificateMaker::~CertificateMaker() {
  if (GDir *directory = g_dir_open(directory_.c_str(), 0, nullptr)) {
    while (const char *name = g_dir_read_name(directory)) unlink(path(name).c_str());
    g_dir_close(directory);
  }
  rmdir(directory_.c_str());
}

Certificate CertificateMaker::make(const std::string &names) {
  std::string number = std::to_string(made_++);
  Certificate made{path("certificate-" + number + ".pem"), path("key-" + number + ".pem")};
  std::string alternatives = "subjectAltName=" + names;
  const char *arguments[] = {"openssl",
                             "req",
                             "-x509",
                             "-newkey",
                             "ec",
                             "-pkeyopt",
                             "ec_paramgen_curve:prime256v1",
                             "-nodes",
                             "-days",
                             "2",
                             "-subj",
                             "/CN=t",
                             "-addext",
                             alternatives.c_str(),
                             "-keyout",
                             made.key_file.c_str(),
                             "-out",
                             made.certificate_file.c_str(),
                             nullptr};
  int status = -1;
  gboolean ran =
      g_spawn_sync(nullptr, const_cast<char **>(arguments), nullptr,
                   static_cast<GSpawnFlags>(G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL |
                                            G_SPAWN_STDERR_TO_DEV_NULL),
                   nullptr, nullptr, nullptr, nullptr, &status, nullptr);
  g_assert(ran && status == 0);
  return made;
}

// --- the server that answers ---

class HttpFixture::Impl {
 public:
  Impl(Handler handler, const Certificate *certificate)
      : handler_(std::move(handler)), secure_(certificate != nullptr), loop_("http-fixture") {
    run_in_loop([&] { start(certificate); });
  }
  ~Impl() {
    run_in_loop([&] {
      soup_server_disconnect(server_.get());
      server_.reset();
    });
    loop_.stop();
  }

  int port() const { return port_; }
  bool secure() const { return secure_; }
  std::vector<ServedRequest> requests() const {
    LockGuard lock(mutex_);
    return requests_;
  }

 private:
  void run_in_loop(const std::function<void()> &task) {
    Mutex mutex;
    Condition condition;
    bool done = false;
    loop_.post([&] {
      task();
      LockGuard lock(mutex);
      done = true;
      condition.notify_all();
    });
    LockGuard lock(mutex);
    condition.wait(mutex, [&] { return done; });
  }

  void start(const Certificate *certificate) {
    server_ = Ref<SoupServer>::adopt(soup_server_new("server-header", "fixture", nullptr));
    int options = SOUP_SERVER_LISTEN_IPV4_ONLY;
    if (certificate != nullptr) {
      auto pair = Ref<GTlsCertificate>::adopt(g_tls_certificate_new_from_files(
          certificate->certificate_file.c_str(), certificate->key_file.c_str(), nullptr));
      g_assert(pair);
      soup_server_set_tls_certificate(server_.get(), pair.get());
      options |= SOUP_SERVER_LISTEN_HTTPS;
    }
    soup_server_add_handler(server_.get(), nullptr, &Impl::on_request, this, nullptr);
    gboolean listening = soup_server_listen_local(
        server_.get(), 0, static_cast<SoupServerListenOptions>(options), nullptr);
    g_assert(listening);
    GSList *uris = soup_server_get_uris(server_.get());
    port_ = g_uri_get_port(static_cast<GUri *>(uris->data));
    g_slist_free_full(uris, reinterpret_cast<GDestroyNotify>(g_uri_unref));
  }

  static void on_request(SoupServer *, SoupServerMessage *message, const char *, GHashTable *,
                         gpointer data) {
    static_cast<Impl *>(data)->handle(message);
  }

  static ServedRequest read(SoupServerMessage *message) {
    ServedRequest request;
    GUri *uri = soup_server_message_get_uri(message);
    request.method = soup_server_message_get_method(message);
    request.path = g_uri_get_path(uri);
    request.query = g_uri_get_query(uri) != nullptr ? g_uri_get_query(uri) : "";
    SoupMessageBody *body = soup_server_message_get_request_body(message);
    if (body->data != nullptr) request.body.assign(body->data, body->length);
    soup_message_headers_foreach(
        soup_server_message_get_request_headers(message),
        [](const char *name, const char *value, gpointer list) {
          static_cast<ServedRequest *>(list)->headers.emplace_back(name, value);
        },
        &request);
    request.http2 = soup_server_message_get_http_version(message) == SOUP_HTTP_2_0;
    GSocketAddress *address = soup_server_message_get_remote_address(message);
    if (G_IS_INET_SOCKET_ADDRESS(address)) {
      request.client_port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(address));
    }
    return request;
  }

  void handle(SoupServerMessage *message) {
    ServedRequest request = read(message);
    {
      LockGuard lock(mutex_);
      requests_.push_back(request);
    }
    ServedReply reply = handler_(request);
    if (reply.never || reply.delay.count() > 0) soup_server_message_pause(message);
    if (reply.never) return;
    answer(message, reply);
    if (reply.delay.count() == 0) return;
    auto kept = Ref<SoupServerMessage>::share(message);
    loop_.call_after(reply.delay, [kept] { soup_server_message_unpause(kept.get()); });
  }

  static void answer(SoupServerMessage *message, const ServedReply &reply) {
    soup_server_message_set_status(message, reply.status, nullptr);
    SoupMessageHeaders *headers = soup_server_message_get_response_headers(message);
    const char *type = reply.content_type.empty() ? nullptr : reply.content_type.c_str();
    soup_server_message_set_response(message, type, SOUP_MEMORY_COPY, reply.body.data(),
                                     reply.body.size());
    for (const auto &[name, value] : reply.headers) {
      soup_message_headers_replace(headers, name.c_str(), value.c_str());
    }
  }

  Handler handler_;
  bool secure_;
  EventLoop loop_;
  Ref<SoupServer> server_;
  int port_ = 0;
  mutable Mutex mutex_;
  std::vector<ServedRequest> requests_ OAIRT_GUARDED_BY(mutex_);
};

HttpFixture::HttpFixture(Handler handler, const Certificate *certificate)
    : impl_(std::make_unique<Impl>(std::move(handler), certificate)) {}
HttpFixture::~HttpFixture() = default;

std::string HttpFixture::url(const std::string &path) const {
  return (impl_->secure() ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port()) +
         path;
}
int HttpFixture::port() const { return impl_->port(); }
std::vector<ServedRequest> HttpFixture::requests() const { return impl_->requests(); }
std::size_t HttpFixture::connections() const {
  std::set<int> ports;
  for (const ServedRequest &request : requests()) ports.insert(request.client_port);
  return ports.size();
}

// --- the server with the bare socket ---

class RawThread {
 public:
  explicit RawThread(std::function<void()> run) : thread_(std::move(run)) {}
  ~RawThread() { thread_.join(); }

 private:
  std::thread thread_;
};

RawServer::RawServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int bound = bind(listener_, reinterpret_cast<sockaddr *>(&address), sizeof(address));
  g_assert(bound == 0 && listen(listener_, 16) == 0);
  socklen_t size = sizeof(address);
  getsockname(listener_, reinterpret_cast<sockaddr *>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::make_unique<RawThread>([this] { run(); });
}

RawServer::~RawServer() {
  stopping_ = true;
  shutdown(listener_, SHUT_RDWR);
  {
    LockGuard lock(mutex_);
    if (current_ >= 0) shutdown(current_, SHUT_RDWR);
  }
  thread_.reset();
  close(listener_);
}

void RawServer::run() {
  while (!stopping_) {
    int accepted = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (accepted < 0) continue;
    {
      LockGuard lock(mutex_);
      current_ = accepted;
      if (stopping_) shutdown(accepted, SHUT_RDWR);
    }
    handler_(accepted, connections_++);
    LockGuard lock(mutex_);
    current_ = -1;
    close(accepted);
  }
}

std::string RawServer::url(const std::string &path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + path;
}

std::string read_request(int socket) {
  std::string text;
  char buffer[4096];
  while (true) {
    std::size_t head = text.find("\r\n\r\n");
    if (head != std::string::npos) {
      GString_ lower(g_ascii_strdown(text.substr(0, head).c_str(), -1));
      const char *length = strstr(lower.get(), "content-length:");
      std::size_t expected = length != nullptr ? std::strtoul(length + 15, nullptr, 10) : 0;
      if (text.size() >= head + 4 + expected) return text;
    }
    ssize_t count = recv(socket, buffer, sizeof(buffer), 0);
    if (count <= 0) return {};
    text.append(buffer, static_cast<std::size_t>(count));
  }
}

void write_all(int socket, const std::string &text) {
  for (std::size_t at = 0; at < text.size();) {
    ssize_t count = send(socket, text.data() + at, text.size() - at, MSG_NOSIGNAL);
    if (count <= 0) return;
    at += static_cast<std::size_t>(count);
  }
}

void reset_connection(int socket) {
  linger hard{1, 0};
  setsockopt(socket, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
}

void wait_until_closed(int socket, const std::atomic<bool> &give_up) {
  char buffer[4096];
  while (!give_up) {
    pollfd poll_for{socket, POLLIN, 0};
    if (poll(&poll_for, 1, 20) == 0) continue;
    if (recv(socket, buffer, sizeof(buffer), 0) <= 0) return;
  }
}

// --- logs ---

namespace {

Mutex log_mutex;
std::string log_text OAIRT_GUARDED_BY(log_mutex);
std::string log_categories OAIRT_GUARDED_BY(log_mutex);

bool logs(const char *category) {
  LockGuard lock(log_mutex);
  return g_str_has_prefix(category, log_categories.c_str());
}

void add_to_log(const std::string &line) {
  LockGuard lock(log_mutex);
  log_text += line + "\n";
}

void on_gst_log(GstDebugCategory *category, GstDebugLevel, const gchar *, const gchar *, gint,
                GObject *, GstDebugMessage *message, gpointer) {
  const char *name = gst_debug_category_get_name(category);
  if (logs(name)) add_to_log(std::string(name) + ": " + gst_debug_message_get(message));
}

GLogWriterOutput on_glib_log(GLogLevelFlags, const GLogField *fields, gsize count, gpointer) {
  for (gsize i = 0; i < count; ++i) {
    if (!g_str_equal(fields[i].key, "MESSAGE")) continue;
    const auto *text = static_cast<const char *>(fields[i].value);
    add_to_log(fields[i].length < 0 ? std::string(text) : std::string(text, fields[i].length));
  }
  return G_LOG_WRITER_HANDLED;
}

}  // namespace

LogCapture::LogCapture(std::string categories) {
  {
    LockGuard lock(log_mutex);
    log_text.clear();
    log_categories = std::move(categories);
  }
  // A writer can be set once in a process.
  static bool writer_is_set = (g_log_set_writer_func(&on_glib_log, nullptr, nullptr), true);
  static_cast<void>(writer_is_set);
  gst_debug_set_active(TRUE);
  gst_debug_set_default_threshold(GST_LEVEL_MEMDUMP);
  gst_debug_remove_log_function(gst_debug_log_default);
  gst_debug_add_log_function(&on_gst_log, nullptr, nullptr);
}

LogCapture::~LogCapture() {
  gst_debug_remove_log_function(&on_gst_log);
  gst_debug_set_default_threshold(GST_LEVEL_ERROR);
}

std::string LogCapture::text() const {
  LockGuard lock(log_mutex);
  return log_text;
}

}  // namespace oairt::test
