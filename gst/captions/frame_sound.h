// What a frame of speech sounds like, in a few figures.
// Thread-safe: a pure function, cheap enough for a streaming thread.
// Never keeps a sample.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace oairt::captions {

constexpr int kPartsPerFrame = 2;  // of 10 ms

struct PartSound {
  float level_db = -120;    // of the root mean square, full scale is 0
  float brightness_hz = 0;  // the frequency of a tone with as many changes of sign
};
struct FrameSound {
  std::array<PartSound, kPartsPerFrame> parts;
};

// Mono S16 of any rate; `samples` make up 20 ms.
FrameSound measure(const int16_t *samples, std::size_t count);

}  // namespace oairt::captions
