// openairealtimesrc: gives the model's voice. See the .cpp for its users' documentation.
// As thread-safe as any GstElement.
// Never stops giving frames because of the network.
#pragma once

#include <memory>

#include <gst/base/gstpushsrc.h>

#include "echo_control.h"

G_BEGIN_DECLS

#define GST_TYPE_OPENAI_REALTIME_SRC (gst_openai_realtime_src_get_type())
G_DECLARE_FINAL_TYPE(GstOpenaiRealtimeSrc, gst_openai_realtime_src, GST, OPENAI_REALTIME_SRC,
                     GstPushSrc)
GST_ELEMENT_REGISTER_DECLARE(openairealtimesrc)

G_END_DECLS

namespace oairt {

extern GstStaticPadTemplate output_template;  // the src pad of src and bin
// Before the element is used: who is told what is heard.
void set_echo_control(GstOpenaiRealtimeSrc *src, std::shared_ptr<EchoControl> control);

}  // namespace oairt
