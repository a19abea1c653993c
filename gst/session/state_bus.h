// Shows a session's state to other processes, over D-Bus, read-only:
// org.gst_openai_realtime.Session at /org/gst_openai_realtime/Session of the name
// org.gst_openai_realtime.Session.NAME, with properties and their PropertiesChanged. Thread-bound
// to the event loop. Never waits for the bus, never needs it: while it is away it is tried again.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <gio/gio.h>

#include "base/event_loop.h"
#include "base/ref.h"
#include "base/result.h"
#include "session/session_events.h"

namespace oairt {

// The well-known name of a session: what D-Bus does not allow in a name is written as _XX.
std::string state_bus_name(const std::string &session);

class StateBus {
 public:
  static constexpr Duration kRetry = std::chrono::seconds(5);

  // `bus`: "session", "system" or a D-Bus address. `on_trouble` once, until it works.
  StateBus(EventLoop &loop, std::string bus, const std::string &session,
           std::function<void(const Error &)> on_trouble);
  ~StateBus();
  StateBus(const StateBus &) = delete;
  StateBus &operator=(const StateBus &) = delete;

  const std::string &bus() const { return bus_; }
  void follow(const SessionEvent &event);
  void set_muted(bool muted);

 private:
  struct Shown {
    std::string state = "idle", reason, call_id, session_id, role, words, item_id;
    bool muted = false;
  };

  void connect();
  void on_connected(const Ref<GDBusConnection> &connection);
  void on_name(guint32 reply);
  void retry(const std::string &why);
  void drop();
  GVariant *value_of(const char *property) const;
  void changed(std::initializer_list<const char *> properties);
  static GVariant *get_property(GDBusConnection *, const gchar *, const gchar *, const gchar *,
                                const gchar *property, GError **, gpointer self);

  EventLoop &loop_;
  std::string bus_, name_;
  std::function<void(const Error &)> on_trouble_;
  bool told_ = false;
  Shown shown_;
  Ref<GDBusConnection> connection_;
  Ref<GCancellable> cancellable_ = Ref<GCancellable>::adopt(g_cancellable_new());
  gulong closed_handler_ = 0;
  guint object_ = 0;
  EventLoop::TimerId timer_ = 0;
};

}  // namespace oairt
