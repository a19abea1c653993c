// Opus packets as bytes (RFC 6716, section 3): silence of any length, and how long a packet plays.
// Thread-safe: pure functions.
// Never decodes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "base/ref.h"

namespace oairt {

// A packet that decodes to `duration` of silence (rounded to what Opus can say, 2.5 to 120 ms).
Ref<GstBuffer> make_opus_silence(Duration duration);
// How long the packet plays; zero if it is not Opus.
Duration opus_duration(const uint8_t *data, size_t size);

}  // namespace oairt
