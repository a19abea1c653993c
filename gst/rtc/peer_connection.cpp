#include "rtc/peer_connection.h"

#include <algorithm>
#include <utility>

#include <gst/sdp/sdp.h>
#include <gst/webrtc/webrtc.h>

#include "base/log.h"
#include "rtc/fingerprint.h"
#include "rtc/pipeline_reaper.h"

OAIRT_LOG_DEFINE(rtc, "openairealtime-rtc", "peer connection and media port")
OAIRT_LOG_USE(rtc)

namespace oairt {
namespace {

constexpr const char *kInternal = "The WebRTC connection to the service could not be set up";
constexpr const char *kLost = "The connection to the service was lost";

using UniqueDescription = Unique<GstWebRTCSessionDescription, gst_webrtc_session_description_free>;

UniqueDescription parse_description(GstWebRTCSDPType type, const std::string &text) {
  GstSDPMessage *message = nullptr;
  if (gst_sdp_message_new_from_text(text.c_str(), &message) != GST_SDP_OK) return nullptr;
  return UniqueDescription(gst_webrtc_session_description_new(type, message));
}

// What went wrong with a webrtcbin action, or nothing.
std::optional<std::string> promise_error(GstPromise *promise) {
  if (gst_promise_wait(promise) != GST_PROMISE_RESULT_REPLIED) return "no reply";
  const GstStructure *reply = gst_promise_get_reply(promise);
  if (reply == nullptr || !gst_structure_has_field(reply, "error")) return std::nullopt;
  GError *error = nullptr;
  gst_structure_get(reply, "error", G_TYPE_ERROR, &error, nullptr);
  UniqueError owner(error);
  return error != nullptr ? error->message : "unknown error";
}

IceOptions ice_options(const PeerOptions &options) {
  IceOptions ice;
  ice.stun_server = options.stun_server;
  ice.turn_servers = options.turn_servers;
  ice.relay_only = options.relay_only;
  ice.ice_tcp = options.ice_tcp;
  ice.proxy = options.proxy;
  ice.ca_file = options.ca_file;
  return ice;
}

}  // namespace

PeerConnection::PeerConnection(EventLoop &loop, PeerListener &listener,
                               std::shared_ptr<MediaPort> media, PeerOptions options)
    : loop_(loop),
      listener_(listener),
      media_(std::move(media)),
      options_(std::move(options)),
      mailbox_(std::make_shared<Mailbox>(loop)),
      pipeline_(std::make_unique<PeerPipeline>(mailbox_, media_)),
      channel_(std::make_unique<DataChannel>(loop, mailbox_,
                                             static_cast<DataChannelListener &>(*this))) {}

PeerConnection::~PeerConnection() { close(); }

void PeerConnection::start() {
  loop_.assert_in_loop();
  if (step_ != Step::New) return;
  step_ = Step::Offering;
  started_ = Clock::now();
  ice_ = IceAgent::create(loop_, ice_options(options_));
  ice_->set_state_callback([box = mailbox_, this](IceState state) {
    box->post([this, state, when = Clock::now()] { handle_ice_state(state, when); });
  });
  auto started = pipeline_->start(*ice_, options_, [this](std::string detail, bool network) {
    fail(network ? ErrorCode::Network : ErrorCode::Media, kLost, std::move(detail));
  });
  if (!started.ok()) {
    mailbox_->post(
        [this, error = started.error()] { fail(error.code, error.message.c_str(), error.detail); });
    return;
  }
  if (!channel_->create(pipeline_->webrtcbin(), options_.event_stream)) {
    fail_later(ErrorCode::Media, kInternal, "no data channel");
    return;
  }
  make_offer();
}

void PeerConnection::make_offer() {
  auto promise = pipeline_->operations().promise([box = mailbox_, this](GstPromise *done) {
    auto error = promise_error(done);
    GstWebRTCSessionDescription *made = nullptr;
    if (!error) {
      gst_structure_get(gst_promise_get_reply(done), "offer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION,
                        &made, nullptr);
    }
    UniqueDescription description(made);
    GString_ text(description ? gst_sdp_message_as_text(description->sdp) : nullptr);
    box->post([this, error, sdp = std::string(text ? text.get() : "")] {
      if (error) return fail(ErrorCode::Media, kInternal, "create-offer: " + *error);
      handle_offer(sdp);
    });
  });
  g_signal_emit_by_name(pipeline_->webrtcbin(), "create-offer", nullptr, promise.get());
}

void PeerConnection::handle_offer(const std::string &sdp) {
  if (step_ != Step::Offering) return;
  offer_ = add_max_message_size(strip_candidates(sdp), options_.max_message_size);
  auto ours = parse_description(GST_WEBRTC_SDP_TYPE_OFFER, offer_);
  if (sdp.empty() || !ours) return fail(ErrorCode::Media, kInternal, "the offer is not an SDP");
  set_local(ours.get());
  step_ = Step::Offered;
  offer_took_ = Clock::now() - *started_;
  listener_.on_offer(offer_);
}

void PeerConnection::set_local(GstWebRTCSessionDescription *description) {
  auto webrtcbin = Ref<GstElement>::share(pipeline_->webrtcbin());
  auto promise =
      pipeline_->operations().promise([box = mailbox_, this, webrtcbin](GstPromise *done) {
        auto error = promise_error(done);
        GObject *sctp = nullptr;
        if (!error) g_object_get(webrtcbin.get(), "sctp-transport", &sctp, nullptr);
        box->post([this, error, sctp = Ref<GObject>::adopt(sctp)] {
          if (error) return fail(ErrorCode::Media, kInternal, "set-local-description: " + *error);
          watch_transports(sctp);
        });
      });
  g_signal_emit_by_name(webrtcbin.get(), "set-local-description", description, promise.get());
}

void PeerConnection::watch_transports(Ref<GObject> sctp) {
  if (!sctp) return fail(ErrorCode::Media, kInternal, "no SCTP transport");
  GObject *dtls = nullptr;
  g_object_get(sctp.get(), "transport", &dtls, nullptr);
  auto owner = Ref<GObject>::adopt(dtls);
  if (dtls == nullptr) return fail(ErrorCode::Media, kInternal, "no DTLS transport");

  auto look = [box = mailbox_, this, dtls] {
    int state = 0;
    gchar *pem = nullptr;
    g_object_get(dtls, "state", &state, "remote-certificate", &pem, nullptr);
    GString_ text(pem);
    box->post([this, state, pem = std::string(pem != nullptr ? pem : ""), when = Clock::now()] {
      handle_dtls_state(state, pem, when);
    });
  };
  signals_.push_back(SignalHandler::connect<GParamSpec *>(dtls, "notify::state",
                                                          [look](GParamSpec *) { look(); }));
  look();  // it may have changed before anyone listened
  auto *association = sctp.get();
  signals_.push_back(SignalHandler::connect<GParamSpec *>(
      association, "notify::state", [box = mailbox_, this, association](GParamSpec *) {
        int state = 0;
        g_object_get(association, "state", &state, nullptr);
        if (state != GST_WEBRTC_SCTP_TRANSPORT_STATE_CLOSED) return;
        box->post([this] { channel_->handle_association_lost(); });
      }));
}

void PeerConnection::set_answer(const std::string &sdp) {
  loop_.assert_in_loop();
  if (step_ != Step::Offered) return;
  auto checked = check_answer(offer_, sdp);
  if (!checked.ok()) {
    mailbox_->post(
        [this, error = checked.error()] { fail(error.code, error.message.c_str(), error.detail); });
    return;
  }
  answer_ = std::move(checked).value();
  auto description = parse_description(GST_WEBRTC_SDP_TYPE_ANSWER, sdp);
  if (!description) {
    return fail_later(ErrorCode::Protocol, kInternal, "the answer cannot be parsed");
  }
  step_ = Step::Answered;
  answered_ = Clock::now();
  channel_->set_remote_limit(answer_.max_message_size, options_.max_message_size);
  auto promise = pipeline_->operations().promise([box = mailbox_, this](GstPromise *done) {
    auto error = promise_error(done);
    if (!error) return;
    box->post([this, error] {
      fail(ErrorCode::Protocol, kInternal, "set-remote-description: " + *error);
    });
  });
  g_signal_emit_by_name(pipeline_->webrtcbin(), "set-remote-description", description.get(),
                        promise.get());
}

void PeerConnection::handle_ice_state(IceState state, TimePoint when) {
  if (state == IceState::Connected && !ice_connected_) ice_connected_ = when;
  if (state == IceState::Failed && (step_ == Step::Offered || step_ == Step::Answered)) {
    return fail(ErrorCode::Network,
                "No network path to the service was found: is UDP, and TCP to port 443, blocked? "
                "A TURN server (\"turn-servers\") may help",
                "ICE failed");
  }
  listener_.on_ice_state(state);
}

void PeerConnection::handle_dtls_state(int state, const std::string &pem, TimePoint when) {
  switch (state) {
    case GST_WEBRTC_DTLS_TRANSPORT_STATE_CONNECTED:
      if (step_ != Step::Answered) return;
      dtls_connected_ = when;
      verify(pem);
      break;
    case GST_WEBRTC_DTLS_TRANSPORT_STATE_FAILED:
      fail(ErrorCode::Network, kLost, "DTLS failed");
      break;
    case GST_WEBRTC_DTLS_TRANSPORT_STATE_CLOSED:
      fail(ErrorCode::Network, "The service ended the call", "DTLS closed");
      break;
    default:
      break;
  }
}

void PeerConnection::verify(const std::string &pem) {
  auto fingerprint = certificate_fingerprint(pem);
  const auto &promised = answer_.fingerprints;
  if (!fingerprint || std::find(promised.begin(), promised.end(), *fingerprint) == promised.end()) {
    LOG_ERROR("the peer's certificate is not the one that the answer names");
    return fail(ErrorCode::Security,
                "The other end of the call is not who the service says it is; someone may be "
                "listening in",
                "DTLS certificate does not match a=fingerprint");
  }
  step_ = Step::Verified;
  if (!ice_connected_) ice_connected_ = dtls_connected_;
  pipeline_->settle_latency();
  pipeline_->sender()->open(pipeline_->base_time());
  if (downlink_wanted_) enable_downlink();
  auto box = mailbox_;
  listener_.on_connected();
  if (box->is_open()) channel_->allow();
}

bool PeerConnection::send(const std::string &text) {
  return step_ == Step::Verified && channel_->send(text);
}

std::size_t PeerConnection::max_send_size() const { return channel_->max_send_size(); }

std::shared_ptr<UplinkTarget> PeerConnection::uplink() { return pipeline_->sender(); }

void PeerConnection::enable_downlink() {
  loop_.assert_in_loop();
  downlink_wanted_ = true;
  if (step_ == Step::Verified) pipeline_->receiver().set_writer(media_->take_writer());
}

PeerTimings PeerConnection::timings() const {
  PeerTimings timings;
  timings.offer = offer_took_;
  auto between = [](std::optional<TimePoint> from, std::optional<TimePoint> to) {
    return from && to ? std::optional<Duration>(std::max(*to - *from, Duration::zero()))
                      : std::nullopt;
  };
  timings.ice = between(answered_, ice_connected_);
  timings.dtls = between(ice_connected_, dtls_connected_);
  timings.sctp = between(dtls_connected_, channel_->opened());
  return timings;
}

PeerStats PeerConnection::stats() {
  PeerStats stats;
  if (pipeline_->webrtcbin() != nullptr && step_ == Step::Verified) {
    stats = sampler_.sample(pipeline_->webrtcbin());
  }
  stats.packets_sent = pipeline_->sender()->packets();
  stats.bytes_sent = pipeline_->sender()->bytes();
  stats.packets_received = pipeline_->receiver().packets();
  stats.bytes_received = pipeline_->receiver().bytes();
  if (auto pair = ice_ ? ice_->selected_pair() : std::nullopt) {
    stats.local_candidate = pair->local;
    stats.remote_candidate = pair->remote;
  }
  return stats;
}

Ref<GstElement> PeerConnection::webrtcbin() {
  return Ref<GstElement>::share(pipeline_->webrtcbin());
}

void PeerConnection::close() {
  if (step_ == Step::Closed) return;
  loop_.assert_in_loop();
  bool polite = step_ == Step::Verified;
  step_ = Step::Closed;
  mailbox_->close();
  signals_.clear();
  sampler_.close();
  pipeline_->close(loop_, ice_, channel_->object(), polite);
}

void PeerConnection::fail(ErrorCode code, const char *message, std::string detail) {
  if (step_ == Step::Failed || step_ == Step::Closed) return;
  LOG_INFO("failed: %s", detail.c_str());
  step_ = Step::Failed;
  pipeline_->sender()->close();
  pipeline_->receiver().close();
  Error error;
  error.code = code;
  error.message = message;
  error.detail = std::move(detail);
  listener_.on_failed(std::move(error));
}

void PeerConnection::fail_later(ErrorCode code, const char *message, std::string detail) {
  mailbox_->post([this, code, message, detail] { fail(code, message, detail); });
}

void PeerConnection::on_channel_open() { listener_.on_channel_open(); }

void PeerConnection::on_channel_closed() {
  if (step_ == Step::Verified) listener_.on_channel_closed();
}

void PeerConnection::on_bad_message() { listener_.on_bad_message(); }

void PeerConnection::on_message(std::string text) { listener_.on_message(std::move(text)); }

namespace {

class WebrtcPeerFactory : public PeerFactory {
 public:
  std::unique_ptr<Peer> create(EventLoop &loop, PeerListener &listener,
                               std::shared_ptr<MediaPort> media, PeerOptions options) override {
    return std::make_unique<PeerConnection>(loop, listener, std::move(media), std::move(options));
  }
};

}  // namespace

std::unique_ptr<PeerFactory> make_webrtc_peer_factory() {
  return std::make_unique<WebrtcPeerFactory>();
}

bool wait_for_closed_peers(TimePoint deadline) { return wait_for_reaped_pipelines(deadline); }

}  // namespace oairt
