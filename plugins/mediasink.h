// The last element inside openairealtimesink: hands Opus packets to the MediaPort.
// Streaming thread; set_media_port() from the thread that changes states, while nothing streams.
// Never waits for the network: only for the clock, and only for input that is not live.
#pragma once

#include <functional>
#include <memory>

#include <gst/base/gstbasesink.h>

#include "rtc/media_port.h"

G_BEGIN_DECLS

#define GST_TYPE_OPENAI_REALTIME_MEDIA_SINK (gst_openai_realtime_media_sink_get_type())
G_DECLARE_FINAL_TYPE(GstOpenaiRealtimeMediaSink, gst_openai_realtime_media_sink, GST,
                     OPENAI_REALTIME_MEDIA_SINK, GstBaseSink)

G_END_DECLS

namespace oairt {

// What the sink tells its owner, on the streaming thread.
struct MediaSinkEvents {
  std::function<void()> input_finished;  // the EOS was reached, not only received
  std::function<void()> input_resumed;   // a packet came after that
};

void set_events(GstOpenaiRealtimeMediaSink *sink, MediaSinkEvents events);
// Whether silence is to go out for what was captured in that running time.
void set_withheld(GstOpenaiRealtimeMediaSink *sink,
                  std::function<bool(Duration from, Duration length)> withheld);
// Whether the stream's end waits, after input_finished, for release_eos(). Any thread.
void hold_eos(GstOpenaiRealtimeMediaSink *sink, bool hold);
void release_eos(GstOpenaiRealtimeMediaSink *sink);
void set_media_port(GstOpenaiRealtimeMediaSink *sink, std::shared_ptr<MediaPort> media);

}  // namespace oairt
