#include "stock_client.h"

#include <utility>

#include <gst/sdp/sdp.h>
#include <gst/webrtc/webrtc.h>

#include "figures.h"

namespace oairt::bench {
namespace {

std::string launch_line(const std::string &encoder) {
  return "webrtcbin name=w bundle-policy=max-bundle "
         "audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=1 ! audioconvert ! "
         "audioresample ! queue ! " +
         encoder +
         " ! rtpopuspay ! application/x-rtp,media=audio,encoding-name=OPUS,payload=111 ! w.";
}

}  // namespace

StockClient::StockClient(int http_port, std::string key, const std::string &encoder)
    : http_port_(http_port), key_(std::move(key)) {
  pipeline_ = Ref<GstElement>::sink(gst_parse_launch(launch_line(encoder).c_str(), nullptr));
  webrtcbin_ = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "w"));
  g_signal_connect(webrtcbin_.get(), "on-negotiation-needed",
                   G_CALLBACK(&StockClient::on_negotiation_needed), this);
  g_signal_connect(webrtcbin_.get(), "notify::ice-gathering-state",
                   G_CALLBACK(&StockClient::on_gathering), this);
  g_signal_connect(webrtcbin_.get(), "pad-added", G_CALLBACK(&StockClient::on_pad), this);
}

StockClient::~StockClient() {
  gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
  if (signalling_ != nullptr) g_thread_join(signalling_);
}

void StockClient::play() {
  note(&Times::playing);
  gst_element_set_state(pipeline_.get(), GST_STATE_READY);
  GObject *channel = nullptr;
  g_signal_emit_by_name(webrtcbin_.get(), "create-data-channel", "oai-events", nullptr, &channel);
  channel_ = Ref<GObject>::adopt(channel);
  g_signal_connect(channel, "on-open", G_CALLBACK(&StockClient::on_open), this);
  g_signal_connect(channel, "on-message-string", G_CALLBACK(&StockClient::on_message), this);
  gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
}

void StockClient::note(std::optional<TimePoint> Times::*which) {
  LockGuard guard(lock_);
  if (!(times_.*which)) times_.*which = Clock::now();
  changed_.notify_all();
}

bool StockClient::wait_for_created(Duration limit) {
  LockGuard guard(lock_);
  return changed_.wait_until(lock_, Clock::now() + limit,
                             [this]() OAIRT_REQUIRES(lock_) { return times_.created.has_value(); });
}

StockClient::Times StockClient::times() const {
  LockGuard guard(lock_);
  return times_;
}

void StockClient::send(const std::string &event) {
  g_signal_emit_by_name(channel_.get(), "send-string", event.c_str());
}

void StockClient::on_negotiation_needed(GstElement *webrtcbin, gpointer self) {
  GstPromise *promise = gst_promise_new_with_change_func(&StockClient::on_offer, self, nullptr);
  g_signal_emit_by_name(webrtcbin, "create-offer", nullptr, promise);
}

void StockClient::on_offer(GstPromise *promise, gpointer data) {
  auto *self = static_cast<StockClient *>(data);
  GstWebRTCSessionDescription *offer = nullptr;
  gst_structure_get(gst_promise_get_reply(promise), "offer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION,
                    &offer, nullptr);
  gst_promise_unref(promise);
  self->note(&Times::local_description);
  g_signal_emit_by_name(self->webrtcbin_.get(), "set-local-description", offer, nullptr);
  gst_webrtc_session_description_free(offer);
}

void StockClient::on_gathering(GstElement *webrtcbin, GParamSpec *, gpointer data) {
  auto *self = static_cast<StockClient *>(data);
  GstWebRTCICEGatheringState state;
  g_object_get(webrtcbin, "ice-gathering-state", &state, nullptr);
  if (state != GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE || self->signalling_ != nullptr) return;
  self->signalling_ = g_thread_new(
      "signalling",
      [](gpointer client) -> gpointer {
        static_cast<StockClient *>(client)->exchange();
        return nullptr;
      },
      self);
}

void StockClient::exchange() {
  GstWebRTCSessionDescription *local = nullptr;
  g_object_get(webrtcbin_.get(), "local-description", &local, nullptr);
  GString_ offer(gst_sdp_message_as_text(local->sdp));
  gst_webrtc_session_description_free(local);
  HttpReply reply =
      http_post(http_port_, "/v1/realtime/calls", key_, "application/sdp", offer.get());
  if (reply.status != 201) {
    g_printerr("the stock client's offer was refused: %d %s\n", reply.status, reply.body.c_str());
    return;
  }
  GstSDPMessage *message = nullptr;
  gst_sdp_message_new_from_text(reply.body.c_str(), &message);
  auto *answer = gst_webrtc_session_description_new(GST_WEBRTC_SDP_TYPE_ANSWER, message);
  g_signal_emit_by_name(webrtcbin_.get(), "set-remote-description", answer, nullptr);
  gst_webrtc_session_description_free(answer);
}

void StockClient::on_open(GObject *, gpointer self) {
  static_cast<StockClient *>(self)->note(&Times::channel_open);
}

void StockClient::on_message(GObject *, gchar *text, gpointer self) {
  if (g_strstr_len(text, -1, "\"session.created\"") == nullptr) return;
  static_cast<StockClient *>(self)->note(&Times::created);
}

void StockClient::on_pad(GstElement *, GstPad *pad, gpointer data) {
  auto *self = static_cast<StockClient *>(data);
  if (GST_PAD_DIRECTION(pad) != GST_PAD_SRC) return;
  GstElement *out = gst_parse_bin_from_description(
      "rtpopusdepay ! opusdec ! audioconvert ! audioresample ! queue ! fakesink sync=true", TRUE,
      nullptr);
  gst_bin_add(GST_BIN(self->pipeline_.get()), out);
  gst_element_sync_state_with_parent(out);
  auto sink = Ref<GstPad>::adopt(gst_element_get_static_pad(out, "sink"));
  gst_pad_link(pad, sink.get());
}

}  // namespace oairt::bench
