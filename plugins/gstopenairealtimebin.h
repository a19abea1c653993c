// openairealtimebin: sink and src in one. See the .cpp for its users' documentation.
// As thread-safe as any GstElement.
// Never says a thing twice: its children are quiet.
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_OPENAI_REALTIME_BIN (gst_openai_realtime_bin_get_type())
G_DECLARE_FINAL_TYPE(GstOpenaiRealtimeBin, gst_openai_realtime_bin, GST, OPENAI_REALTIME_BIN,
                     GstBin)
GST_ELEMENT_REGISTER_DECLARE(openairealtimebin)

G_END_DECLS
