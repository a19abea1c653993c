#include "vad.h"

#include <algorithm>
#include <cmath>

namespace oairt::sim {
namespace {

constexpr int64_t kStartAfterMs = 60;  // shorter noises are no speech

// A threshold of 0.5 means the base level; the whole range is 30 dB wide.
double level_of_threshold(double base_db, double threshold) {
  return base_db + (threshold - 0.5) * 30;
}

int64_t semantic_silence_ms(const std::string &eagerness) {
  if (eagerness == "high") return 700;
  return eagerness == "low" ? 2500 : 1200;
}

}  // namespace

double level_db(const int16_t *pcm, std::size_t samples) {
  double sum = 0;
  for (std::size_t i = 0; i < samples; ++i) sum += static_cast<double>(pcm[i]) * pcm[i];
  if (samples == 0 || sum == 0) return -96;
  return std::max(-96.0, 10 * std::log10(sum / static_cast<double>(samples) / (32768.0 * 32768.0)));
}

void Vad::configure(const Json &turn_detection) {
  enabled_ = turn_detection.is_object();
  if (!enabled_) {
    reset();
    prefix_padding_ms_ = 0;
    level_db_ = base_level_db_;
  } else if (turn_detection["type"].as_string() == "semantic_vad") {
    level_db_ = base_level_db_;
    prefix_padding_ms_ = 300;
    silence_ms_ = semantic_silence_ms(turn_detection["eagerness"].as_string());
  } else {
    level_db_ = level_of_threshold(base_level_db_, turn_detection["threshold"].as_double(0.5));
    prefix_padding_ms_ = turn_detection["prefix_padding_ms"].as_int(300);
    silence_ms_ = turn_detection["silence_duration_ms"].as_int(500);
  }
}

std::optional<Vad::Change> Vad::hear(const int16_t *pcm, std::size_t samples) {
  auto length_ms = static_cast<int64_t>(samples) * 1000 / kSampleRate;
  int64_t begin_ms = position_ms();
  position_samples_ += static_cast<int64_t>(samples);
  bool loud = level_db(pcm, samples) > level_db_;
  run_ms_ = loud ? run_ms_ + length_ms : 0;
  if (loud) last_voiced_ms_ = position_ms();
  if (!enabled_) return std::nullopt;
  if (!speaking_ && run_ms_ >= kStartAfterMs) return start(begin_ms + length_ms - run_ms_);
  if (speaking_ && position_ms() - last_voiced_ms_ >= silence_ms_) return stop();
  return std::nullopt;
}

Vad::Change Vad::force(bool started) {
  if (started) {
    last_voiced_ms_ = position_ms();
    return start(position_ms());
  }
  return stop();
}

Vad::Change Vad::start(int64_t first_ms) {
  speaking_ = true;
  first_voiced_ms_ = first_ms;
  return {true, std::max<int64_t>(0, first_ms - prefix_padding_ms_), 0};
}

Vad::Change Vad::stop() {
  speaking_ = false;
  return {false, position_ms(), std::max<int64_t>(0, last_voiced_ms_ - first_voiced_ms_)};
}

}  // namespace oairt::sim
