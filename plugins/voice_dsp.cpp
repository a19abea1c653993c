#include "voice_dsp.h"

#include <algorithm>
#include <atomic>
#include <string>

#include "base/log.h"

OAIRT_LOG_USE(element)

namespace oairt {
namespace {

constexpr GstClockTime kBlockNs = 10 * GST_MSECOND;
// How much earlier than its echo the dsp is told to expect what was played.
constexpr GstClockTime kLead = 20 * GST_MSECOND;
constexpr const char *kCaps = "audio/x-raw, format=(string)" G_STRINGIFY(
    S16LE) ", layout=(string)interleaved, rate=(int)48000, channels=(int)1";

// Probes are found by name, in one list for the whole process.
std::string next_probe_name() {
  static std::atomic<unsigned> number{0};
  return "openairealtime-probe-" + std::to_string(number++);
}

// Sets what the element of this version has.
void set_if_there(GstElement *element, const char *name, const char *value) {
  if (g_object_class_find_property(G_OBJECT_GET_CLASS(element), name) != nullptr) {
    gst_util_set_object_arg(G_OBJECT(element), name, value);
  }
}

void forget_query(gpointer pad, GstMiniObject *) {
  gst_pad_set_element_private(GST_PAD(pad), nullptr);
}

gboolean answer_latency(GstPad *pad, GstObject *parent, GstQuery *query) {
  if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY) return gst_pad_query_default(pad, parent, query);
  gst_query_set_latency(query, TRUE, kLead, GST_CLOCK_TIME_NONE);
  gst_pad_set_element_private(pad, query);
  gst_mini_object_weak_ref(GST_MINI_OBJECT_CAST(query), forget_query, pad);
  return TRUE;
}

gboolean drop_event(GstPad *, GstObject *, GstEvent *event) {
  gst_event_unref(event);
  return TRUE;
}

}  // namespace

// What stands before and behind one of the elements.
struct VoiceDsp::Port {
  Ref<GstPad> in, out;
  Ref<GstBuffer> result;

  explicit Port(GstElement *element) {
    in = Ref<GstPad>::sink(gst_pad_new("in", GST_PAD_SRC));
    out = Ref<GstPad>::sink(gst_pad_new("out", GST_PAD_SINK));
    gst_pad_set_query_function(in.get(), answer_latency);
    gst_pad_set_event_function(in.get(), drop_event);
    gst_pad_set_event_function(out.get(), drop_event);
    gst_pad_set_element_private(out.get(), this);
    gst_pad_set_chain_function(out.get(), keep);
    auto sink = Ref<GstPad>::adopt(gst_element_get_static_pad(element, "sink"));
    auto src = Ref<GstPad>::adopt(gst_element_get_static_pad(element, "src"));
    gst_pad_link(in.get(), sink.get());
    gst_pad_link(src.get(), out.get());
  }
  ~Port() {
    gst_pad_set_active(in.get(), FALSE);
    gst_pad_set_active(out.get(), FALSE);
  }
  static GstFlowReturn keep(GstPad *pad, GstObject *, GstBuffer *buffer) {
    auto *port = static_cast<Port *>(gst_pad_get_element_private(pad));
    port->result = Ref<GstBuffer>::adopt(buffer);
    return GST_FLOW_OK;
  }
  void begin() {
    gst_pad_set_active(out.get(), TRUE);
    gst_pad_set_active(in.get(), TRUE);
    gst_pad_push_event(in.get(), gst_event_new_stream_start("voice"));
    auto caps = Ref<GstCaps>::adopt(gst_caps_from_string(kCaps));
    gst_pad_push_event(in.get(), gst_event_new_caps(caps.get()));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_push_event(in.get(), gst_event_new_segment(&segment));
  }
  bool push(const int16_t *samples, GstClockTime time) {
    result.reset();
    gsize size = kBlock * sizeof(int16_t);
    GstBuffer *buffer = gst_buffer_new_allocate(nullptr, size, nullptr);
    gst_buffer_fill(buffer, 0, samples, size);
    GST_BUFFER_PTS(buffer) = time;
    GST_BUFFER_DURATION(buffer) = kBlockNs;
    return gst_pad_push(in.get(), buffer) == GST_FLOW_OK;
  }
};

