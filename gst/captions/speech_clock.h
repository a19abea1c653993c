// Tells how far a voice has come in a text, while it is heard. The service gives no times, so this
// follows the sound: a text is a row of broad kinds of sound (words.h) with lengths, and a filter
// tells where in it the voice is (place_filter.h).
//
//   places:  H e ll o | A d a , |(pause)| i t | c o s t s …      10 ms each, at an even pace
//
// Who may wait for a moment before a word is told of knows better when it began: hindsight.
// Thread-bound to whoever owns it. Pure: time passes by step().
// Never goes back: a word that was reached stays reached.
#pragma once

#include <array>
#include <vector>

#include "captions/place_filter.h"
#include "captions/sounds.h"
#include "captions/words.h"

namespace oairt::captions {

// How fast this voice speaks, and its colour, learnt over all that it said.
class Pace {
 public:
  void learn(double log_speed, double seconds);
  std::array<float, PlaceFilter::kSpeeds> prior() const;
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
  // So long a word may be waited for, from now on.
  void set_hindsight(double ms) { hindsight_ms_ = ms; }
  // 10 ms of sound. The first voice that is heard begins the first word.
  void step(const PartSound &sound);

  // Words that had begun so long ago as the hindsight is.
  std::size_t reached() const { return reached_; }
  // Those that have begun as far as is known now: they may still be found to have begun later.
  std::size_t begun_words() const;
  // How long ago the word began; less than 0: it is not sure that it has.
  double ms_since(std::size_t word) const;
  // From so long ago as the hindsight is until the next one begins, as far as can be told; nothing
  // more to come: a long time.
  double ms_to_next() const;
  bool begun() const { return begun_; }
  bool at_end() const;
  // How long it was quiet; 0: it is not.
  int quiet_ms() const { return quiet_ms_; }
  // All of the text was said: what that teaches of the pace.
  void teach(Pace &pace) const;

 private:
  Track track_;
  std::vector<std::size_t> starts_;  // of the words
  std::vector<std::size_t> sizes_;   // their units, to see what has changed
  PlaceFilter filter_;
  double hindsight_ms_ = 0;
  std::size_t reached_ = 0;
  Language language_ = Language::Unknown;
  Hearing hearing_;
  int quiet_ms_ = 0;
  double spoken_ms_ = 0;  // without the pauses
  bool begun_ = false;
};

}  // namespace oairt::captions
