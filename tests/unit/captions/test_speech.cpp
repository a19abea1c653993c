// Which words are heard when: answers on a stage.
#include <random>

#include "scene.h"

using namespace oairt;        // NOLINT
using namespace oairt::test;  // NOLINT
using captions::Mode;

GST_START_TEST(words_come_when_they_are_said_at_any_pace) {
  const std::string text =
      "Certainly! There are three museums near the station, and all of them are open until six in "
      "the evening. The largest one is closed on Mondays.";
  for (double speed : {0.7, 1.0, 1.4}) {
    Scene s;
    s.answer(text);
    s.silence(200);
    fail_unless(s.shown.empty(), "shown before the voice");
    auto begins = s.say(text, speed);
    fail_unless_equals_int(s.words.size(), begins.size());
    double sum = 0;
    for (std::size_t i = 0; i < begins.size(); ++i) {
      double error = s.words[i] - begins[i];
      fail_unless(std::abs(error) <= 200, "speed %.1f, word %zu: %+.0f ms", speed, i, error);
      sum += std::abs(error);
    }
    fail_unless(sum / static_cast<double>(begins.size()) < 60, "%.0f", sum);
  }
}
GST_END_TEST

GST_START_TEST(every_script_is_followed) {
  for (const char *text : {"Der Zug nach Köln fährt um acht Uhr ab, aber heute nicht.",
                           "Следующий поезд отправляется через двадцать минут.",
                           "今日は天気がいいですね。散歩に行きましょう。",
                           "我们明天早上八点在火车站见面。", "القطار القادم يغادر بعد عشرين دقيقة.",
                           "สวัสดีครับ วันนี้อากาศดี", "다음 기차는 이십 분 후에 출발합니다."}) {
    Scene s;
    s.answer(text);
    auto begins = s.say(text, 1.1);
    s.captions.voice_ended("r1");
    s.silence(200);
    std::string lines = s.all_lines();
    std::erase_if(lines, [](char c) { return c == '|' || c == '\n' || c == ' '; });
    std::string all = text;
    std::erase(all, ' ');
    assert_text(lines, all);
    fail_unless_equals_int(s.words.size(), begins.size());
    for (std::size_t i = 0; i < begins.size(); ++i) {
      fail_unless(std::abs(s.words[i] - begins[i]) <= 600, "%s: word %zu: %+.0f ms", text, i,
                  s.words[i] - begins[i]);
    }
  }
}
GST_END_TEST

GST_START_TEST(nothing_is_shown_without_a_voice) {
  Scene s;
  s.text("These words are never heard.");
  s.voice(500);  // of somebody else's: the service has not begun to play
  s.captions.voice_started("r1");
  s.silence(1000);
  s.captions.voice_ended("r1");
  s.silence(2000);
  fail_unless(s.shown.empty(), "\"%s\"", s.shown[0].text.c_str());
  s.answer("But these are.", "r2", "i2");
  s.voice(900);
  s.captions.voice_ended("r2");
  s.silence(200);
  assert_text(s.all_lines(), "But these are.");
}
GST_END_TEST

GST_START_TEST(a_pause_is_where_the_punctuation_is) {
  // The second half begins with its voice, whatever the pace of the first half was.
  for (double speed : {0.6, 1.0, 1.7}) {
    Scene s;
    s.answer("Hello my dear, what shall we do today?");
    s.say("Hello my dear", speed);
    s.quiet(300);
    fail_unless(s.when("what") < 0, "%.1f: shown at %.0f in the pause", speed, s.when("what"));
    double begins = s.say("what shall we do today?", speed)[0];
    fail_unless(std::abs(s.when("what") - begins) <= 60, "%.1f: %.0f", speed,
                s.when("what") - begins);
  }
}
GST_END_TEST

