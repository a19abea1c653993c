#include "ice_bench.h"

namespace oairt::test {

IceBench::IceBench(IceOptions options) {
  run_in(loop_, [&] {
    agent_ = IceAgent::create(loop_, std::move(options));
    agent_->set_state_callback([this](IceState state) {
      std::lock_guard lock(mutex_);
      states_.push_back(state);
    });
  });
  ice_ = agent_->new_reference();
  stream_ = gst_webrtc_ice_add_stream(ice_, 0);
  transport_ = gst_webrtc_ice_find_transport(ice_, stream_, GST_WEBRTC_ICE_COMPONENT_RTP);
  pipeline_ = gst_pipeline_new("bench");
  auto *end = gst_element_factory_make("fakesink", nullptr);
  g_object_set(end, "sync", FALSE, "async", FALSE, nullptr);
  gst_bin_add_many(GST_BIN(pipeline_), transport_->src, transport_->sink, end, nullptr);
  fail_unless(gst_element_link(transport_->src, end));
  auto end_pad = Ref<GstPad>::adopt(gst_element_get_static_pad(end, "sink"));
  gst_pad_add_probe(end_pad.get(), GST_PAD_PROBE_TYPE_BUFFER, &IceBench::on_buffer, this, nullptr);
  feed_ = Ref<GstPad>::sink(gst_pad_new("feed", GST_PAD_SRC));
  auto sink_pad = Ref<GstPad>::adopt(gst_element_get_static_pad(transport_->sink, "sink"));
  fail_unless(GST_PAD_LINK_SUCCESSFUL(gst_pad_link(feed_.get(), sink_pad.get())));
  gst_pad_set_active(feed_.get(), TRUE);
  gst_element_set_state(pipeline_, GST_STATE_PLAYING);
  gst_pad_push_event(feed_.get(), gst_event_new_stream_start("feed"));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_pad_push_event(feed_.get(), gst_event_new_segment(&segment));
}

IceBench::~IceBench() {
  close();
  fail_unless(wait_for([this] { return agent_->closed(); }));
  gst_element_set_state(pipeline_, GST_STATE_NULL);
  gst_object_unref(pipeline_);
  gst_object_unref(transport_);
#if GST_CHECK_VERSION(1, 27, 0)
  gst_object_unref(stream_);
#endif
  ASSERT_OBJECT_REFCOUNT(ice_, "ice", 1);
  gst_object_unref(ice_);
  run_in(loop_, [this] { agent_.reset(); });
  loop_.stop();
}

GstPadProbeReturn IceBench::on_buffer(GstPad *, GstPadProbeInfo *info, gpointer data) {
  auto *self = static_cast<IceBench *>(data);
  GstMapInfo map;
  gst_buffer_map(GST_PAD_PROBE_INFO_BUFFER(info), &map, GST_MAP_READ);
  {
    std::lock_guard lock(self->mutex_);
    self->received_.emplace_back(map.data, map.data + map.size);
  }
  gst_buffer_unmap(GST_PAD_PROBE_INFO_BUFFER(info), &map);
  return GST_PAD_PROBE_OK;
}

void IceBench::set_local() {
  fail_unless(gst_webrtc_ice_set_local_credentials(ice_, stream_, ufrag.c_str(), pwd.c_str()));
  fail_unless(gst_webrtc_ice_gather_candidates(ice_, stream_));
}

void IceBench::set_remote(const std::string &remote_ufrag, const std::string &remote_pwd,
                          const std::vector<std::string> &candidates) {
  fail_unless(gst_webrtc_ice_set_remote_credentials(ice_, stream_, remote_ufrag.c_str(),
                                                    remote_pwd.c_str()));
  for (const std::string &line : candidates) {
#if GST_CHECK_VERSION(1, 23, 0)
    gst_webrtc_ice_add_candidate(ice_, stream_, line.c_str(), nullptr);
#else
    gst_webrtc_ice_add_candidate(ice_, stream_, line.c_str());
#endif
  }
}

void IceBench::send(const Bytes &bytes) {
  std::lock_guard lock(feed_mutex_);
  GstFlowReturn flow = gst_pad_push(feed_.get(), gst_buffer_new_memdup(bytes.data(), bytes.size()));
  fail_unless_equals_int(flow, GST_FLOW_OK);
}

std::vector<IceBench::Bytes> IceBench::received() const {
  std::lock_guard lock(mutex_);
  return received_;
}

std::size_t IceBench::received_count() const {
  std::lock_guard lock(mutex_);
  return received_.size();
}

void IceBench::migrate(const char *why) {
  run_in(loop_, [&] { agent_->migrate(why); });
}

void IceBench::close() {
  run_in(loop_, [this] { agent_->close(); });
}

bool IceBench::wait_state(IceState state) {
  return wait_for([this, state] {
    std::lock_guard lock(mutex_);
    return !states_.empty() && states_.back() == state;
  });
}

std::vector<IceState> IceBench::states() const {
  std::lock_guard lock(mutex_);
  return states_;
}

GstWebRTCICEConnectionState IceBench::transport_state() const {
  GstWebRTCICEConnectionState state;
  g_object_get(transport_, "state", &state, nullptr);
  return state;
}

}  // namespace oairt::test
