// What is heard in a voice, and what letters sound like.
#include <cmath>

#include "captions/numbers.h"
#include "captions/spelling.h"
#include "scene.h"

using namespace oairt;            // NOLINT
using namespace oairt::captions;  // NOLINT
using namespace oairt::test;      // NOLINT

namespace {

constexpr Sound kAll[] = {Sound::Open,   Sound::Mid,        Sound::Front, Sound::Round,
                          Sound::Back,   Sound::Neutral,    Sound::Nasal, Sound::Liquid,
                          Sound::Stop,   Sound::VoicedStop, Sound::Hiss,  Sound::Buzz,
                          Sound::Breath, Sound::Hum};

std::array<int16_t, Ear::kFrame> tone(double hz, double amplitude) {
  std::array<int16_t, Ear::kFrame> samples;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    double phase = 2 * G_PI * hz * static_cast<double>(i) / 48000;
    samples[i] = static_cast<int16_t>(amplitude * 32767 * std::sin(phase));
  }
  return samples;
}

int length_ms(const std::vector<Unit> &units) {
  int ms = 0;
  for (const Unit &unit : units) ms += unit.ms;
  return ms;
}

// Whether the units may sound so, one after the other.
bool may_sound(std::string_view word, Language language, const std::vector<Sound> &sounds) {
  auto units = spell(word, language);
  if (units.size() != sounds.size()) return false;
  for (std::size_t i = 0; i < units.size(); ++i) {
    if ((units[i].sounds & one_of(sounds[i])) == 0) return false;
  }
  return true;
}

}  // namespace

GST_START_TEST(an_ear_tells_levels_and_bands) {
  Ear ear;
  auto samples = tone(2250, 0.5);  // in the band from 1950 to 2600 Hz
  for (int i = 0; i < 2; ++i) {
    FrameSound sound = ear.hear(samples.data());
    if (i == 0) continue;
    for (const PartSound &part : sound.parts) {
      fail_unless(std::abs(part.level_db + 9) < 0.5, "%.1f", part.level_db);
      for (std::size_t band = 0; band < kBands; ++band) {
        float below = part.level_db - part.bands_db[band];
        fail_unless(band == 6 ? std::abs(below) < 1 : below > 30, "band %zu: %.1f", band, below);
      }
    }
  }
  std::array<int16_t, Ear::kFrame> silence{};
  ear.hear(silence.data());
  fail_unless(ear.hear(silence.data()).parts[1].level_db == -120);
}
GST_END_TEST

GST_START_TEST(each_kind_of_sound_is_told_from_the_others_at_any_level) {
  for (float loudest_db : {-30.0F, -18.0F, -6.0F}) {
    for (Sound sound : kAll) {
      Hearing hearing{Tone()};
      for (int i = 0; i < 5; ++i) hearing.hear(sound_like(Sound::Open, loudest_db));
      auto likely = hearing.hear(sound_like(sound, loudest_db));
      for (Sound other : kAll) {
        fail_unless(likely.of(one_of(sound)) >= 0.8F * likely.of(one_of(other)), "%d taken for %d",
                    static_cast<int>(sound), static_cast<int>(other));
      }
      if (sound == Sound::Stop || sound == Sound::Breath) continue;
      fail_unless(likely.silence < likely.of(one_of(sound)) && !hearing.quiet());
    }
  }
}
GST_END_TEST

GST_START_TEST(silence_is_no_sound) {
  Hearing hearing{Tone()};
  for (int i = 0; i < 5; ++i) hearing.hear(sound_like(Sound::Open));
  auto likely = hearing.hear(PartSound());
  fail_unless(hearing.quiet());
  for (Sound sound : kAll) {
    fail_unless(likely.silence > likely.of(one_of(sound)) * (sound == Sound::Stop ? 0.8F : 1.5F));
  }
}
GST_END_TEST

GST_START_TEST(the_colour_of_a_voice_is_learnt) {
  // A dull loudspeaker: the higher the band, the less is left.
  auto dull = [](Sound sound) {
    PartSound part = sound_like(sound);
    for (std::size_t band = 0; band < kBands; ++band) {
      part.bands_db[band] -= 2.5F * static_cast<float>(band);
    }
    return part;
  };
  Hearing hearing{Tone()};
  auto first = hearing.hear(dull(Sound::Front));
  for (int i = 0; i < 1000; ++i) {
    constexpr Sound kTalk[] = {Sound::Open, Sound::Front, Sound::Back,    Sound::Mid, Sound::Nasal,
                               Sound::Hiss, Sound::Round, Sound::Neutral, Sound::Buzz};
    hearing.hear(dull(kTalk[i % 9]));
  }
  auto later = hearing.hear(dull(Sound::Front));
  Sounds front = one_of(Sound::Front), others = kAnyVowel & ~front;
  fail_unless(later.of(front) / later.of(others) > 1.3F * first.of(front) / first.of(others),
              "%.2f %.2f", later.of(front) / later.of(others), first.of(front) / first.of(others));
}
GST_END_TEST

