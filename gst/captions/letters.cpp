#include "captions/letters.h"

#include <algorithm>
#include <string>
#include <utility>

#include "captions/numbers.h"
#include "captions/spelling.h"

namespace oairt::captions {
namespace {

// Lengths in ms at an even pace, about 13 letters a second. Measured values of many languages lie
// around these; how fast a voice really is, is learnt while it speaks.
constexpr int kDigit = 280, kLetterName = 220, kSymbol = 300;
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
bool is_kana(gunichar c) { return (c >= 0x3040 && c <= 0x30ff) || (c >= 0x31f0 && c <= 0x31ff); }
bool is_latin(GUnicodeScript script) {
  return script == G_UNICODE_SCRIPT_LATIN || script == G_UNICODE_SCRIPT_GREEK ||
         script == G_UNICODE_SCRIPT_CYRILLIC;
}

// Capitals that are spelt: no vowel in them, or hardly a word.
bool is_spelt(const std::vector<gunichar> &letters, Language language) {
  std::size_t count = 0;
  bool vowel = false, capitals = true;
  for (gunichar c : letters) {
    if (!g_unichar_isalpha(c)) continue;
    capitals &= g_unichar_isupper(c);
    ++count;
    vowel |= among(base_of(c), kVowels);
  }
  if (count < 2 || count > 6) return false;
  return capitals ? count <= 3 || !vowel : !vowel && language == Language::English;
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

// Takes the letters of a word one by one, and spells what belongs together.
namespace {

class Speller {
 public:
  explicit Speller(Language language, bool by_letters)
      : language_(language), by_letters_(by_letters) {}

  void take(gunichar c, bool digit_follows) {
    Letter kind = kind_of(c);
    bool within = !number_.empty() && digit_follows && (c == '.' || c == ',' || c == ':');
    if ((kind == Letter::Digit && c < 0x80) || within) {
      close_word();
      number_.push_back(static_cast<char>(c));
    } else if (kind == Letter::Latin && !by_letters_) {
      close_number();
      word_.push_back(g_unichar_tolower(c));
    } else if ((c == '\'' || c == 0x2019) && !word_.empty()) {
      word_.push_back('\'');
    } else if (kind != Letter::Mark) {
      close_number();
      close_word();
      alone(c, kind);
    }
  }

  std::vector<Unit> finish() {
    close_number();
    close_word();
    close_sign();
    return std::move(units_);
  }

 private:
  void add(Sounds sounds, int ms) { units_.push_back({sounds, ms}); }
  void add(std::vector<Unit> more) { units_.insert(units_.end(), more.begin(), more.end()); }

  void close_word() {
    if (!word_.empty()) add(spell(word_, language_));
    word_.clear();
  }
  void close_number() {
    if (number_.empty()) return;
    std::string words = number_words(number_, language_);
    auto units = spell(words, language_);
    // A figure by itself is said with weight.
    for (Unit &unit : units) unit.ms = number_.size() == 1 ? unit.ms * 5 / 4 : unit.ms;
    add(std::move(units));
    for (std::size_t i = 0; words.empty() && i < number_.size(); ++i) add(kAnySound, kDigit);
    number_.clear();
    close_sign();
  }
  void close_sign() {
    if (sign_ == 0) return;
    std::string words = sign_word(sign_, language_);
    if (words.empty()) add(kAnySound, kSymbol);
    add(spell(words, language_));
    sign_ = 0;
  }

  void alone(gunichar c, Letter kind) {
    switch (kind) {
      case Letter::Latin:
        add(kAnySound, kLetterName / 2);
        return add(kAnyVowel, kLetterName / 2);
      case Letter::Ideograph:
        add(kAnySound, is_kana(c) ? kKanaOnset : kIdeographOnset);
        return add(kAnyVowel, is_kana(c) ? kKanaRest : kIdeographRest);
      case Letter::Other:
        add(kAnySound, kOtherConsonant);
        return add(kAnyVowel, kInherentVowel);
      case Letter::Digit:
        return add(kAnySound, kDigit);
      case Letter::Symbol:
        close_sign();
        sign_ = c;  // $5: five dollars
        if (!units_.empty()) close_sign();
        return;
      case Letter::Mark:
      case Letter::None:
        return;
    }
  }

  Language language_;
  bool by_letters_;
  std::vector<Unit> units_;
  std::u32string word_;
  std::string number_;
  gunichar sign_ = 0;
};

}  // namespace

std::vector<Unit> units_of(const std::vector<gunichar> &letters, Language language) {
  Speller speller(language, is_spelt(letters, language));
  for (std::size_t i = 0; i < letters.size(); ++i) {
    speller.take(letters[i], i + 1 < letters.size() && kind_of(letters[i + 1]) == Letter::Digit);
  }
  return speller.finish();
}

}  // namespace oairt::captions
