// A sink beside the one for speech: hands each buffer of text or video to its owner. It neither
// holds up the states nor the EOS of the bin that it is in, nor the latency of the pipeline.
// The handlers run on the streaming thread; they are set before the element streams.
// Never waits for the network: only for the clock, and only for input that is not live.
#pragma once

#include <functional>

#include <gst/base/gstbasesink.h>

G_BEGIN_DECLS

#define GST_TYPE_OPENAI_REALTIME_SIDE_SINK (gst_openai_realtime_side_sink_get_type())
G_DECLARE_FINAL_TYPE(GstOpenaiRealtimeSideSink, gst_openai_realtime_side_sink, GST,
                     OPENAI_REALTIME_SIDE_SINK, GstBaseSink)

G_END_DECLS

namespace oairt {

struct SideSinkHandlers {
  std::function<void(GstBuffer *buffer, GstCaps *caps)> buffer;
  std::function<void()> eos;
  std::function<void()> drain;  // upstream wants its buffers back
  std::function<void()> stop;   // PAUSED to READY
};

// What it takes, for negotiation.
GstElement *make_side_sink(const char *name, GstCaps *caps, SideSinkHandlers handlers);

}  // namespace oairt
