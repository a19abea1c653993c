#include "rtc/ice_servers.h"

#include <algorithm>

#include "base/log.h"

OAIRT_LOG_USE(ice)

namespace oairt {
namespace {

// One address of each family is enough: a server that answers on one only is found on the other.
std::vector<std::string> pick_addresses(GList *list) {
  std::vector<std::string> out;
  bool have[2] = {false, false};
  for (GList *item = list; item != nullptr; item = item->next) {
    auto *address = static_cast<GInetAddress *>(item->data);
    bool &seen = have[g_inet_address_get_family(address) == G_SOCKET_FAMILY_IPV6];
    if (seen) continue;
    seen = true;
    out.emplace_back(GString_(g_inet_address_to_string(address)).get());
  }
  return out;
}

}  // namespace

IceServers::~IceServers() { close(); }

void IceServers::close() { g_cancellable_cancel(cancellable_.get()); }

void IceServers::set_stun(std::optional<ServerUri> uri) {
  stun_ = nullptr;
  if (!uri) return;
  stun_ = std::make_shared<Entry>();
  stun_->uri = std::move(*uri);
}

void IceServers::add_turn(ServerUri uri) {
  turn_.push_back(std::make_shared<Entry>());
  turn_.back()->uri = std::move(uri);
}

void IceServers::clear_turn() { turn_.clear(); }

void IceServers::set_proxy(std::optional<ServerUri> uri) {
  proxy_ = std::move(uri);
  for (const auto &entry : turn_) {
    entry->tcp_bridge.reset();
    entry->tls_bridge.reset();
  }
}

void IceServers::resolve() {
  if (stun_) resolve(stun_);
  for (const auto &entry : turn_) {
    open_bridges(*entry);
    resolve(entry);
  }
}

void IceServers::open_bridges(Entry &entry) {
  const ServerUri *proxy = proxy_ ? &*proxy_ : nullptr;
  for (TurnTransport transport : entry.uri.transports) {
    if (transport == TurnTransport::Tls && !entry.tls_bridge) {
      entry.tls_bridge = std::make_shared<TurnBridge>(entry.uri, true, proxy, ca_file_, on_bytes_);
    } else if (transport == TurnTransport::Tcp && !entry.tcp_bridge) {
      entry.tcp_bridge = std::make_shared<TurnBridge>(entry.uri, false, proxy, ca_file_, on_bytes_);
    }
  }
}

void IceServers::resolve(const std::shared_ptr<Entry> &entry) {
  const char *host = entry->uri.host.c_str();
  auto numeric = Ref<GInetAddress>::adopt(g_inet_address_new_from_string(host));
  if (numeric) {
    entry->addresses = {GString_(g_inet_address_to_string(numeric.get())).get()};
    return;
  }
  if (entry->resolving) return;
  entry->resolving = true;
  auto resolver = Ref<GResolver>::adopt(g_resolver_get_default());
  g_resolver_lookup_by_name_async(resolver.get(), host, cancellable_.get(),
                                  &IceServers::on_resolved, new Lookup{weak_from_this(), entry});
}

void IceServers::on_resolved(GObject *resolver, GAsyncResult *result, gpointer data) {
  std::unique_ptr<Lookup> lookup(static_cast<Lookup *>(data));
  GError *raw_error = nullptr;
  GList *list = g_resolver_lookup_by_name_finish(G_RESOLVER(resolver), result, &raw_error);
  UniqueError error(raw_error);
  std::vector<std::string> addresses = pick_addresses(list);
  g_resolver_free_addresses(list);
  auto servers = lookup->servers.lock();
  auto entry = lookup->entry.lock();
  if (!servers || !entry) return;
  entry->resolving = false;
  if (addresses.empty()) {
    if (!g_error_matches(error.get(), G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
      LOG_WARNING("cannot find the address of %s: %s", entry->uri.host.c_str(),
                  error ? error->message : "none");
    }
    return;
  }
  if (addresses == entry->addresses) return;
  entry->addresses = std::move(addresses);
  servers->on_change_();
}

std::optional<ServerAddress> IceServers::stun() const {
  if (!stun_ || stun_->addresses.empty()) return std::nullopt;
  return ServerAddress{stun_->addresses.front(), stun_->uri.port};
}

std::vector<RelayServer> IceServers::relays() const {
  std::vector<RelayServer> out;
  for (const auto &entry : turn_) {
    const ServerUri &uri = entry->uri;
    auto add = [&](TurnTransport transport, const std::string &address, uint16_t port,
                   std::shared_ptr<TurnBridge> bridge = nullptr) {
      out.push_back({{address, port}, transport, uri.user, uri.password, std::move(bridge)});
    };
    for (TurnTransport transport : uri.transports) {
      const auto &bridge = transport == TurnTransport::Tls ? entry->tls_bridge : entry->tcp_bridge;
      if (transport != TurnTransport::Udp && bridge) {
        if (bridge->port() != 0) add(transport, "127.0.0.1", bridge->port(), bridge);
        continue;
      }
      for (const std::string &address : entry->addresses) add(transport, address, uri.port);
    }
  }
  return out;
}

}  // namespace oairt
