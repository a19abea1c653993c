#include "captions/sounds.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace oairt::captions {
namespace {

// What is this much quieter than the loudest of late is no voice.
constexpr double kQuietDb = 24, kFaintestDb = -58;
constexpr double kLoudestFades = 0.03;  // dB per 10 ms
constexpr float kDeepest = 60;          // dB below the loudest; what is quieter is nothing
// Bands are not independent of each other, nor are moments: each counts for less than one.
constexpr double kTrust = 0.16;
constexpr double kDoubt = 0.003;  // anything may be heard at any place
// The average of a voice is that of others at first.
constexpr Shape kAverage = {11, 2, 3.5, -3, 1};
// The level is measured better than the shape.
constexpr double kLevelCounts = 2, kShapeCounts = 0.85;
constexpr double kColouredDb = 20;  // what is quieter tells nothing of the voice
constexpr float kFirstParts = 50, kMostParts = 1000;

struct Kind {
  Likeness like;
  float below_width;
  Shape width;
};
// Averages of synthesizers of several makes and of recorded voices, in a dozen languages.
constexpr Kind kKinds[] = {
    {{4, {2, -7, -2.5F, -0.5F, 2}}, 4.5F, {3.5F, 4, 3.5F, 3, 3}},             // Open
    {{4, {0, -2, 3.5F, -4, -2}}, 4, {3, 4, 3.5F, 3, 3}},                      // Mid
    {{6, {-2.5F, 6, 8, -3.5F, -1.5F}}, 4.5F, {3.5F, 5, 3.5F, 3, 3}},          // Front
    {{3.5F, {6, -2, -5.5F, -3, 3}}, 4, {4, 4, 3.5F, 3, 3}},                   // Round
    {{4, {7, 2, -2, -0.5F, 1}}, 4, {5, 4.5F, 4.5F, 3, 3}},                    // Back
    {{7, {1, -3.5F, 0.5F, 0.5F, -1.5F}}, 5.5F, {4.5F, 3.5F, 3, 2.5F, 2.5F}},  // Neutral
    {{10, {4, 3.5F, 3, 1.5F, -0.5F}}, 6, {4, 4, 3.5F, 3, 3.5F}},              // Nasal
    {{8, {4.5F, 0, 0, 0, -0.5F}}, 5.5F, {5.5F, 5.5F, 5, 3.5F, 3}},            // Liquid
    {{21, {-9, 1, -2, 2.5F, -1}}, 8, {7, 4, 3.5F, 2.5F, 2}},                  // Stop
    {{14, {3.5F, 3, 1, 3, 0}}, 7, {4.5F, 4.5F, 3.5F, 3, 2.5F}},               // VoicedStop
    {{15, {-20, 2.5F, -3.5F, 3, -0.5F}}, 6, {7, 4.5F, 4, 3, 2.5F}},           // Hiss
    {{15, {-8, 8, -0.5F, 5, -0.5F}}, 6.5F, {6.5F, 4.5F, 3.5F, 3.5F, 2.5F}},   // Buzz
    {{24, {-11, -0.5F, -3, 3, -0.5F}}, 8, {7, 4, 3.5F, 2.5F, 2.5F}},          // Breath
    {{14, {1.5F, 3, 0, 4, -0.5F}}, 7, {4, 3.5F, 3, 3.5F, 2.5F}},              // Hum
};
// What stops are made of too: hardly anything, or for those with a voice a little of it.
constexpr Kind kClosure = {{43, {-10, -0.5F, -2.5F, 3, -0.5F}}, 6, {5, 3.5F, 3, 2.5F, 2.5F}};
constexpr Kind kVoicedClosure = {{23, {-6, 4, 1, 6, -0.5F}}, 10, {4.5F, 4, 3, 2.5F, 2}};
constexpr Kind kSilence = {{40, {-10, -1, -3, 3.5F, -1}}, 8, {5, 3.5F, 3, 2.5F, 2.5F}};
// How often they are.
constexpr double kClosed = 0.2, kVoicedClosed = 0.35, kSilent = 0.37;
constexpr double kMostBelow = 45;

double log_bell(double value, double mean, double width) {
  double distance = (value - mean) / width;
  return -distance * distance / 2 - std::log(width);
}

double log_likelihood(const Kind &kind, double below_db, const Shape &shape) {
  double sum = kLevelCounts * log_bell(below_db, kind.like.below_db, kind.below_width);
  for (std::size_t i = 0; i < kShape; ++i) {
    sum += kShapeCounts * log_bell(shape[i], kind.like.shape[i], kind.width[i]);
  }
  return sum;
}

Shape shape_of(const PartSound &part, double loudest_db) {
  std::array<float, kBands> heights;
  for (std::size_t band = 0; band < kBands; ++band) {
    heights[band] =
        std::clamp<float>(part.bands_db[band] - static_cast<float>(loudest_db), -kDeepest, 10);
  }
  static const auto kCosines = [] {
    std::array<std::array<float, kBands>, kShape> cosines;
    for (std::size_t i = 0; i < kShape; ++i) {
      for (std::size_t band = 0; band < kBands; ++band) {
        double phase = std::numbers::pi * static_cast<double>(i + 1) *
                       (static_cast<double>(band) + 0.5) / kBands;
        cosines[i][band] = static_cast<float>(std::cos(phase) * 2 / kBands);
      }
    }
    return cosines;
  }();
  Shape shape{};
  for (std::size_t i = 0; i < kShape; ++i) {
    for (std::size_t band = 0; band < kBands; ++band) shape[i] += heights[band] * kCosines[i][band];
  }
  return shape;
}

// With so much of another kind in it.
double mixed(double log, double other, double share) {
  return std::log((1 - share) * std::exp(log) + share * std::exp(other) + 1e-300);
}

float tempered(float likely) { return static_cast<float>(std::pow(likely + kDoubt, kTrust)); }

Likelihoods compare(double below_db, const Shape &shape) {
  std::array<double, kSounds> logs;
  for (std::size_t i = 0; i < kSounds; ++i) logs[i] = log_likelihood(kKinds[i], below_db, shape);
  double &stop = logs[static_cast<std::size_t>(Sound::Stop)];
  double &voiced = logs[static_cast<std::size_t>(Sound::VoicedStop)];
  double closure = std::min<double>(below_db, kClosure.like.below_db);
  stop = mixed(stop, log_likelihood(kClosure, closure, shape), kClosed);
  voiced = mixed(voiced, log_likelihood(kVoicedClosure, below_db, shape), kVoicedClosed);
  double depth = std::min<double>(below_db, kSilence.like.below_db);
  double silence = log_likelihood(kSilence, depth, shape) + std::log(kSilent);
  double most = std::max(silence, *std::max_element(logs.begin(), logs.end()));
  Likelihoods likely;
  for (std::size_t i = 0; i < kSounds; ++i) {
    likely.sounds[i] = static_cast<float>(std::exp(logs[i] - most));
  }
  likely.silence = tempered(static_cast<float>(std::exp(silence - most)));
  return likely;
}

}  // namespace

