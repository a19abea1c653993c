#include "audio_tap.h"

#include <cmath>
#include <cstdio>
#include <utility>

namespace oairt::lab {
namespace {

enum Flags { kGap = 1, kDiscont = 2 };

double level_db(const GstMapInfo &map) {
  auto count = map.size / sizeof(int16_t);
  const auto *samples = reinterpret_cast<const int16_t *>(map.data);
  double energy = 0;
  for (gsize i = 0; i < count; ++i) energy += static_cast<double>(samples[i]) * samples[i];
  if (count == 0 || energy == 0) return -96;
  return 10 * std::log10(energy / static_cast<double>(count) / (32768.0 * 32768.0));
}

double clock_ms(GstClockTime time) {
  return GST_CLOCK_TIME_IS_VALID(time) ? static_cast<double>(time) / GST_MSECOND : -1;
}

}  // namespace

AudioTap::AudioTap(Timeline &timeline, GstPad *pad)
    : timeline_(timeline), pad_(Ref<GstPad>::share(pad)) {
  probe_ = gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, &AudioTap::on_buffer, this, nullptr);
}

AudioTap::~AudioTap() { gst_pad_remove_probe(pad_.get(), probe_); }

GstPadProbeReturn AudioTap::on_buffer(GstPad *, GstPadProbeInfo *info, gpointer data) {
  auto *self = static_cast<AudioTap *>(data);
  double arrived = now_ms();
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  int flags = 0;
  if (GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_GAP)) flags |= kGap;
  if (GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DISCONT)) flags |= kDiscont;
  GstMapInfo map;
  if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) return GST_PAD_PROBE_OK;
  char frame[128];
  std::snprintf(frame, sizeof frame, "[%.1f,%.1f,%d,%.3f,%.3f]", arrived, level_db(map), flags,
                clock_ms(GST_BUFFER_PTS(buffer)), clock_ms(GST_BUFFER_DURATION(buffer)));
  gst_buffer_unmap(buffer, &map);
  LockGuard guard(self->lock_);
  if (!self->frames_.empty()) self->frames_ += ',';
  self->frames_ += frame;
  return GST_PAD_PROBE_OK;
}

void AudioTap::flush() {
  std::string frames;
  {
    LockGuard guard(lock_);
    frames.swap(frames_);
  }
  if (!frames.empty()) timeline_.write_text("audio", "\"a\":[" + frames + "]");
}

}  // namespace oairt::lab
