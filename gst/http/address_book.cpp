#include "http/address_book.h"

#include <utility>

namespace oairt {
namespace {

// A look-up that a dead name server holds up is not waited for once the network may be back.
constexpr Duration kStuck = std::chrono::seconds(5);
constexpr std::size_t kMostAddresses = 16;

uint16_t usual_port(const char *scheme) {
  if (g_str_has_prefix(scheme, "socks")) return 1080;
  return g_ascii_strcasecmp(scheme, "http") == 0 ? 80 : 443;
}

bool is_this_machine(const std::string &host) {
  if (g_ascii_strcasecmp(host.c_str(), "localhost") == 0) return true;
  auto address = Ref<GInetAddress>::adopt(g_inet_address_new_from_string(host.c_str()));
  return address && g_inet_address_get_is_loopback(address.get()) != FALSE;
}

Ref<GSocketAddress> numeric(const Endpoint &endpoint) {
  auto address = Ref<GInetAddress>::adopt(g_inet_address_new_from_string(endpoint.host.c_str()));
  if (!address) return {};
  return Ref<GSocketAddress>::adopt(g_inet_socket_address_new(address.get(), endpoint.port));
}

std::string plain_uri(const std::string &url, const Endpoint &endpoint) {
  std::string host =
      endpoint.host.find(':') == std::string::npos ? endpoint.host : "[" + endpoint.host + "]";
  return url.substr(0, url.find(':')) + "://" + host + ":" + std::to_string(endpoint.port) + "/";
}

}  // namespace

std::optional<Endpoint> endpoint_of(const std::string &uri) {
  constexpr auto kFlags =
      static_cast<GUriFlags>(G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_PARSE_RELAXED);
  Unique<GUri, g_uri_unref> parsed(g_uri_parse(uri.c_str(), kFlags, nullptr));
  const char *host = parsed ? g_uri_get_host(parsed.get()) : nullptr;
  if (host == nullptr || *host == '\0') return std::nullopt;
  int port = g_uri_get_port(parsed.get());
  Endpoint endpoint;
  endpoint.host = host;
  endpoint.port =
      port > 0 ? static_cast<uint16_t>(port) : usual_port(g_uri_get_scheme(parsed.get()));
  return endpoint;
}

struct AddressBook::Lookup {
  Ref<GCancellable> cancellable = Ref<GCancellable>::adopt(g_cancellable_new());
  TimePoint started = Clock::now();
  uint16_t port = 0;

  // What GIO carries until it calls back.
  struct Pending {
    std::weak_ptr<AddressBook> book;
    std::shared_ptr<Lookup> lookup;
  };
};

AddressBook::AddressBook(EventLoop &loop, const std::string &url, const std::string &proxy,
                         std::function<void()> on_change)
    : loop_(loop), url_(url), server_(endpoint_of(url)), on_change_(std::move(on_change)) {
  bool local = server_ && is_this_machine(server_->host);
  if (!proxy.empty() && !local) proxy_ = endpoint_of(proxy);
  ask_system_ = proxy.empty() && !local && server_.has_value();
  if (ask_system_) return;
  const std::optional<Endpoint> &target = proxy_ ? proxy_ : server_;
  Ref<GSocketAddress> address = target ? numeric(*target) : Ref<GSocketAddress>();
  if (!address) return;
  addresses_.push_back(std::move(address));
  fixed_ = true;
}

AddressBook::~AddressBook() { close(); }

void AddressBook::close() {
  on_change_ = nullptr;
  if (lookup_) g_cancellable_cancel(lookup_->cancellable.get());
  lookup_.reset();
}

void AddressBook::look_up() {
  loop_.assert_in_loop();
  if (fixed_ || (lookup_ && Clock::now() - lookup_->started < kStuck)) return;
  if (lookup_) g_cancellable_cancel(lookup_->cancellable.get());
  lookup_ = std::make_shared<Lookup>();
  const std::optional<Endpoint> &target = proxy_ ? proxy_ : server_;
  if (!target) {
    loop_.post([weak = weak_from_this(), lookup = lookup_] {
      if (auto self = weak.lock()) self->finish(lookup, {});
    });
  } else if (ask_system_) {
    find_proxy(lookup_);
  } else {
    resolve(lookup_, *target);
  }
}

void AddressBook::find_proxy(const std::shared_ptr<Lookup> &lookup) {
  g_proxy_resolver_lookup_async(g_proxy_resolver_get_default(), plain_uri(url_, *server_).c_str(),
                                lookup->cancellable.get(), &AddressBook::on_proxies,
                                new Lookup::Pending{weak_from_this(), lookup});
}

void AddressBook::on_proxies(GObject *resolver, GAsyncResult *result, gpointer data) {
  std::unique_ptr<Lookup::Pending> pending(static_cast<Lookup::Pending *>(data));
  Unique<gchar *, g_strfreev> proxies(
      g_proxy_resolver_lookup_finish(G_PROXY_RESOLVER(resolver), result, nullptr));
  auto self = pending->book.lock();
  if (!self || self->lookup_ != pending->lookup) return;
  const char *first = proxies ? *proxies : nullptr;
  bool direct = first == nullptr || g_str_has_prefix(first, "direct:");
  self->resolve(pending->lookup,
                direct ? *self->server_ : endpoint_of(first).value_or(*self->server_));
}

void AddressBook::resolve(const std::shared_ptr<Lookup> &lookup, const Endpoint &endpoint) {
  lookup->port = endpoint.port;
  auto resolver = Ref<GResolver>::adopt(g_resolver_get_default());
  g_resolver_lookup_by_name_async(resolver.get(), endpoint.host.c_str(), lookup->cancellable.get(),
                                  &AddressBook::on_addresses,
                                  new Lookup::Pending{weak_from_this(), lookup});
}

void AddressBook::on_addresses(GObject *resolver, GAsyncResult *result, gpointer data) {
  std::unique_ptr<Lookup::Pending> pending(static_cast<Lookup::Pending *>(data));
  GList *list = g_resolver_lookup_by_name_finish(G_RESOLVER(resolver), result, nullptr);
  Addresses found;
  for (GList *item = list; item != nullptr && found.size() < kMostAddresses; item = item->next) {
    found.push_back(Ref<GSocketAddress>::adopt(
        g_inet_socket_address_new(G_INET_ADDRESS(item->data), pending->lookup->port)));
  }
  g_resolver_free_addresses(list);
  if (auto self = pending->book.lock()) self->finish(pending->lookup, std::move(found));
}

void AddressBook::finish(const std::shared_ptr<Lookup> &lookup, Addresses found) {
  if (lookup_ != lookup) return;
  lookup_.reset();
  // What was known stays when the name server is out of reach.
  if (!found.empty()) addresses_ = std::move(found);
  resolved_ = Clock::now();
  if (on_change_) on_change_();
}

}  // namespace oairt