const Likeness &typical(Sound sound) { return kKinds[static_cast<std::size_t>(sound)].like; }

Tone::Tone() : mean_(kAverage), parts_(kFirstParts) {}

void Tone::learn(const Shape &shape) {
  parts_ = std::min(parts_ + 1, kMostParts);
  for (std::size_t i = 0; i < kShape; ++i) mean_[i] += (shape[i] - mean_[i]) / parts_;
}

float Likelihoods::of(Sounds any) const {
  float sum = 0;
  int count = 0;
  for (std::size_t i = 0; i < kSounds; ++i) {
    if ((any >> i & 1) == 0) continue;
    sum += sounds[i];
    ++count;
  }
  return tempered(count == 0 ? 0 : sum / static_cast<float>(count));
}

Likelihoods Hearing::hear(const PartSound &part) {
  bool faint = part.level_db < kFaintestDb;
  loudest_db_ = std::max<double>(part.level_db, loudest_db_ - (faint ? 0 : kLoudestFades));
  double below = loudest_db_ - part.level_db;
  quiet_ = faint || below > kQuietDb;
  Shape shape = shape_of(part, loudest_db_);
  if (below < kColouredDb && !faint) tone_.learn(shape);
  for (std::size_t i = 0; i < kShape; ++i) shape[i] -= tone_.mean()[i];
  return compare(std::clamp(below, 0.0, kMostBelow), shape);
}

}  // namespace oairt::captions
