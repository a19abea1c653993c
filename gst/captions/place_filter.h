// Where in a text a voice is, as a Bayesian filter: how likely each place is, at each of some
// speeds, compared every 10 ms with what is heard just then; and when the voice, if it is there,
// began the word that it is in and those before it.
//
//   alive:  the voice is at this place
//   hushed, then paused:  it is silent before the word that begins at this place
//
// Thread-bound to whoever owns it. Pure: time passes by step().
// Never looks at more of the text than a window of some seconds.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "captions/sounds.h"

namespace oairt::captions {

constexpr int kPlaceMs = 10;  // at an even pace, and of each step

// What begins at a place: a word, after such a pause as there may be; the end of the text.
enum class Edge : uint8_t { None, Word, Joint, Phrase, Sentence, End };

// A text as places.
struct Track {
  std::vector<Sounds> sounds;
  std::vector<Edge> edges;
  bool complete = false;

  std::size_t size() const { return sounds.size(); }
  Edge edge_at(std::size_t place) const;
  Sounds sounds_at(std::size_t place) const;
};

class PlaceFilter {
 public:
  static constexpr int kSpeeds = 19;
  // The logarithm of the speed, 0: as words.h has it.
  static double log_speed(int index);

  // Silent before the first word; `prior`: of the speeds.
  explicit PlaceFilter(const std::array<float, kSpeeds> &prior);

  void step(const Track &track, const Likelihoods &likely);

  // How likely it is that the voice has come to that place; who is silent at it is before it.
  double has_come_to(std::size_t place) const;
  // That it is silent before it.
  double waits_at(std::size_t place) const;
  // If it has come to that word (`starts`: of all words), it did so many steps ago; an average.
  double steps_since(const std::vector<std::size_t> &starts, std::size_t word) const;
  double mean_place() const { return mean_place_; }
  double mean_speed() const { return mean_speed_; }
  double speaking() const { return speaking_; }  // the share that is not silent

 private:
  static constexpr std::size_t kWindow = 352;  // places
  static constexpr std::size_t kMargin = 8;    // no step goes farther
  static constexpr std::size_t kRows = kWindow + kMargin;
  // [0]: how likely. [n]: that, times how many steps ago the n-th last word began.
  static constexpr std::size_t kBegun = 3, kKinds = 1 + kBegun;
  template <class Number>
  using Cells = std::array<std::array<Number, kRows>, kKinds>;
  using Layer = std::array<Cells<float>, kSpeeds>;
  struct Layers {
    Layer alive{}, hushed{}, paused{}, next{};
  };

  void pass_time();
  void move(const Track &track);
  void wake(const Track &track, int speed);
  void move_on(const Track &track, int speed);
  void move_cell(const Track &track, int speed, std::size_t row, float share, std::size_t length);
  void wander();
  void compare(const Track &track, const Likelihoods &likely);
  void sum_up();
  void shift_window();
  bool in_window(std::size_t place) const { return place >= base_ + low_ && place < base_ + high_; }

  std::unique_ptr<Layers> layers_;
  std::size_t base_ = 0;              // the place of the first row
  std::size_t low_ = 0, high_ = 1;    // rows in which anything is
  Cells<double> alive_{}, silent_{};  // over all speeds; in all they are 1
  std::array<double, kRows> behind_{};
  double mean_place_ = 0, mean_speed_ = 1, speaking_ = 0;
};

}  // namespace oairt::captions