bool VoiceDsp::installed() {
  for (const char *name : {"webrtcdsp", "webrtcechoprobe"}) {
    auto factory = Ref<GstElementFactory>::adopt(gst_element_factory_find(name));
    if (!factory) return false;
  }
  return true;
}

void VoiceDsp::preload() {
  auto plugin = Ref<GstPlugin>::adopt(gst_plugin_load_by_name("webrtcdsp"));
}

Result<std::unique_ptr<VoiceDsp>> VoiceDsp::make(const VoiceDspOptions &options) {
  std::unique_ptr<VoiceDsp> dsp(new VoiceDsp);
  if (dsp->start(options)) return dsp;
  return Error{ErrorCode::Media,
               "Echo cancellation, noise suppression and gain control need the elements "
               "\"webrtcdsp\" and \"webrtcechoprobe\", which are not installed (Debian: "
               "gstreamer1.0-plugins-bad); speech goes out as it comes.",
               installed() ? "the elements are there and do not start" : "no such elements",
               {},
               {}};
}

bool VoiceDsp::start(const VoiceDspOptions &options) {
  std::string name = next_probe_name();
  probe_ = Ref<GstElement>::sink(gst_element_factory_make("webrtcechoprobe", name.c_str()));
  dsp_ = Ref<GstElement>::sink(gst_element_factory_make("webrtcdsp", nullptr));
  if (!probe_ || !dsp_) return false;
  g_object_set(dsp_.get(), "probe", name.c_str(), nullptr);
  configure(options);
  captured_ = std::make_unique<Port>(dsp_.get());
  played_ = std::make_unique<Port>(probe_.get());
  for (auto *element : {probe_.get(), dsp_.get()}) {
    if (gst_element_set_state(element, GST_STATE_PAUSED) == GST_STATE_CHANGE_FAILURE) return false;
  }
  played_->begin();
  captured_->begin();
  // Without it the probe gives nothing out. None: what is played now is heard now.
  gst_pad_push_event(played_->out.get(), gst_event_new_latency(0));
  // The probe asks about the latency then, and leaks its query (at least up to 1.26).
  if (auto *query = static_cast<GstQuery *>(gst_pad_get_element_private(played_->in.get()))) {
    gst_query_unref(query);
  }
  return true;
}

void VoiceDsp::configure(const VoiceDspOptions &options) {
  g_object_set(dsp_.get(), "echo-cancel", gboolean{options.echo_cancel}, "noise-suppression",
               gboolean{options.noise_suppression}, "gain-control", gboolean{options.gain_control},
               nullptr);
  // What versions before 1.24 need to be told. Their search for the delay is worse than none: the
  // delay is known here (EchoAligner).
  set_if_there(dsp_.get(), "delay-agnostic", "false");
  set_if_there(dsp_.get(), "extended-filter", "true");
  set_if_there(dsp_.get(), "echo-suppression-level", "moderate");
}

VoiceDsp::~VoiceDsp() {
  captured_.reset();
  played_.reset();
  for (auto *element : {dsp_.get(), probe_.get()}) {
    if (element != nullptr) gst_element_set_state(element, GST_STATE_NULL);
  }
}

void VoiceDsp::process(int16_t *captured, const int16_t *played) {
  GstClockTime now = blocks_++ * kBlockNs;
  // Aligned: the probe looks for what is heard kLead after the block that it is asked about.
  played_->push(played, now + kLead);
  if (!captured_->push(captured, now) || !captured_->result) return;
  gst_buffer_extract(captured_->result.get(), 0, captured, kBlock * sizeof(int16_t));
  captured_->result.reset();
}

}  // namespace oairt
