#include "captions/speech_clock.h"

#include <algorithm>
#include <cmath>

namespace oairt::captions {
namespace {

constexpr int kPlaceMs = 10;
constexpr double kSpeedStep = 0.095;  // of the logarithm
// Letters tell lengths roughly only: a word may take half or twice as long, and so its speed
// wanders while it is said.
constexpr float kWander = 0.004F;
constexpr float kHold = 0.4F, kSkip = 0.4F;  // a step of nothing, or of two
// How likely a voice is to pause there at all, and to stay silent for another 10 ms.
constexpr float kPauses[] = {0, 0.003F, 0.85F, 0.98F, 1};
constexpr float kStay = 0.94F;
// A caption comes a frame after its word, and waits for the one before it: a word that follows
// without a pause counts from so many places before.
constexpr std::size_t kAhead = 2;
// What is this much quieter than the loudest of late is no voice.
constexpr double kQuietDb = 30, kFaintestDb = -58;
constexpr double kLoudestAtFirst = -32, kLoudestFades = 0.03;  // dB per 10 ms
constexpr double kBrightHz = 2300;
// The parts of a sound are not independent of each other: each counts for less than one.
constexpr double kTrust = 0.4;
constexpr double kDoubt = 0.003;  // anything may be heard at any place

double bell(double value, double mean, double width) {
  double distance = (value - mean) / width;
  return std::exp(-distance * distance / 2) / width;
}

// How likely each kind of sound is to be so much quieter than the loudest vowels, and so bright.
struct Likelihood {
  std::array<float, 5> sounds;
  float silence;

