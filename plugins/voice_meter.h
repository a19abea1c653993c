// Tells whether raw input sounds like a voice: by loudness, as the service's own detection does.
// Streaming thread.
// Never changes a sample, never allocates.
#pragma once

#include <functional>

#include <gst/gst.h>

namespace oairt {

// -45 dBFS: quieter than speech into a microphone, louder than a quiet room.
constexpr double kVoiceLevel = 0.0056;

// The root mean square of a buffer of S16 samples, 0..1.
double level_of_s16(GstBuffer *buffer);

// Calls `on_voice` for each buffer through the pad that is loud enough. The pad carries S16.
void add_voice_meter(GstPad *pad, std::function<void()> on_voice);

}  // namespace oairt
