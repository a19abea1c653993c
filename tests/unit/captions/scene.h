// An answer on a stage: frames of voice and silence by hand, and what is shown meanwhile.
// Thread-bound; its clock is the frames'.
#pragma once

#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include "captions/speech_captions.h"
#include "support/check.h"

namespace oairt::test {

// As a voice of average colour makes that sound, at its loudest.
inline captions::PartSound sound_like(captions::Sound sound, float loudest_db = -18) {
  const auto &like = captions::typical(sound);
  captions::Shape average = captions::Tone().mean();
  captions::PartSound part;
  part.level_db = loudest_db - like.below_db;
  for (std::size_t band = 0; band < captions::kBands; ++band) {
    double height = part.level_db - 15;
    for (std::size_t i = 0; i < captions::kShape; ++i) {
      double phase = static_cast<double>(i + 1) * (static_cast<double>(band) + 0.5);
      height += (like.shape[i] + average[i]) * std::cos(G_PI * phase / captions::kBands);
    }
    part.bands_db[band] = static_cast<float>(height);
  }
  return part;
}

struct Scene {
  explicit Scene(int delay_ms = 0) { captions.set_delay(milliseconds(delay_ms)); }

  captions::SpeechCaptions captions;
  Duration now{0};
  std::vector<captions::Caption> shown;
  std::vector<double> words;  // when each was first shown, of a text that is only spoken once

  // Vowels and softer sounds in turn, as speech has them.
  void voice(int ms, float level_db = -18) {
    using captions::Sound;
    for (int i = 0; i < ms / 20; ++i) {
      auto kind = i % 5 == 0 ? Sound::Nasal : i % 10 < 5 ? Sound::Open : Sound::Mid;
      auto part = sound_like(kind, level_db);
      frame(true, captions::FrameSound{{part, part}});
    }
  }
  // Says a text as its letters sound, with pauses where its punctuation is; to its end, or as
  // much of it as fits into that time. Tells when each word began.
  std::vector<double> say(const std::string &text, double speed = 1, int at_most_ms = 1 << 30) {
    using captions::Sound;
    captions::Words words;
    words.append(text);
    words.finish();
    std::vector<captions::PartSound> parts;
    std::vector<double> begins;
    auto add = [&](double ms, captions::PartSound part) {
      for (int i = 0; i < static_cast<int>(ms / 10 + 0.5); ++i) parts.push_back(part);
    };
    for (const auto &word : words.list()) {
      begins.push_back(to_ms(now) + 10.0 * static_cast<double>(parts.size()));
      for (const auto &unit : word.units) {
        int which = std::countr_zero(static_cast<unsigned>(unit.sounds));
        bool any = unit.sounds == captions::kAnySound;
        auto part = sound_like(any ? Sound::VoicedStop : static_cast<Sound>(which));
        add(unit.ms / speed, part);
      }
      bool last = &word == &words.list().back();
      if (last || word.pause == captions::Pause::None) continue;
      add(word.pause == captions::Pause::Phrase ? 160 : 320, captions::PartSound{});
    }
    parts.resize(std::min<std::size_t>(parts.size(), static_cast<std::size_t>(at_most_ms / 10)) /
                 2 * 2);
    for (std::size_t i = 0; i < parts.size(); i += 2) {
      frame(true, captions::FrameSound{{parts[i], parts[i + 1]}});
    }
    return begins;
  }
  // Silence within the sound, or none at all.
  void quiet(int ms) {
    for (int i = 0; i < ms / 20; ++i) frame(true, captions::FrameSound{});
  }
  void silence(int ms) {
    for (int i = 0; i < ms / 20; ++i) frame(false, captions::FrameSound{});
  }
  void frame(bool voiced, const captions::FrameSound &sound) {
    captions.frame(now, voiced, sound);
    now += milliseconds(20);
    collect();
  }
  void collect() {
    for (auto &caption : captions.take()) {
      fail_unless(!caption.text.empty() && caption.shown.duration > Duration(0));
      fail_unless(g_utf8_validate(caption.text.c_str(), -1, nullptr));
      if (!shown.empty()) {
        const auto &last = shown.back().shown;
        fail_unless(caption.shown.start >= last.start + last.duration, "\"%s\" at %.0f overlaps",
                    caption.text.c_str(), to_ms(caption.shown.start));
      }
      note_words(caption);
      shown.push_back(std::move(caption));
    }
  }

  // A character is a word where there are no blanks: counted by what was added to a line.
  void note_words(const captions::Caption &caption) {
    const std::string before = shown.empty() || line_ended_ ? "" : shown.back().text;
    bool same = !shown.empty() && caption.text == shown.back().text;
    if (!same) {
      captions::Words list;
      list.append(caption.text);
      captions::Words old;
      bool grown = !before.empty() && caption.text.compare(0, before.size(), before) == 0;
      if (grown) old.append(before);
      words.insert(words.end(), list.list().size() - old.list().size(), to_ms(caption.shown.start));
      line_ended_ = false;
    }
    line_ended_ |= caption.final;
  }
  bool line_ended_ = false;

  void text(const std::string &words, const std::string &response = "r1",
            const std::string &item = "i1") {
    captions.text(item, response, words, false, true);
    captions.text(item, response, words, true, true);
  }
  void answer(const std::string &words, const std::string &response = "r1",
              const std::string &item = "i1") {
    text(words, response, item);
    captions.voice_started(response);
  }

  std::string all_lines() const {
    std::string lines;
    for (const auto &caption : shown) {
      if (caption.final) lines += (lines.empty() ? "" : "|") + caption.text;
    }
    return lines;
  }
  // When a caption first had that text in it; -1: never.
  double when(const std::string &words) const {
    for (const auto &caption : shown) {
      if (caption.text.find(words) != std::string::npos) return to_ms(caption.shown.start);
    }
    return -1;
  }
  double until() const {
    return shown.empty() ? 0 : to_ms(shown.back().shown.start + shown.back().shown.duration);
  }
};

}  // namespace oairt::test
