// The elements as an application has them: a live source into the sink, the source into a player.
#include <cstdlib>
#include <string>
#include <utility>

#include <gst/gst.h>
#include <unistd.h>

#include "audio_tap.h"
#include "client.h"

namespace oairt::lab {
namespace {

constexpr double kStandstillMs = 5000;

Json to_json(const GValue *value) {
  if (G_VALUE_HOLDS_STRING(value)) {
    const char *text = g_value_get_string(value);
    return text != nullptr ? Json(text) : Json();
  }
  if (G_VALUE_HOLDS_BOOLEAN(value)) return g_value_get_boolean(value) != FALSE;
  if (G_VALUE_HOLDS_INT(value)) return g_value_get_int(value);
  if (G_VALUE_HOLDS_UINT(value)) return g_value_get_uint(value);
  if (G_VALUE_HOLDS_INT64(value)) return int64_t{g_value_get_int64(value)};
  if (G_VALUE_HOLDS_UINT64(value)) return uint64_t{g_value_get_uint64(value)};
  if (G_VALUE_HOLDS_DOUBLE(value)) return g_value_get_double(value);
  GString_ text(gst_value_serialize(value));
  return text ? Json(text.get()) : Json();
}

Json to_json(const GstStructure *structure) {
  Json object = Json::object();
  gst_structure_foreach(
      structure,
      [](GQuark field, const GValue *value, gpointer data) -> gboolean {
        static_cast<Json *>(data)->set(g_quark_to_string(field), to_json(value));
        return TRUE;
      },
      &object);
  return object;
}

class OurClient : public Client {
 public:
  OurClient(Timeline &timeline, const ClientOptions &options, ClientEvents events)
      : timeline_(timeline), events_(std::move(events)) {
    GError *error = nullptr;
    pipeline_ = Ref<GstElement>::sink(gst_parse_launch(
        "openairealtimesink name=in  openairealtimesrc name=out ! "
        "audio/x-raw,format=S16LE,rate=48000,channels=1 ! fakesink sync=false async=false",
        &error));
    if (pipeline_.get() == nullptr) g_error("no pipeline: %s", error->message);
    in_ = element("in");
    out_ = element("out");
    auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(out_.get(), "src"));
    tap_ = std::make_unique<AudioTap>(timeline, pad.get());
    (void)set("base-url=" + options.base_url);
    (void)set("api-key=" + options.key);
    (void)set("allow-insecure-http=true");
    (void)set("turn-detection=" + std::string(options.turn_detection ? "server-vad" : "none"));
    for (const auto &[name, value] : options.settings) (void)set(name + "=" + value);
    event_ = SignalConnection(out_.get(), "event", G_CALLBACK(&OurClient::on_service_event), this);
    auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline_.get()));
    bus_watch_ = gst_bus_add_watch(bus.get(), &OurClient::on_message, this);
    microphone_ = std::make_unique<Microphone>(timeline, in_.get(), options.sound);
  }

  ~OurClient() override {
    microphone_.reset();
    g_source_remove(bus_watch_);
    event_.disconnect();
    double before = now_ms();
    gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
    timeline_.write("stopped", Json::object({{"took_ms", now_ms() - before}}));
    tap_->flush();
  }

  void play() override {
    double before = now_ms();
    gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
    timeline_.write("playing", Json::object({{"took_ms", now_ms() - before}}));
    microphone_->start();
  }

  bool send(const std::string &event) override {
    gboolean taken = FALSE;
    g_signal_emit_by_name(in_.get(), "send-event", event.c_str(), &taken);
    return taken != FALSE;
  }

  bool emit(const std::string &action) override {
    if (g_signal_lookup(action.c_str(), G_OBJECT_TYPE(in_.get())) == 0) {
      timeline_.write("note", Json::object({{"text", "there is no action " + action}}));
      return false;
    }
    gboolean taken = FALSE;
    g_signal_emit_by_name(in_.get(), action.c_str(), &taken);
    return taken != FALSE;
  }

  bool set(const std::string &setting) override {
    auto equals = setting.find('=');
    std::string name = setting.substr(0, equals), value = setting.substr(equals + 1);
    for (const auto &one : {in_, out_}) {
      if (g_object_class_find_property(G_OBJECT_GET_CLASS(one.get()), name.c_str()) == nullptr) {
        continue;
      }
      gst_util_set_object_arg(G_OBJECT(one.get()), name.c_str(), value.c_str());
      return true;
    }
    timeline_.write("note", Json::object({{"text", "there is no property " + name}}));
    return false;
  }

  void flush() override {
    tap_->flush();
    microphone_->flush();
  }

  void write_stats() override {
    GstStructure *raw = nullptr;
    g_object_get(out_.get(), "stats", &raw, nullptr);
    UniqueStructure stats(raw);
    if (!stats) return;
    timeline_.write("stats", Json::object({{"s", to_json(stats.get())}}));
    show_standstill(stats.get());
  }

  void set_sounding(bool sounding) override { microphone_->set_sounding(sounding); }

 private:
  // A session that stands still cannot be looked at later: its stacks go to standard error.
  void show_standstill(const GstStructure *stats) {
    double delay_ms = 0;
    gst_structure_get_double(stats, "loop-delay-ms", &delay_ms);
    if (delay_ms < kStandstillMs || std::exchange(stood_still_, true)) return;
    std::string debugger = "timeout 30 gdb -p " + std::to_string(getpid()) +
                           " -batch -ex 'thread apply all backtrace 24' >&2";
    g_printerr("the session has not answered for %.0f ms\n", delay_ms);
    if (std::system(debugger.c_str()) != 0) g_printerr("no stacks: is gdb installed?\n");
  }

  Ref<GstElement> element(const char *name) {
    return Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), name));
  }

  static void on_service_event(GstElement *, const char *, const char *json, gpointer self) {
    static_cast<OurClient *>(self)->events_.event(json);
  }

  static gboolean on_message(GstBus *, GstMessage *message, gpointer data) {
    auto *self = static_cast<OurClient *>(data);
    switch (GST_MESSAGE_TYPE(message)) {
      case GST_MESSAGE_ELEMENT:
        self->write_element(gst_message_get_structure(message));
        break;
      case GST_MESSAGE_ERROR:
      case GST_MESSAGE_WARNING:
        self->write_failure(message, GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR);
        break;
      default:
        break;
    }
    return G_SOURCE_CONTINUE;
  }

  void write_element(const GstStructure *structure) {
    std::string name = gst_structure_get_name(structure);
    // The answers to the pings, twenty a second, are in their own line.
    bool echo =
        name == "openai-realtime/error" && g_strcmp0(gst_structure_get_string(structure, "code"),
                                                     "item_retrieve_invalid_item_id") == 0;
    if (!echo) timeline_.write("bus", Json::object({{"name", name}, {"f", to_json(structure)}}));
    if (name == "openai-realtime/connection-state" || name == "openai-realtime/session") {
      look_for_new_call();
    }
  }

  void look_for_new_call() {
    gchar *raw_id = nullptr, *raw_state = nullptr;
    GValue state = G_VALUE_INIT;
    g_object_get_property(G_OBJECT(out_.get()), "connection-state", &state);
    raw_state = gst_value_serialize(&state);
    g_value_unset(&state);
    g_object_get(out_.get(), "call-id", &raw_id, nullptr);
    GString_ id(raw_id), name(raw_state);
    if (!id || !name || g_ascii_strcasecmp(name.get(), "connected") != 0) return;
    if (ready_call_ == id.get()) return;
    ready_call_ = id.get();
    timeline_.write("ready", Json::object({{"call", ready_call_}}));
    events_.ready();
  }

  void write_failure(GstMessage *message, bool fatal) {
    GError *raw = nullptr;
    gchar *raw_detail = nullptr;
    (fatal ? gst_message_parse_error : gst_message_parse_warning)(message, &raw, &raw_detail);
    UniqueError error(raw);
    GString_ detail(raw_detail);
    timeline_.write("bus", Json::object({{"name", fatal ? "error" : "warning"},
                                         {"code", error->code},
                                         {"domain", g_quark_to_string(error->domain)},
                                         {"text", error->message},
                                         {"detail", detail ? detail.get() : ""}}));
  }

  Timeline &timeline_;
  const ClientEvents events_;
  Ref<GstElement> pipeline_, in_, out_;
  std::unique_ptr<AudioTap> tap_;
  std::unique_ptr<Microphone> microphone_;
  SignalConnection event_;
  guint bus_watch_ = 0;
  bool stood_still_ = false;
  std::string ready_call_;
};

}  // namespace

std::unique_ptr<Client> make_our_client(Timeline &timeline, const ClientOptions &options,
                                        ClientEvents events) {
  return std::make_unique<OurClient>(timeline, options, std::move(events));
}

}  // namespace oairt::lab
