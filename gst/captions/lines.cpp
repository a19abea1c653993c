#include "captions/lines.h"

#include <algorithm>

namespace oairt::captions {
namespace {

constexpr int kMsPerColumn = 60;  // 17 characters a second, as subtitlers reckon
constexpr int kShortestMs = 1000;

struct Rows {
  int rows = 1, column = 0;

  // True: the word goes to the next row.
  bool add(const Word &word) {
    int gap = column > 0 && !word.joined ? 1 : 0;
    bool wraps = column > 0 && column + gap + word.columns > kRowColumns;
    rows += wraps ? 1 : 0;
    column = wraps ? word.columns : column + gap + word.columns;
    return wraps;
  }
};

}  // namespace

bool begins_line(const Words &words, std::size_t first, std::size_t next) {
  const auto &list = words.list();
  if (next <= first) return false;
  if (list[next - 1].pause == Pause::Sentence) return true;
  Rows rows;
  for (std::size_t i = first; i <= next; ++i) rows.add(list[i]);
  return rows.rows > 2;
}

std::string line_text(const Words &words, std::size_t first, std::size_t end) {
  std::string text;
  Rows rows;
  for (std::size_t i = first; i < end; ++i) {
    const Word &word = words.list()[i];
    bool wraps = rows.add(word);
    if (i > first && (wraps || !word.joined)) text += wraps ? '\n' : ' ';
    text.append(words.text(), word.begin, word.end - word.begin);
  }
  return text;
}

int line_columns(const Words &words, std::size_t first, std::size_t end) {
  int columns = 0;
  for (std::size_t i = first; i < end; ++i) columns += words.list()[i].columns + 1;
  return columns;
}

int reading_ms(int columns) { return std::max(kShortestMs, columns * kMsPerColumn); }

}  // namespace oairt::captions
