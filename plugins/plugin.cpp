// Registration of the plugin, and nothing else: what costs time waits for the first element.
#include <gst/gst.h>

#include "gstopenairealtimebin.h"
#include "gstopenairealtimesink.h"
#include "gstopenairealtimesrc.h"

#define PACKAGE "gst-openai-realtime"

static gboolean plugin_init(GstPlugin *plugin) {
  gboolean any = FALSE;
  any |= GST_ELEMENT_REGISTER(openairealtimesink, plugin);
  any |= GST_ELEMENT_REGISTER(openairealtimesrc, plugin);
  any |= GST_ELEMENT_REGISTER(openairealtimebin, plugin);
  return any;
}

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, openairealtime,
                  "Speech-to-speech with the OpenAI Realtime API over WebRTC", plugin_init,
                  OAIRT_VERSION, "LGPL", PACKAGE, "https://github.com/gst-openai-realtime")
