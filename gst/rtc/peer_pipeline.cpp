#include "rtc/peer_pipeline.h"

#include <utility>

#include "rtc/pipeline_reaper.h"

namespace oairt {
namespace {

// A peer is known by one RTP stream; a few more are taken, without end is an attack.
constexpr guint kMaxStreams = 4;
constexpr Duration kFarewell = milliseconds(20);

Error missing(const char *what) {
  Error error;
  error.code = ErrorCode::Media;
  error.message =
      "A GStreamer element that calls need is missing; install gst-plugins-bad and -good";
  error.detail = what;
  return error;
}

// RTP packets in order are passed on at once from the first one; by default the first waits.
void tune_jitter_buffer(GstElement *jitter_buffer) {
  if (g_object_class_find_property(G_OBJECT_GET_CLASS(jitter_buffer), "faststart-min-packets")) {
    g_object_set(jitter_buffer, "faststart-min-packets", 1, nullptr);
  }
}

// Has the DTLS encoder tell the peer that we leave.
void say_goodbye(GstElement *webrtcbin) {
  GstIterator *it = gst_bin_iterate_all_by_element_factory_name(GST_BIN(webrtcbin), "dtlsenc");
  GValue item = G_VALUE_INIT;
  while (gst_iterator_next(it, &item) == GST_ITERATOR_OK) {
    auto *encoder = GST_ELEMENT(g_value_get_object(&item));
    if (encoder->sinkpads != nullptr) {
      gst_pad_send_event(GST_PAD(encoder->sinkpads->data), gst_event_new_eos());
    }
    g_value_reset(&item);
  }
  g_value_unset(&item);
  gst_iterator_free(it);
}

// What is left of a call while its last packet goes out. Ends wherever its last owner lets go,
// which is the loop: by its timer, or when the loop itself ends.
struct Remains {
  std::shared_ptr<IceAgent> ice;
  ReapJob job;

  ~Remains() {
    if (ice) ice->close();
    if (job.pipeline) reap_pipeline(std::move(job));
  }
};

}  // namespace

PeerPipeline::PeerPipeline(std::shared_ptr<Mailbox> mailbox, std::shared_ptr<MediaPort> media)
    : mailbox_(std::move(mailbox)),
      operations_(std::make_shared<Operations>()),
      sender_(std::make_shared<UplinkSender>()),
      receiver_(std::make_shared<VoiceReceiver>(std::move(media))) {}

Status PeerPipeline::start(IceAgent &ice, const PeerOptions &options, FailureCallback failed) {
  failed_ = std::move(failed);
  if (auto made = make_elements(ice, options); !made.ok()) return made;
  connect_signals();
  watch_bus();
  gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
  return link_uplink();
}

Status PeerPipeline::make_elements(IceAgent &ice, const PeerOptions &options) {
  auto latency = std::chrono::duration_cast<milliseconds>(options.jitter_latency).count();
  pipeline_ = Ref<GstElement>::sink(gst_pipeline_new(nullptr));
  auto clock = Ref<GstClock>::adopt(GST_CLOCK(g_object_new(
      GST_TYPE_SYSTEM_CLOCK, "name", "call", "clock-type", GST_CLOCK_TYPE_MONOTONIC, nullptr)));
  gst_object_ref_sink(clock.get());
  gst_pipeline_use_clock(GST_PIPELINE(pipeline_.get()), clock.get());

  auto factory = Ref<GstElementFactory>::adopt(gst_element_factory_find("webrtcbin"));
  if (!factory) return missing("webrtcbin");
  webrtcbin_ = Ref<GstElement>::sink(
      gst_element_factory_create_full(factory.get(), "ice-agent", ice.new_reference(), "latency",
                                      static_cast<guint>(latency), nullptr));
  if (!webrtcbin_) return missing("webrtcbin");
  gst_util_set_object_arg(G_OBJECT(webrtcbin_.get()), "bundle-policy", "max-bundle");
  for (GstElement *element : {webrtcbin_.get(), sender_->element(), receiver_->element()}) {
    gst_bin_add(GST_BIN(pipeline_.get()), element);
  }
  auto rtpbin = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(webrtcbin_.get()), "rtpbin"));
  if (!rtpbin) return missing("rtpbin");
  g_object_set(rtpbin.get(), "max-streams", kMaxStreams, nullptr);
  return Success{};
}

// The caps have to be at webrtcbin before it makes the offer: the SSRC that is announced is theirs.
Status PeerPipeline::link_uplink() {
  auto sink = Ref<GstPad>::adopt(gst_element_request_pad_simple(webrtcbin_.get(), "sink_0"));
  auto source = Ref<GstPad>::adopt(gst_element_get_static_pad(sender_->element(), "src"));
  if (!sink || gst_pad_link(source.get(), sink.get()) != GST_PAD_LINK_OK) {
    return missing("webrtcbin takes no audio");
  }
  sender_->send_caps();
  return Success{};
}

void PeerPipeline::connect_signals() {
  auto rtpbin = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(webrtcbin_.get()), "rtpbin"));
  signals_.push_back(SignalHandler::connect<GstElement *, guint, guint>(
      rtpbin.get(), "new-jitterbuffer",
      [](GstElement *jitter_buffer, guint, guint) { tune_jitter_buffer(jitter_buffer); }));
  signals_.push_back(SignalHandler::connect<GstPad *>(
      webrtcbin_.get(), "pad-added", [receiver = receiver_](GstPad *pad) {
        if (GST_PAD_DIRECTION(pad) != GST_PAD_SRC) return;
        Ref<GstPad> sink = receiver->add_pad();
        if (sink) gst_pad_link_full(pad, sink.get(), GST_PAD_LINK_CHECK_NOTHING);
      }));
}

void PeerPipeline::settle_latency() { gst_bin_recalculate_latency(GST_BIN(pipeline_.get())); }

GstClockTime PeerPipeline::base_time() const { return gst_element_get_base_time(webrtcbin_.get()); }

void PeerPipeline::watch_bus() {
  struct Watch {
    std::shared_ptr<Mailbox> mailbox;
    FailureCallback failed;
  };
  auto handle = [](GstBus *, GstMessage *message, gpointer data) -> GstBusSyncReply {
    auto *watch = static_cast<Watch *>(data);
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
      GError *error = nullptr;
      gst_message_parse_error(message, &error, nullptr);
      UniqueError owner(error);
      std::string detail =
          std::string(GST_OBJECT_NAME(GST_MESSAGE_SRC(message))) + ": " + error->message;
      bool network = error->domain == GST_RESOURCE_ERROR;
      watch->mailbox->post([failed = watch->failed, detail, network] { failed(detail, network); });
    }
    gst_message_unref(message);
    return GST_BUS_DROP;
  };
  auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline_.get()));
  gst_bus_set_sync_handler(bus.get(), handle, new Watch{mailbox_, failed_},
                           [](gpointer data) { delete static_cast<Watch *>(data); });
}

void PeerPipeline::close(EventLoop &loop, std::shared_ptr<IceAgent> ice, Ref<GObject> channel,
                         bool polite) {
  sender_->close();
  receiver_->close();
  signals_.clear();
  if (!pipeline_ && !ice) return;
  auto remains = std::make_shared<Remains>();
  remains->ice = std::move(ice);
  remains->job = {std::make_unique<ReapTicket>(), operations_, std::move(channel), pipeline_,
                  webrtcbin_};
  if (polite && webrtcbin_) {
    say_goodbye(webrtcbin_.get());
    loop.call_after(kFarewell, [remains] {});
  }
  webrtcbin_.reset();
  pipeline_.reset();
}

}  // namespace oairt
