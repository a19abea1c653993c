// Brings a whole utterance to 48 kHz: a polyphase filter of windowed sines.
// Thread-safe: a pure function.
// Never works on a stream: it sees the whole signal at once.
#pragma once

#include <cstdint>
#include <vector>

namespace oairt::sim {

std::vector<int16_t> resample_to_48k(const std::vector<int16_t> &pcm, int rate);

}  // namespace oairt::sim
