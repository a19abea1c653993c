// Tells how far a voice has come in a text, while it is heard. The service gives no times, so this
// follows the sound: a text is a row of broad kinds of sound (words.h) with lengths; a Bayesian
// filter holds how likely each place in the row is, at each of some speeds, and compares it every
// 10 ms with what is heard just then (sounds.h).
//
//   places:  H e ll o | A d a , |(pause)| i t | c o s t s …      10 ms each, at an even pace
//   alive:   the voice is at this place          pause: it is silent before this word
//
// Thread-bound to whoever owns it. Pure: time passes by step().
// Never goes back: a word that was reached stays reached.
#pragma once

#include <array>
#include <vector>

#include "captions/sounds.h"
#include "captions/words.h"

namespace oairt::captions {

// How fast this voice speaks, and its colour, learnt over all that it said.
class Pace {
 public:
  static constexpr int kSpeeds = 19;
  // The logarithm of the speed, 0: as words.h has it.
  static double log_speed(int index);

  void learn(double log_speed, double seconds);
  std::array<float, kSpeeds> prior() const;
  double mean() const { return mean_; }
  const Tone &tone() const { return tone_; }
  void learn(const Tone &tone) { tone_ = tone; }

 private:
  double mean_ = 0, deviation_ = 0.22, seconds_ = 0;
  Tone tone_;
};

class SpeechClock {
 public:
  explicit SpeechClock(const Pace &pace);

  // The words as they are known by now; what was there before is the same.
  void set_words(const Words &words);
  // 10 ms of sound. The first voice that is heard begins the first word.
  void step(const PartSound &sound);

  // Words that have begun.
  std::size_t reached() const { return reached_; }
  // Until the next one begins, as far as can be told; nothing more to come: a long time.
  double ms_to_next() const;
  bool begun() const { return begun_; }
  bool at_end() const { return ended_ > 0.5; }
  // How long it was quiet; 0: it is not.
  int quiet_ms() const { return quiet_ms_; }
  // All of the text was said: what that teaches of the pace.
  void teach(Pace &pace) const;

 private:
  static constexpr std::size_t kPlaces = 640;  // the window: 6.4 s of text at an even pace
  static constexpr std::size_t kMargin = 8;    // no step goes farther
  using Row = std::array<float, kPlaces + kMargin>;
  enum class Edge : uint8_t { None, Word, Joint, Phrase, Sentence, End };

  void move();
  void move_row(const Row &from, Row &to, Row &paused, double speed);
  void wander();
  void compare(const Likelihoods &likely);
  void settle();
  void shift_window();
  Edge edge_at(std::size_t place) const;
  Sounds sounds_at(std::size_t place) const;
  std::size_t row_of(std::size_t place) const;

  std::vector<Sounds> places_;
  std::vector<Edge> edges_;          // a word begins at this place, after such a pause
  std::vector<std::size_t> starts_;  // of the words
  std::vector<std::size_t> sizes_;   // their units, to see what has changed
  std::size_t base_ = 0;             // the place of the window's first row
  std::size_t low_ = 0, high_ = 1;   // rows in which anything is
  // The voice is there; it has just fallen silent before it; it has been silent.
  std::array<Row, Pace::kSpeeds> alive_{}, hushed_{}, paused_{}, next_{};
  std::size_t reached_ = 0;
  bool complete_ = false;
  Language language_ = Language::Unknown;
  double mean_place_ = 0, mean_speed_ = 1, ended_ = 0;
  Hearing hearing_;
  int quiet_ms_ = 0;
  double spoken_ms_ = 0;  // without the pauses
  bool begun_ = false;
};

}  // namespace oairt::captions
