// webrtcbin as the tutorials show it, each property at its default: what an application has without
// our elements.
#include <atomic>
#include <thread>

#include <gio/gio.h>
#include <gst/sdp/sdp.h>
#include <gst/webrtc/webrtc.h>

#include "audio_tap.h"
#include "client.h"

namespace oairt::lab {
namespace {

constexpr char kLaunch[] =
    "webrtcbin name=w bundle-policy=max-bundle "
    "audiotestsrc is-live=true freq=1000 ! audio/x-raw,rate=48000,channels=1 ! audioconvert "
    "! audioresample ! queue ! opusenc ! rtpopuspay ! "
    "application/x-rtp,media=audio,encoding-name=OPUS,payload=111 ! w.";
constexpr char kPlayer[] =
    "rtpopusdepay ! opusdec ! audioconvert ! audioresample ! "
    "audio/x-raw,format=S16LE,rate=48000,channels=1 ! queue ! fakesink name=player sync=true";

struct Reply {
  int status = 0;
  std::string body;
};

Reply http_post(const std::string &url, const std::string &key, const std::string &type,
                const std::string &body) {
  std::string rest = url.substr(url.find("//") + 2);
  std::string host = rest.substr(0, rest.find('/')), path = rest.substr(rest.find('/'));
  auto client = Ref<GSocketClient>::adopt(g_socket_client_new());
  g_socket_client_set_timeout(client.get(), 15);
  auto connection = Ref<GSocketConnection>::adopt(
      g_socket_client_connect_to_host(client.get(), host.c_str(), 80, nullptr, nullptr));
  if (!connection) return {};
  std::string request = "POST " + path + " HTTP/1.1\r\nHost: " + host +
                        "\r\nAuthorization: Bearer " + key + "\r\nContent-Type: " + type +
                        "\r\nContent-Length: " + std::to_string(body.size()) +
                        "\r\nConnection: close\r\n\r\n" + body;
  auto *stream = G_IO_STREAM(connection.get());
  g_output_stream_write_all(g_io_stream_get_output_stream(stream), request.data(), request.size(),
                            nullptr, nullptr, nullptr);
  std::string reply;
  char buffer[16384];
  gssize got = 0;
  while ((got = g_input_stream_read(g_io_stream_get_input_stream(stream), buffer, sizeof buffer,
                                    nullptr, nullptr)) > 0) {
    reply.append(buffer, static_cast<std::size_t>(got));
  }
  auto end = reply.find("\r\n\r\n");
  if (reply.size() < 12 || end == std::string::npos) return {};
  return {std::atoi(&reply[9]), reply.substr(end + 4)};
}

class StockClient : public Client {
 public:
  StockClient(Timeline &timeline, const ClientOptions &options, ClientEvents events)
      : timeline_(timeline), options_(options), events_(std::move(events)) {
    pipeline_ = Ref<GstElement>::sink(gst_parse_launch(kLaunch, nullptr));
    webrtcbin_ = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "w"));
    connect(webrtcbin_.get(), "on-negotiation-needed", G_CALLBACK(&StockClient::on_negotiation));
    connect(webrtcbin_.get(), "notify::ice-gathering-state", G_CALLBACK(&StockClient::on_gathered));
    connect(webrtcbin_.get(), "notify::connection-state", G_CALLBACK(&StockClient::on_state));
    connect(webrtcbin_.get(), "pad-added", G_CALLBACK(&StockClient::on_pad));
  }

  ~StockClient() override {
    gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
    if (signalling_.joinable()) signalling_.join();
    flush();
  }

  void play() override {
    gst_element_set_state(pipeline_.get(), GST_STATE_READY);
    GObject *channel = nullptr;
    g_signal_emit_by_name(webrtcbin_.get(), "create-data-channel", "oai-events", nullptr, &channel);
    channel_ = Ref<GObject>::adopt(channel);
    connect(channel, "on-open", G_CALLBACK(&StockClient::on_open));
    connect(channel, "on-close", G_CALLBACK(&StockClient::on_close));
    connect(channel, "on-message-string", G_CALLBACK(&StockClient::on_text));
    gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
  }

  bool send(const std::string &event) override {
    if (!open_) return false;
    g_signal_emit_by_name(channel_.get(), "send-string", event.c_str());
    return true;
  }
  bool emit(const std::string &action) override {
    return action == "create-response" && send("{\"type\":\"response.create\"}");
  }
  bool set(const std::string &) override { return false; }
  void write_stats() override {}
  void set_sounding(bool) override {}

  void flush() override {
    LockGuard guard(lock_);
    if (tap_) tap_->flush();
  }

 private:
  void connect(gpointer instance, const char *signal, GCallback callback) {
    g_signal_connect(instance, signal, callback, this);
  }

  static void on_negotiation(GstElement *webrtcbin, gpointer self) {
    GstPromise *promise = gst_promise_new_with_change_func(&StockClient::on_offer, self, nullptr);
    g_signal_emit_by_name(webrtcbin, "create-offer", nullptr, promise);
  }

