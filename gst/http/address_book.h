// The TCP addresses behind a URL, or behind the proxy on the way to it: looked up in the
// background, kept when the name server is gone. Thread-bound to the event loop; the callback runs
// there, never inline. Never shows or logs a password of a proxy.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gio/gio.h>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/ref.h"

namespace oairt {

struct Endpoint {
  std::string host;  // IPv6 without brackets
  uint16_t port = 0;
};
// Of http(s) and socks URIs; the scheme's usual port where none is named.
std::optional<Endpoint> endpoint_of(const std::string &uri);

using Addresses = std::vector<Ref<GSocketAddress>>;

class AddressBook : public std::enable_shared_from_this<AddressBook> {
 public:
  // `on_change`: a look-up has ended, with new addresses or without.
  AddressBook(EventLoop &loop, const std::string &url, const std::string &proxy,
              std::function<void()> on_change);
  ~AddressBook();

  const Addresses &addresses() const { return addresses_; }
  bool looking_up() const { return lookup_ != nullptr; }
  // Starts a look-up unless a fresh one is under way; its end is told by on_change.
  void look_up();
  // Nothing is told any more.
  void close();
  Duration age() const { return Clock::now() - resolved_; }

 private:
  struct Lookup;
  void find_proxy(const std::shared_ptr<Lookup> &lookup);
  void resolve(const std::shared_ptr<Lookup> &lookup, const Endpoint &endpoint);
  void finish(const std::shared_ptr<Lookup> &lookup, Addresses found);
  static void on_proxies(GObject *resolver, GAsyncResult *result, gpointer data);
  static void on_addresses(GObject *resolver, GAsyncResult *result, gpointer data);

  EventLoop &loop_;
  std::string url_;
  std::optional<Endpoint> server_;
  std::optional<Endpoint> proxy_;  // the one that was set by hand
  bool ask_system_ = false;        // for its proxy settings
  std::function<void()> on_change_;
  Addresses addresses_;
  bool fixed_ = false;  // numeric: there is nothing to look up
  TimePoint resolved_;
  std::shared_ptr<Lookup> lookup_;  // under way
};

}  // namespace oairt
