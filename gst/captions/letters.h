// How the letters of many scripts sound, roughly.
// Thread-safe: pure functions.
// Never asks which dialect: what is common to those who write a language is good enough here.
#pragma once

#include <vector>

#include <glib.h>

#include "captions/words.h"

namespace oairt::captions {

enum class Letter { Latin, Ideograph, Other, Digit, Symbol, Mark, None };

Letter kind_of(gunichar c);
// Written without spaces: each character can be shown by itself.
bool stands_alone(gunichar c);
Pause pause_of(gunichar c);
// The sounds of one word without its punctuation.
std::vector<Unit> units_of(const std::vector<gunichar> &letters, Language language);

}  // namespace oairt::captions
