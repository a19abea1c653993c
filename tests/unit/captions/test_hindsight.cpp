// Captions that come a little later than the sound: placed better, in order, and never held back
// from who cannot wait.
#include <functional>

#include "scene.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT

namespace {

constexpr int kDelayMs = 150;
const std::string kText = "There are three museums and all of them are open until six.";

struct Errors {
  double mean = 0, worst = 0, earliest = 0;
};

constexpr int kDrawnMs = 100, kPauseMs = 240;

// The voice draws a syllable out and then pauses, where no punctuation tells of it.
Errors hesitate(int delay_ms) {
  Scene s(delay_ms);
  s.answer(kText);
  auto begins = s.say("There are three museums");
  for (int i = 0; i < kDrawnMs / 20; ++i) {
    auto part = sound_like(captions::Sound::Buzz);
    s.frame(true, captions::FrameSound{{part, part}});
  }
  s.quiet(kPauseMs);
  for (double begin : s.say("and all of them are open until six.")) begins.push_back(begin);
  s.captions.voice_ended("r1");
  s.silence(400);
  fail_unless_equals_int(s.words.size(), begins.size());
  Errors errors;
  for (std::size_t i = 0; i < begins.size(); ++i) {
    double error = s.words[i] - begins[i];
    errors.mean += std::abs(error) / static_cast<double>(begins.size());
    errors.worst = std::max(errors.worst, std::abs(error));
    errors.earliest = std::min(errors.earliest, error);
  }
  return errors;
}

}  // namespace

GST_START_TEST(who_waits_sees_a_word_where_it_begins) {
  Errors at_once = hesitate(0), later = hesitate(kDelayMs);
  fail_unless(later.worst <= 30, "%.0f ms off, at once %.0f", later.worst, at_once.worst);
  fail_unless(later.mean < at_once.mean * 0.7, "%.0f, at once %.0f", later.mean, at_once.mean);
  fail_unless(later.earliest > -30, "%.0f, at once %.0f", later.earliest, at_once.earliest);
}
GST_END_TEST

GST_START_TEST(nothing_begins_before_what_is_known_already) {
  Scene s(kDelayMs);
  s.answer(kText);
  std::size_t seen = 0;
  for (int i = 0; i < 200; ++i) {
    Duration known = s.captions.position();
    s.voice(20);
    for (; seen < s.shown.size(); ++seen) {
      fail_unless(s.shown[seen].shown.start >= known, "\"%s\" at %.0f, known until %.0f",
                  s.shown[seen].text.c_str(), to_ms(s.shown[seen].shown.start), to_ms(known));
    }
    fail_unless(s.captions.position() <= s.now - milliseconds(kDelayMs) ||
                s.captions.position() == Duration(0));
  }
  fail_unless(seen > 10);
}
GST_END_TEST

// The words that were heard shortly before are not known yet when the voice is cut, or the stream
// ends.
static void stop_in_a_word(const std::function<void(Scene &)> &stop) {
  Scene s(kDelayMs);
  s.answer(kText);
  auto begins = Scene().say(kText);
  constexpr std::size_t kHeard = 4;
  s.say(kText, 1, static_cast<int>(begins[kHeard - 1]) + 100);
  std::size_t shown = s.words.size();
  stop(s);
  fail_unless_equals_int(shown, kHeard - 1);
  fail_unless_equals_int(s.words.size(), kHeard);
  for (std::size_t i = 0; i < kHeard; ++i) {
    fail_unless(std::abs(s.words[i] - begins[i]) <= 60, "word %zu: %+.0f", i,
                s.words[i] - begins[i]);
  }
}

GST_START_TEST(what_was_heard_last_is_shown_when_the_voice_is_cut) {
  stop_in_a_word([](Scene &s) {
    s.captions.voice_cut();
    s.silence(2000);
  });
}
GST_END_TEST

GST_START_TEST(what_was_heard_last_is_shown_when_the_stream_ends) {
  stop_in_a_word([](Scene &s) {
    s.captions.finish();
    s.collect();
  });
}
GST_END_TEST

// As a muxer does that waits for a caption before it takes more sound: it gets them at once.
GST_START_TEST(a_source_that_is_held_up_has_its_words_all_the_same) {
  Scene s(kDelayMs);
  s.answer(kText);
  auto pass = [&] { s.captions.pass(s.now + milliseconds(kDelayMs + 40)); };
  captions::Words words;
  words.append(kText);
  std::size_t before = 0;
  pass();
  std::vector<double> begins;
  for (const char *part : {"There are three museums ", "and all of them ", "are open until six."}) {
    for (double begin : s.say(part)) begins.push_back(begin);
    pass();
    s.collect();
    fail_unless(s.words.size() > before, "nothing of \"%s\"", part);
    before = s.words.size();
  }
  s.captions.voice_ended("r1");
  s.silence(200);
  assert_text(s.all_lines().substr(0, 9), "There are");
  fail_unless_equals_int(s.words.size(), begins.size());
  for (std::size_t i = 1; i < begins.size(); ++i) {
    fail_unless(std::abs(s.words[i] - begins[i]) <= 250, "word %zu: %+.0f", i,
                s.words[i] - begins[i]);
  }
}
GST_END_TEST

OAIRT_TEST_MAIN(captions_hindsight, who_waits_sees_a_word_where_it_begins,
                nothing_begins_before_what_is_known_already,
                what_was_heard_last_is_shown_when_the_voice_is_cut,
                what_was_heard_last_is_shown_when_the_stream_ends,
                a_source_that_is_held_up_has_its_words_all_the_same)
