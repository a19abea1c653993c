// openairealtimesink: takes audio to a session. See the .cpp for its users' documentation.
// As thread-safe as any GstElement.
// Never lets the network hold up the pipeline.
#pragma once

#include <memory>

#include <gst/gst.h>

#include "echo_control.h"

G_BEGIN_DECLS

#define GST_TYPE_OPENAI_REALTIME_SINK (gst_openai_realtime_sink_get_type())
G_DECLARE_FINAL_TYPE(GstOpenaiRealtimeSink, gst_openai_realtime_sink, GST, OPENAI_REALTIME_SINK,
                     GstBin)
GST_ELEMENT_REGISTER_DECLARE(openairealtimesink)

G_END_DECLS

namespace oairt {

// Before the element is used: what is asked whether its input is the user's.
void set_echo_control(GstOpenaiRealtimeSink *sink, std::shared_ptr<EchoControl> control);

}  // namespace oairt
