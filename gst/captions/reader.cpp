#include "captions/reader.h"

#include <algorithm>

#include "captions/lines.h"

namespace oairt::captions {
namespace {

constexpr std::size_t kMostTexts = 16;
constexpr Duration kHold = milliseconds(100);
constexpr Duration kShortest = milliseconds(1000);
// With more to come, a line is shown no longer than this.
constexpr Duration kHurried = milliseconds(700);
constexpr Duration kLongest = std::chrono::minutes(1);
// A text that was begun and is never finished is left.
constexpr Duration kForgotten = std::chrono::seconds(5);

}  // namespace

void Reader::text(const std::string &id, std::string_view text, bool whole,
                  std::optional<Span> spoken, std::size_t from) {
  auto found = std::find_if(texts_.begin(), texts_.end(), [&](Text &t) { return t.id == id; });
  if (found == texts_.end()) {
    if (texts_.size() >= kMostTexts) texts_.pop_front();
    found = texts_.insert(texts_.end(), Text{});
    found->id = id;
    found->line = found->shown = from;
  }
  if (spoken) found->spoken = spoken;
  if (whole) {
    std::string shown = found->words.text().substr(0, shown_bytes(*found));
    found->words.replace(text);
    found->words.finish();
    bool other = found->words.text().compare(0, shown.size(), shown) != 0;
    std::size_t count = found->words.list().size();
    found->line = std::min(found->line, count);
    // It was heard better meanwhile: the line is shown again.
    found->shown = other ? found->line : std::min(found->shown, count);
  } else {
    found->words.append(text);
  }
}

std::size_t Reader::shown_bytes(const Text &text) {
  return text.shown == 0 || text.shown > text.words.list().size()
             ? 0
             : text.words.list()[text.shown - 1].end;
}

bool Reader::has(const std::string &id) const {
  return std::any_of(texts_.begin(), texts_.end(), [&](const Text &text) { return text.id == id; });
}

void Reader::abandon(const std::string &id) {
  for (Text &text : texts_) {
    if (text.id == id) text.words.finish();
  }
}

Duration Reader::patience() const { return texts_.size() > 1 ? kHurried : kLongest; }

// False: nothing more of it can be shown now.
bool Reader::show_more(Text &text, Duration now) {
  const Words &words = text.words;
  std::size_t whole = words.whole();
  if (text.shown >= whole) return false;
  if (text.shown > text.line && begins_line(words, text.line, text.shown)) {
    if (now < std::min(*text.due, text.began + patience())) return false;
    screen_.finish(now);
    text.line = text.shown;
  }
  if (text.shown == text.line) {
    screen_.new_line();
    text.began = now;
  }
  std::size_t end = text.shown + 1;
  while (end < whole && !begins_line(words, text.line, end)) ++end;
  text.shown = end;
  auto reading = milliseconds(reading_ms(line_columns(words, text.line, end)));
  text.due = std::max<Duration>(now + kShortest, text.began + reading);
  bool complete = end < whole || (words.finished() && end == words.list().size());
  screen_.show(line_text(words, text.line, end), now, kHold, complete, text.spoken);
  return true;
}

// All lines of a finished text: where it was spoken, if that is known.
void Reader::put_lines(const Text &text, Duration now) {
  std::size_t count = text.words.list().size();
  int columns = std::max(1, line_columns(text.words, 0, count));
  Span all = text.spoken.value_or(Span{now, milliseconds(reading_ms(columns))});
  int before = 0;
  for (std::size_t first = text.line; first < count;) {
    std::size_t end = first + 1;
    while (end < count && !begins_line(text.words, first, end)) ++end;
    int here = line_columns(text.words, first, end);
    screen_.put_line(line_text(text.words, first, end),
                     {all.start + all.duration * before / columns, all.duration * here / columns},
                     text.spoken);
    before += here;
    first = end;
  }
}

void Reader::tick(Duration now) {
  while (!texts_.empty()) {
    Text &text = texts_.front();
    if (screen_.mode() == Mode::Sentence) {
      if (!text.words.finished()) return;
      put_lines(text, now);
      texts_.pop_front();
      continue;
    }
    if (show_more(text, now)) break;
    bool shown = text.shown >= text.words.list().size();
    Duration due = std::min(text.due.value_or(now), text.began + patience());
    bool over = (text.words.finished() && shown && now >= due) || now >= due + kForgotten;
    if (!over || (!text.due && !text.words.finished())) break;
    screen_.finish(now);
    texts_.pop_front();
    screen_.new_line();
  }
  if (!texts_.empty()) screen_.keep(now, kHold);
}

void Reader::finish(Duration now) {
  for (Text &text : texts_) text.words.finish();
  for (std::size_t rounds = 0; !texts_.empty() && rounds < 4096; ++rounds) {
    Text &text = texts_.front();
    if (text.due) text.due = now;
    text.began = now - kHurried;
    if (screen_.mode() == Mode::Sentence) {
      put_lines(text, now);
    } else if (show_more(text, now)) {
      continue;
    } else {
      screen_.finish(now);
    }
    texts_.pop_front();
    screen_.new_line();
  }
}

}  // namespace oairt::captions
