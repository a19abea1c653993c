#include "captions/place_filter.h"

#include <algorithm>
#include <cmath>

namespace oairt::captions {
namespace {

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
constexpr float kNothing = 1e-9F;

using Difference = std::ptrdiff_t;

}  // namespace

Edge Track::edge_at(std::size_t place) const {
  if (place < edges.size()) return edges[place];
  return complete && place == edges.size() ? Edge::End : Edge::None;
}

Sounds Track::sounds_at(std::size_t place) const {
  return place < sounds.size() ? sounds[place] : kAnySound;
}

double PlaceFilter::log_speed(int index) { return (index - kSpeeds / 2) * kSpeedStep; }

PlaceFilter::PlaceFilter(const std::array<float, kSpeeds> &prior)
    : layers_(std::make_unique<Layers>()) {
  for (int i = 0; i < kSpeeds; ++i) layers_->paused[i][0][0] = prior[i];
}

void PlaceFilter::step(const Track &track, const Likelihoods &likely) {
  pass_time();
  move(track);
  wander();
  compare(track, likely);
  sum_up();
  shift_window();
}

void PlaceFilter::pass_time() {
  for (Layer *layer : {&layers_->alive, &layers_->hushed, &layers_->paused}) {
    for (auto &cells : *layer) {
      for (std::size_t kind = 1; kind < kKinds; ++kind) {
        for (std::size_t row = low_; row < high_; ++row) cells[kind][row] += cells[0][row];
      }
    }
  }
}

void PlaceFilter::move(const Track &track) {
  std::size_t end = std::min(high_ + kMargin, kRows);
  for (int i = 0; i < kSpeeds; ++i) {
    for (auto &rows : layers_->next[i]) {
      std::fill(rows.begin() + static_cast<Difference>(low_),
                rows.begin() + static_cast<Difference>(end), 0.0F);
    }
    wake(track, i);
    move_on(track, i);
  }
  std::swap(layers_->alive, layers_->next);
  high_ = std::min(high_ + kMargin - 1, kWindow);
}

// Those that were silent; before the others fall silent, who stay so for a step.
void PlaceFilter::wake(const Track &track, int speed) {
  auto &paused = layers_->paused[speed], &hushed = layers_->hushed[speed];
  auto &to = layers_->next[speed];
  for (std::size_t row = low_; row < high_; ++row) {
    if (track.complete && base_ + row == track.size()) continue;  // nothing follows
    to[0][row] += paused[0][row] * (1 - kStay);
    // The word begins now: the one before it is now the last but one.
    for (std::size_t kind = kKinds - 1; kind > 1; --kind) {
      to[kind][row] += paused[kind - 1][row] * (1 - kStay);
    }
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
      float settles = hushed[kind][row] * (1 - kHushed);
      paused[kind][row] = paused[kind][row] * kStay + settles;
      hushed[kind][row] -= settles;
    }
  }
}

void PlaceFilter::move_on(const Track &track, int speed) {
  double pace = std::exp(log_speed(speed));
  const struct {
    double distance;
    float share;
  } steps[] = {{0, kHold}, {pace, 1 - kHold - kSkip - kLeap}, {2 * pace, kSkip}, {3 * pace, kLeap}};
  for (const auto &step : steps) {
    auto whole = static_cast<std::size_t>(step.distance);
    auto rest = static_cast<float>(step.distance - static_cast<double>(whole));
    for (std::size_t part = 0; part < 2; ++part) {
      float share = step.share * (part == 0 ? 1 - rest : rest);
      if (share == 0) continue;
      for (std::size_t row = low_; row < high_; ++row) {
        move_cell(track, speed, row, share, whole + part);
      }
    }
  }
}

void PlaceFilter::move_cell(const Track &track, int speed, std::size_t row, float share,
                            std::size_t length) {
  const auto &from = layers_->alive[speed];
  if (from[0][row] * share < kNothing) return;
  auto &to = layers_->next[speed], &hushed = layers_->hushed[speed];
  std::array<float, kKinds> mass;
  for (std::size_t kind = 0; kind < kKinds; ++kind) mass[kind] = from[kind][row] * share;
  for (std::size_t over = 1; over <= length; ++over) {
    Edge edge = track.edge_at(base_ + row + over);
    if (edge == Edge::None) continue;
    float rests = kPauses[static_cast<int>(edge)];
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
      hushed[kind][row + over] += mass[kind] * rests;
      mass[kind] *= 1 - rests;
    }
    std::copy_backward(mass.begin() + 1, mass.end() - 1, mass.end());
    mass[1] = 0;
  }
  for (std::size_t kind = 0; kind < kKinds; ++kind) to[kind][row + length] += mass[kind];
}

void PlaceFilter::wander() {
  Layer &alive = layers_->alive;
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    for (std::size_t row = low_; row < high_; ++row) {
      float before = alive[0][kind][row];
      for (int i = 0; i + 1 < kSpeeds; ++i) {
        float here = alive[i][kind][row], after = alive[i + 1][kind][row];
        alive[i][kind][row] += kWander * (before - 2 * here + after);
        before = here;
      }
      float &last = alive[kSpeeds - 1][kind][row];
      last += kWander * (before - last);
    }
  }
}

