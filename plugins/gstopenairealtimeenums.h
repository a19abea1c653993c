// The enumerations that users meet in properties. Settings carry their nicks.
// Thread-safe: registered once.
// Never holds a value that no code acts on.
#pragma once

#include <glib-object.h>

GType gst_openai_realtime_service_get_type();
GType gst_openai_realtime_session_type_get_type();
GType gst_openai_realtime_turn_detection_get_type();
GType gst_openai_realtime_noise_reduction_get_type();
GType gst_openai_realtime_ice_transport_policy_get_type();
GType gst_openai_realtime_ice_restart_get_type();
GType gst_openai_realtime_event_channel_get_type();
GType gst_openai_realtime_connection_state_get_type();
GType gst_openai_realtime_eos_policy_get_type();
GType gst_openai_realtime_barge_in_get_type();
GType gst_openai_realtime_caption_mode_get_type();
GType gst_openai_realtime_persistence_get_type();
GType gst_openai_realtime_idle_action_get_type();

namespace oairt {

// The nick of a value and back; nullptr and 0 when there is none.
const char *enum_nick(GType type, int value);
int enum_value(GType type, const char *nick);

}  // namespace oairt
