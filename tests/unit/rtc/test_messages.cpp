#include <random>

#include "rtc/message_assembler.h"
#include "support/check.h"

using namespace oairt;  // NOLINT

namespace {

std::string json(size_t bytes) {
  return "{\"type\":\"x\",\"v\":\"" + std::string(bytes, 'y') + "\"}";
}

std::string joined(const MessageAssembler::Messages &messages) {
  std::string text;
  for (const std::string &message : messages) text += message;
  return text;
}

// Feeds the text in pieces and returns what came out with the last one.
std::string feed(MessageAssembler &assembler, const std::string &text, size_t piece_bytes) {
  std::string message;
  for (size_t at = 0; at < text.size(); at += piece_bytes) {
    fail_unless(message.empty(), "complete before its end");
    message = joined(assembler.feed(std::string_view(text).substr(at, piece_bytes)));
  }
  return message;
}

GST_START_TEST(a_small_message_passes_as_it_is) {
  MessageAssembler assembler;
  for (const char *text : {"{}", " {\"a\":[1,2,{\"b\":\"}]\\\"\"}]} \n", "{\"\xC3\xA4\":null}"}) {
    assert_text(joined(assembler.feed(text)), text);
  }
  fail_unless(assembler.dropped() == 0);
}
GST_END_TEST

GST_START_TEST(a_large_message_is_put_together) {
  MessageAssembler assembler;
  for (size_t bytes : {100000u, 600000u, 4000000u}) {
    std::string text = json(bytes);
    fail_unless(feed(assembler, text, 66304) == text);
  }
  std::string text = "{\"a\":[[\"\\\\\",\"\\\"{\"]],\"c\":\"\xE2\x82\xAC\"}";
  MessageAssembler small(1);
  for (size_t piece = 1; piece < text.size(); piece++) assert_text(feed(small, text, piece), text);
  fail_unless(assembler.dropped() == 0 && small.dropped() == 0);
}
GST_END_TEST

GST_START_TEST(text_that_is_no_message_is_dropped_alone) {
  MessageAssembler assembler;
  for (const char *text :
       {"hello", "[1]", "}", "\"x\"", "{]", "{} {}", "{\"a\":\"\x01\"}", "{\"\xFF\":1}"}) {
    assert_text(joined(assembler.feed(text)), "");
    assert_text(joined(assembler.feed("{\"ok\":1}")), "{\"ok\":1}");
  }
  fail_unless(assembler.dropped() == 8);
}
GST_END_TEST

GST_START_TEST(a_broken_message_does_not_spoil_the_ones_behind_it) {
  for (const char *broken : {"{\"a\":", "{\"a\":\"never closed", "{\"a\":[[[", "{{{{"}) {
    MessageAssembler assembler;
    assert_text(joined(assembler.feed(broken)), "");
    assert_text(joined(assembler.feed("{\"ok\":1}")), "{\"ok\":1}");
    assert_text(joined(assembler.feed(broken)), "");
    assert_text(joined(assembler.feed(broken)), "");
    std::string large = json(200000);
    fail_unless(feed(assembler, large, 66304) == large);
    assert_text(joined(assembler.feed("{\"ok\":2}")), "{\"ok\":2}");
  }
}
GST_END_TEST

// What the SCTP stack does after a packet loss.
GST_START_TEST(small_messages_that_overtake_a_large_one_get_their_place_back) {
  MessageAssembler assembler;
  std::string large = json(200000);
  assert_text(joined(assembler.feed(large.substr(0, 66304))), "");
  assert_text(joined(assembler.feed("{\"ok\":1}")), "");
  assert_text(joined(assembler.feed(large.substr(66304, 66304))), "");
  assert_text(joined(assembler.feed("{\"ok\":2}")), "");
  fail_unless(assembler.is_holding());
  auto messages = assembler.feed(large.substr(2 * 66304));
  fail_unless(messages.size() == 3 && messages[0] == large);
  assert_text(messages[1] + messages[2], "{\"ok\":1}{\"ok\":2}");
  fail_unless(!assembler.is_holding() && assembler.dropped() == 0);
}
GST_END_TEST

GST_START_TEST(a_large_message_that_never_ends_holds_the_others_until_one_gives_up) {
  std::string broken = json(100000).substr(0, 66304);
  MessageAssembler assembler;
  assert_text(joined(assembler.feed(broken)), "");
  assert_text(joined(assembler.feed("{\"ok\":1}")), "");
  assert_text(joined(assembler.give_up()), "{\"ok\":1}");
  assert_text(joined(assembler.feed("{\"ok\":2}")), "{\"ok\":2}");
  fail_unless(assembler.dropped() == 1);

  // The next large one says so, too.
  assembler.feed(broken);
  assembler.feed("{\"ok\":3}");
  std::string large = json(150000);
  assert_text(joined(assembler.feed(large.substr(0, 66304))), "");
  auto messages = assembler.feed(large.substr(66304));
  fail_unless(messages.size() == 2 && messages[1] == large);
  assert_text(messages[0], "{\"ok\":3}");
  fail_unless(assembler.dropped() == 2);

  // And what is held is bounded like the rest.
  assembler.feed(broken);
  size_t released = 0;
  for (int i = 0; i < 100; i++) released += assembler.feed(json(65000)).size();
  fail_unless(released >= 60);
}
GST_END_TEST

// Some pieces in a row, not from the start, that are an object by themselves: nobody can tell that
// from a message.
bool has_object_within(const std::string &text, size_t piece) {
  for (size_t from = piece; from < text.size(); from += piece) {
    for (size_t to = from + piece; to < text.size(); to += piece) {
      if (JsonScanner().feed(text.substr(from, to - from)) == JsonScanner::State::Complete)
        return true;
    }
  }
  return false;
}

GST_START_TEST(pieces_that_look_like_beginnings_do_not_split_a_message) {
  std::string text = "{\"list\":[{\"a\":1},{\"b\":[{\"c\":2},{\"d\":3}]},{\"e\":4}]}";
  int tried = 0;
  for (size_t piece = 1; piece < text.size(); piece++) {
    if (has_object_within(text, piece)) continue;
    tried++;
    MessageAssembler assembler(1);
    assert_text(feed(assembler, text, piece), text);
  }
  fail_unless(tried > 20);
}
GST_END_TEST

GST_START_TEST(a_message_without_end_is_given_up_at_the_bound) {
  MessageAssembler assembler;
  std::string piece(66304, 'z');
  assembler.feed("{\"v\":\"" + piece);
  for (int i = 0; i < 200; i++) assert_text(joined(assembler.feed(piece)), "");
  assert_text(joined(assembler.feed("{\"ok\":1}")), "{\"ok\":1}");
  fail_unless(assembler.dropped() > 0);
  assert_text(joined(assembler.feed(json(5 * 1024 * 1024))), "");
  assert_text(joined(assembler.feed("{\"ok\":2}")), "{\"ok\":2}");
}
GST_END_TEST

GST_START_TEST(nesting_without_end_is_given_up) {
  MessageAssembler assembler;
  std::string deep;
  for (int i = 0; i < 100000; i++) deep += "{\"a\":";
  assert_text(joined(assembler.feed(deep)), "");
  assert_text(joined(assembler.feed("{\"ok\":1}")), "{\"ok\":1}");
}
GST_END_TEST

GST_START_TEST(noise_is_survived_and_the_stream_comes_back) {
  std::mt19937 random(3);
  const std::string letters = "{}[]\",:\\ax \x01\xFF";
  for (int round = 0; round < 300; round++) {
    MessageAssembler assembler;
    for (int i = 0; i < 20; i++) {
      std::string noise;
      for (size_t k = random() % 40; k > 0; k--) noise += letters[random() % letters.size()];
      assembler.feed(noise);
    }
    assembler.feed("{\"sync\":1}");
    assert_text(joined(assembler.feed("{\"ok\":1}")), "{\"ok\":1}");
  }
}
GST_END_TEST

}  // namespace

OAIRT_TEST_MAIN(messages, a_small_message_passes_as_it_is, a_large_message_is_put_together,
                text_that_is_no_message_is_dropped_alone,
                a_broken_message_does_not_spoil_the_ones_behind_it,
                small_messages_that_overtake_a_large_one_get_their_place_back,
                a_large_message_that_never_ends_holds_the_others_until_one_gives_up,
                pieces_that_look_like_beginnings_do_not_split_a_message,
                a_message_without_end_is_given_up_at_the_bound, nesting_without_end_is_given_up,
                noise_is_survived_and_the_stream_comes_back)
