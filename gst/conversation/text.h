// Measuring and cutting UTF-8 text: by characters, by whole words, by its size inside JSON.
// Thread-safe: pure functions.
// Never cuts inside a character.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace oairt {

// Code points; a stray byte counts as what it looks like.
std::size_t count_characters(std::string_view text);
// What is not UTF-8, and NUL, becomes U+FFFD.
std::string valid_utf8(std::string_view text);
// Nothing in it that could be said.
bool is_blank(std::string_view text);
// At most that many bytes, whole characters.
std::string_view first_bytes(std::string_view text, std::size_t bytes);
// The size of the text as a JSON string without its quotes; never too small.
std::size_t json_size(std::string_view text);
// The longest beginning with at most that many characters and that size in JSON.
std::string_view first_fitting(std::string_view text, std::size_t characters,
                               std::size_t json_bytes);
// The longest beginning of whole words with at most that many characters. In scripts written
// without spaces (Chinese, Japanese, Thai …) each character is a word.
std::string_view first_words(std::string_view text, std::size_t characters);
// Both, with a space between them where neither brings one.
std::string join_words(std::string_view first, std::string_view second);

}  // namespace oairt
