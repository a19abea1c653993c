// A second synthesizer for the caption clock to be checked with: flite, whose voices come from
// recordings of people. Nothing is tuned on it.
// Thread-bound.
// Never required: without the library there are no voices.
#pragma once

#include <string>
#include <vector>

#include "speaker.h"

namespace oairt::bench {

// Those that there are.
std::vector<std::string> flite_voices();
sim::Speaker::Spoken flite_speak(const std::string &text, const std::string &voice, double speed);

}  // namespace oairt::bench
