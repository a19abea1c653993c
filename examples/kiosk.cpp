// A kiosk that nobody watches: it talks to whoever stands before it, forgets one visitor before the
// next, hangs up while nobody is there and wakes at the first word, keeps the conversation over a
// crash, and tells systemd's watchdog whether it is well.
//
//   OPENAI_API_KEY=sk-… meson devenv -C build examples/kiosk
//
// As a service: Type=notify, WatchdogSec=10, Restart=always. SIGUSR1 says that a visitor has left.
#include <cstring>
#include <string>

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib-unix.h>
#include <gst/gst.h>

namespace {

constexpr const char *kTalk =
    " ! openairealtimebin name=talk session=kiosk persistence=disk idle-timeout=60 "
    "idle-action=hang-up turn-detection=semantic-vad barge-in=flush "
    "instructions=\"You are the voice of a museum. Be brief.\" ! ";

// As sd_notify().
void notify_systemd(const std::string &text) {
  const char *path = g_getenv("NOTIFY_SOCKET");
  if (path == nullptr) return;
  GSocket *socket = g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM,
                                 G_SOCKET_PROTOCOL_DEFAULT, nullptr);
  bool is_abstract = *path == '@';
  GSocketAddress *address = g_unix_socket_address_new_with_type(
      path + is_abstract, -1,
      is_abstract ? G_UNIX_SOCKET_ADDRESS_ABSTRACT : G_UNIX_SOCKET_ADDRESS_PATH);
  if (socket != nullptr) {
    g_socket_send_to(socket, address, text.data(), text.size(), nullptr, nullptr);
  }
  g_clear_object(&socket);
  g_object_unref(address);
}

class Kiosk {
 public:
  explicit Kiosk(const std::string &line) : line_(line) {}

  bool start(const char *base_url) {
    GError *error = nullptr;
    pipeline_ = gst_parse_launch(line_.c_str(), &error);
    if (error != nullptr) g_printerr("error: %s\n", error->message);
    g_clear_error(&error);
    if (pipeline_ == nullptr) return false;
    talk_ = gst_bin_get_by_name(GST_BIN(pipeline_), "talk");
    if (base_url != nullptr) g_object_set(talk_, "base-url", base_url, nullptr);
    GstBus *bus = gst_element_get_bus(pipeline_);
    gst_bus_add_watch(bus, &Kiosk::on_message, this);
    gst_object_unref(bus);
    g_timeout_add_seconds(2, &Kiosk::on_watchdog, this);
    g_unix_signal_add(SIGUSR1, &Kiosk::on_visitor_left, this);
    for (int end : {SIGTERM, SIGINT}) g_unix_signal_add(end, &Kiosk::on_end, this);
    return gst_element_set_state(pipeline_, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE;
  }

  int run() {
    g_main_loop_run(loop_);
    notify_systemd("STOPPING=1");
    gst_element_set_state(pipeline_, GST_STATE_NULL);
    gst_object_unref(talk_);
    gst_object_unref(pipeline_);
    g_main_loop_unref(loop_);
    return result_;
  }

 private:
  // Whatever the network does, the voice's stream flows and the session answers.
  static gboolean on_watchdog(gpointer data) {
    auto *self = static_cast<Kiosk *>(data);
    GstPad *pad = gst_element_get_static_pad(self->talk_, "src");
    GstStructure *stats = nullptr;
    gint64 position = -1;
    gdouble delay_ms = 0;
    gst_pad_query_position(pad, GST_FORMAT_TIME, &position);
    g_object_get(self->talk_, "stats", &stats, nullptr);
    gst_structure_get_double(stats, "loop-delay-ms", &delay_ms);
    if (position != self->position_before_ && delay_ms < 5000) notify_systemd("WATCHDOG=1");
    self->position_before_ = position;
    gst_structure_free(stats);
    gst_object_unref(pad);
    return G_SOURCE_CONTINUE;
  }

  static gboolean on_visitor_left(gpointer data) {
    gboolean taken = FALSE;
    g_signal_emit_by_name(static_cast<Kiosk *>(data)->talk_, "split-session", &taken);
    return G_SOURCE_CONTINUE;
  }

  static gboolean on_end(gpointer data) {
    g_main_loop_quit(static_cast<Kiosk *>(data)->loop_);
    return G_SOURCE_CONTINUE;
  }

  static gboolean on_message(GstBus *, GstMessage *message, gpointer data) {
    auto *self = static_cast<Kiosk *>(data);
    GError *error = nullptr;
    GstMessageType type = GST_MESSAGE_TYPE(message);
    if (type == GST_MESSAGE_ELEMENT) self->on_news(gst_message_get_structure(message));
    if (type == GST_MESSAGE_WARNING) gst_message_parse_warning(message, &error, nullptr);
    if (type == GST_MESSAGE_ERROR) {  // systemd starts another process; what is less heals
      gst_message_parse_error(message, &error, nullptr);
      self->result_ = 1;
      g_main_loop_quit(self->loop_);
    }
    if (error != nullptr) {
      g_printerr("%s\n", error->message);
      notify_systemd(std::string("STATUS=") + error->message);
      g_error_free(error);
    }
    return G_SOURCE_CONTINUE;
  }

  void on_news(const GstStructure *news) {
    if (gst_structure_has_name(news, "openai-realtime/connection-state")) {
      std::string state = gst_structure_get_string(news, "state");
      notify_systemd((state == "connected" ? "READY=1\nSTATUS=" : "STATUS=") + state);
    } else if (gst_structure_has_name(news, "openai-realtime/logical-session")) {
      g_print("the next visitor (%s)\n", gst_structure_get_string(news, "reason"));
    }
  }

  std::string line_;
  GMainLoop *loop_ = g_main_loop_new(nullptr, FALSE);
  GstElement *pipeline_ = nullptr, *talk_ = nullptr;
  gint64 position_before_ = -1;
  int result_ = 0;
};

}  // namespace

int main(int argc, char **argv) {
  gst_init(&argc, &argv);
  std::string microphone = "autoaudiosrc", loudspeaker = "audioconvert ! autoaudiosink";
  const char *base_url = nullptr;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--base-url") == 0) base_url = argv[i + 1];
    if (std::strcmp(argv[i], "--microphone") == 0) microphone = argv[i + 1];
    if (std::strcmp(argv[i], "--loudspeaker") == 0) loudspeaker = argv[i + 1];
  }
  Kiosk kiosk(microphone + kTalk + loudspeaker);
  return kiosk.start(base_url) ? kiosk.run() : 1;
}
