// Numbers and signs as they are spoken.
// Thread-safe: pure functions over tables.
// Never exact: cases and genders are left out, only how long it takes to say counts.
#pragma once

#include <string>
#include <string_view>

#include <glib.h>

#include "captions/spelling.h"

namespace oairt::captions {

// "1984", "3.50", "8:15": words with blanks between them; empty: it is not known in this language.
std::string number_words(std::string_view number, Language language);
// "%", "€": the same.
std::string sign_word(gunichar sign, Language language);

}  // namespace oairt::captions