  static void on_offer(GstPromise *promise, gpointer self) {
    GstWebRTCSessionDescription *offer = nullptr;
    gst_structure_get(gst_promise_get_reply(promise), "offer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION,
                      &offer, nullptr);
    gst_promise_unref(promise);
    g_signal_emit_by_name(static_cast<StockClient *>(self)->webrtcbin_.get(),
                          "set-local-description", offer, nullptr);
    gst_webrtc_session_description_free(offer);
  }

  static void on_gathered(GstElement *webrtcbin, GParamSpec *, gpointer data) {
    auto *self = static_cast<StockClient *>(data);
    GstWebRTCICEGatheringState state;
    g_object_get(webrtcbin, "ice-gathering-state", &state, nullptr);
    if (state != GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE || self->signalling_.joinable()) return;
    self->signalling_ = std::thread([self] { self->exchange(); });
  }

  void exchange() {
    std::string detection = options_.turn_detection ? R"({"type":"server_vad"})" : "null";
    Reply minted =
        http_post(options_.base_url + "/realtime/client_secrets", options_.key, "application/json",
                  R"({"session":{"type":"realtime","model":"gpt-realtime-2.1",)"
                  R"("audio":{"input":{"turn_detection":)" +
                      detection + "}}}}");
    auto secret = Json::parse(minted.body);
    std::string key = secret ? secret.value()["value"].as_string() : "";
    GstWebRTCSessionDescription *local = nullptr;
    g_object_get(webrtcbin_.get(), "local-description", &local, nullptr);
    GString_ offer(gst_sdp_message_as_text(local->sdp));
    gst_webrtc_session_description_free(local);
    Reply reply =
        http_post(options_.base_url + "/realtime/calls", key, "application/sdp", offer.get());
    if (reply.status != 201) {
      timeline_.write("note", Json::object({{"text", "the offer was refused: " + reply.body}}));
      return;
    }
    GstSDPMessage *message = nullptr;
    gst_sdp_message_new_from_text(reply.body.c_str(), &message);
    auto *answer = gst_webrtc_session_description_new(GST_WEBRTC_SDP_TYPE_ANSWER, message);
    g_signal_emit_by_name(webrtcbin_.get(), "set-remote-description", answer, nullptr);
    gst_webrtc_session_description_free(answer);
  }

  static void on_state(GstElement *webrtcbin, GParamSpec *, gpointer data) {
    auto *self = static_cast<StockClient *>(data);
    GValue state = G_VALUE_INIT;
    g_object_get_property(G_OBJECT(webrtcbin), "connection-state", &state);
    GString_ name(gst_value_serialize(&state));
    g_value_unset(&state);
    self->timeline_.write("bus", Json::object({{"name", "stock/connection-state"},
                                               {"f", Json::object({{"state", name.get()}})}}));
  }

  static void on_open(GObject *, gpointer data) {
    auto *self = static_cast<StockClient *>(data);
    self->open_ = true;
    self->timeline_.write("ready", Json::object({{"call", "stock"}}));
    self->events_.ready();
  }

  static void on_close(GObject *, gpointer data) {
    auto *self = static_cast<StockClient *>(data);
    self->open_ = false;
    self->timeline_.write("bus", Json::object({{"name", "stock/channel-closed"}}));
  }

  static void on_text(GObject *, gchar *text, gpointer self) {
    if (text != nullptr) static_cast<StockClient *>(self)->events_.event(text);
  }

  static void on_pad(GstElement *, GstPad *pad, gpointer data) {
    auto *self = static_cast<StockClient *>(data);
    if (GST_PAD_DIRECTION(pad) != GST_PAD_SRC) return;
    GstElement *out = gst_parse_bin_from_description(kPlayer, TRUE, nullptr);
    auto player = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(out), "player"));
    auto heard = Ref<GstPad>::adopt(gst_element_get_static_pad(player.get(), "sink"));
    {
      LockGuard guard(self->lock_);
      self->tap_ = std::make_unique<AudioTap>(self->timeline_, heard.get());
    }
    gst_bin_add(GST_BIN(self->pipeline_.get()), out);
    gst_element_sync_state_with_parent(out);
    auto sink = Ref<GstPad>::adopt(gst_element_get_static_pad(out, "sink"));
    gst_pad_link(pad, sink.get());
  }

  Timeline &timeline_;
  const ClientOptions options_;
  const ClientEvents events_;
  Ref<GstElement> pipeline_, webrtcbin_;
  Ref<GObject> channel_;
  std::thread signalling_;
  std::atomic<bool> open_ = false;
  Mutex lock_;
  std::unique_ptr<AudioTap> tap_ OAIRT_GUARDED_BY(lock_);
};

}  // namespace

std::unique_ptr<Client> make_stock_client(Timeline &timeline, const ClientOptions &options,
                                          ClientEvents events) {
  return std::make_unique<StockClient>(timeline, options, std::move(events));
}

}  // namespace oairt::lab
