// How near the speech clock comes to the words of a synthesizer's speech, without any network: the
// sound is given to it frame by frame as the source would; and a second synthesizer's, if it is
// there, on which nothing is tuned. For tuning and for the table of
// docs/measurements.md; bench-captions measures the same through the elements.
//   bench-caption-clock [--delay MS] [--verbose]
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "captions/speech_captions.h"
#include "figures.h"
#include "flite_voice.h"
#include "response.h"
#include "speaker.h"
#include "support/caption_tap.h"
#include "support/check.h"

using namespace oairt;         // NOLINT
using namespace oairt::bench;  // NOLINT

namespace {

struct Case {
  const char *name, *language, *voice;
  double speed;
  std::vector<std::string> texts;
};

const std::vector<std::string> kEnglish = {
    "It is seven o'clock.",
    "Certainly! The next train to the city leaves from platform four at half past nine.",
    "Let me think about that for a moment. There are three museums near the station, and all of "
    "them are open until six in the evening. The largest one, which shows paintings from the "
    "nineteenth century, is closed on Mondays.",
    "I'm sorry, I did not understand what you said. Could you repeat it, please?",
    "Yes.",
    "First, preheat the oven to 180 degrees. Then mix the flour, the sugar and the butter in a "
    "bowl; add two eggs, one after the other, and stir until the dough is smooth. Finally, pour "
    "everything into a baking tin and wait for about forty minutes.",
    "The weather tomorrow will be mostly sunny with a light breeze from the southwest, although "
    "some showers are possible in the late afternoon, especially near the mountains.",
};
// Nothing was tuned on these.
const std::vector<std::string> kUnseen = {
    "Of course. Your flight departs at twenty to six, so please be at the gate no later than a "
    "quarter past five.",
    "Photosynthesis is the process by which plants turn sunlight, water and carbon dioxide into "
    "sugar and oxygen.",
    "No problem! I have moved your appointment with Doctor Miller from Friday to Wednesday at "
    "10:30, and sent you a new confirmation.",
    "In my opinion, the best way to learn a language is to speak it every day, even if you make "
    "mistakes; nobody will mind.",
    "Shakespeare wrote about 39 plays, most of them between 1589 and 1613.",
    "Would you rather have soup or salad with that? The soup of the day is tomato.",
    "If the light on the front keeps blinking, unplug the device, wait for ten seconds, and plug "
    "it in again.",
    "The capital of Australia is Canberra, not Sydney, though many people get that wrong.",
};
const std::vector<std::string> kGerman = {
    "Guten Tag! Was kann ich für Sie tun?",
    "Der nächste Zug nach Hamburg fährt um zwanzig Uhr fünfzehn von Gleis sieben ab, aber er hat "
    "heute leider etwas Verspätung. Möchten Sie trotzdem eine Fahrkarte kaufen?",
    "Das Museum ist täglich außer montags geöffnet; der Eintritt kostet für Erwachsene acht Euro.",
};
const std::vector<std::string> kFrench = {
    "Bonjour, comment puis-je vous aider aujourd'hui?",
    "Le prochain train pour Lyon part dans vingt minutes, voie deux. Il y a encore des places en "
    "seconde classe, mais la première est complète.",
};
const std::vector<std::string> kSpanish = {
    "Buenos días. ¿En qué puedo ayudarle?",
    "Mañana hará sol en toda la costa, con temperaturas de unos treinta grados; por la noche "
    "refrescará un poco, sobre todo en las montañas.",
};
const std::vector<std::string> kRussian = {
    "Здравствуйте! Чем я могу вам помочь?",
    "Следующий поезд отправляется через двадцать минут с третьего пути, но сегодня он немного "
    "опаздывает. Хотите купить билет?",
};

sim::Speaker::Spoken speak(const Case &given, const std::string &text) {
  sim::Speaker::Spoken spoken;
  sim::Speaker::shared()->synthesize(text, given.voice, given.language, given.speed,
                                     g_main_context_default(),
                                     [&](sim::Speaker::Spoken said) { spoken = std::move(said); });
  while (spoken.pcm == nullptr) g_main_context_iteration(nullptr, TRUE);
  return spoken;
}

struct Result {
  Series errors, signs, buffers;
};

// One answer after the other, as the pad would be told of them.
class Listener {
 public:
  explicit Listener(Duration delay) { captions_.set_delay(delay); }

