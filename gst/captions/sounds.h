// The kinds of sounds that speech is made of, and what each is like: how loud beside the loudest
// vowels, and how its loudness is spread over the frequencies, as cosines of the bands of an ear.
// Thread-bound to whoever owns it. Pure.
// Never knows a voice beforehand: its level and its colour are learnt while it speaks.
#pragma once

#include <array>
#include <cstdint>

#include "captions/ear.h"

namespace oairt::captions {

enum class Sound : uint8_t {
  Open,        // f_a_ther
  Mid,         // b_e_d
  Front,       // s_ee_
  Round,       // l_aw_
  Back,        // t_oo_
  Neutral,     // _a_go
  Nasal,       // m n ng
  Liquid,      // l r w y
  Stop,        // p t k
  VoicedStop,  // b d g
  Hiss,        // s sh
  Buzz,        // z
  Breath,      // f th h
  Hum,         // v, th of "the"
};
constexpr std::size_t kSounds = 14;

// Any of some sounds.
using Sounds = uint16_t;
constexpr Sounds one_of(Sound sound) { return static_cast<Sounds>(1U << static_cast<int>(sound)); }
constexpr Sounds kAnyVowel = 0x3f, kAnySound = 0x3fff;

// So much of a spread is told apart.
constexpr std::size_t kShape = 5;
using Shape = std::array<float, kShape>;

// What is typical of a sound.
struct Likeness {
  float below_db;  // the loudest
  Shape shape;     // beside the average of the voice
};
const Likeness &typical(Sound sound);

// The average of a voice.
class Tone {
 public:
  Tone();
  void learn(const Shape &shape);
  const Shape &mean() const { return mean_; }

 private:
  Shape mean_;
  float parts_;
};

// How likely what was heard is each of the sounds, or silence.
struct Likelihoods {
  std::array<float, kSounds> sounds;
  float silence;

  float of(Sounds any) const;
};

class Hearing {
 public:
  explicit Hearing(const Tone &tone) : tone_(tone) {}

  // The next 10 ms.
  Likelihoods hear(const PartSound &part);
  bool quiet() const { return quiet_; }
  const Tone &tone() const { return tone_; }

 private:
  Tone tone_;
  double loudest_db_ = -26;  // as loud as speech should be recorded
  bool quiet_ = true;
};

}  // namespace oairt::captions
