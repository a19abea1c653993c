#include "captions/letters.h"

#include <algorithm>
#include <utility>

namespace oairt::captions {
namespace {

// Lengths in ms at an even pace, about 13 letters a second. Measured values of many languages lie
// around these; how fast a voice really is, is learnt while it speaks.
constexpr int kVowel = 90, kMoreVowel = 35, kSonorant = 60, kStop = 65, kFricative = 80;
constexpr int kBreath = 45;  // h
constexpr int kFinalE = 40;  // silent in English and French, spoken elsewhere
constexpr int kDigit = 280, kLetterName = 180, kSymbol = 300;
constexpr int kIdeographOnset = 70, kIdeographRest = 130;
constexpr int kKanaOnset = 45, kKanaRest = 85, kOtherConsonant = 65, kInherentVowel = 60;

bool among(gunichar c, const char *letters) {
  return g_utf8_strchr(letters, -1, c) != nullptr && c != 0;
}

// Without its accent, in lower case.
gunichar base_of(gunichar c) {
  gunichar parts[8];
  gsize count = g_unichar_fully_decompose(g_unichar_tolower(c), FALSE, parts, G_N_ELEMENTS(parts));
  return count > 0 ? parts[0] : c;
}

constexpr const char *kVowels = "aeiouyæøœəıαεηιουωаеиоуыэюяєіїё";
constexpr const char *kSonorants = "lmnrwłłλμνρлмнрй";
constexpr const char *kStops = "bdgkpqtцβγδκπτбпдткг";
constexpr const char *kFricatives = "cfjsvxzßþðσςφθχζξψсзфвшщжхцч";

struct Builder {
  std::vector<Unit> units;
  gunichar last = 0;

  void add(Sound sound, int ms) { units.push_back({sound, ms}); }
  void alphabetic(gunichar c) {
    gunichar before = std::exchange(last, c);
    if (among(c, kVowels)) {
      bool more = !units.empty() && units.back().sound == Sound::Vowel;
      if (more) {
        units.back().ms += kMoreVowel;
      } else {
        add(Sound::Vowel, kVowel);
      }
    } else if (c == 'h') {
      // th, sh, ch, ph are one sound.
      if (before != 0 && among(before, "tscpgkw")) {
        units.back() = {Sound::Fricative, kFricative};
      } else {
        add(Sound::Fricative, kBreath);
      }
    } else if (before == c || (before == 'c' && c == 'k')) {
      units.back().ms += 10;
    } else if (among(c, kSonorants)) {
      add(Sound::Sonorant, kSonorant);
    } else if (among(c, kStops)) {
      add(Sound::Stop, kStop);
    } else if (c == 'c') {
      add(Sound::Any, kStop);
    } else if (among(c, kFricatives)) {
      add(Sound::Fricative, kFricative);
    } else if (c != 0x44a && c != 0x44c) {  // the signs that only change what is before them
      add(Sound::Any, kOtherConsonant);
    }
  }
};

bool is_kana(gunichar c) { return (c >= 0x3040 && c <= 0x30ff) || (c >= 0x31f0 && c <= 0x31ff); }
bool is_latin(GUnicodeScript script) {
  return script == G_UNICODE_SCRIPT_LATIN || script == G_UNICODE_SCRIPT_GREEK ||
         script == G_UNICODE_SCRIPT_CYRILLIC;
}

// Capitals that are spelt: no vowel in them, or hardly a word.
bool is_spelt(const std::vector<gunichar> &letters) {
  std::size_t count = 0;
  bool vowel = false;
  for (gunichar c : letters) {
    if (!g_unichar_isalpha(c)) continue;
    if (!g_unichar_isupper(c)) return false;
    ++count;
    vowel |= among(base_of(c), kVowels);
  }
  return count >= 2 && count <= 6 && (count <= 3 || !vowel);
}

}  // namespace

Letter kind_of(gunichar c) {
  if (g_unichar_ismark(c)) return Letter::Mark;
  if (g_unichar_isdigit(c)) return Letter::Digit;
  if (g_unichar_isalpha(c)) {
    GUnicodeScript script = g_unichar_get_script(c);
    if (is_latin(script)) return Letter::Latin;
    bool syllable = script == G_UNICODE_SCRIPT_HAN || script == G_UNICODE_SCRIPT_HANGUL ||
                    is_kana(c) || script == G_UNICODE_SCRIPT_BOPOMOFO;
    return syllable ? Letter::Ideograph : Letter::Other;
  }
  return among(c, "%$€£¥+&@#=°") ? Letter::Symbol : Letter::None;
}

bool stands_alone(gunichar c) {
  switch (g_unichar_get_script(c)) {
    case G_UNICODE_SCRIPT_HAN:
    case G_UNICODE_SCRIPT_HIRAGANA:
    case G_UNICODE_SCRIPT_KATAKANA:
    case G_UNICODE_SCRIPT_BOPOMOFO:
    case G_UNICODE_SCRIPT_THAI:
    case G_UNICODE_SCRIPT_LAO:
    case G_UNICODE_SCRIPT_KHMER:
    case G_UNICODE_SCRIPT_MYANMAR:
      return true;
    default:
      return false;
  }
}

Pause pause_of(gunichar c) {
  if (among(c, ".?!…。！？।؟۔")) return Pause::Sentence;
  if (among(c, ",;:–—()、，；：،؛")) return Pause::Phrase;
  return Pause::None;
}

std::vector<Unit> units_of(const std::vector<gunichar> &letters) {
  Builder out;
  bool spelt = is_spelt(letters);
  for (gunichar c : letters) {
    switch (kind_of(c)) {
      case Letter::Latin:
        if (spelt) {
          out.add(Sound::Any, kLetterName);
        } else {
          out.alphabetic(base_of(c));
        }
        continue;
      case Letter::Ideograph:
        if (is_kana(c)) {
          out.add(Sound::Any, kKanaOnset);
          out.add(Sound::Vowel, kKanaRest);
        } else {
          out.add(Sound::Any, kIdeographOnset);
          out.add(Sound::Vowel, kIdeographRest);
        }
        break;
      case Letter::Other:
        out.add(Sound::Any, kOtherConsonant);
        out.add(Sound::Vowel, kInherentVowel);
        break;
      case Letter::Digit:
        out.add(Sound::Any, kDigit);
        break;
      case Letter::Symbol:
        out.add(Sound::Any, kSymbol);
        break;
      case Letter::Mark:
      case Letter::None:
        break;
    }
    out.last = 0;
  }
  auto &units = out.units;
  bool final_e = out.last == 'e' && units.size() > 2 && units.back().ms == kVowel;
  if (final_e && units[units.size() - 2].sound != Sound::Vowel) units.back().ms = kFinalE;
  return std::move(units);
}

}  // namespace oairt::captions
