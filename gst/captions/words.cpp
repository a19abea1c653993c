#include "captions/words.h"

#include <algorithm>
#include <utility>

#include <glib.h>

#include "captions/letters.h"
#include "captions/spelling.h"

namespace oairt::captions {
namespace {

constexpr std::size_t kLanguageBytes = 400;  // before and after
constexpr std::size_t kLongestWord = 100;    // characters; what is longer is no word

gunichar next_character(const std::string &text, std::size_t &byte) {
  const char *at = text.c_str() + byte;
  gunichar c = g_utf8_get_char(at);
  byte = static_cast<std::size_t>(g_utf8_next_char(at) - text.c_str());
  return c;
}

// Before a pause the last syllable is drawn out.
void draw_out(std::vector<Unit> &units) {
  for (std::size_t i = units.size(); i > 0 && i + 3 > units.size(); --i) {
    units[i - 1].ms = units[i - 1].ms * 5 / 4;
  }
}

// A sound takes the longer the fewer there are in its word.
void even_out(std::vector<Unit> &units) {
  std::size_t count = units.size();
  for (Unit &unit : units)
    unit.ms = unit.ms * (count < 2 ? 23 : count < 5 ? 20 : count < 8 ? 19 : 18) / 20;
}

bool begins_after_blank(const std::string &text, std::size_t byte) {
  const char *before = g_utf8_find_prev_char(text.c_str(), text.c_str() + byte);
  return before == nullptr || g_unichar_isspace(g_utf8_get_char(before));
}

bool sounds(gunichar c) {
  Letter kind = kind_of(c);
  return kind != Letter::None && kind != Letter::Mark;
}

}  // namespace

std::string clean_text(std::string_view text) {
  gchar *valid = g_utf8_make_valid(text.data(), static_cast<gssize>(text.size()));
  std::string result(valid);
  g_free(valid);
  std::erase(result, '\0');
  for (char &c : result) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return result;
}

void Words::append(std::string_view delta) {
  if (finished_ || text_.size() >= kMostBytes) return;
  std::string more = clean_text(delta.substr(0, kMostBytes));
  std::size_t from = words_.empty() ? 0 : words_.back().begin;
  if (!words_.empty()) words_.pop_back();
  text_ += more;
  if (learn_language(from)) {
    words_.clear();
    from = 0;
  }
  split_from(from);
}

void Words::replace(std::string_view text) {
  std::string whole = clean_text(text.substr(0, kMostBytes));
  if (whole == text_) return;
  text_ = std::move(whole);
  words_.clear();
  learn_language(0);
  split_from(0);
}

// Told by what is around that byte. True: nothing was known of it before.
bool Words::learn_language(std::size_t byte) {
  std::size_t from = byte > kLanguageBytes ? byte - kLanguageBytes : 0;
  while (from > 0 && (text_[from] & 0xc0) == 0x80) --from;
  std::size_t to = std::min(text_.size(), byte + kLanguageBytes);
  while (to < text_.size() && (text_[to] & 0xc0) == 0x80) ++to;
  Language found = language_of(std::string_view(text_).substr(from, to - from));
  if (found == Language::Unknown) return false;
  return std::exchange(language_, found) == Language::Unknown;
}

// Punctuation without a word belongs to the word before it, or after it at the very beginning.
void Words::split_from(std::size_t byte) {
  Word word;
  std::vector<gunichar> letters;
  bool open = false, spoken = false;
  auto close = [&](std::size_t end) {
    if (!open) return;
    word.end = end;
    word.small =
        is_small_word(std::string_view(text_).substr(word.begin, end - word.begin), language_);
    word.units = units_of(letters, language_);
    even_out(word.units);
    if (word.pause != Pause::None) draw_out(word.units);
    if (!spoken && !words_.empty()) {
      words_.back().end = end;
      words_.back().columns += word.columns + 1;
      words_.back().pause = std::max(words_.back().pause, word.pause);
    } else {
      words_.push_back(std::move(word));
    }
    word = {};
    letters.clear();
    open = spoken = false;
  };
  while (byte < text_.size()) {
    std::size_t at = byte;
    gunichar c = next_character(text_, byte);
    if (g_unichar_isspace(c)) {
      close(at);
      continue;
    }
    bool alone = stands_alone(c) && sounds(c);
    bool apart = open && spoken && sounds(c) && (alone || stands_alone(letters.back()));
    if (apart || letters.size() >= kLongestWord) close(at);
    if (!open) {
      word.begin = at;
      word.joined = !begins_after_blank(text_, at);
      open = true;
    }
    word.columns += g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
    if (sounds(c)) {
      spoken = true;
      word.pause = Pause::None;
    } else {
      word.pause = std::max(word.pause, pause_of(c));
    }
    letters.push_back(c);
  }
  close(text_.size());
}

std::size_t Words::whole() const {
  if (words_.empty() || finished_) return words_.size();
  bool ended = words_.back().end < text_.size();  // a blank follows
  return words_.size() - (ended ? 0 : 1);
}

}  // namespace oairt::captions
