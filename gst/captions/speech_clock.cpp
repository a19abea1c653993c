#include "captions/speech_clock.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace oairt::captions {
namespace {

constexpr int kPlaceMs = 10;
constexpr double kSpeedStep = 0.06;  // of the logarithm
// Letters tell lengths roughly only: a word may take half or twice as long, and so its speed
// wanders while it is said.
constexpr float kWander = 0.002F;
// A step of nothing, of two, of three: on the average it is one.
constexpr float kSkip = 0.4F, kLeap = 0.06F, kHold = kSkip + 2 * kLeap;
// How likely a voice is to pause there at all, and to stay silent for another 10 ms: it is no pause
// that is over at once.
constexpr float kPauses[] = {0, 0.004F, 0.2F, 0.98F, 0.995F, 1};
constexpr float kHushed = 0.86F, kStay = 0.88F;
// So sure it must be that a word has begun. To show it before its pause is worse than a moment
// late.
constexpr double kSureAtFirst = 0.1, kSureWithin = 0.5, kSureAfterPause = 0.7;
// A caption comes a frame after its word, and waits for the one before it: a word that follows
// without a pause counts from so many places before, unless there may be one.
constexpr std::size_t kAhead = 2;

double bell(double value, double mean, double width) {
  double distance = (value - mean) / width;
  return std::exp(-distance * distance / 2) / width;
}

}  // namespace

double Pace::log_speed(int index) { return (index - kSpeeds / 2) * kSpeedStep; }

void Pace::learn(double log_speed, double seconds) {
  if (seconds <= 0) return;
  log_speed = std::clamp(log_speed, Pace::log_speed(0), Pace::log_speed(kSpeeds - 1));
  double weight = seconds / (seconds + std::min(seconds_, 20.0));
  mean_ += weight * (log_speed - mean_);
  seconds_ += seconds;
  deviation_ = std::max(0.09, 0.22 / std::sqrt(1 + seconds_ / 3));
}

std::array<float, Pace::kSpeeds> Pace::prior() const {
  std::array<float, kSpeeds> prior;
  float sum = 0;
  for (int i = 0; i < kSpeeds; ++i) {
    prior[i] = static_cast<float>(bell(log_speed(i), mean_, deviation_)) + 1e-4F;
    sum += prior[i];
  }
  for (float &share : prior) share /= sum;
  return prior;
}

SpeechClock::SpeechClock(const Pace &pace) : hearing_(pace.tone()) {
  auto prior = pace.prior();
  for (int i = 0; i < Pace::kSpeeds; ++i) paused_[i][0] = prior[i];
  mean_speed_ = std::exp(pace.mean());
}

void SpeechClock::set_words(const Words &words) {
  const auto &list = words.list();
  std::size_t same = 0;
  // Known by now to be of another language, it sounds otherwise.
  Language before = std::exchange(language_, words.language());
  if (before != language_ && !begun_) starts_.clear();
  while (same < starts_.size() && same < list.size() && sizes_[same] == list[same].end) ++same;
  if (same > 0) --same;  // what follows the last word tells what pause is there
  places_.resize(same < starts_.size() ? starts_[same] : same == 0 ? 0 : places_.size());
  edges_.resize(places_.size());
  starts_.resize(same);
  sizes_.resize(same);
  for (std::size_t i = same; i < list.size(); ++i) {
    starts_.push_back(places_.size());
    sizes_.push_back(list[i].end);
    Edge edge = Edge::Word;
    if (i > 0 && list[i].small && !list[i - 1].small) edge = Edge::Joint;
    if (i > 0 && list[i - 1].pause == Pause::Phrase) edge = Edge::Phrase;
    if (i > 0 && list[i - 1].pause == Pause::Sentence) edge = Edge::Sentence;
    for (const Unit &unit : list[i].units) {
      places_.insert(places_.end(), std::max(1, (unit.ms + kPlaceMs / 2) / kPlaceMs), unit.sounds);
    }
    if (places_.size() == starts_.back()) places_.push_back(kAnySound);
    edges_.resize(places_.size(), Edge::None);
    edges_[starts_.back()] = i == 0 ? Edge::None : edge;
  }
  complete_ = words.finished();
}

