#include "captions/speech_captions.h"

#include <algorithm>
#include <cmath>

#include "captions/lines.h"

namespace oairt::captions {
namespace {

constexpr std::size_t kMostItems = 64, kMostResponses = 32;
constexpr Duration kFrame = milliseconds(20);
// A caption promises no more than half the time that the next word is away.
constexpr double kSafe = 0.5;
constexpr int kShortestHoldMs = 20, kSilentHoldMs = 40;
constexpr int kLongestHoldMs = static_cast<int>(kLongestHold / milliseconds(1));
// A line stays after its last word, and in a pause of the speaker's.
constexpr Duration kAfterwards = milliseconds(1000), kPause = milliseconds(3000);
// So much silence is the end of a sentence, or of an answer that the service has played.
constexpr int kEndOfVoiceMs = 100;
// What was played to its end is heard to its end by then.
constexpr int kLastFrames = 40;

Duration from_ms(double ms) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(ms));
}

}  // namespace

SpeechCaptions::Item *SpeechCaptions::find(const std::string &item_id) {
  auto found = std::find_if(items_.begin(), items_.end(),
                            [&](const Item &item) { return item.id == item_id; });
  return found == items_.end() ? nullptr : &*found;
}

SpeechCaptions::Item *SpeechCaptions::first_of(const std::string &response_id) {
  auto found = std::find_if(items_.begin(), items_.end(),
                            [&](const Item &item) { return item.response_id == response_id; });
  return found == items_.end() ? nullptr : &*found;
}

bool SpeechCaptions::is_gone(const std::string &response_id) const {
  return std::find(gone_.begin(), gone_.end(), response_id) != gone_.end();
}

void SpeechCaptions::remember_gone(const std::string &response_id) {
  std::erase_if(items_, [&](const Item &item) { return item.response_id == response_id; });
  gone_.push_back(response_id);
  if (gone_.size() > kMostResponses) gone_.pop_front();
}

void SpeechCaptions::text(const std::string &item_id, const std::string &response_id,
                          std::string_view text, bool whole, bool spoken) {
  if (is_gone(response_id)) return;
  if (!spoken || reader_.has(item_id)) return reader_.text(item_id, text, whole);
  Item *item = find(item_id);
  if (item == nullptr) {
    if (items_.size() >= kMostItems) items_.pop_front();
    items_.push_back({item_id, response_id, {}});
    item = &items_.back();
  }
  if (whole) {
    item->words.replace(text);
    item->words.finish();
  } else {
    item->words.append(text);
  }
  if (voice_ && voice_->item_id == item_id) voice_->clock.set_words(item->words);
}

void SpeechCaptions::voice_started(const std::string &response_id) {
  if (started_.size() >= kMostResponses) started_.pop_front();
  started_.push_back({response_id});
  // The service plays one after the other.
  if (voice_ && voice_->response_id != response_id) voice_->ended = true;
}

void SpeechCaptions::voice_ended(const std::string &response_id) {
  for (auto &started : started_) started.ended |= started.response_id == response_id;
  if (voice_ && voice_->response_id == response_id) voice_->ended = true;
}

void SpeechCaptions::voice_cut() {
  if (voice_ && voice_->clock.begun()) {
    show_words(voice_->clock.begun_words());
    screen_.finish(last_voice_);
  }
  for (const auto &started : started_) remember_gone(started.response_id);
  started_.clear();
  voice_.reset();
}

void SpeechCaptions::forget() {
  voice_cut();
  items_.clear();
  reader_.clear();
  screen_.new_line();
}

void SpeechCaptions::begin_voice() {
  if (voice_ || started_.empty()) return;
  const Started &started = started_.front();
  voice_.emplace(Voice{started.response_id, "", SpeechClock(pace_)});
  voice_->ended = started.ended || started_.size() > 1;
}

void SpeechCaptions::take_item() {
  if (!voice_->item_id.empty()) return;
  Item *item = first_of(voice_->response_id);
  if (item == nullptr) return;
  voice_->item_id = item->id;
  voice_->clock.set_words(item->words);
}

void SpeechCaptions::frame(Duration start, bool voice, const FrameSound &sound) {
  if (start + kFrame < heard_ - std::chrono::seconds(1)) restart();
  heard_ = std::max(heard_, start + kFrame);
  begin_voice();
  if (voice_) {
    take_item();
    follow(heard_ - kFrame, voice, sound);
  }
  refresh();
}

void SpeechCaptions::pass(Duration until) {
  if (until - delay_ <= position()) return;
  passed_ = until - delay_;
  refresh();
}

