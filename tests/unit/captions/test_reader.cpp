// Words without a voice to follow.
#include <vector>

#include "captions/reader.h"
#include "support/check.h"

using namespace oairt;            // NOLINT
using namespace oairt::captions;  // NOLINT
using namespace oairt::test;      // NOLINT

namespace {

struct Stage {
  Screen screen;
  Reader reader{screen};
  Duration now{0};
  std::vector<Caption> shown;

  void pass(int ms) {
    for (int i = 0; i < ms / 20; ++i) {
      reader.tick(now);
      now += milliseconds(20);
      for (auto &caption : screen.take()) {
        if (!shown.empty()) {
          fail_unless(caption.shown.start >=
                      shown.back().shown.start + shown.back().shown.duration);
        }
        shown.push_back(std::move(caption));
      }
    }
  }
  double until() const { return to_ms(shown.back().shown.start + shown.back().shown.duration); }
  std::string finals() const {
    std::string text;
    for (const auto &caption : shown) {
      if (caption.final) text += (text.empty() ? "" : "|") + caption.text;
    }
    return text;
  }
};

}  // namespace

GST_START_TEST(deltas_add_up_and_the_last_one_is_held) {
  Stage s;
  for (const char *delta : {"What ", "time ", "is ", "it?"}) {
    s.reader.text("u1", delta, false);
    s.pass(300);
  }
  fail_unless(s.shown.back().text == "What time is", "%s", s.shown.back().text.c_str());
  s.reader.text("u1", "What time is it?", true);
  s.pass(3000);
  assert_text(s.finals(), "What time is it?");
  fail_unless(s.until() >= 2100 && s.until() < 3000, "%.0f", s.until());
}
GST_END_TEST

GST_START_TEST(a_word_that_was_heard_wrong_is_put_right) {
  Stage s;
  s.reader.text("u1", "Wreck a nice ", false);
  s.pass(300);
  s.reader.text("u1", "Recognise speech.", true);
  s.pass(200);
  fail_unless(s.shown.back().text == "Recognise speech.", "%s", s.shown.back().text.c_str());
  s.pass(3000);
  assert_text(s.finals(), "Recognise speech.");
}
GST_END_TEST

GST_START_TEST(a_long_text_is_turned_line_by_line) {
  Stage s;
  s.reader.text("u1",
                "This is what somebody said at such length that it does not fit into one line of a "
                "caption. And then there was more.",
                true);
  s.pass(12000);
  assert_text(s.finals(),
              "This is what somebody said at such\nlength that it does not fit into one|"
              "line of a caption.|And then there was more.");
  fail_unless(s.until() > 5000 && s.until() < 9000, "%.0f", s.until());
}
GST_END_TEST

GST_START_TEST(who_is_behind_hurries) {
  Stage s;
  for (int i = 0; i < 5; ++i) {
    s.reader.text("u" + std::to_string(i),
                  "Something that takes some time to be read, " + std::to_string(i), true);
  }
  s.pass(8000);
  fail_unless(s.finals().find(", 4") != std::string::npos);
  fail_unless(s.until() < 7000, "%.0f", s.until());
}
GST_END_TEST

GST_START_TEST(where_it_was_spoken_goes_along) {
  Stage s;
  s.now = milliseconds(5000);
  s.reader.text("u1", "Hello there.", true, Span{milliseconds(2000), milliseconds(1500)});
  s.pass(100);
  fail_unless(s.shown.front().shown.start == milliseconds(5000));
  fail_unless(s.shown.front().spoken && s.shown.front().spoken->start == milliseconds(2000));
  Stage sentences;
  sentences.screen.set_mode(Mode::Sentence);
  sentences.now = milliseconds(5000);
  sentences.reader.text("u1", "Hello there.", true, Span{milliseconds(2000), milliseconds(1500)});
  sentences.pass(100);
  fail_unless_equals_int(sentences.shown.size(), 1);
  fail_unless(sentences.shown[0].shown.start == milliseconds(2000));
  fail_unless(sentences.shown[0].shown.duration == milliseconds(1500));
}
GST_END_TEST

GST_START_TEST(a_text_that_never_ends_is_left) {
  Stage s;
  s.reader.text("u1", "This one was begun and ", false);
  s.pass(9000);
  fail_unless(!s.reader.busy());
  s.reader.text("u2", "the next one was not.", true);
  s.pass(3000);
  assert_text(s.finals(), "This one was begun and|the next one was not.");
}
GST_END_TEST

GST_START_TEST(an_empty_transcript_shows_nothing) {
  Stage s;
  s.reader.text("u1", "", true);
  s.reader.text("u2", " \n", true);
  s.pass(500);
  fail_unless(s.shown.empty() && !s.reader.busy());
}
GST_END_TEST

GST_START_TEST(at_the_end_everything_is_said) {
  for (Mode mode : {Mode::Word, Mode::Sentence}) {
    Stage s;
    s.screen.set_mode(mode);
    s.reader.text("u1", "First of all. Then the second. And last the third.", true);
    s.reader.text("u2", "Half a", false);
    s.pass(100);
    s.reader.finish(s.now);
    for (auto &caption : s.screen.take()) s.shown.push_back(caption);
    assert_text(s.finals(), "First of all.|Then the second.|And last the third.|Half a");
  }
}
GST_END_TEST

OAIRT_TEST_MAIN(captions_reader, deltas_add_up_and_the_last_one_is_held,
                a_word_that_was_heard_wrong_is_put_right, a_long_text_is_turned_line_by_line,
                who_is_behind_hurries, where_it_was_spoken_goes_along,
                a_text_that_never_ends_is_left, an_empty_transcript_shows_nothing,
                at_the_end_everything_is_said)
