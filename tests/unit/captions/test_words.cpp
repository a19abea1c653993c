// Texts as they grow: words, what they sound like, lines.
#include "captions/lines.h"
#include "captions/words.h"
#include "support/check.h"

using namespace oairt::captions;  // NOLINT
using namespace oairt::test;      // NOLINT

namespace {

std::string split(const std::string &text) {
  Words words;
  words.append(text);
  words.finish();
  std::string result;
  for (const Word &word : words.list()) {
    result += (result.empty() ? "" : "|") + words.text().substr(word.begin, word.end - word.begin);
  }
  return result;
}

int length_ms(const std::string &text) {
  Words words;
  words.append(text);
  int ms = 0;
  for (const Word &word : words.list()) {
    for (const Unit &unit : word.units) ms += unit.ms;
  }
  return ms;
}

}  // namespace

GST_START_TEST(words_are_split_at_blanks_and_keep_their_punctuation) {
  assert_text(split("Hello, my  friend!"), "Hello,|my|friend!");
  assert_text(split("It is 7 – or 8."), "It|is|7 –|or|8.");
  assert_text(split("  \n "), "");
  assert_text(split("\"Yes\" (no)"), "\"Yes\"|(no)");
}
GST_END_TEST

GST_START_TEST(scripts_without_blanks_are_split_by_characters) {
  assert_text(split("今日は、晴れ。"), "今|日|は、|晴|れ。");
  assert_text(split("GPTは"), "GPT|は");
  // Thai vowels and tone marks stay with their consonant.
  assert_text(split("ที่"), "ที่");
  assert_text(split("안녕 세계"), "안녕|세계");
}
GST_END_TEST

GST_START_TEST(a_word_is_whole_when_something_follows) {
  Words words;
  words.append("Hel");
  fail_unless_equals_int(words.whole(), 0);
  words.append("lo wor");
  fail_unless_equals_int(words.whole(), 1);
  words.append("ld ");
  fail_unless_equals_int(words.whole(), 2);
  words.append("again");
  words.finish();
  fail_unless_equals_int(words.whole(), 3);
  words.append(" and on");  // it was finished
  fail_unless_equals_int(words.whole(), 3);
}
GST_END_TEST

GST_START_TEST(deltas_of_any_size_make_the_same_words) {
  const std::string text = "Der Zug – um 8:15 Uhr – fährt; 今日は。 Ende";
  for (std::size_t size : {1, 2, 3, 7, 100}) {
    Words words;
    for (std::size_t at = 0; at < text.size(); at += size) {
      // Whole characters, as JSON has them.
      std::size_t end = std::min(text.size(), at + size);
      while (end < text.size() && (text[end] & 0xc0) == 0x80) ++end;
      words.append(std::string_view(text).substr(at, end - at));
      at = end - size;
    }
    words.finish();
    std::string joined;
    for (const Word &word : words.list()) {
      joined += words.text().substr(word.begin, word.end - word.begin) + "|";
    }
    assert_text(joined, split(text) + "|");
  }
}
GST_END_TEST

GST_START_TEST(a_longer_text_takes_longer_to_say_in_every_script) {
  for (const char *text :
       {"Guten Morgen", "Доброе утро", "καλημέρα", "おはよう", "早上好", "좋은 아침", "صباح الخير",
        "בוקר טוב", "सुप्रभात", "สวัสดี", "1984", "NASA"}) {
    fail_unless(length_ms(text) >= 250, "%s: %d ms", text, length_ms(text));
    fail_unless(length_ms(text) <= 2000, "%s: %d ms", text, length_ms(text));
    fail_unless(length_ms(std::string(text) + " " + text) > length_ms(text) * 3 / 2, "%s", text);
  }
}
GST_END_TEST

GST_START_TEST(hostile_texts_become_valid_and_bounded) {
  Words words;
  words.append(std::string("a\0b\xff\xc3(\x1b[31m \xed\xa0\x80", 14));
  words.append(std::string(200000, 'x'));
  words.finish();
  fail_unless(g_utf8_validate(words.text().c_str(), -1, nullptr));
  fail_unless_equals_int(words.text().size(), strlen(words.text().c_str()));
  fail_unless(words.text().find('\x1b') == std::string::npos);
  fail_unless(words.text().size() <= 2 * Words::kMostBytes);
  for (const Word &word : words.list()) fail_unless(word.columns <= 120);
  Words marks;  // nothing but combining marks
  for (int i = 0; i < 5000; ++i) marks.append("\xcc\x81");
  marks.finish();
  (void)line_text(marks, 0, marks.list().size());
}
GST_END_TEST

GST_START_TEST(lines_have_two_rows_and_end_with_sentences) {
  Words words;
  words.append(
      "This is a first sentence. And this is a second one, which is so long that it does not fit "
      "into two rows of a caption by any means at all.");
  words.finish();
  std::size_t first = 0;
  int lines = 0;
  while (first < words.list().size()) {
    std::size_t end = first + 1;
    while (end < words.list().size() && !begins_line(words, first, end)) ++end;
    std::string line = line_text(words, first, end);
    if (lines++ == 0) assert_text(line, "This is a first sentence.");
    fail_unless(line.size() <= 75, "%s", line.c_str());
    auto row = line.find('\n');
    fail_unless(row == std::string::npos || row <= kRowColumns, "%s", line.c_str());
    first = end;
  }
  fail_unless_equals_int(lines, 3);
}
GST_END_TEST

OAIRT_TEST_MAIN(captions_words, words_are_split_at_blanks_and_keep_their_punctuation,
                scripts_without_blanks_are_split_by_characters,
                a_word_is_whole_when_something_follows, deltas_of_any_size_make_the_same_words,
                a_longer_text_takes_longer_to_say_in_every_script,
                hostile_texts_become_valid_and_bounded, lines_have_two_rows_and_end_with_sentences)
