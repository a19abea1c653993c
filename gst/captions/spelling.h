// From letters to sounds, as the rules of a language's spelling have it, roughly.
// Thread-safe: pure functions over tables.
// Never needs a dictionary: what letters may stand for is kept open where rules do not tell.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "captions/words.h"

namespace oairt::captions {

// Told by its commonest words; Unknown: too few of them.
Language language_of(std::string_view text);
// One that leads to others: and, of, that. A voice may pause before it.
bool is_small_word(std::string_view word, Language language);
// A word in letters of an alphabet, in lower case.
std::vector<Unit> spell(const std::u32string &word, Language language);
std::vector<Unit> spell(std::string_view words, Language language);

}  // namespace oairt::captions