GST_START_TEST(what_was_not_heard_is_never_shown) {
  Scene s;
  s.captions.text("i1", "r1", "You will hear the beginning of this", false, true);
  s.captions.voice_started("r1");
  s.voice(800);
  std::string before = s.shown.back().text;
  fail_unless(before.find("You") == 0 && before.find("beginning of") == std::string::npos, "%s",
              before.c_str());
  s.captions.voice_cut();
  // All of this is on its way, and comes.
  s.captions.text("i1", "r1", " sentence, but not its end.", false, true);
  s.captions.text("i1", "r1", "You will hear the beginning of this sentence, but not its end.",
                  true, true);
  s.captions.voice_ended("r1");
  s.voice(100);
  s.silence(3000);
  assert_text(s.all_lines(), before);
  for (const auto &caption : s.shown) fail_unless(before.find(caption.text) == 0);
  fail_unless(s.until() < 2100, "held until %.0f", s.until());
}
GST_END_TEST

GST_START_TEST(the_rest_is_shown_when_the_voice_has_come_to_its_end) {
  Scene s;
  s.answer("A voice that is much faster than anybody would think it is.");
  s.voice(700);
  s.captions.voice_ended("r1");
  s.quiet(160);
  std::string last = s.shown.back().text;
  fail_unless(last.ends_with("think it is."), "%s", last.c_str());
  fail_unless(s.shown.back().shown.start < milliseconds(1000));
}
GST_END_TEST

GST_START_TEST(answers_follow_each_other_without_old_words) {
  Scene s;
  for (int i = 0; i < 5; ++i) {
    std::string n = std::to_string(i);
    s.answer("Answer number " + n + " is this.", "r" + n, "i" + n);
    s.voice(1300);
    s.captions.voice_ended("r" + n);
    s.silence(i % 2 == 0 ? 60 : 1500);
  }
  s.silence(500);
  assert_text(s.all_lines(),
              "Answer number 0 is this.|Answer number 1 is this.|Answer number 2 is this.|"
              "Answer number 3 is this.|Answer number 4 is this.");
}
GST_END_TEST

GST_START_TEST(the_pace_of_a_voice_is_learnt) {
  double first = 0, later = 0;
  Scene s;
  for (int i = 0; i < 6; ++i) {
    std::string n = std::to_string(i);
    s.answer("This voice speaks slowly and takes a long time over every last word", "r" + n, n);
    double begins = to_ms(s.now);
    s.voice(7000);
    double ms = 0;
    for (const auto &caption : s.shown) {
      if (to_ms(caption.shown.start) >= begins && caption.text.find("every") != std::string::npos) {
        ms = to_ms(caption.shown.start) - begins;
        break;
      }
    }
    (i == 0 ? first : later) = ms;
    s.captions.voice_ended("r" + n);
    s.silence(1500);
  }
  // In truth it is at 78 % of the letters; the sounds are none of these words'.
  fail_unless(later > 1.5 * first && later > 2500 && later < 6300, "%.0f, then %.0f", first, later);
}
GST_END_TEST

GST_START_TEST(text_that_comes_after_its_voice_is_shown_all_the_same) {
  Scene s;
  s.captions.voice_started("r1");
  s.voice(1000);
  fail_unless(s.shown.empty());
  s.captions.text("i1", "r1", "The text was late today, the voice was not.", true, true);
  s.voice(200);
  fail_unless(s.when("The text") >= 0);
  fail_unless(s.when("was not.") < 0);
  s.voice(1500);
  s.captions.voice_ended("r1");
  s.silence(200);
  fail_unless(s.when("not.") > 0);
  // Later than everything.
  s.captions.voice_started("r2");
  s.voice(1000);
  s.captions.voice_ended("r2");
  s.captions.text("i2", "r2", "Half of it", false, true);
  s.silence(300);
  s.captions.text("i2", "r2", "Half of it was there.", true, true);
  s.silence(1500);
  fail_unless(s.when("was there.") > 0);
}
GST_END_TEST

