#include "echo_aligner.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/log.h"

OAIRT_LOG_USE(element)

namespace oairt {
namespace {

constexpr int kLookEvery = 16;  // blocks: 0.16 s
constexpr Duration kLook = milliseconds(10 * kLookEvery);
// The dsp is best when an echo comes 15 to 45 ms after what made it (measured: bench-echo).
constexpr Duration kAhead = milliseconds(30);
constexpr Duration kNear = milliseconds(12);  // the echo is where it was
constexpr double kSure = 9;                   // a confidence that chance does not reach
constexpr int kMoved = 3;
// The dsp's filter needs that much speech to follow.
constexpr Duration kSettle = milliseconds(300);
constexpr Duration kEnough = milliseconds(200);  // of speech in a window
constexpr Duration kNoEcho = milliseconds(800);  // without an echo there is none
constexpr Duration kEarliest = milliseconds(-EchoDelay::kEarliest * 1000 / EchoDelay::kRate);
constexpr Duration kLatest = milliseconds(EchoDelay::kLatest * 1000 / EchoDelay::kRate);
constexpr Duration kBlock = milliseconds(10);
constexpr Duration kWindow = milliseconds(EchoDelay::kWindow * 1000 / EchoDelay::kRate);
constexpr double kAudible = 0.001;  // -60 dBFS

// Adjacent halves: a first-order low pass, and every kDecimation-th sample of it.
float decimate(const int16_t *samples, float &half) {
  float sum = 0;
  for (int i = 0; i < EchoDelay::kDecimation; ++i) sum += samples[i];
  float result = (sum + half) / (2 * EchoDelay::kDecimation * 32768.0f);
  half = sum;
  return result;
}

}  // namespace

EchoAligner::EchoAligner(const FarEnd &far_end)
    : far_end_(far_end), captured_(EchoDelay::kWindow, 0.0f) {}

void EchoAligner::next(const int16_t *captured, Duration at, int16_t *played) {
  remember(captured);
  follow_latency();
  if (++blocks_ >= kLookEvery) {
    blocks_ = 0;
    look(at + kBlock);
  }
  far_end_.read(at - lag_ + kAhead, played, VoiceDsp::kBlock);
  bool settling = at < held_until_;
  hold_ = (state_ == State::Unknown || settling) &&
          far_end_.voiced(at - kLatest, at + kEarliest) > Duration(0);
}

void EchoAligner::remember(const int16_t *captured) {
  constexpr int kNew = VoiceDsp::kBlock / EchoDelay::kDecimation;
  std::copy(captured_.begin() + kNew, captured_.end(), captured_.begin());
  for (int i = 0; i < kNew; ++i) {
    captured_[static_cast<std::size_t>(EchoDelay::kWindow - kNew + i)] =
        decimate(captured + i * EchoDelay::kDecimation, half_);
  }
}

// What is claimed to be heard at a time moves with the latency, the echo does not.
void EchoAligner::follow_latency() {
  Duration latency = far_end_.latency();
  if (latency == latency_) return;
  if (state_ == State::Known) lag_ -= latency - latency_;
  latency_ = latency;
  delay_.reset();
}

void EchoAligner::look(Duration end) {
  Duration begin = end - kWindow;
  if (far_end_.voiced(begin, end) < kEnough) return;
  double energy = 0;
  for (float sample : captured_) energy += double{sample} * sample;
  bool loud = std::sqrt(energy / EchoDelay::kWindow) > kAudible;
  if (!loud) return not_found(false);
  std::vector<int16_t> samples(static_cast<std::size_t>(EchoDelay::kPlayed) *
                               EchoDelay::kDecimation);
  far_end_.read(begin - kLatest, samples.data(), samples.size());
  std::vector<float> played(EchoDelay::kPlayed);
  float half = 0;
  for (std::size_t i = 0; i < played.size(); ++i) {
    played[i] = decimate(samples.data() + i * EchoDelay::kDecimation, half);
  }
  delay_.add(captured_.data(), played.data());
  auto estimate = delay_.estimate();
  if (estimate && estimate->confidence >= kSure) {
    found(estimate->delay_ms, end);
  } else {
    not_found(true);
  }
}

void EchoAligner::found(double delay_ms, Duration at) {
  loud_ = quiet_ = Duration(0);
  auto lag =
      std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(delay_ms));
  if (state_ == State::Known && std::chrono::abs(lag - lag_) <= kNear) {
    elsewhere_ = 0;
    return;
  }
  if (state_ == State::Known && ++elsewhere_ < kMoved) return;
  elsewhere_ = 0;
  LOG_INFO("the echo of the loudspeaker comes %.0f ms after its time", delay_ms);
  state_ = State::Known;
  lag_ = lag;
  held_until_ = at + kSettle;
}

void EchoAligner::not_found(bool loud) {
  elsewhere_ = 0;
  if (state_ != State::Unknown) return;
  (loud ? loud_ : quiet_) += kLook;
  if (loud_ >= kNoEcho || quiet_ >= kNoEcho) {
    LOG_INFO("there is no echo of the loudspeaker");
    state_ = State::NoEcho;
  }
}

}  // namespace oairt
