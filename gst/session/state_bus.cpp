#include "session/state_bus.h"

#include <utility>

#include "base/log.h"

OAIRT_LOG_USE(session)

namespace oairt {
namespace {

constexpr const char *kInterface = "org.gst_openai_realtime.Session";
constexpr const char *kPath = "/org/gst_openai_realtime/Session";
constexpr const char *kDescription =
    "<node><interface name='org.gst_openai_realtime.Session'>"
    "<property name='ConnectionState' type='s' access='read'/>"
    "<property name='Reason' type='s' access='read'/>"
    "<property name='CallId' type='s' access='read'/>"
    "<property name='SessionId' type='s' access='read'/>"
    "<property name='Muted' type='b' access='read'/>"
    "<property name='LastTranscript' type='(sss)' access='read'/>"
    "</interface></node>";

GDBusInterfaceInfo *interface_info() {
  static GDBusNodeInfo *node = g_dbus_node_info_new_for_xml(kDescription, nullptr);
  return node->interfaces[0];
}

// Not g_dbus_address_get_for_bus_sync(): that may start a bus, and waits for it.
std::string address_of(const std::string &bus) {
  auto environment = [](const char *name) {
    const char *value = g_getenv(name);
    return std::string(value != nullptr ? value : "");
  };
  if (bus == "system") {
    std::string address = environment("DBUS_SYSTEM_BUS_ADDRESS");
    return address.empty() ? "unix:path=/var/run/dbus/system_bus_socket" : address;
  }
  if (bus != "session") return bus;
  std::string address = environment("DBUS_SESSION_BUS_ADDRESS");
  return address.empty() ? std::string("unix:path=") + g_get_user_runtime_dir() + "/bus" : address;
}

}  // namespace

std::string state_bus_name(const std::string &session) {
  std::string name = std::string(kInterface) + ".";
  bool first = true;
  for (unsigned char c : session) {
    bool plain = g_ascii_isalpha(c) || (g_ascii_isdigit(c) && !first);
    if (plain) {
      name += static_cast<char>(c);
    } else {
      static constexpr char kDigits[] = "0123456789abcdef";
      name += {'_', kDigits[c >> 4], kDigits[c & 15]};
    }
    first = false;
  }
  return name.substr(0, 255);
}

StateBus::StateBus(EventLoop &loop, std::string bus, const std::string &session,
                   std::function<void(const Error &)> on_trouble)
    : loop_(loop),
      bus_(std::move(bus)),
      name_(state_bus_name(session)),
      on_trouble_(std::move(on_trouble)) {
  connect();
}

StateBus::~StateBus() {
  g_cancellable_cancel(cancellable_.get());
  loop_.cancel(timer_);
  drop();
}

void StateBus::connect() {
  timer_ = 0;
  // A connection of its own: the process's shared one may end the process with the bus.
  auto flags = static_cast<GDBusConnectionFlags>(G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                 G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION);
  g_dbus_connection_new_for_address(
      address_of(bus_).c_str(), flags, nullptr, cancellable_.get(),
      [](GObject *, GAsyncResult *result, gpointer self) {
        GError *raw = nullptr;
        auto made =
            Ref<GDBusConnection>::adopt(g_dbus_connection_new_for_address_finish(result, &raw));
        UniqueError error(raw);
        if (error && g_error_matches(raw, G_IO_ERROR, G_IO_ERROR_CANCELLED)) return;
        auto *bus = static_cast<StateBus *>(self);
        if (error) return bus->retry(error->message);
        bus->on_connected(made);
      },
      this);
}

void StateBus::on_connected(const Ref<GDBusConnection> &connection) {
  connection_ = connection;
  loop_.outlive(G_OBJECT(connection_.get()));
  g_dbus_connection_set_exit_on_close(connection_.get(), FALSE);
  closed_handler_ =
      g_signal_connect(connection_.get(), "closed",
                       G_CALLBACK(+[](GDBusConnection *, gboolean, GError *, gpointer self) {
                         static_cast<StateBus *>(self)->retry("the bus closed the connection");
                       }),
                       this);
  static const GDBusInterfaceVTable kTable = {nullptr, &StateBus::get_property, nullptr, {}};
  object_ = g_dbus_connection_register_object(connection_.get(), kPath, interface_info(), &kTable,
                                              this, nullptr, nullptr);
  g_dbus_connection_call(
      connection_.get(), "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
      "RequestName", g_variant_new("(su)", name_.c_str(), 4u /* do not queue */),
      G_VARIANT_TYPE("(u)"), G_DBUS_CALL_FLAGS_NONE, -1, cancellable_.get(),
      [](GObject *source, GAsyncResult *result, gpointer self) {
        GError *raw = nullptr;
        GVariant *reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &raw);
        UniqueError error(raw);
        if (error && g_error_matches(raw, G_IO_ERROR, G_IO_ERROR_CANCELLED)) return;
        auto *bus = static_cast<StateBus *>(self);
        if (error) return bus->retry(error->message);
        guint32 answer = 0;
        g_variant_get(reply, "(u)", &answer);
        g_variant_unref(reply);
        bus->on_name(answer);
      },
      this);
}