GST_START_TEST(a_language_is_told_by_its_small_words) {
  fail_unless(language_of("There are three of them, and that is all.") == Language::English);
  fail_unless(language_of("Das ist nicht für Sie.") == Language::German);
  fail_unless(language_of("Je suis avec vous dans un instant.") == Language::French);
  fail_unless(language_of("¿En qué puedo ayudarle con el billete?") == Language::Spanish);
  fail_unless(language_of("Что я могу для вас?") == Language::Russian);
  fail_unless(language_of("") == Language::Unknown);
  fail_unless(language_of("1984 %%% 今日は") == Language::Unknown);
  fail_unless(is_small_word("And", Language::English) && !is_small_word("an d", Language::English));
}
GST_END_TEST

GST_START_TEST(words_are_spelt_as_their_language_has_it) {
  using enum Sound;
  fail_unless(may_sound("night", Language::English, {Nasal, Open, Front, Stop}));
  fail_unless(may_sound("nation", Language::English, {Nasal, Mid, Front, Hiss, Neutral, Nasal}));
  fail_unless(may_sound("make", Language::English, {Nasal, Mid, Front, Stop}));
  // A silent e is not the only vowel.
  fail_unless(may_sound("yes", Language::English, {Front, Mid, Hiss}));
  fail_unless(may_sound("red", Language::English, {Liquid, Mid, VoicedStop}));
  fail_unless(may_sound("named", Language::English, {Nasal, Mid, Front, Nasal, VoicedStop}));
  fail_unless(may_sound("schön", Language::German, {Hiss, Mid, Nasal}));
  fail_unless(may_sound("beaucoup", Language::French, {VoicedStop, Round, Stop, Back}));
  fail_unless(may_sound("queso", Language::Spanish, {Stop, Mid, Hiss, Round}));
  fail_unless(may_sound("нет", Language::Russian, {Nasal, Mid, Stop}));
  // Of a language without rules the letters are taken as they are, without their accents.
  fail_unless(may_sound("tôm", Language::Other, {Stop, Round, Nasal}));
  fail_unless(length_ms(spell(std::string(5000, 'x'), Language::English)) > 0);
}
GST_END_TEST

GST_START_TEST(numbers_and_signs_are_words) {
  assert_text(number_words("180", Language::English), "one hundred eighty");
  assert_text(number_words("1984", Language::English), "nineteen eighty four");
  assert_text(number_words("2,500", Language::English), "two thousand five hundred");
  assert_text(number_words("78.4", Language::English), "seventy eight point four");
  assert_text(number_words("8:15", Language::English), "eight fifteen");
  assert_text(number_words("8:00", Language::English), "eight");
  assert_text(number_words("007", Language::English), "zero zero seven");
  assert_text(number_words("0", Language::English), "zero");
  assert_text(number_words("25", Language::German), "fünf und zwanzig");
  assert_text(number_words("1.250,5", Language::German),
              "ein tausend zwei hundert fünfzig komma fünf");
  assert_text(number_words("92", Language::French), "quatre vingt douze");
  assert_text(number_words("12", Language::Other), "");
  for (const char *odd : {"", ".", ":", "1.2.3,4:5", "99999999999999999999", "1,23,456", "5:"}) {
    for (int language = 0; language <= static_cast<int>(Language::Other); ++language) {
      number_words(odd, static_cast<Language>(language));
    }
  }
  assert_text(sign_word('%', Language::German), "prozent");
  assert_text(sign_word(0x20ac, Language::English), "euros");
  assert_text(sign_word('x', Language::English), "");
}
GST_END_TEST

OAIRT_TEST_MAIN(captions_sounds, an_ear_tells_levels_and_bands,
                each_kind_of_sound_is_told_from_the_others_at_any_level, silence_is_no_sound,
                the_colour_of_a_voice_is_learnt, a_language_is_told_by_its_small_words,
                words_are_spelt_as_their_language_has_it, numbers_and_signs_are_words)
