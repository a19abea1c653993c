#include "flite_voice.h"

#include <cmath>
#include <memory>

#include "resampler.h"

#ifdef OAIRT_HAVE_FLITE
#include <flite/flite.h>

extern "C" {
cst_voice *register_cmu_us_awb(const char *);
cst_voice *register_cmu_us_rms(const char *);
cst_voice *register_cmu_us_slt(const char *);
}
#endif

namespace oairt::bench {

#ifdef OAIRT_HAVE_FLITE
namespace {

cst_voice *find_voice(const std::string &name) {
  static const bool ready = flite_init() >= 0;
  if (!ready) return nullptr;
  static cst_voice *awb = register_cmu_us_awb(nullptr);
  static cst_voice *rms = register_cmu_us_rms(nullptr);
  static cst_voice *slt = register_cmu_us_slt(nullptr);
  return name == "awb" ? awb : name == "rms" ? rms : slt;
}

// When the first sound of the token's first word begins; -1: it has none.
double begin_of(cst_item *token) {
  cst_item *word = item_daughter(token);
  cst_item *structure = word == nullptr ? nullptr : item_as(word, "SylStructure");
  cst_item *syllable = structure == nullptr ? nullptr : item_daughter(structure);
  cst_item *sound = syllable == nullptr ? nullptr : item_daughter(syllable);
  cst_item *segment = sound == nullptr ? nullptr : item_as(sound, "Segment");
  if (segment == nullptr) return -1;
  cst_item *before = item_prev(segment);
  return before == nullptr ? 0 : static_cast<double>(item_feat_float(before, "end"));
}

}  // namespace

std::vector<std::string> flite_voices() { return {"slt", "rms", "awb"}; }

sim::Speaker::Spoken flite_speak(const std::string &text, const std::string &voice, double speed) {
  cst_voice *speaker = find_voice(voice);
  if (speaker == nullptr) return {};
  feat_set_float(speaker->features, "duration_stretch", static_cast<float>(1 / speed));
  std::unique_ptr<cst_utterance, decltype(&delete_utterance)> said(
      flite_synth_text(text.c_str(), speaker), &delete_utterance);
  if (said == nullptr) return {};
  const cst_wave *wave = utt_wave(said.get());
  std::vector<int16_t> samples(wave->samples, wave->samples + wave->num_samples);
  sim::Speaker::Spoken spoken;
  spoken.pcm =
      std::make_shared<std::vector<int16_t>>(sim::resample_to_48k(samples, wave->sample_rate));
  std::size_t at = 0;  // plain ASCII: a byte is a character
  for (cst_item *token = relation_head(utt_relation(said.get(), "Token")); token != nullptr;
       token = item_next(token)) {
    std::string name = item_feat_string(token, "name");
    auto found = text.find(name, at);
    if (found == std::string::npos) continue;
    at = found + name.size();
    double begin = begin_of(token);
    if (begin < 0) continue;
    spoken.marks.push_back({static_cast<int64_t>(found), std::lround(begin * 1000)});
  }
  return spoken;
}
#else
std::vector<std::string> flite_voices() { return {}; }
sim::Speaker::Spoken flite_speak(const std::string &, const std::string &, double) { return {}; }
#endif

}  // namespace oairt::bench