SpeechClock::Edge SpeechClock::edge_at(std::size_t place) const {
  if (place < edges_.size()) return edges_[place];
  return complete_ && place == edges_.size() ? Edge::End : Edge::None;
}

Sounds SpeechClock::sounds_at(std::size_t place) const {
  return place < places_.size() ? places_[place] : kAnySound;
}

void SpeechClock::step(const PartSound &sound) {
  Likelihoods likely = hearing_.hear(sound);
  bool quiet = hearing_.quiet();
  quiet_ms_ = quiet ? quiet_ms_ + kPlaceMs : 0;
  if (!begun_ && quiet) return;
  begun_ = true;
  move();
  wander();
  compare(likely);
  settle();
  shift_window();
}

void SpeechClock::move_row(const Row &from, Row &to, Row &paused, double speed) {
  const struct {
    double distance;
    float share;
  } steps[] = {
      {0, kHold}, {speed, 1 - kHold - kSkip - kLeap}, {2 * speed, kSkip}, {3 * speed, kLeap}};
  for (const auto &step : steps) {
    auto whole = static_cast<std::size_t>(step.distance);
    auto rest = static_cast<float>(step.distance - static_cast<double>(whole));
    for (std::size_t part = 0; part < 2; ++part) {
      float share = step.share * (part == 0 ? 1 - rest : rest);
      std::size_t length = whole + part;
      if (share == 0) continue;
      for (std::size_t row = low_; row < high_; ++row) {
        float mass = from[row] * share;
        if (mass < 1e-9F) continue;
        for (std::size_t over = 1; over <= length; ++over) {
          Edge edge = edge_at(base_ + row + over);
          if (edge == Edge::None) continue;
          float rests = mass * kPauses[static_cast<int>(edge)];
          paused[row + over] += rests;
          mass -= rests;
        }
        to[row + length] += mass;
      }
    }
  }
}

void SpeechClock::move() {
  for (int i = 0; i < Pace::kSpeeds; ++i) {
    Row &to = next_[i];
    std::fill(to.begin() + static_cast<std::ptrdiff_t>(low_),
              to.begin() + static_cast<std::ptrdiff_t>(std::min(high_ + kMargin, to.size())), 0.0F);
    // Those that were silent first: who falls silent now stays so for a step.
    for (std::size_t row = low_; row < high_; ++row) {
      if (complete_ && base_ + row == places_.size()) continue;  // nothing follows
      float goes_on = paused_[i][row] * (1 - kStay);
      paused_[i][row] -= goes_on;
      to[row] += goes_on;
      float settles = hushed_[i][row] * (1 - kHushed);
      hushed_[i][row] -= settles;
      paused_[i][row] += settles;
    }
    move_row(alive_[i], to, hushed_[i], std::exp(Pace::log_speed(i)));
  }
  std::swap(alive_, next_);
  high_ = std::min(high_ + kMargin - 1, kPlaces);
}

void SpeechClock::wander() {
  for (std::size_t row = low_; row < high_; ++row) {
    float before = alive_[0][row];
    for (int i = 0; i + 1 < Pace::kSpeeds; ++i) {
      float here = alive_[i][row], after = alive_[i + 1][row];
      alive_[i][row] += kWander * (before - 2 * here + after);
      before = here;
    }
    float &last = alive_[Pace::kSpeeds - 1][row];
    last += kWander * (before - last);
  }
}

void SpeechClock::compare(const Likelihoods &likely) {
  Sounds last = 0;
  float voice = 0;
  for (std::size_t row = low_; row < high_; ++row) {
    Sounds here = sounds_at(base_ + row);
    if (here != last) voice = likely.of(here);
    last = here;
    for (int i = 0; i < Pace::kSpeeds; ++i) {
      alive_[i][row] *= voice;
      paused_[i][row] *= likely.silence;
      hushed_[i][row] *= likely.silence;
    }
  }
}