void SpeechCaptions::follow(Duration start, bool voice, const FrameSound &sound) {
  // Who holds the source up has less patience with its captions than there was to be.
  voice_->clock.set_hindsight(to_ms(std::clamp(heard_ - position(), Duration(0), delay_)));
  for (const auto &part : sound.parts) voice_->clock.step(voice ? part : PartSound{});
  SpeechClock &clock = voice_->clock;
  if (clock.begun()) {
    if (reader_.busy()) {
      reader_.clear();
      screen_.finish(position());
    }
    if (milliseconds(clock.quiet_ms()) < kFrame) last_voice_ = start + kFrame;
    show_words(clock.reached());
    if (voice_->whole_line && clock.quiet_ms() >= kEndOfVoiceMs) screen_.finish(last_voice_);
  }
  if (voice_->ended) ++voice_->frames_since_end;
  bool silent = !clock.begun() || clock.quiet_ms() >= kEndOfVoiceMs || !voice;
  bool over = voice_->ended && clock.begun() && silent;
  if (over || voice_->frames_since_end > kLastFrames) return end_item();
  Item *item = find(voice_->item_id);
  bool said = item != nullptr && clock.at_end() && clock.quiet_ms() >= kEndOfVoiceMs;
  if (said && std::count_if(items_.begin(), items_.end(), [&](const Item &other) {
                return other.response_id == voice_->response_id;
              }) > 1) {
    end_item();
  }
}

// Where that word is shown from: not before what is known downstream already. Without a delay it is
// the frame in which it begins.
Duration SpeechCaptions::begin_of(std::size_t word) const {
  double since = voice_->clock.ms_since(word);
  bool known = delay_ > Duration(0) && since >= 0;
  Duration begin = known ? heard_ - from_ms(since) : heard_ - kFrame;
  return std::max(begin, position() - kFrame);
}

// Shows the first `count` words of the item, line by line.
void SpeechCaptions::show_words(std::size_t count) {
  Item *item = find(voice_->item_id);
  if (item == nullptr) return;
  const Words &words = item->words;
  std::size_t whole = words.whole();
  count = std::min(count, whole);
  while (voice_->shown < count) {
    std::size_t next = voice_->shown;
    Duration at = begin_of(next);
    if (next == voice_->line || begins_line(words, voice_->line, next)) {
      screen_.finish(at);
      screen_.new_line();
      voice_->line = next;
    }
    std::size_t end = next + 1;
    while (end < count && !begins_line(words, voice_->line, end) && begin_of(end) - at < kFrame) {
      ++end;
    }
    voice_->shown = end;
    voice_->whole_line = (end < whole && begins_line(words, voice_->line, end)) ||
                         (words.finished() && end == words.list().size());
    Duration until_next = end < count ? begin_of(end) - at : hold();
    screen_.show(line_text(words, voice_->line, end), at,
                 std::max<Duration>(until_next, milliseconds(kShortestHoldMs)), voice_->whole_line);
  }
}

Duration SpeechCaptions::hold() const {
  if (!voice_) return milliseconds(kSilentHoldMs);
  const SpeechClock &clock = voice_->clock;
  // With some delay it is known already.
  if (clock.begun_words() > clock.reached()) {
    return std::max<Duration>(from_ms(clock.ms_to_next()), milliseconds(kShortestHoldMs));
  }
  if (clock.quiet_ms() > 0) return milliseconds(kSilentHoldMs);
  auto ms = static_cast<int>(std::min(1e4, clock.ms_to_next() * kSafe));
  return milliseconds(std::clamp(ms / 20 * 20, kShortestHoldMs, kLongestHoldMs));
}

// Its voice has come to its end: all that was not shown yet was said.
void SpeechCaptions::end_item() {
  Item *item = find(voice_->item_id);
  if (item != nullptr && voice_->clock.begun()) {
    if (item->words.finished()) {
      show_words(item->words.list().size());
      voice_->clock.teach(pace_);
    } else {
      // The text is late: what still comes is to be read.
      show_words(item->words.whole());
      reader_.text(item->id, item->words.text(), false, std::nullopt, voice_->shown);
    }
    screen_.finish(last_voice_);
    std::string id = item->id;
    std::erase_if(items_, [&](const Item &other) { return other.id == id; });
  }
  if (voice_->ended || first_of(voice_->response_id) == nullptr) {
    std::erase_if(started_, [&](const Started &started) {
      return started.response_id == voice_->response_id;
    });
  }
  voice_.reset();
}

void SpeechCaptions::refresh() {
  bool following = voice_ && voice_->clock.begun();
  if (!following) reader_.tick(position());
  if (reader_.busy() || screen_.empty()) return;
  if (position() < last_voice_ + (following ? kPause : kAfterwards)) {
    screen_.keep(position(), hold());
  } else {
    screen_.finish(last_voice_);
    screen_.new_line();
  }
}

void SpeechCaptions::finish() {
  if (voice_ && voice_->clock.begun()) {
    if (voice_->ended) {
      end_item();
    } else {
      show_words(voice_->clock.begun_words());
      screen_.finish(last_voice_);
    }
  }
  reader_.finish(position());
}

void SpeechCaptions::restart() {
  screen_.restart();
  heard_ = passed_ = last_voice_ = Duration(0);
}

}  // namespace oairt::captions
