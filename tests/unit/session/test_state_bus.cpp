// Another process follows a session: a real bus, started by the test.
#include <string>

#include <gio/gio.h>

#include "session/state_bus.h"
#include "support/check.h"
#include "support/loop_run.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

constexpr const char *kPath = "/org/gst_openai_realtime/Session";
constexpr const char *kInterface = "org.gst_openai_realtime.Session";

class Bus {
 public:
  Bus() : bus_(g_test_dbus_new(G_TEST_DBUS_NONE)) { g_test_dbus_up(bus_); }
  ~Bus() {
    g_test_dbus_stop(bus_);
    g_object_unref(bus_);
  }
  std::string address() const { return g_test_dbus_get_bus_address(bus_); }

 private:
  GTestDBus *bus_;
};

// Who follows, in the test's own main context.
class Follower {
 public:
  explicit Follower(const std::string &address) {
    auto flags = static_cast<GDBusConnectionFlags>(G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                   G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION);
    connection_ = Ref<GDBusConnection>::adopt(
        g_dbus_connection_new_for_address_sync(address.c_str(), flags, nullptr, nullptr, nullptr));
    fail_unless(static_cast<bool>(connection_));
    subscription_ = g_dbus_connection_signal_subscribe(
        connection_.get(), nullptr, "org.freedesktop.DBus.Properties", "PropertiesChanged", kPath,
        nullptr, G_DBUS_SIGNAL_FLAGS_NONE,
        [](GDBusConnection *, const gchar *, const gchar *, const gchar *, const gchar *,
           GVariant *parameters, gpointer self) {
          GString_ text(g_variant_print(parameters, FALSE));
          static_cast<Follower *>(self)->heard_ += text.get();
        },
        this, nullptr);
  }
  ~Follower() {
    g_dbus_connection_signal_unsubscribe(connection_.get(), subscription_);
    g_dbus_connection_close_sync(connection_.get(), nullptr, nullptr);
  }

  std::string call(const std::string &name, const char *method, GVariant *arguments) {
    GVariant *reply = g_dbus_connection_call_sync(
        connection_.get(), name.c_str(), kPath, "org.freedesktop.DBus.Properties", method,
        arguments, nullptr, G_DBUS_CALL_FLAGS_NO_AUTO_START, 2000, nullptr, nullptr);
    if (reply == nullptr) return "";
    GString_ text(g_variant_print(reply, FALSE));
    g_variant_unref(reply);
    return text.get();
  }
  std::string all(const std::string &name) {
    return call(name, "GetAll", g_variant_new("(s)", kInterface));
  }
  const std::string &heard() const { return heard_; }

 private:
  Ref<GDBusConnection> connection_;
  guint subscription_ = 0;
  std::string heard_;
};

// A bus with a session on it.
class Scene {
 public:
  explicit Scene(const std::string &address, const std::string &session = "kiosk 7") {
    run_in(loop_, [&] {
      shown_ = std::make_unique<StateBus>(loop_, address, session,
                                          [this](const Error &error) { trouble_ = error.message; });
      return true;
    });
  }
  ~Scene() {
    run_in(loop_, [&] { return shown_.reset(), true; });
  }
  void tell(const SessionEvent &event) {
    run_in(loop_, [&] { return shown_->follow(event), true; });
  }
  void mute(bool muted) {
    run_in(loop_, [&] { return shown_->set_muted(muted), true; });
  }
  std::string trouble() {
    return run_in(loop_, [&] { return trouble_; });
  }

 private:
  EventLoop loop_{"test-loop"};
  std::unique_ptr<StateBus> shown_;
  std::string trouble_;
};

}  // namespace

GST_START_TEST(a_name_is_one_that_d_bus_allows) {
  assert_text(state_bus_name("kiosk"), "org.gst_openai_realtime.Session.kiosk");
  assert_text(state_bus_name("7 a/b_ü"), "org.gst_openai_realtime.Session._37_20a_2fb_5f_c3_bc");
  for (const char *session : {"7", "pipeline:12", "..", "a", "ü ü", "-"}) {
    fail_unless(g_dbus_is_name(state_bus_name(session).c_str()), "%s", session);
  }
  fail_unless(g_dbus_is_name(state_bus_name(std::string(1000, 'x')).c_str()));
}
GST_END_TEST

GST_START_TEST(a_follower_reads_and_is_told) {
  Bus bus;
  Scene scene(bus.address());
  Follower follower(bus.address());
  std::string name = state_bus_name("kiosk 7");
  fail_unless(wait_for([&] { return !follower.all(name).empty(); }));
  assert_contains(follower.all(name), "'ConnectionState': <'idle'>");
  scene.tell(ConnectionStateEvent{ConnectionState::Connected, "well", 0});
  scene.tell(SessionInfoEvent{"sess_1", "rtc_1", 0});
  scene.tell(TranscriptEvent{"user", "Good", false, "item_1"});
  scene.tell(TranscriptEvent{"user", "Good morning.", true, "item_1"});
  scene.mute(true);
  fail_unless(wait_for([&] { return follower.heard().find("'Muted'") != std::string::npos; }));
  assert_contains(follower.heard(), "'ConnectionState': <'connected'>");
  assert_contains(follower.heard(), "'CallId': <'rtc_1'>");
  assert_contains(follower.heard(), "('user', 'Good morning.', 'item_1')");
  fail_if(follower.heard().find("'Good'") != std::string::npos);
  assert_contains(follower.all(name), "'Muted': <true>");
  scene.tell(LogicalSessionEvent{"split-session"});
  fail_unless(
      wait_for([&] { return follower.all(name).find("Good morning") == std::string::npos; }));
}
GST_END_TEST

GST_START_TEST(nobody_can_change_anything) {
  Bus bus;
  Scene scene(bus.address());
  Follower follower(bus.address());
  std::string name = state_bus_name("kiosk 7");
  fail_unless(wait_for([&] { return !follower.all(name).empty(); }));
  assert_text(
      follower.call(name, "Set",
                    g_variant_new("(ssv)", kInterface, "Muted", g_variant_new_boolean(TRUE))),
      "");
  assert_contains(follower.all(name), "'Muted': <false>");
}
GST_END_TEST

GST_START_TEST(without_a_bus_it_is_told_and_nothing_else) {
  Scene scene("unix:path=/nonexistent/bus");
  fail_unless(wait_for([&] { return !scene.trouble().empty(); }));
  assert_contains(scene.trouble(), "state-bus");
  scene.tell(ConnectionStateEvent{ConnectionState::Connected, "well", 0});
}
GST_END_TEST

GST_START_TEST(a_name_that_is_taken_is_told) {
  Bus bus;
  Scene first(bus.address());
  Follower follower(bus.address());
  fail_unless(wait_for([&] { return !follower.all(state_bus_name("kiosk 7")).empty(); }));
  Scene second(bus.address());
  fail_unless(wait_for([&] { return !second.trouble().empty(); }));
  assert_text(first.trouble(), "");
}
GST_END_TEST

static const char *without_a_daemon() {
  static gchar *daemon = g_find_program_in_path("dbus-daemon");
  return daemon == nullptr ? "dbus-daemon is not installed" : nullptr;
}

OAIRT_TEST_MAIN_UNLESS(without_a_daemon(), state_bus, a_name_is_one_that_d_bus_allows,
                       a_follower_reads_and_is_told, nobody_can_change_anything,
                       without_a_bus_it_is_told_and_nothing_else, a_name_that_is_taken_is_told)
