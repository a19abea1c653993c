// A transcript as it grows, cut into words, with an estimate of how each one sounds: a row of broad
// kinds of sound and their lengths at an even pace, from the letters alone.
// Thread-bound to whoever owns it. Pure.
// Never trusts the text: any bytes of any length are taken, up to a bound.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "captions/sounds.h"

namespace oairt::captions {

// Other: letters mean what they mean in most languages.
enum class Language : uint8_t {
  Unknown,
  English,
  German,
  French,
  Spanish,
  Italian,
  Portuguese,
  Russian,
  Other,
};

struct Unit {
  Sounds sounds;  // what its letters may stand for
  int ms;
};

enum class Pause : uint8_t { None, Phrase, Sentence };

struct Word {
  std::size_t begin = 0, end = 0;  // in the text, without the blanks around it
  bool joined = false;             // no blank before it: scripts without spaces
  int columns = 0;
  Pause pause = Pause::None;  // after it
  bool small = false;         // leads to others: and, of, that
  std::vector<Unit> units;
};

class Words {
 public:
  static constexpr std::size_t kMostBytes = 64 * 1024;

  // What is beyond the bound is left out.
  void append(std::string_view delta);
  // The whole text: what was appended may have been something else.
  void replace(std::string_view text);
  // Nothing more comes: the last word is whole.
  void finish() { finished_ = true; }
  bool finished() const { return finished_; }
  // As far as can be told by now; what was spelt before stays so once it is known.
  Language language() const { return language_; }

  const std::string &text() const { return text_; }
  const std::vector<Word> &list() const { return words_; }
  // Words that will not change any more: the last one may still be growing.
  std::size_t whole() const;

 private:
  bool learn_language(std::size_t byte);
  void split_from(std::size_t byte);

  std::string text_;
  std::vector<Word> words_;
  Language language_ = Language::Unknown;
  bool finished_ = false;
};

// Valid UTF-8 without control characters.
std::string clean_text(std::string_view text);

}  // namespace oairt::captions
