#include "audio_in.h"

#include <algorithm>
#include <array>

#include <glib.h>
#include <opus/opus.h>

#include "vad.h"

namespace oairt::sim {
namespace {

constexpr std::size_t kFrame = kSampleRate / 50;
constexpr std::size_t kLongestPacket = kSampleRate * 120 / 1000;
constexpr milliseconds kReorderWindow{60};
constexpr milliseconds kStarvedAfter{200};
constexpr int64_t kLongestFill = 60 * kSampleRate;  // a wilder jump is another time line
constexpr int64_t kLongestHole = 10;                // packets; more is silence, not loss

// Whether the packet repeats the one before it (RFC 6716 section 4.2.4). The flag follows those for
// voice activity, one for each of the packet's SILK frames; libopus tells from version 1.5 on.
bool carries_fec(const std::vector<uint8_t> &packet) {
  if (packet.size() < 2 || (packet[0] & 0x80) != 0) return false;  // CELT has none
  bool one_frame = (packet[0] & 0x03) == 0;
  int config = packet[0] >> 3;
  int silk_frames = config < 12 && (config & 3) > 1 ? config & 3 : 1;
  return one_frame && (packet[1] & (0x80 >> silk_frames)) != 0;
}

}  // namespace

AudioIn::AudioIn(Sink sink) : sink_(std::move(sink)) {
  int error = OPUS_OK;
  decoder_ = opus_decoder_create(kSampleRate, 1, &error);
  g_assert(error == OPUS_OK);
}

AudioIn::~AudioIn() { opus_decoder_destroy(decoder_); }

void AudioIn::restart(uint16_t sequence, uint32_t timestamp, uint32_t ssrc) {
  if (ssrc_) ++ssrc_changes_;
  ssrc_ = ssrc;
  waiting_.clear();
  highest_ = next_ = sequence;
  expected_timestamp_ = timestamp;
  filled_ = 0;
  opus_decoder_ctl(decoder_, OPUS_RESET_STATE);
}

void AudioIn::push(uint16_t sequence, uint32_t timestamp, uint32_t ssrc,
                   const std::vector<uint8_t> &payload, TimePoint now) {
  if (packets_ > 0) longest_gap_ms_ = std::max(longest_gap_ms_, to_ms(now - last_arrival_));
  ++packets_;
  bytes_ += payload.size();
  if (carries_fec(payload)) ++with_fec_;
  last_arrival_ = now;
  starving_ = false;
  if (!ssrc_ || *ssrc_ != ssrc) restart(sequence, timestamp, ssrc);
  int64_t extended =
      highest_ +
      static_cast<int16_t>(static_cast<uint16_t>(sequence - static_cast<uint16_t>(highest_)));
  if (extended < highest_) ++reordered_;
  highest_ = std::max(highest_, extended);
  if (extended < next_) {
    ++late_;
    return;
  }
  waiting_.insert_or_assign(extended, Packet{timestamp, payload, now});
  drain(now, false);
}

void AudioIn::drain(TimePoint now, bool hurry) {
  while (!waiting_.empty()) {
    auto first = waiting_.begin();
    int64_t missing = first->first - next_;
    if (missing > 0 && !hurry && now - first->second.arrival < kReorderWindow) return;
    auto node = waiting_.extract(first);
    next_ = node.key() + 1;
    if (missing > 0) conceal(node.mapped(), missing);
    decode(node.mapped());
  }
}

void AudioIn::conceal(const Packet &next, int64_t missing) {
  lost_ += static_cast<uint64_t>(missing);
  auto hole = static_cast<int32_t>(next.timestamp - expected_timestamp_);
  if (hole <= 0 || missing > kLongestHole ||
      hole > missing * static_cast<int64_t>(kLongestPacket)) {
    return;  // fill_gap() knows what to do with it
  }
  std::vector<int16_t> pcm(kLongestPacket);
  for (int32_t left = hole; left > 0;) {
    int32_t part = std::min<int32_t>(left, kFrame);
    bool last = part == left;
    int samples = opus_decode(decoder_, last ? next.payload.data() : nullptr,
                              last ? static_cast<opus_int32>(next.payload.size()) : 0, pcm.data(),
                              part, last ? 1 : 0);
    if (samples <= 0) break;
    ++(last && carries_fec(next.payload) ? restored_ : concealed_);
    emit(pcm.data(), static_cast<std::size_t>(samples));
    left -= samples;
  }
  expected_timestamp_ = next.timestamp;
}

void AudioIn::decode(const Packet &packet) {
  fill_gap(packet.timestamp);
  std::array<int16_t, kLongestPacket> pcm;
  int samples =
      opus_decode(decoder_, packet.payload.data(), static_cast<opus_int32>(packet.payload.size()),
                  pcm.data(), static_cast<int>(pcm.size()), 0);
  if (samples < 0) {
    ++undecodable_;
    return;
  }
  emit(pcm.data(), static_cast<std::size_t>(samples));
  expected_timestamp_ = packet.timestamp + static_cast<uint32_t>(samples);
}

// DTX, a muted client or a dead path: time passed though no packet came.
void AudioIn::fill_gap(uint32_t timestamp) {
  auto gap = static_cast<int64_t>(static_cast<int32_t>(timestamp - expected_timestamp_));
  int64_t missing = gap - std::exchange(filled_, 0);
  if (gap == 0 || missing <= 0 || missing > kLongestFill) return;
  ++gaps_;
  emit_silence(missing);
}

void AudioIn::tick(TimePoint now) {
  drain(now, false);
  if (packets_ == 0 || now - last_arrival_ < kStarvedAfter) return;
  if (!starving_) {
    starving_ = true;
    silent_since_ = last_arrival_;
    drain(now, true);
  }
  // As much silence as time went by.
  auto passed = std::chrono::duration_cast<milliseconds>(now - silent_since_).count();
  auto samples = static_cast<int64_t>(passed) * kSampleRate / 1000;
  silent_since_ += milliseconds(passed);
  filled_ += samples;
  emit_silence(samples);
}

void AudioIn::emit_silence(int64_t samples) {
  static constexpr std::array<int16_t, kFrame> kSilence{};
  for (; samples > 0; samples -= static_cast<int64_t>(kFrame)) {
    emit(kSilence.data(), static_cast<std::size_t>(std::min<int64_t>(samples, kFrame)));
  }
}

void AudioIn::emit(const int16_t *pcm, std::size_t samples) {
  frame_.insert(frame_.end(), pcm, pcm + samples);
  std::size_t used = 0;
  for (; frame_.size() - used >= kFrame; used += kFrame) sink_(frame_.data() + used, kFrame);
  frame_.erase(frame_.begin(), frame_.begin() + static_cast<std::ptrdiff_t>(used));
}

Json AudioIn::state() const {
  return Json::object({{"packets", packets_},
                       {"lost", lost_},
                       {"late", late_},
                       {"reordered", reordered_},
                       {"bytes", bytes_},
                       {"packets_with_fec", with_fec_},
                       {"restored_frames", restored_},
                       {"concealed_frames", concealed_},
                       {"timestamp_gaps", gaps_},
                       {"ssrc_changes", ssrc_changes_},
                       {"undecodable", undecodable_},
                       {"longest_gap_ms", longest_gap_ms_}});
}

}  // namespace oairt::sim
