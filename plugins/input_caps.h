// What openairealtimesink takes, and how many channels become one.
// Thread-safe: pure functions.
// Never refuses raw audio for its rate, format, layout or number of channels.
#pragma once

#include <vector>

#include <gst/gst.h>

namespace oairt {

extern GstStaticPadTemplate input_template;  // the sink pad of sink and bin

// Opus with more than two channels, or with a mapping of streams, cannot go over WebRTC.
bool takes_input(const GstCaps *caps);
bool is_opus(const GstCaps *caps);

// One weight a channel of fixed raw caps, their sum 1; empty: mono already, or not raw.
// Known positions are weighted so that speech in the centre stays, unknown ones alike.
std::vector<float> mono_weights(const GstCaps *caps);

}  // namespace oairt
