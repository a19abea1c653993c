// What webrtcbin sees of the agent: a GstWebRTCICE with its stream and transport.
// webrtcbin calls it from its own thread (under its lock) or from whoever emits its signals; every
// call copies, posts and returns.
// Never calls back into webrtcbin from one of these calls, except for the gathering state.
#pragma once

#include <memory>

#include <gst/webrtc/ice.h>

namespace oairt {

class IceCore;

// Returns one full reference. It keeps the core alive, not its paths.
GstWebRTCICE *make_ice_object(std::shared_ptr<IceCore> core);

}  // namespace oairt
