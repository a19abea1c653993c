// One debug category per room, made on first use, so that it also works without plugin_init.
// Thread-safe. Never pass a token, an SDP text, a password or spoken words to it.
// In one .cpp of the room: OAIRT_LOG_DEFINE(rtc, "openairealtime-rtc", "peer connection and ICE")
// In each .cpp that logs:  OAIRT_LOG_USE(rtc)
#pragma once

#include <gst/gst.h>

#define OAIRT_LOG_DEFINE(room, name, description)                                      \
  namespace oairt::log_category {                                                      \
  GstDebugCategory *room() {                                                           \
    static GstDebugCategory *category = _gst_debug_category_new(name, 0, description); \
    return category;                                                                   \
  }                                                                                    \
  }
#define OAIRT_LOG_DECLARE(room)   \
  namespace oairt::log_category { \
  GstDebugCategory *room();       \
  }
#define OAIRT_LOG_USE(room) \
  OAIRT_LOG_DECLARE(room)   \
  static inline GstDebugCategory *oairt_log_category() { return oairt::log_category::room(); }

#define LOG_ERROR(...) GST_CAT_ERROR(oairt_log_category(), __VA_ARGS__)
#define LOG_WARNING(...) GST_CAT_WARNING(oairt_log_category(), __VA_ARGS__)
#define LOG_INFO(...) GST_CAT_INFO(oairt_log_category(), __VA_ARGS__)
#define LOG_DEBUG(...) GST_CAT_DEBUG(oairt_log_category(), __VA_ARGS__)
#define LOG_TRACE(...) GST_CAT_LOG(oairt_log_category(), __VA_ARGS__)
