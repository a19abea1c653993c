#include "captions/spelling.h"

#include <algorithm>
#include <array>
#include <map>

#include <glib.h>

#include "captions/spelling_rules.h"

namespace oairt::captions {
namespace {

// Lengths in ms at an even pace. Measured values of many languages lie around these.
struct Code {
  char code;
  Sounds sounds;
  int ms;
};
constexpr Code kCodes[] = {
    {'a', one_of(Sound::Open), 95},
    {'e', one_of(Sound::Mid), 85},
    {'i', one_of(Sound::Front), 75},
    {'o', one_of(Sound::Round), 85},
    {'u', one_of(Sound::Back), 80},
    {'@', one_of(Sound::Neutral), 60},
    {'n', one_of(Sound::Nasal), 65},
    {'l', one_of(Sound::Liquid), 60},
    {'t', one_of(Sound::Stop), 75},
    {'d', one_of(Sound::VoicedStop), 60},
    {'s', one_of(Sound::Hiss), 95},
    {'z', one_of(Sound::Buzz), 75},
    {'f', one_of(Sound::Breath), 75},
    {'v', one_of(Sound::Hum), 55},
    {'*', kAnyVowel, 85},
    {'?', kAnySound, 70},
};

struct Rule {
  std::u32string letters, next;
  bool later;  // not in the first syllable
  std::vector<Unit> units;
};
using Rules = std::map<char32_t, std::vector<Rule>>;  // by the first letter, or _

std::u32string to_letters(std::string_view text) {
  std::u32string letters;
  const char *end = text.data() + text.size();
  for (const char *at = text.data(); at < end; at = g_utf8_next_char(at)) {
    letters.push_back(g_utf8_get_char(at));
  }
  return letters;
}

std::vector<Unit> to_units(std::string_view codes) {
  std::vector<Unit> units;
  bool inside = false;
  for (char c : codes) {
    if (c == '[' || c == ']') {
      if (c == '[') units.push_back({0, 0});
      inside = c == '[';
      continue;
    }
    if (c == ':' && !units.empty()) units.back().ms = units.back().ms * 3 / 2;
    if (c == '.' && !units.empty()) units.back().ms = units.back().ms * 3 / 5;
    for (const Code &code : kCodes) {
      if (code.code != c) continue;
      if (!inside) units.push_back({0, 0});
      units.back().sounds |= code.sounds;
      units.back().ms = std::max(units.back().ms, code.ms);
    }
  }
  return units;
}

void add_rules(Rules &rules, std::string_view text) {
  while (!text.empty()) {
    std::string_view rule = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), rule.size() + 1));
    auto colon = rule.find(':'), next = rule.find('>');
    if (colon == std::string_view::npos) continue;
    Rule added;
    added.later = rule.starts_with('~');
    if (added.later) {
      rule.remove_prefix(1);
      --colon;
      if (next != std::string_view::npos) --next;
    }
    added.letters = to_letters(rule.substr(0, std::min(next, colon)));
    if (next < colon) added.next = to_letters(rule.substr(next + 1, colon - next - 1));
    added.units = to_units(rule.substr(colon + 1));
    rules[added.letters[0]].push_back(std::move(added));
  }
}

const Rules &rules_of(Language language) {
  static const auto kAll = [] {
    std::array<Rules, 9> all;
    auto add = [&all](Language which, const char *text) {
      Rules &rules = all[static_cast<std::size_t>(which)];
      if (text != nullptr) add_rules(rules, text);
      add_rules(rules, rules::kOther);
    };
    add(Language::Unknown, nullptr);
    add(Language::English, rules::kEnglish);
    add(Language::German, rules::kGerman);
    add(Language::French, rules::kFrench);
    add(Language::Spanish, rules::kSpanish);
    add(Language::Italian, rules::kItalian);
    add(Language::Portuguese, rules::kPortuguese);
    add(Language::Russian, nullptr);
    add(Language::Other, nullptr);
    return all;
  }();
  return kAll[static_cast<std::size_t>(language)];
}

bool is_vowel(char32_t c) {
  constexpr std::u32string_view kVowels =
      U"aeiouyæøœəıáéíóúýàèìòùâêîôûäëïöüÿåãõαεηιουωаеиоуыэюяєіїё";
  return kVowels.find(c) != std::u32string_view::npos;
}

bool fits(const std::u32string &word, std::size_t at, const std::u32string &pattern) {
  for (std::size_t i = 0; i < pattern.size(); ++i, ++at) {
    char32_t c = at < word.size() ? word[at] : U'_';
    if (pattern[i] == U'C' && (c == U'_' || is_vowel(c))) return false;
    if (pattern[i] == U'V' && (c == U'_' || !is_vowel(c))) return false;
    if (pattern[i] == U'C' || pattern[i] == U'V') continue;
    if (pattern[i] == U'[') {
      std::size_t end = pattern.find(U']', i);
      if (c == U'_' || pattern.substr(i, end - i).find(c) == std::u32string::npos) return false;
      i = end;
    } else if (pattern[i] != c) {
      return false;
    }
  }
  return true;
}

const Rule *find_rule(const Rules &rules, char32_t first, const std::u32string &word,
                      std::size_t at) {
  auto found = rules.find(first);
  if (found == rules.end()) return nullptr;
  bool later = std::any_of(word.begin() + 1,
                           word.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(at, 1)),
                           is_vowel);
  if (at == 2 && word[1] == U'y') later = false;
  for (const Rule &rule : found->second) {
    if (rule.later && !later) continue;
    if (fits(word, at, rule.letters) && fits(word, at + rule.letters.size(), rule.next)) {
      return &rule;
    }
  }
  return nullptr;
}

}  // namespace

std::vector<Unit> spell(const std::u32string &letters, Language language) {
  const Rules &rules = rules_of(language);
  std::u32string word = U"_" + letters + U"_";
  std::vector<Unit> units;
  for (std::size_t at = 0; at + 1 < word.size();) {
    const Rule *rule = find_rule(rules, word[at], word, at);
    if (rule == nullptr && at > 0) {
      // Without its accent.
      gunichar parts[8];
      if (g_unichar_fully_decompose(word[at], FALSE, parts, G_N_ELEMENTS(parts)) > 1) {
        word[at] = parts[0];
        rule = find_rule(rules, word[at], word, at);
      }
    }
    if (rule != nullptr) {
      units.insert(units.end(), rule->units.begin(), rule->units.end());
      at += rule->letters.size();
    } else {
      if (at > 0) units.push_back({kAnySound, 70});
      ++at;
    }
    // A doubled letter is one, a little longer.
    if (at > 1 && at + 1 < word.size() && word[at] == word[at - 1] && !is_vowel(word[at]) &&
        !units.empty()) {
      units.back().ms += 10;
      ++at;
    }
  }
  return units;
}

std::vector<Unit> spell(std::string_view words, Language language) {
  std::vector<Unit> units;
  while (!words.empty()) {
    std::string_view word = words.substr(0, words.find(' '));
    words.remove_prefix(std::min(words.size(), word.size() + 1));
    auto more = spell(to_letters(word), language);
    units.insert(units.end(), more.begin(), more.end());
  }
  return units;
}

}  // namespace oairt::captions