void StateBus::on_name(guint32 reply) {
  if (reply != 1) return retry("another process has the name " + name_);
  told_ = false;
  LOG_INFO("the state is shown as %s", name_.c_str());
}

void StateBus::retry(const std::string &why) {
  drop();
  if (!std::exchange(told_, true)) {
    on_trouble_(Error{ErrorCode::Network,
                      "The session's state is not shown on D-Bus (state-bus=" + bus_ +
                          "): is that bus running, and allowed here? It is tried again.",
                      why,
                      {},
                      {}});
  }
  if (timer_ == 0) timer_ = loop_.call_after(kRetry, [this] { connect(); });
}

void StateBus::drop() {
  if (!connection_) return;
  g_signal_handler_disconnect(connection_.get(), std::exchange(closed_handler_, 0));
  if (object_ != 0) g_dbus_connection_unregister_object(connection_.get(), object_);
  object_ = 0;
  g_dbus_connection_close(connection_.get(), nullptr, nullptr, nullptr);
  connection_.reset();
}

void StateBus::follow(const SessionEvent &event) {
  if (const auto *state = std::get_if<ConnectionStateEvent>(&event)) {
    shown_.state = to_string(state->state);
    shown_.reason = state->reason;
    changed({"ConnectionState", "Reason"});
  } else if (const auto *info = std::get_if<SessionInfoEvent>(&event)) {
    shown_.call_id = info->call_id;
    shown_.session_id = info->session_id;
    changed({"CallId", "SessionId"});
  } else if (const auto *transcript = std::get_if<TranscriptEvent>(&event)) {
    if (!transcript->final) return;
    shown_.role = transcript->role;
    shown_.words = transcript->text;
    shown_.item_id = transcript->item_id;
    changed({"LastTranscript"});
  } else if (std::holds_alternative<LogicalSessionEvent>(event)) {
    shown_.role = shown_.words = shown_.item_id = "";
    changed({"LastTranscript"});
  }
}

void StateBus::set_muted(bool muted) {
  if (std::exchange(shown_.muted, muted) != muted) changed({"Muted"});
}

GVariant *StateBus::value_of(const char *property) const {
  std::string name = property;
  if (name == "ConnectionState") return g_variant_new_string(shown_.state.c_str());
  if (name == "Reason") return g_variant_new_string(shown_.reason.c_str());
  if (name == "CallId") return g_variant_new_string(shown_.call_id.c_str());
  if (name == "SessionId") return g_variant_new_string(shown_.session_id.c_str());
  if (name == "Muted") return g_variant_new_boolean(shown_.muted);
  return g_variant_new("(sss)", shown_.role.c_str(), shown_.words.c_str(), shown_.item_id.c_str());
}

GVariant *StateBus::get_property(GDBusConnection *, const gchar *, const gchar *, const gchar *,
                                 const gchar *property, GError **, gpointer self) {
  return static_cast<StateBus *>(self)->value_of(property);
}

void StateBus::changed(std::initializer_list<const char *> properties) {
  if (!connection_) return;
  GVariantBuilder values;
  g_variant_builder_init(&values, G_VARIANT_TYPE("a{sv}"));
  for (const char *property : properties) {
    g_variant_builder_add(&values, "{sv}", property, value_of(property));
  }
  g_dbus_connection_emit_signal(connection_.get(), nullptr, kPath,
                                "org.freedesktop.DBus.Properties", "PropertiesChanged",
                                g_variant_new("(sa{sv}as)", kInterface, &values, nullptr), nullptr);
}

}  // namespace oairt
