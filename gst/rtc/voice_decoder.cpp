#include "rtc/voice_decoder.h"

#include <algorithm>

#include <opus/opus.h>

#include "rtc/media_port.h"
#include "rtc/opus_packet.h"

namespace oairt {
namespace {

constexpr int kLargestPacket = kSampleRate * 120 / 1000;
// Longer losses are not made up: concealment fades to noise, and the play-out starts afresh.
constexpr int kMostConcealed = 5;
// Packets that were left out on purpose (DTX) up to this long are filled with silence.
constexpr int32_t kShortPause = kSampleRate * 60 / 1000;

}  // namespace

VoiceDecoder::VoiceDecoder()
    : decoder_(opus_decoder_create(kSampleRate, 1, nullptr)), packet_samples_(kFrameSamples) {
  g_assert(decoder_ != nullptr);
}

VoiceDecoder::~VoiceDecoder() { opus_decoder_destroy(decoder_); }

void VoiceDecoder::feed(const RtpPacket &packet, VoiceSink &sink) {
  Duration duration = opus_duration(packet.payload, packet.size);
  if (duration == Duration::zero()) return;
  if (next_sequence_) {
    int missing = static_cast<int16_t>(packet.sequence - *next_sequence_);
    if (missing < 0 && missing > -1000) return;  // late or doubled; further back: a new count
    bridge(missing, packet, sink);
  }
  packet_samples_ = static_cast<int>(duration * kSampleRate / std::chrono::seconds(1));
  decode(packet.payload, packet.size, packet_samples_, false, false, sink);
  next_sequence_ = static_cast<uint16_t>(packet.sequence + 1);
  next_timestamp_ = packet.timestamp + static_cast<uint32_t>(packet_samples_);
}

// From the packet before to this one.
void VoiceDecoder::bridge(int missing, const RtpPacket &packet, VoiceSink &sink) {
  auto ahead = static_cast<int32_t>(packet.timestamp - next_timestamp_);
  if (missing > 0) lost_ += static_cast<uint64_t>(missing);
  if (missing >= 1 && missing <= kMostConcealed && ahead > 0 &&
      ahead <= (missing + 1) * packet_samples_) {
    for (int i = 1; i < missing; i++) decode(nullptr, 0, packet_samples_, false, true, sink);
    decode(packet.payload, packet.size, packet_samples_, true, true, sink);
  } else if (missing == 0 && ahead > 0 && ahead <= kShortPause) {
    decode(nullptr, 0, ahead - ahead % (kSampleRate / 400), false, false, sink);
  } else if (missing != 0 || ahead != 0) {
    opus_decoder_ctl(decoder_, OPUS_RESET_STATE);
    sink.on_pause();
  }
}

void VoiceDecoder::decode(const uint8_t *data, std::size_t size, int samples, bool fec,
                          bool concealed, VoiceSink &sink) {
  samples = std::min(samples, kLargestPacket);
  if (samples <= 0) return;
  auto room = static_cast<std::size_t>(std::max(samples, packet_samples_));
  if (samples_.size() < room) samples_.resize(room);
  int count = opus_decode(decoder_, data, static_cast<opus_int32>(size), samples_.data(), samples,
                          fec ? 1 : 0);
  if (count < 0) {
    // A packet that is no Opus inside: its time passes all the same.
    count = opus_decode(decoder_, nullptr, 0, samples_.data(), packet_samples_, 0);
    concealed = true;
  }
  if (count > 0) sink.on_samples(samples_.data(), static_cast<std::size_t>(count), concealed);
}

}  // namespace oairt
