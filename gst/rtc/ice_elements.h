// The two elements webrtcbin puts at the ends of its transport: a source of what any path heard and
// a sink to the path in use. They know the channel only, so paths come and go beneath them.
// Streaming threads; state changes come from webrtcbin.
// The sink never fails and never waits; the source waits on its own queue and is freed by unlock().
#pragma once

#include <memory>

#include <gst/gst.h>

namespace oairt {

class IceChannel;

// Both return a floating element.
GstElement *make_ice_src(std::shared_ptr<IceChannel> channel);
GstElement *make_ice_sink(std::shared_ptr<IceChannel> channel);

}  // namespace oairt