  void follow(const std::string &text, const sim::Speaker::Spoken &spoken, bool verbose,
              Result &result) {
    std::string id = std::to_string(++answers_);
    captions_.text(id, id, text, true, true);
    captions_.voice_started(id);
    double began = to_ms(now_);
    std::vector<test::ShownCaption> shown;
    std::vector<int16_t> pcm = *spoken.pcm;
    std::size_t frame = 48000 / 50, played = pcm.size();
    pcm.resize(pcm.size() + 3 * 48000);
    for (std::size_t at = 0; at + frame <= pcm.size(); at += frame) {
      if (at >= played) captions_.voice_ended(id);
      captions_.frame(now_, at < played, ear_.hear(pcm.data() + at));
      now_ += milliseconds(20);
      for (const auto &caption : captions_.take()) {
        shown.push_back({caption.text,
                         to_ms(caption.shown.start),
                         to_ms(caption.shown.duration),
                         caption.final,
                         std::nullopt,
                         {}});
      }
    }
    auto words = test::words_of(shown);
    auto truth = sim::place_words(text, spoken.marks);
    fail_unless(truth.size() == words.size(), "%zu words shown, %zu said", words.size(),
                truth.size());
    double seconds = static_cast<double>(played) / 48000 + 1;
    result.buffers.add(static_cast<double>(shown.size()) / seconds);
    for (std::size_t i = 0; i < truth.size(); ++i) {
      double error = words[i].ms - began - static_cast<double>(truth[i].ms);
      if (verbose) {
        std::printf("  %-14s %6ld %+6.0f%s\n", truth[i].text.c_str(),
                    static_cast<long>(truth[i].ms), error,
                    truth[i].own ? "" : " (with the word before)");
      }
      if (!truth[i].own) continue;
      result.errors.add(std::abs(error));
      result.signs.add(error);
    }
  }

 private:
  captions::SpeechCaptions captions_;
  captions::Ear ear_;
  Duration now_{0};
  int answers_ = 0;
};

void print_all(const char *what, const Series &all) {
  std::printf("%s: words %zu median %.0f p95 %.0f worst %.0f >100 %.1f%%\n", what, all.count(),
              all.at(0.5), all.at(0.95), all.at(1), 100 * all.share_above(100));
}

using Speak = std::function<sim::Speaker::Spoken(const std::string &)>;

struct Options {
  bool verbose = false;
  Duration delay{0};
};

void follow_all(const std::string &name, const std::vector<std::string> &texts,
                const Options &options, Series &all, const Speak &speak) {
  Result result;
  Listener listener(options.delay);
  for (const auto &text : texts) {
    if (options.verbose) std::printf("%s\n", name.c_str());
    auto spoken = speak(text);
    fail_unless(spoken.pcm != nullptr && !spoken.marks.empty(), "%s: no voice", name.c_str());
    listener.follow(text, spoken, options.verbose, result);
  }
  const Series &errors = result.errors;
  for (double error : errors.values()) all.add(error);
  std::printf(
      "%-24s words %3zu  median %4.0f  p95 %4.0f  worst %4.0f  bias %+4.0f  >100 ms: %2.0f%%  "
      "%.0f buffers a second\n",
      name.c_str(), errors.count(), errors.at(0.5), errors.at(0.95), errors.at(1),
      result.signs.at(0.5), 100 * errors.share_above(100), result.buffers.at(0.5));
  print_figure("caption to its word, " + name, "ours", "ms", errors);
}

int run(int argc, char **argv) {
  Options options;
  options.verbose = has_option(argc, argv, "--verbose");
  options.delay = milliseconds(static_cast<int>(number_option(argc, argv, "--delay", 150)));
  const std::vector<Case> cases = {
      {"English, marin", "en-us", "marin", 1.0, kEnglish},
      {"English, ash", "en-us", "ash", 1.0, kEnglish},
      {"English, coral, fast", "en-us", "coral", 1.3, kEnglish},
      {"English, verse, slow", "en-us", "verse", 0.75, kEnglish},
      {"British, echo", "en", "echo", 1.1, kEnglish},
      {"German", "de", "sage", 1.0, kGerman},
      {"French", "fr", "cedar", 1.0, kFrench},
      {"Spanish", "es", "shimmer", 1.0, kSpanish},
      {"Russian", "ru", "ballad", 1.0, kRussian},
  };
  const std::vector<Case> unseen = {
      {"Unseen, marin", "en-us", "marin", 1.0, kUnseen},
      {"Unseen, ash, fast", "en-us", "ash", 1.3, kUnseen},
      {"Unseen, verse, slow", "en-us", "verse", 0.75, kUnseen},
  };
  auto speaker = sim::Speaker::shared();  // one for all of them
  Series all, others, checked, unseen_checked;
  for (const Case &given : cases) {
    follow_all(given.name, given.texts, options, all,
               [&](const std::string &text) { return speak(given, text); });
  }
  print_all("all", all);
  for (const Case &given : unseen) {
    follow_all(given.name, given.texts, options, others,
               [&](const std::string &text) { return speak(given, text); });
  }
  print_all("unseen texts", others);
  print_figure("caption to its word, all of them", "ours", "ms", all);
  for (const std::string &voice : flite_voices()) {
    for (double speed : {1.0, 1.3, 0.75}) {
      std::string name = "flite, " + voice + (speed > 1 ? ", fast" : speed < 1 ? ", slow" : "");
      follow_all(name, kEnglish, options, checked,
                 [&](const std::string &text) { return flite_speak(text, voice, speed); });
    }
    follow_all("flite, " + voice + ", unseen", kUnseen, options, unseen_checked,
               [&](const std::string &text) { return flite_speak(text, voice, 1); });
  }
  if (checked.count() == 0) {
    std::printf("flite: it is not there (Debian: flite1-dev)\n");
    return 0;
  }
  print_all("flite", checked);
  print_all("flite, unseen texts", unseen_checked);
  print_figure("caption to its word, flite", "ours", "ms", checked);
  return 0;
}

}  // namespace

int main(int argc, char **argv) { return run_bench(argc, argv, &run); }
