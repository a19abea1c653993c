#include "output_frame.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

namespace oairt {
namespace {

template <typename Sample>
Sample convert(double value) {  // value in S16 units
  if constexpr (std::is_same_v<Sample, float>) {
    return static_cast<float>(value / 32768.0);
  } else {
    return static_cast<int16_t>(std::lround(std::clamp(value, -32768.0, 32767.0)));
  }
}

}  // namespace

template <typename Sample>
void OutputFrame::fill(Sample *out, const int16_t *samples, double volume) const {
  int channels = GST_AUDIO_INFO_CHANNELS(&info_);
  double step = (volume - volume_) / kFrameSamples;
  for (int i = 0; i < kFrameSamples; ++i) {
    auto sample = convert<Sample>(samples[i] * (volume_ + step * (i + 1)));
    for (int channel = 0; channel < channels; ++channel) *out++ = sample;
  }
}

Ref<GstBuffer> OutputFrame::make(const int16_t *samples, bool silence, double volume) {
  gsize size = static_cast<gsize>(kFrameSamples) * GST_AUDIO_INFO_BPF(&info_);
  auto buffer = Ref<GstBuffer>::adopt(gst_buffer_new_allocate(nullptr, size, nullptr));
  GstMapInfo map;
  if (!buffer || !gst_buffer_map(buffer.get(), &map, GST_MAP_WRITE)) return nullptr;
  if (silence) {
    std::fill_n(map.data, map.size, 0);
    GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_GAP);
  } else if (GST_AUDIO_INFO_FORMAT(&info_) == GST_AUDIO_FORMAT_S16) {
    fill(reinterpret_cast<int16_t *>(map.data), samples, volume);
  } else {
    fill(reinterpret_cast<float *>(map.data), samples, volume);
  }
  gst_buffer_unmap(buffer.get(), &map);
  volume_ = volume;
  return buffer;
}

}  // namespace oairt
