// Puts words into caption lines: two rows of at most 37 columns, as subtitles have them, and a new
// line for a new sentence.
// Thread-safe: pure functions.
// Never moves a word that is shown: a line only grows at its end.
#pragma once

#include <string>

#include "captions/words.h"

namespace oairt::captions {

constexpr int kRowColumns = 37;

// Whether the word `next` begins a new line, when the line began with `first`.
bool begins_line(const Words &words, std::size_t first, std::size_t next);
// The words from `first` to before `end` as they are shown.
std::string line_text(const Words &words, std::size_t first, std::size_t end);
int line_columns(const Words &words, std::size_t first, std::size_t end);
// How long such a text should stay to be read, in ms.
int reading_ms(int columns);

}  // namespace oairt::captions