  Likelihood(double below_db, bool bright, bool audible) {
    auto level = [below_db](double mean, double width) { return bell(below_db, mean, width); };
    double vowel = level(5, 5), sonorant = level(9, 6), fricative = level(17, 8);
    double stop = 0.6 * level(27, 9) + 0.4 * level(13, 7);
    double any = 0.4 * vowel + 0.2 * (sonorant + fricative + stop);
    if (audible) {
      vowel *= bright ? 0.1 : 0.9;
      sonorant *= bright ? 0.1 : 0.9;
      fricative *= bright ? 0.65 : 0.35;
      stop *= bright ? 0.3 : 0.7;
      any *= bright ? 0.3 : 0.7;
    }
    double quiet = 0.08 / (1 + std::exp((26 - below_db) / 2));
    auto tempered = [](double p) { return static_cast<float>(std::pow(p + kDoubt, kTrust)); };
    sounds = {tempered(vowel), tempered(sonorant), tempered(stop), tempered(fricative),
              tempered(any)};
    silence = tempered(quiet);
  }
};

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

SpeechClock::SpeechClock(const Pace &pace) : loudest_db_(kLoudestAtFirst) {
  auto prior = pace.prior();
  for (int i = 0; i < Pace::kSpeeds; ++i) paused_[i][0] = prior[i];
  mean_speed_ = std::exp(pace.mean());
}

void SpeechClock::set_words(const Words &words) {
  const auto &list = words.list();
  std::size_t same = 0;
  while (same < starts_.size() && same < list.size() && sizes_[same] == list[same].end) ++same;
  if (same > 0) --same;  // what follows the last word tells what pause is there
  places_.resize(same < starts_.size() ? starts_[same] : places_.size());
  edges_.resize(places_.size());
  starts_.resize(same);
  sizes_.resize(same);
  for (std::size_t i = same; i < list.size(); ++i) {
    starts_.push_back(places_.size());
    sizes_.push_back(list[i].end);
    Edge edge = Edge::Word;
    if (i > 0 && list[i - 1].pause == Pause::Phrase) edge = Edge::Phrase;
    if (i > 0 && list[i - 1].pause == Pause::Sentence) edge = Edge::Sentence;
    for (const Unit &unit : list[i].units) {
      places_.insert(places_.end(), std::max(1, (unit.ms + kPlaceMs / 2) / kPlaceMs), unit.sound);
    }
    if (places_.size() == starts_.back()) places_.push_back(Sound::Any);
    edges_.resize(places_.size(), Edge::None);
    edges_[starts_.back()] = i == 0 ? Edge::None : edge;
  }
  complete_ = words.finished();
}

SpeechClock::Edge SpeechClock::edge_at(std::size_t place) const {
  if (place < edges_.size()) return edges_[place];
  return complete_ && place == edges_.size() ? Edge::End : Edge::None;
}

Sound SpeechClock::sound_at(std::size_t place) const {
  return place < places_.size() ? places_[place] : Sound::Any;
}

void SpeechClock::step(const PartSound &sound) {
  bool faint = sound.level_db < kFaintestDb;
  loudest_db_ = std::max<double>(sound.level_db, loudest_db_ - (faint ? 0 : kLoudestFades));
  bool quiet = faint || sound.level_db < loudest_db_ - kQuietDb;
  quiet_ms_ = quiet ? quiet_ms_ + kPlaceMs : 0;
  if (!begun_ && quiet) return;
  begun_ = true;
  move();
  wander();
  compare(sound);
  settle();
  shift_window();
}

void SpeechClock::move_row(const Row &from, Row &to, Row &paused, double speed) {
  const struct {
    double distance;
    float share;
  } steps[] = {{0, kHold}, {speed, 1 - kHold - kSkip}, {2 * speed, kSkip}};
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
    }
    move_row(alive_[i], to, paused_[i], std::exp(Pace::log_speed(i)));
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

void SpeechClock::compare(const PartSound &sound) {
  double below = std::clamp<double>(loudest_db_ - sound.level_db, 0, 45);
  Likelihood likely(below, sound.brightness_hz > kBrightHz,
                    below < kQuietDb && sound.level_db > kFaintestDb);
  for (std::size_t row = low_; row < high_; ++row) {
    float voice = likely.sounds[static_cast<std::size_t>(sound_at(base_ + row))];
    for (int i = 0; i < Pace::kSpeeds; ++i) {
      alive_[i][row] *= voice;
      paused_[i][row] *= likely.silence;
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
      silent[row] += paused_[i][row];
      share += alive_[i][row] + paused_[i][row];
    }
    sum += share;
    speed += share * std::exp(Pace::log_speed(i));
  }
  if (!(sum > 1e-30)) sum = 1e-30;
  auto scale = static_cast<float>(1 / sum);
  double behind = 0;
  std::size_t begun = reached_;
  for (std::size_t row = high_; row-- > low_;) {
    for (int i = 0; i < Pace::kSpeeds; ++i) {
      alive_[i][row] *= scale;
      paused_[i][row] *= scale;
    }
    double here = at_row[row] / sum;
    behind += here;
    // Silent before this word: it has not begun.
    if (behind > 0.5) {
      auto after = std::upper_bound(starts_.begin(), starts_.end(), base_ + row);
      begun = std::max<std::size_t>(begun, after - starts_.begin());
      bool flows = begun < starts_.size() && edges_[starts_[begun]] == Edge::Word;
      if (flows && base_ + row + kAhead >= starts_[begun]) ++begun;
      behind = -1;  // found
    }
    behind += silent[row] / sum;
    spoken += here;
    place += (here + silent[row] / sum) * static_cast<double>(base_ + row);
  }
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
    for (int i = 0; i < Pace::kSpeeds; ++i) sum += alive_[i][row] + paused_[i][row];
    return sum < kNothing;
  };
  while (high_ > low_ + 1 && empty(high_ - 1)) --high_;
  while (low_ + 1 < high_ && empty(low_)) ++low_;
  if (low_ < kPlaces / 2 && high_ < kPlaces - 2 * kMargin) return;
  std::size_t by = std::max<std::size_t>(low_, high_ > kPlaces / 2 ? high_ - kPlaces / 2 : 0);
  for (int i = 0; i < Pace::kSpeeds; ++i) {
    for (Row *row : {&alive_[i], &paused_[i]}) {
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
  double text_ms = static_cast<double>(places_.size()) * kPlaceMs;
  if (spoken_ms_ < 300 || text_ms < 300) return;
  pace.learn(std::log(text_ms / spoken_ms_), spoken_ms_ / 1000);
}

}  // namespace oairt::captions