void PlaceFilter::compare(const Track &track, const Likelihoods &likely) {
  std::array<float, kRows> voice;
  for (std::size_t row = low_; row < high_; ++row) {
    bool same = row > low_ && track.sounds_at(base_ + row) == track.sounds_at(base_ + row - 1);
    voice[row] = same ? voice[row - 1] : likely.of(track.sounds_at(base_ + row));
  }
  for (int i = 0; i < kSpeeds; ++i) {
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
      auto &alive = layers_->alive[i][kind], &paused = layers_->paused[i][kind],
           &hushed = layers_->hushed[i][kind];
      for (std::size_t row = low_; row < high_; ++row) {
        alive[row] *= voice[row];
        paused[row] *= likely.silence;
        hushed[row] *= likely.silence;
      }
    }
  }
}

// What is known now. Shares become 1 in all.
void PlaceFilter::sum_up() {
  double sum = 0, speed = 0;
  for (auto &rows : alive_) rows.fill(0);
  for (auto &rows : silent_) rows.fill(0);
  for (int i = 0; i < kSpeeds; ++i) {
    double share = 0;
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
      for (std::size_t row = low_; row < high_; ++row) {
        double silent = layers_->paused[i][kind][row] + layers_->hushed[i][kind][row];
        alive_[kind][row] += layers_->alive[i][kind][row];
        silent_[kind][row] += silent;
        if (kind == 0) share += layers_->alive[i][0][row] + silent;
      }
    }
    sum += share;
    speed += share * std::exp(log_speed(i));
  }
  double scale = 1 / std::max(sum, 1e-30);
  for (Layer *layer : {&layers_->alive, &layers_->hushed, &layers_->paused}) {
    for (auto &cells : *layer) {
      for (auto &rows : cells) {
        for (std::size_t row = low_; row < high_; ++row) rows[row] *= static_cast<float>(scale);
      }
    }
  }
  double beyond = mean_place_ = speaking_ = 0;
  for (std::size_t row = high_; row-- > low_;) {
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
      alive_[kind][row] *= scale;
      silent_[kind][row] *= scale;
    }
    double here = alive_[0][row], all = here + silent_[0][row];
    behind_[row] = beyond + here;
    beyond += all;
    speaking_ += here;
    mean_place_ += all * static_cast<double>(base_ + row);
  }
  mean_speed_ = speed * scale;
}

// Keeps what is likely in the window; far behind or ahead nothing is.
void PlaceFilter::shift_window() {
  auto empty = [this](std::size_t row) { return alive_[0][row] + silent_[0][row] < 1e-7; };
  while (high_ > low_ + 1 && empty(high_ - 1)) --high_;
  while (low_ + 1 < high_ && empty(low_)) ++low_;
  if (low_ < kWindow / 2 && high_ < kWindow - 2 * kMargin) return;
  std::size_t by = std::max<std::size_t>(low_, high_ > kWindow / 2 ? high_ - kWindow / 2 : 0);
  auto shift = [by](auto &rows) {
    std::copy(rows.begin() + static_cast<Difference>(by), rows.end(), rows.begin());
    std::fill(rows.end() - static_cast<Difference>(by), rows.end(), 0);
  };
  for (Layer *layer : {&layers_->alive, &layers_->hushed, &layers_->paused}) {
    for (auto &cells : *layer) std::for_each(cells.begin(), cells.end(), shift);
  }
  std::for_each(alive_.begin(), alive_.end(), shift);
  std::for_each(silent_.begin(), silent_.end(), shift);
  shift(behind_);
  base_ += by;
  low_ -= std::min(low_, by);
  high_ -= by;
}

double PlaceFilter::has_come_to(std::size_t place) const {
  if (place >= base_ + high_) return 0;
  return place < base_ + low_ ? 1 : behind_[place - base_];
}

double PlaceFilter::waits_at(std::size_t place) const {
  return in_window(place) ? silent_[0][place - base_] : 0;
}

double PlaceFilter::steps_since(const std::vector<std::size_t> &starts, std::size_t word) const {
  double steps = 0, share = 0;
  std::size_t last = word;  // that the voice has begun, if it is at that place
  for (std::size_t place = starts[word]; place < base_ + high_; ++place) {
    bool begins = last + 1 < starts.size() && place == starts[last + 1];
    std::size_t silent_kind = std::min(kBegun, 1 + last - word);
    if (begins) ++last;
    std::size_t kind = std::min(kBegun, 1 + last - word);
    if (!in_window(place)) continue;
    std::size_t row = place - base_;
    steps += alive_[kind][row];
    share += alive_[0][row];
    if (place == starts[word]) continue;  // who is silent there is before it
    steps += silent_[silent_kind][row];
    share += silent_[0][row];
  }
  return share > 0 ? steps / share : 0;
}

}  // namespace oairt::captions
