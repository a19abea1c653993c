#include "audio_out.h"

#include <algorithm>
#include <array>

#include <glib.h>
#include <opus/opus.h>

#include "vad.h"

namespace oairt::sim {
namespace {

constexpr std::size_t kFrame = kSampleRate / 50;
constexpr int kSettledSilence = 10;  // from then on the same packet says it

}  // namespace

AudioOut::AudioOut(Silence silence, uint32_t first_timestamp, Packet packet, Event started,
                   Event finished)
    : silence_(silence),
      packet_(std::move(packet)),
      started_(std::move(started)),
      finished_(std::move(finished)),
      timestamp_(first_timestamp) {
  int error = OPUS_OK;
  encoder_ = opus_encoder_create(kSampleRate, 1, OPUS_APPLICATION_VOIP, &error);
  g_assert(error == OPUS_OK);
  opus_encoder_ctl(encoder_, OPUS_SET_BITRATE(32000));
  opus_encoder_ctl(encoder_, OPUS_SET_COMPLEXITY(5));
  opus_encoder_ctl(encoder_, OPUS_SET_INBAND_FEC(1));
  opus_encoder_ctl(encoder_, OPUS_SET_PACKET_LOSS_PERC(5));
}

AudioOut::~AudioOut() { opus_encoder_destroy(encoder_); }

AudioOut::Utterance *AudioOut::find(uint64_t speech) {
  for (auto &utterance : utterances_) {
    if (utterance.speech == speech) return &utterance;
  }
  return nullptr;
}

void AudioOut::drop(uint64_t speech) {
  std::erase_if(utterances_, [&](const Utterance &other) { return other.speech == speech; });
}

void AudioOut::prepared(uint64_t speech, Pcm pcm) {
  std::size_t length = pcm->size();
  utterances_.push_back({speech, std::move(pcm), 0, length, false});
}

void AudioOut::play(uint64_t speech) {
  if (Utterance *utterance = find(speech)) utterance->queued = true;
}

void AudioOut::cut(uint64_t speech, int64_t keep_ms) {
  Utterance *utterance = find(speech);
  if (utterance == nullptr) return;
  auto keep = static_cast<std::size_t>(std::max<int64_t>(0, keep_ms)) * kSampleRate / 1000;
  utterance->end = std::clamp(keep, utterance->position, utterance->pcm->size());
}

int64_t AudioOut::stop(uint64_t speech) {
  Utterance *utterance = find(speech);
  if (utterance == nullptr) return 0;
  auto heard_ms = static_cast<int64_t>(utterance->position) * 1000 / kSampleRate;
  drop(speech);
  ++stops_;
  return heard_ms;
}

bool AudioOut::talking() const {
  return std::any_of(utterances_.begin(), utterances_.end(),
                     [](const Utterance &utterance) { return utterance.queued; });
}

bool AudioOut::next_frame(int16_t *frame, std::vector<uint64_t> &begun,
                          std::vector<uint64_t> &done) {
  std::size_t filled = 0;
  for (auto &utterance : utterances_) {
    if (!utterance.queued) continue;
    if (utterance.position == 0) begun.push_back(utterance.speech);
    std::size_t part = std::min(kFrame - filled, utterance.end - utterance.position);
    std::copy_n(utterance.pcm->begin() + static_cast<std::ptrdiff_t>(utterance.position), part,
                frame + filled);
    utterance.position += part;
    filled += part;
    if (utterance.position < utterance.end) break;
    done.push_back(utterance.speech);
    break;  // the next one starts with its own packet
  }
  std::fill(frame + filled, frame + kFrame, int16_t{0});
  return filled > 0 || !done.empty();
}

void AudioOut::tick() {
  std::array<int16_t, kFrame> frame;
  std::vector<uint64_t> begun, done;
  bool speech = next_frame(frame.data(), begun, done);
  for (auto id : done) drop(id);
  if (speech || silence_ == Silence::Frames) {
    encode(frame.data(), speech);
  } else {
    in_gap_ = true;
  }
  timestamp_ += kFrame;
  for (auto id : begun) started_(id);
  for (auto id : done) finished_(id);
}

void AudioOut::encode(const int16_t *frame, bool speech) {
  silent_frames_ = speech ? 0 : silent_frames_ + 1;
  if (silent_frames_ <= kSettledSilence) {
    buffer_.resize(1500);
    int size = opus_encode(encoder_, frame, kFrame, buffer_.data(),
                           static_cast<opus_int32>(buffer_.size()));
    if (size <= 0) return;
    buffer_.resize(static_cast<std::size_t>(size));
  }
  if (mute_) return;
  bool marker = in_gap_ || (speech && speech_frames_ == 0);
  in_gap_ = false;
  if (speech) ++speech_frames_;
  ++packets_;
  packet_(timestamp_, marker, buffer_);
}

Json AudioOut::state() const {
  return Json::object({{"packets", packets_},
                       {"speech_frames", speech_frames_},
                       {"stops", stops_},
                       {"talking", talking()}});
}

}  // namespace oairt::sim
