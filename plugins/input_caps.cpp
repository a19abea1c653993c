#include "input_caps.h"

#include <gst/audio/audio.h>

namespace oairt {

GstStaticPadTemplate input_template = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS(GST_AUDIO_CAPS_MAKE(
        GST_AUDIO_FORMATS_ALL) ", layout = (string) { interleaved, non-interleaved }; "
                               "audio/x-opus, channel-mapping-family = (int) 0, channels = (int) [ "
                               "1, 2 ]"));

bool is_opus(const GstCaps *caps) {
  return gst_caps_get_size(caps) > 0 &&
         gst_structure_has_name(gst_caps_get_structure(caps, 0), "audio/x-opus");
}

// By intersection, not as a subset: some demuxers do not say how many channels there are.
bool takes_input(const GstCaps *caps) {
  GstCaps *allowed = gst_static_pad_template_get_caps(&input_template);
  bool taken = gst_caps_can_intersect(caps, allowed);
  gst_caps_unref(allowed);
  return taken;
}

namespace {

float weight_of(GstAudioChannelPosition position) {
  switch (position) {
    case GST_AUDIO_CHANNEL_POSITION_LFE1:
    case GST_AUDIO_CHANNEL_POSITION_LFE2:
      return 0.0f;
    case GST_AUDIO_CHANNEL_POSITION_MONO:
    case GST_AUDIO_CHANNEL_POSITION_FRONT_CENTER:
      return 1.0f;
    case GST_AUDIO_CHANNEL_POSITION_FRONT_LEFT:
    case GST_AUDIO_CHANNEL_POSITION_FRONT_RIGHT:
    case GST_AUDIO_CHANNEL_POSITION_FRONT_LEFT_OF_CENTER:
    case GST_AUDIO_CHANNEL_POSITION_FRONT_RIGHT_OF_CENTER:
      return 0.7071f;
    default:
      return 0.5f;
  }
}

}  // namespace

std::vector<float> mono_weights(const GstCaps *caps) {
  GstAudioInfo info;
  gst_audio_info_init(&info);
  if (!gst_audio_info_from_caps(&info, caps) || GST_AUDIO_INFO_CHANNELS(&info) < 2) return {};
  std::vector<float> weights(GST_AUDIO_INFO_CHANNELS(&info), 1.0f);
  if (!GST_AUDIO_INFO_IS_UNPOSITIONED(&info)) {
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = weight_of(info.position[i]);
  }
  float sum = 0;
  for (float weight : weights) sum += weight;
  if (sum <= 0) return std::vector<float>(weights.size(), 1.0f / weights.size());
  for (float &weight : weights) weight /= sum;
  return weights;
}

}  // namespace oairt
