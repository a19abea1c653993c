#include "captions/speech_clock.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace oairt::captions {
namespace {

// So sure it must be that a word has begun. To show it before its pause is worse than a moment
// late; who may wait for what comes after it needs to be less sure.
constexpr double kSureAtFirst = 0.1, kSureWithin = 0.5, kSureAfterPause = 0.7;
// A caption comes a frame after its word, and waits for the one before it: a word that follows
// without a pause counts from so many places before, unless there may be one.
constexpr std::size_t kAhead = 2;

double bell(double value, double mean, double width) {
  double distance = (value - mean) / width;
  return std::exp(-distance * distance / 2) / width;
}

}  // namespace

void Pace::learn(double log_speed, double seconds) {
  if (seconds <= 0) return;
  log_speed = std::clamp(log_speed, PlaceFilter::log_speed(0),
                         PlaceFilter::log_speed(PlaceFilter::kSpeeds - 1));
  double weight = seconds / (seconds + std::min(seconds_, 20.0));
  mean_ += weight * (log_speed - mean_);
  seconds_ += seconds;
  deviation_ = std::max(0.09, 0.22 / std::sqrt(1 + seconds_ / 3));
}

std::array<float, PlaceFilter::kSpeeds> Pace::prior() const {
  std::array<float, PlaceFilter::kSpeeds> prior;
  float sum = 0;
  for (int i = 0; i < PlaceFilter::kSpeeds; ++i) {
    prior[i] = static_cast<float>(bell(PlaceFilter::log_speed(i), mean_, deviation_)) + 1e-4F;
    sum += prior[i];
  }
  for (float &share : prior) share /= sum;
  return prior;
}

SpeechClock::SpeechClock(const Pace &pace) : filter_(pace.prior()), hearing_(pace.tone()) {}

void SpeechClock::set_words(const Words &words) {
  const auto &list = words.list();
  std::size_t same = 0;
  // Known by now to be of another language, it sounds otherwise.
  Language before = std::exchange(language_, words.language());
  if (before != language_ && !begun_) starts_.clear();
  while (same < starts_.size() && same < list.size() && sizes_[same] == list[same].end) ++same;
  if (same > 0) --same;  // what follows the last word tells what pause is there
  auto &[sounds, edges, complete] = track_;
  sounds.resize(same < starts_.size() ? starts_[same] : same == 0 ? 0 : sounds.size());
  edges.resize(sounds.size());
  starts_.resize(same);
  sizes_.resize(same);
  for (std::size_t i = same; i < list.size(); ++i) {
    starts_.push_back(sounds.size());
    sizes_.push_back(list[i].end);
    Edge edge = Edge::Word;
    if (i > 0 && list[i].small && !list[i - 1].small) edge = Edge::Joint;
    if (i > 0 && list[i - 1].pause == Pause::Phrase) edge = Edge::Phrase;
    if (i > 0 && list[i - 1].pause == Pause::Sentence) edge = Edge::Sentence;
    for (const Unit &unit : list[i].units) {
      sounds.insert(sounds.end(), std::max(1, (unit.ms + kPlaceMs / 2) / kPlaceMs), unit.sounds);
    }
    if (sounds.size() == starts_.back()) sounds.push_back(kAnySound);
    edges.resize(sounds.size(), Edge::None);
    edges[starts_.back()] = i == 0 ? Edge::None : edge;
  }
  complete = words.finished();
}

void SpeechClock::step(const PartSound &sound) {
  Likelihoods likely = hearing_.hear(sound);
  bool quiet = hearing_.quiet();
  quiet_ms_ = quiet ? quiet_ms_ + kPlaceMs : 0;
  if (!begun_ && quiet) return;
  begun_ = true;
  filter_.step(track_, likely);
  spoken_ms_ += filter_.speaking() * kPlaceMs;
  while (reached_ < starts_.size() && ms_since(reached_) >= hindsight_ms_) ++reached_;
}

std::size_t SpeechClock::begun_words() const {
  std::size_t words = reached_;
  while (ms_since(words) >= 0) ++words;
  return words;
}

double SpeechClock::ms_since(std::size_t word) const {
  if (word >= starts_.size()) return -1;
  Edge edge = track_.edges[starts_[word]];
  bool flows = edge == Edge::Word && hindsight_ms_ == 0;
  double sure = word == 0 ? kSureAtFirst : kSureWithin;
  if (word > 0 && edge != Edge::Word && edge != Edge::Joint) sure = kSureAfterPause;
  std::size_t start = starts_[word] - (flows ? std::min(kAhead, starts_[word]) : 0);
  if (filter_.has_come_to(start) <= sure) return -1;
  // The step in which it began counts too; and an ear hears two steps at once.
  return (filter_.steps_since(starts_, word) + 1.5) * kPlaceMs;
}

double SpeechClock::ms_to_next() const {
  if (reached_ >= starts_.size()) return 10000;
  double since = ms_since(reached_);
  if (since >= 0) return hindsight_ms_ - since;
  double left = static_cast<double>(starts_[reached_]) - filter_.mean_place();
  return hindsight_ms_ + std::max(0.0, left) * kPlaceMs / std::max(filter_.mean_speed(), 0.2);
}

bool SpeechClock::at_end() const {
  return track_.complete && filter_.waits_at(track_.size()) > 0.5;
}

void SpeechClock::teach(Pace &pace) const {
  pace.learn(hearing_.tone());
  double text_ms = static_cast<double>(track_.size()) * kPlaceMs;
  if (spoken_ms_ < 300 || text_ms < 300) return;
  pace.learn(std::log(text_ms / spoken_ms_), spoken_ms_ / 1000);
}

}  // namespace oairt::captions