GST_START_TEST(text_answers_are_shown_at_once_and_as_long_as_it_takes_to_read) {
  Scene s;
  s.captions.text("i1", "r1", "This was only written, by a model that may not speak.", true, false);
  s.silence(5000);
  fail_unless(s.shown.front().shown.start <= milliseconds(40));
  fail_unless(s.until() > 2500 && s.until() < 4500, "%.0f", s.until());
  // A voice takes the place of what is still to be read.
  s.captions.text("i2", "r2", "And another one, which is long, long, and very long to read.", true,
                  false);
  s.silence(100);
  s.answer("Spoken.", "r3", "i3");
  s.voice(400);
  fail_unless(s.shown.back().text == "Spoken.", "%s", s.shown.back().text.c_str());
}
GST_END_TEST

GST_START_TEST(a_line_is_held_for_a_moment_and_then_gone) {
  Scene s;
  s.answer("Short and good.");
  s.voice(800);
  s.captions.voice_ended("r1");
  s.silence(5000);
  fail_unless(s.until() >= 1700 && s.until() <= 1950, "%.0f", s.until());
}
GST_END_TEST

GST_START_TEST(a_voice_that_begins_softly_begins_no_line_of_its_own) {
  Scene s;
  s.answer("The first answer.");
  s.voice(900);
  s.captions.voice_ended("r1");
  s.silence(5000);
  s.answer("And here is the second.", "r2", "i2");
  s.frame(true, {{sound_like(captions::Sound::Open), {}}});
  s.quiet(60);
  s.say("And here is the second.");
  s.captions.voice_ended("r2");
  s.silence(300);
  assert_text(s.all_lines(), "The first answer.|And here is the second.");
}
GST_END_TEST

GST_START_TEST(lines_have_their_true_start_and_length_in_sentence_mode) {
  Scene s;
  s.captions.set_mode(Mode::Sentence);
  s.silence(100);
  s.answer("Here is the first one. Here comes the second.");
  s.voice(1200);
  s.quiet(400);
  fail_unless_equals_int(s.shown.size(), 1);
  s.voice(1200);
  s.captions.voice_ended("r1");
  s.silence(300);
  fail_unless_equals_int(s.shown.size(), 2);
  auto at = [&](std::size_t i) { return to_ms(s.shown[i].shown.start); };
  auto length = [&](std::size_t i) { return to_ms(s.shown[i].shown.duration); };
  assert_text(s.all_lines(), "Here is the first one.|Here comes the second.");
  fail_unless(std::abs(at(0) - 100) <= 40 && std::abs(length(0) - 1200) <= 60, "%.0f %.0f", at(0),
              length(0));
  fail_unless(std::abs(at(1) - 1700) <= 60 && std::abs(length(1) - 1200) <= 100, "%.0f %.0f", at(1),
              length(1));
}
GST_END_TEST

GST_START_TEST(a_line_that_was_cut_ends_where_the_voice_ended_in_sentence_mode) {
  Scene s;
  s.captions.set_mode(Mode::Sentence);
  s.answer("This is a rather long sentence that nobody will hear to its very end.");
  s.voice(1000);
  s.captions.voice_cut();
  s.silence(100);
  fail_unless_equals_int(s.shown.size(), 1);
  fail_unless(std::abs(to_ms(s.shown[0].shown.duration) - 1000) <= 40);
  fail_unless(s.shown[0].text.find("This is") == 0 && s.when("end.") < 0);
}
GST_END_TEST

GST_START_TEST(the_next_visitor_sees_nothing_of_the_last) {
  Scene s;
  s.answer("This is a private matter of the first visitor, and not of the next one.");
  s.voice(800);
  s.text("Something that has not begun yet.", "r2", "i2");
  s.captions.forget();
  std::size_t shown = s.shown.size();
  s.collect();
  s.captions.voice_started("r2");
  s.voice(1500);
  s.silence(500);
  for (std::size_t i = shown; i < s.shown.size(); ++i) {
    fail_unless(s.shown[i].text.find("begun") == std::string::npos);
    fail_unless(s.shown[i].shown.start < milliseconds(1100), "%.0f", to_ms(s.shown[i].shown.start));
  }
}
GST_END_TEST

