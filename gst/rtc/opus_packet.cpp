#include "rtc/opus_packet.h"

#include <algorithm>

namespace oairt {
namespace {

using std::chrono::microseconds;

// Configurations 28 to 31: CELT, full band, mono, 2.5, 5, 10 and 20 ms.
constexpr uint8_t kCelt20 = 31;
constexpr uint8_t kOneFrame = 0, kManyFrames = 3;
constexpr uint8_t kSilentFrame[] = {0xFF, 0xFE};

uint8_t toc(uint8_t configuration, uint8_t code) {
  return static_cast<uint8_t>(configuration << 3 | code);
}

microseconds frame_duration(uint8_t configuration) {
  if (configuration < 12) {
    constexpr microseconds kSilk[] = {microseconds(10000), microseconds(20000), microseconds(40000),
                                      microseconds(60000)};
    return kSilk[configuration & 3];
  }
  if (configuration < 16) return microseconds(configuration & 1 ? 20000 : 10000);
  return microseconds(2500 << (configuration & 3));
}

Ref<GstBuffer> make_silence(uint8_t configuration, size_t frames) {
  uint8_t bytes[2 + 2 * sizeof(kSilentFrame) * 6];
  size_t size = 0;
  bytes[size++] = toc(configuration, frames == 1 ? kOneFrame : kManyFrames);
  if (frames > 1) bytes[size++] = static_cast<uint8_t>(frames);  // constant size, no padding
  for (size_t i = 0; i < frames; i++) {
    bytes[size++] = kSilentFrame[0];
    bytes[size++] = kSilentFrame[1];
  }
  return Ref<GstBuffer>::adopt(gst_buffer_new_memdup(bytes, size));
}

}  // namespace

Ref<GstBuffer> make_opus_silence(Duration duration) {
  constexpr Duration kLongest = milliseconds(20);
  if (duration >= kLongest) {
    auto frames = (duration + kLongest / 2) / kLongest;
    return make_silence(kCelt20, static_cast<size_t>(std::clamp<int64_t>(frames, 1, 6)));
  }
  uint8_t configuration = kCelt20;
  while (configuration > 28 && frame_duration(configuration) > duration) configuration--;
  return make_silence(configuration, 1);
}

Duration opus_duration(const uint8_t *data, size_t size) {
  if (size == 0) return Duration::zero();
  int frames = 1;
  if ((data[0] & 3) == kManyFrames) {
    if (size < 2) return Duration::zero();
    frames = data[1] & 0x3F;
  } else if ((data[0] & 3) != kOneFrame) {
    frames = 2;
  }
  auto total = frame_duration(data[0] >> 3) * frames;
  return total > milliseconds(120) ? Duration::zero() : Duration(total);
}

}  // namespace oairt
