#include "http/http_client.h"

#include <algorithm>
#include <optional>

#include <libsoup/soup.h>

#include "base/log.h"
#include "base/ref.h"
#include "http/exchange.h"
#include "http/url.h"

OAIRT_LOG_DEFINE(http, "openairealtime-http", "HTTP requests")
OAIRT_LOG_USE(http)

namespace oairt {
namespace {

constexpr unsigned kIdleTimeout_s = 120;
constexpr int kMaxConnections = 16;
constexpr int kMaxConnectionsPerHost = 8;
// libsoup lets a request wait while another one's connection is opened. A connection that takes
// longer may have been begun when there was no network, and waits for TCP's own timer then.
constexpr Duration kSlowConnection = milliseconds(250);
// One that is made ahead is worth waiting for a little longer: it is taken over.
constexpr Duration kSlowWarmUp = std::chrono::seconds(1);

class SoupCall : public HttpCall {
 public:
  explicit SoupCall(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  ~SoupCall() override { exchange_->cancel(); }

 private:
  std::shared_ptr<Exchange> exchange_;
};

class SoupClient : public HttpClient {
 public:
  SoupClient(EventLoop &loop, HttpOptions options) : loop_(loop), options_(std::move(options)) {}
  ~SoupClient() override { g_cancellable_cancel(warm_up_.get()); }

  std::unique_ptr<HttpCall> send(HttpRequest request, Callback callback) override {
    loop_.assert_in_loop();
    Result<Url> url = check_request(request, options_.allow_insecure_http);
    Result<Ref<SoupSession>> session =
        url.ok() ? ready_session(url.value()) : Result<Ref<SoupSession>>(url.error());
    auto exchange = std::make_shared<Exchange>(
        loop_, session.ok() ? session.value() : Ref<SoupSession>(), std::move(request),
        url.ok() ? url.value() : Url(), std::move(callback));
    if (session.ok()) {
      under_way_.push_back(exchange);
      exchange->start();
    } else {
      exchange->fail_later(session.error());
    }
    return std::make_unique<SoupCall>(std::move(exchange));
  }

  void warm_up(const std::string &text) override {
    loop_.assert_in_loop();
    Result<Url> url = parse_url(text, options_.allow_insecure_http);
    if (!url.ok()) return;
    Result<Ref<SoupSession>> session = session_for(url.value());
    if (!session.ok()) return;
    auto message = Ref<SoupMessage>::adopt(soup_message_new("HEAD", text.c_str()));
    if (!message) return;
    LOG_DEBUG("connecting to %s ahead", url->shown.c_str());
    auto prepare = +[](SoupMessage *, GSocketClientEvent event, GIOStream *stream, gpointer loop) {
      prepare_connection(*static_cast<EventLoop *>(loop), event, stream);
    };
    g_signal_connect(message.get(), "network-event", G_CALLBACK(prepare), &loop_);
    auto warming = std::make_shared<WarmUp>(WarmUp{session.value().get(), Clock::now()});
    warming_ = warming;
    soup_session_preconnect_async(
        session.value().get(), message.get(), G_PRIORITY_DEFAULT, warm_up_.get(),
        [](GObject *source, GAsyncResult *result, gpointer data) {
          soup_session_preconnect_finish(SOUP_SESSION(source), result, nullptr);
          delete static_cast<std::shared_ptr<WarmUp> *>(data);
        },
        new std::shared_ptr<WarmUp>(std::move(warming)));
  }

  void network_changed() override {
    loop_.assert_in_loop();
    // Requests under way keep the old sessions until they end.
    end_warm_up();
    direct_.reset();
    proxied_.reset();
  }

 private:
  struct WarmUp {
    const SoupSession *session;
    TimePoint since;
  };

  void end_warm_up() {
    g_cancellable_cancel(warm_up_.get());
    warm_up_ = Ref<GCancellable>::adopt(g_cancellable_new());
  }

  // One in which nothing keeps a new request waiting.
  Result<Ref<SoupSession>> ready_session(const Url &url) {
    Ref<SoupSession> &session = url.loopback ? direct_ : proxied_;
    if (session && is_stuck(session.get(), Clock::now())) {
      LOG_DEBUG("a connection to %s is slow, another one is opened", url.shown.c_str());
      session.reset();
    }
    return session_for(url);
  }

