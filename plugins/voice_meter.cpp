#include "voice_meter.h"

#include <cmath>
#include <cstdint>
#include <utility>

namespace oairt {
namespace {

GstPadProbeReturn measure(GstPad *, GstPadProbeInfo *info, gpointer on_voice) {
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  if (level_of_s16(buffer) >= kVoiceLevel) (*static_cast<std::function<void()> *>(on_voice))();
  return GST_PAD_PROBE_OK;
}

}  // namespace

double level_of_s16(GstBuffer *buffer) {
  GstMapInfo map;
  if (buffer == nullptr || GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_GAP) ||
      !gst_buffer_map(buffer, &map, GST_MAP_READ)) {
    return 0;
  }
  const auto *samples = reinterpret_cast<const int16_t *>(map.data);
  std::size_t count = map.size / sizeof(int16_t);
  int64_t energy = 0;
  for (std::size_t i = 0; i < count; ++i) energy += int32_t{samples[i]} * samples[i];
  gst_buffer_unmap(buffer, &map);
  return count == 0 ? 0 : std::sqrt(static_cast<double>(energy) / count) / 32768.0;
}

void add_voice_meter(GstPad *pad, std::function<void()> on_voice) {
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, measure,
                    new std::function<void()>(std::move(on_voice)),
                    [](gpointer data) { delete static_cast<std::function<void()> *>(data); });
}

}  // namespace oairt