// What is known now: shares become 1 in all, and the words that have more than half of it behind
// their beginning are reached.
void SpeechClock::settle() {
  double sum = 0, spoken = 0, place = 0, speed = 0;
  std::array<double, kPlaces + kMargin> at_row{}, silent{};
  for (int i = 0; i < Pace::kSpeeds; ++i) {
    double share = 0;
    for (std::size_t row = low_; row < high_; ++row) {
      at_row[row] += alive_[i][row];
      silent[row] += paused_[i][row] + hushed_[i][row];
      share += alive_[i][row] + paused_[i][row] + hushed_[i][row];
    }
    sum += share;
    speed += share * std::exp(Pace::log_speed(i));
  }
  if (!(sum > 1e-30)) sum = 1e-30;
  auto scale = static_cast<float>(1 / sum);
  // So much has that row behind it: who is silent at a row is before it.
  std::array<double, kPlaces + kMargin + 1> behind;
  double beyond = 0;
  for (std::size_t row = high_; row-- > low_;) {
    for (int i = 0; i < Pace::kSpeeds; ++i) {
      alive_[i][row] *= scale;
      paused_[i][row] *= scale;
      hushed_[i][row] *= scale;
    }
    double here = at_row[row] / sum, rests = silent[row] / sum;
    behind[row] = beyond + here;
    beyond += here + rests;
    spoken += here;
    place += (here + rests) * static_cast<double>(base_ + row);
  }
  auto has_begun = [&](std::size_t word) {
    Edge edge = edges_[starts_[word]];
    bool flows = edge == Edge::Word;
    double sure = flows || edge == Edge::Joint ? kSureWithin : kSureAfterPause;
    std::size_t start = starts_[word] - (flows ? std::min(kAhead, starts_[word]) : 0);
    double share = start >= base_ + high_ ? 0 : start < base_ + low_ ? 1 : behind[start - base_];
    return share > (word == 0 ? kSureAtFirst : sure);
  };
  std::size_t begun = reached_;
  while (begun < starts_.size() && has_begun(begun)) ++begun;
  reached_ = begun;
  mean_place_ = place;
  mean_speed_ = speed / sum;
  spoken_ms_ += spoken * kPlaceMs;
  bool end_in_window = complete_ && places_.size() >= base_ && places_.size() - base_ < kPlaces;
  ended_ = end_in_window ? silent[places_.size() - base_] / sum : 0;
}

// Keeps what is likely in the window; far behind or ahead nothing is.
void SpeechClock::shift_window() {
  constexpr float kNothing = 1e-7F;
  auto empty = [this](std::size_t row) {
    float sum = 0;
    for (int i = 0; i < Pace::kSpeeds; ++i)
      sum += alive_[i][row] + paused_[i][row] + hushed_[i][row];
    return sum < kNothing;
  };
  while (high_ > low_ + 1 && empty(high_ - 1)) --high_;
  while (low_ + 1 < high_ && empty(low_)) ++low_;
  if (low_ < kPlaces / 2 && high_ < kPlaces - 2 * kMargin) return;
  std::size_t by = std::max<std::size_t>(low_, high_ > kPlaces / 2 ? high_ - kPlaces / 2 : 0);
  for (int i = 0; i < Pace::kSpeeds; ++i) {
    for (Row *row : {&alive_[i], &paused_[i], &hushed_[i]}) {
      std::copy(row->begin() + static_cast<std::ptrdiff_t>(by), row->end(), row->begin());
      std::fill(row->end() - static_cast<std::ptrdiff_t>(by), row->end(), 0.0F);
    }
  }
  base_ += by;
  low_ -= std::min(low_, by);
  high_ -= by;
}

double SpeechClock::ms_to_next() const {
  if (reached_ >= starts_.size()) return 10000;
  double left = static_cast<double>(starts_[reached_]) - mean_place_;
  return std::max(0.0, left) * kPlaceMs / std::max(mean_speed_, 0.2);
}

void SpeechClock::teach(Pace &pace) const {
  pace.learn(hearing_.tone());
  double text_ms = static_cast<double>(places_.size()) * kPlaceMs;
  if (spoken_ms_ < 300 || text_ms < 300) return;
  pace.learn(std::log(text_ms / spoken_ms_), spoken_ms_ / 1000);
}

}  // namespace oairt::captions