  bool is_stuck(const SoupSession *session, TimePoint now) {
    std::erase_if(under_way_, [](const auto &weak) { return weak.expired(); });
    auto warming = warming_.lock();
    if (warming && warming->session == session && now - warming->since >= kSlowWarmUp) {
      end_warm_up();
      return true;
    }
    return std::any_of(under_way_.begin(), under_way_.end(), [&](const auto &weak) {
      auto exchange = weak.lock();
      if (!exchange || exchange->session() != session) return false;
      auto since = exchange->connecting_since();
      return since && now - *since >= kSlowConnection;
    });
  }

  // Loopback never goes through a proxy: plain http is allowed there only because it stays inside.
  Result<Ref<SoupSession>> session_for(const Url &url) {
    Ref<SoupSession> &session = url.loopback ? direct_ : proxied_;
    if (session) return session;
    Result<Ref<SoupSession>> made = make_session(url.loopback);
    if (made.ok()) session = made.value();
    return made;
  }

  Result<Ref<SoupSession>> make_session(bool direct) {
    auto session = Ref<SoupSession>::adopt(
        soup_session_new_with_options("timeout", 0u, "idle-timeout", kIdleTimeout_s, "max-conns",
                                      kMaxConnections, "max-conns-per-host", kMaxConnectionsPerHost,
                                      "user-agent", options_.user_agent.c_str(), nullptr));
    // A decoder would let a small answer grow; without one none is asked for.
    soup_session_remove_feature_by_type(session.get(), SOUP_TYPE_CONTENT_DECODER);
    if (!options_.ca_file.empty()) {
      Result<Ref<GTlsDatabase>> database = load_ca_file();
      if (!database.ok()) return database.error();
      soup_session_set_tls_database(session.get(), database.value().get());
    }
    if (direct) {
      soup_session_set_proxy_resolver(session.get(), nullptr);
    } else if (!options_.proxy.empty()) {
      if (auto error = check_proxy()) return *error;
      auto resolver =
          Ref<GProxyResolver>::adopt(g_simple_proxy_resolver_new(options_.proxy.c_str(), nullptr));
      soup_session_set_proxy_resolver(session.get(), resolver.get());
    }
    return session;
  }

  Result<Ref<GTlsDatabase>> load_ca_file() {
    GString_ path(g_canonicalize_filename(options_.ca_file.c_str(), nullptr));
    GError *raw = nullptr;
    auto database =
        Ref<GTlsDatabase>::adopt(G_TLS_DATABASE(g_tls_file_database_new(path.get(), &raw)));
    UniqueError error(raw);
    if (database) return database;
    Error result;
    result.code = ErrorCode::Config;
    result.message = "The ca-file " + options_.ca_file + " could not be read as PEM certificates.";
    if (error) result.detail = error->message;
    return result;
  }

  std::optional<Error> check_proxy() const {
    static constexpr const char *kSchemes[] = {"http",   "https",   "socks",
                                               "socks4", "socks4a", "socks5"};
    Unique<GUri, g_uri_unref> uri(g_uri_parse(
        options_.proxy.c_str(),
        static_cast<GUriFlags>(G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_SCHEME_NORMALIZE), nullptr));
    if (uri && g_uri_get_host(uri.get()) != nullptr && *g_uri_get_host(uri.get()) != '\0') {
      for (const char *scheme : kSchemes) {
        if (g_str_equal(g_uri_get_scheme(uri.get()), scheme)) return std::nullopt;
      }
    }
    // The text itself may hold a password.
    Error error;
    error.code = ErrorCode::Config;
    error.message = "The proxy setting is not a URI like http://host:port or socks5://host:port.";
    return error;
  }

  EventLoop &loop_;
  HttpOptions options_;
  Ref<SoupSession> direct_;
  Ref<SoupSession> proxied_;
  Ref<GCancellable> warm_up_ = Ref<GCancellable>::adopt(g_cancellable_new());
  std::weak_ptr<WarmUp> warming_;  // until it is there, taken over, or given up
  std::vector<std::weak_ptr<Exchange>> under_way_;
};

}  // namespace

std::string HttpResponse::header(std::string_view name) const {
  for (const auto &[key, value] : headers) {
    if (key.size() == name.size() &&
        g_ascii_strncasecmp(key.data(), name.data(), key.size()) == 0) {
      return value;
    }
  }
  return {};
}

std::shared_ptr<HttpClient> HttpClient::create(EventLoop &loop, HttpOptions options) {
  return std::make_shared<SoupClient>(loop, std::move(options));
}

}  // namespace oairt