GST_START_TEST(time_passes_without_frames_too) {
  Scene s;
  s.answer("The audio of this one is held up.");
  s.say("The audio of", 1, 600);
  for (int ms = 600; ms < 6000; ms += 20) {
    s.captions.pass(milliseconds(ms));
    s.collect();
    fail_unless(s.captions.position() >= milliseconds(ms));
  }
  fail_unless(s.until() < 4000);  // not shown for ever
  s.now = milliseconds(6000);
  s.say("this one is held up.");
  fail_unless(s.shown.back().text.find("held") != std::string::npos);
}
GST_END_TEST

GST_START_TEST(whatever_happens_captions_are_in_order_and_never_ahead) {
  std::mt19937 random(5);
  auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  for (int round = 0; round < 40; ++round) {
    Scene s(pick(3) * 100);
    bool words = pick(2) == 0;
    s.captions.set_mode(words ? Mode::Word : Mode::Sentence);
    int response = 0;
    for (int step = 0; step < 120; ++step) {
      std::string r = "r" + std::to_string(response - pick(2)), i = "i" + r;
      switch (pick(11)) {
        case 0:
          ++response;
          break;
        case 1:
          s.captions.voice_started(r);
          break;
        case 2:
          s.captions.voice_ended(r);
          break;
        case 3:
          s.captions.voice_cut();
          break;
        case 4:
          s.captions.text(i, r, "some, words. 日本語\xff ", false, pick(4) != 0);
          break;
        case 5:
          s.captions.text(i, r, "The whole text of it.", true, pick(4) != 0);
          break;
        case 6:
          s.silence(pick(40) * 20);
          break;
        case 7:
          s.quiet(pick(20) * 20);
          break;
        case 8:
          if (pick(10) == 0) s.captions.forget();
          if (pick(4) == 0) s.captions.pass(s.now + milliseconds(pick(200)));
          s.collect();
          break;
        default:
          s.voice(pick(60) * 20);
          break;
      }
      if (!s.shown.empty() && words)
        fail_unless(s.until() <= to_ms(s.now) + 400, "%.0f", s.until());
    }
    s.captions.finish();
    s.collect();
  }
}
GST_END_TEST

GST_START_TEST(a_huge_answer_costs_no_more_than_its_sound) {
  Scene s;
  std::string text;
  while (text.size() < 200000) text += "word after word, ";
  s.answer(text);
  auto start = Clock::now();
  s.voice(20000);
  fail_unless(Clock::now() - start < std::chrono::seconds(10));
  s.captions.voice_cut();
  s.silence(100);
  fail_unless(s.shown.size() > 20);
}
GST_END_TEST

OAIRT_TEST_MAIN(captions_speech, words_come_when_they_are_said_at_any_pace,
                every_script_is_followed, nothing_is_shown_without_a_voice,
                a_pause_is_where_the_punctuation_is, what_was_not_heard_is_never_shown,
                the_rest_is_shown_when_the_voice_has_come_to_its_end,
                answers_follow_each_other_without_old_words, the_pace_of_a_voice_is_learnt,
                text_that_comes_after_its_voice_is_shown_all_the_same,
                text_answers_are_shown_at_once_and_as_long_as_it_takes_to_read,
                a_line_is_held_for_a_moment_and_then_gone,
                a_voice_that_begins_softly_begins_no_line_of_its_own,
                lines_have_their_true_start_and_length_in_sentence_mode,
                a_line_that_was_cut_ends_where_the_voice_ended_in_sentence_mode,
                the_next_visitor_sees_nothing_of_the_last, time_passes_without_frames_too,
                whatever_happens_captions_are_in_order_and_never_ahead,
                a_huge_answer_costs_no_more_than_its_sound)
