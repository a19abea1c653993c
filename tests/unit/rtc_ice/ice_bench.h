// The agent under test as webrtcbin holds it: through its GObjects, its elements in a pipeline.
// Test thread only, but for what is marked.
// Never reaches below the GstWebRTCICE interface and IceAgent.
#pragma once

#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <gst/webrtc/ice.h>
#include <gst/webrtc/icetransport.h>

#include "base/event_loop.h"
#include "base/ref.h"
#include "rtc/ice_agent.h"
#include "support/check.h"
#include "support/loop_run.h"

namespace oairt::test {

class IceBench {
 public:
  using Bytes = std::vector<uint8_t>;

  explicit IceBench(IceOptions options = {});
  ~IceBench();  // takes it down as a peer connection does, and checks that nothing is left

  // What webrtcbin does with an offer and an answer.
  void set_local();
  void set_remote(const std::string &ufrag, const std::string &pwd,
                  const std::vector<std::string> &candidates);
  // Thread-safe: pushes a packet into the sink.
  void send(const Bytes &bytes);
  // The packets that came out of the source.
  std::vector<Bytes> received() const;
  std::size_t received_count() const;
  void migrate(const char *why);
  void close();

  bool wait_state(IceState state);
  std::vector<IceState> states() const;
  GstWebRTCICEConnectionState transport_state() const;
  IceAgent &agent() { return *agent_; }
  EventLoop &loop() { return loop_; }
  GstWebRTCICE *ice() { return ice_; }
  GstWebRTCICEStream *stream() { return stream_; }
  GstWebRTCICETransport *transport() { return transport_; }
  GstElement *pipeline() { return pipeline_; }

  const std::string ufrag = "benchufrag", pwd = "benchpasswordbenchpassword";

 private:
  static GstPadProbeReturn on_buffer(GstPad *pad, GstPadProbeInfo *info, gpointer self);

  EventLoop loop_{"ice-bench"};
  std::shared_ptr<IceAgent> agent_;
  GstWebRTCICE *ice_ = nullptr;
  GstWebRTCICEStream *stream_ = nullptr;
  GstWebRTCICETransport *transport_ = nullptr;
  GstElement *pipeline_ = nullptr;
  Ref<GstPad> feed_;
  mutable std::mutex mutex_;
  std::vector<Bytes> received_;
  std::vector<IceState> states_;
  std::mutex feed_mutex_;
};

}  // namespace oairt::test
