#include "conversation/item_list.h"
#include "conversation/short_id.h"
#include "conversation/text.h"
#include "protocol/json.h"
#include "support/check.h"

using namespace oairt;  // NOLINT

GST_START_TEST(characters_are_code_points) {
  fail_unless_equals_uint64(count_characters(""), 0);
  fail_unless_equals_uint64(count_characters("grün 日本 🙂"), 9);
}
GST_END_TEST

GST_START_TEST(a_text_is_cut_between_characters) {
  assert_text(std::string(first_bytes("grün", 3)), "gr");
  assert_text(std::string(first_bytes("grün", 4)), "grü");
  assert_text(std::string(first_fitting("日本語", 2, 100)), "日本");
  assert_text(std::string(first_fitting("日本語", 9, 8)), "日本");
  assert_text(std::string(first_fitting("a\"b", 9, 2)), "a");
  assert_text(std::string(first_fitting("a\nb", 9, 7)), "a\n");
}
GST_END_TEST

GST_START_TEST(only_whole_words_are_kept) {
  struct {
    const char *text;
    std::size_t characters;
    const char *kept;
  } table[] = {
      {"one two three", 0, ""},
      {"one two three", 2, ""},
      {"one two three", 3, "one"},
      {"one two three", 6, "one"},
      {"one two three", 7, "one two"},
      {"one two three", 8, "one two"},
      {"one two three", 99, "one two three"},
      {"schöne Grüße", 11, "schöne"},
      {"今日は良い天気", 3, "今日は"},
      {"Ja, 今日は", 5, "Ja, 今"},
      {"안녕하세요 여러분", 7, "안녕하세요"},
      {"  x", 1, ""},
  };
  for (const auto &row : table) {
    assert_text(std::string(first_words(row.text, row.characters)), row.kept);
  }
  std::string endless(1000, 'x');
  fail_unless_equals_uint64(first_words(endless, 500).size(), 500);
}
GST_END_TEST

GST_START_TEST(what_is_not_utf8_becomes_utf8) {
  assert_text(valid_utf8("a\xff"
                         "b"),
              "a\xEF\xBF\xBD"
              "b");
  assert_text(valid_utf8(std::string("a\0b", 3)),
              "a\xEF\xBF\xBD"
              "b");
  assert_text(valid_utf8("grün"), "grün");
}
GST_END_TEST

GST_START_TEST(the_size_in_json_is_never_underestimated) {
  std::string all;
  for (int c = 1; c < 0x80; ++c) all += static_cast<char>(c);
  all += "\u0080\u009f\u00ad\u2028\u2029日🙂";
  for (std::size_t i = 0; i < all.size();) {
    auto one = std::string(first_fitting(std::string_view(all).substr(i), 1, 99));
    fail_unless(Json(one).dump().size() <= json_size(one) + 2, "character at %zu", i);
    i += one.size();
  }
  fail_unless(Json(all).dump().size() <= json_size(all) + 2);
}
GST_END_TEST

GST_START_TEST(short_ids_are_legal_and_differ) {
  fail_unless(is_legal_id("item_ABC-123"));
  fail_unless(is_legal_id(std::string(32, 'x')));
  for (const std::string &id : {std::string(), std::string(33, 'x'), std::string("root"),
                                std::string("a b"), std::string("ü")}) {
    fail_unless(!is_legal_id(id));
    std::string other = hashed_id(id);
    fail_unless(is_legal_id(other));
    assert_text(hashed_id(id), other);
    fail_unless(hashed_id(id, 1) != other);
  }
  fail_unless(hashed_id(std::string(40, 'x')) != hashed_id(std::string(41, 'x')));
}
GST_END_TEST

GST_START_TEST(a_taken_stand_in_is_not_given_twice) {
  std::string long_id(40, 'x');
  ItemList list;
  list.insert(hashed_id(long_id), "", false);
  std::string given = list.insert(long_id, "", false).replay_id;
  fail_unless(is_legal_id(given));
  fail_unless(given != hashed_id(long_id));
  fail_unless(list.find(given) == list.find(long_id));
}
GST_END_TEST

OAIRT_TEST_MAIN(text, characters_are_code_points, a_text_is_cut_between_characters,
                only_whole_words_are_kept, what_is_not_utf8_becomes_utf8,
                the_size_in_json_is_never_underestimated, short_ids_are_legal_and_differ,
                a_taken_stand_in_is_not_given_twice)
