// The half of Conversation that follows answers: their words as they come, what of them was
// heard, how they end. In the thread that owns the conversation.
// Never counts as heard what was not played, as far as the service tells.
#include <algorithm>
#include <cmath>

#include "conversation/conversation.h"
#include "conversation/item_content.h"
#include "conversation/text.h"

namespace oairt {
namespace {

using Kind = ConversationItem::Kind;

constexpr int64_t kMsPerAudioToken = 50;
// Slower or faster nobody speaks: such a measurement is none.
constexpr double kSlowestRate = 2, kFastestRate = 40;
constexpr int64_t kShortestSampleMs = 1000;
// How much a new measurement counts against all before it.
constexpr double kNewSample = 0.25;

bool is_rate(double rate) { return rate >= kSlowestRate && rate <= kFastestRate; }

double rate_from(std::size_t characters, int64_t length_ms) {
  return static_cast<double>(characters) * 1000 / static_cast<double>(length_ms);
}

}  // namespace

// --- words ---

ConversationItem *Conversation::answer_item(const std::string &id) {
  ConversationItem *item = items_.find(id);
  if (item == nullptr || !items_.in_call(*item)) return nullptr;
  bool message = item->kind == Kind::Message || item->kind == Kind::Other;
  if (message && item->role.empty()) {
    item->kind = Kind::Message;
    item->role = "assistant";
  }
  return item->kind == Kind::Message && item->role == "assistant" ? item : nullptr;
}

void Conversation::add_words(const std::string &response_id, const std::string &item_id,
                             const std::string &delta, bool spoken, int64_t wall_ms) {
  auto *item = answer_item(item_id);
  if (item == nullptr) return;
  responses_.link(response_id, item->id);
  Progress &progress = progress_of(*item);
  if (item->status != Status::InProgress || progress.end) return;
  if (progress.whole.size() + delta.size() > kMaxTextBytes) return;
  item->spoken = item->spoken || spoken;
  if (progress.first_word_ms == 0) progress.first_word_ms = wall_ms;
  grown_bytes_ += 2 * delta.size();
  bool new_part = progress.part_begin > 0 && progress.part_begin == progress.whole.size();
  std::string words =
      new_part ? join_words(progress.whole, delta).substr(progress.part_begin) : delta;
  progress.whole += words;
  if (progress.heard_ms) {
    show_heard(*item);
  } else {
    item->text += words;
  }
}

bool Conversation::end_part(const std::string &response_id, const std::string &item_id,
                            const std::string &words, bool spoken) {
  auto *item = answer_item(item_id);
  if (item == nullptr) return items_.find(item_id) != nullptr;
  responses_.link(response_id, item->id);
  Progress &progress = progress_of(*item);
  item->spoken = item->spoken || spoken;
  bool repeated = progress.part_begin == progress.whole.size() && progress.whole.ends_with(words);
  if (!words.empty() && !repeated) {
    progress.whole.resize(progress.part_begin);
    progress.whole = join_words(progress.whole, first_bytes(words, kMaxTextBytes));
    grown_bytes_ += 2 * words.size();
  }
  progress.part_begin = progress.whole.size();
  show_heard(*item);
  return true;
}

void Conversation::on(const OutputTranscriptDelta &event, int64_t wall_ms) {
  add_words(event.response_id, event.item_id, event.delta, true, wall_ms);
}

void Conversation::on(const OutputTextDelta &event, int64_t wall_ms) {
  add_words(event.response_id, event.item_id, event.delta, false, wall_ms);
}

void Conversation::on(const OutputTranscriptDone &event, int64_t) {
  if (end_part(event.response_id, event.item_id, event.transcript, true)) return;
  keep_for_later(event.item_id, event.transcript.size(), event);
}

void Conversation::on(const OutputTextDone &event, int64_t) {
  if (end_part(event.response_id, event.item_id, event.text, false)) return;
  keep_for_later(event.item_id, event.text.size(), event);
}

void Conversation::on(const FunctionCallDone &event, int64_t) {
  auto *item = items_.find(event.item_id);
  if (item == nullptr) {
    return keep_for_later(event.item_id, event.arguments.size(), event);
  }
  if (!items_.in_call(*item)) return;
  if (item->kind != Kind::FunctionCall && item->kind != Kind::Other) return;
  responses_.link(event.response_id, item->id);
  item->kind = Kind::FunctionCall;
  if (!event.name.empty()) item->name = event.name;
  if (!event.call_id.empty()) item->call_id = event.call_id;
  if (!event.arguments.empty()) {
    item->arguments = std::string(first_bytes(event.arguments, kMaxTextBytes));
  }
  grown_bytes_ += event.arguments.size();
  changed(*item);
}

// --- responses ---

void Conversation::on(const ResponseCreated &event, int64_t) {
  if (event.response_id.empty()) return;
  if (speech_ == Speech::Stopped) speech_ = Speech::None;
  Response &response = responses_.get(event.response_id);
  if (response.ended || response.generating) return;
  response.generating = true;
  response.turn_id = last_turn_id();
}

void Conversation::on(const OutputItemAdded &event, int64_t) {
  responses_.link(event.response_id, event.item_id);
}

void Conversation::on(const OutputItemDone &event, int64_t wall_ms) {
  auto *item = items_.find(event.item_id);
  if (item == nullptr || !items_.in_call(*item)) return;
  responses_.link(event.response_id, item->id);
  fill(*item, read_item(event.item), false);
  finish(*item, end_status(event.item), wall_ms);
}

void Conversation::on(const ResponseDone &event, int64_t wall_ms) {
  Response *known = responses_.find(event.response_id);
  if (known == nullptr && event.response_id.empty()) return;
  Response &response = known != nullptr ? *known : responses_.get(event.response_id);
  if (response.ended) return;
  response.ended = true;
  response.generating = false;
  // What a cancelled response generated is not what its transcript shows: no measure.
  if (event.status == "completed" || event.status == "incomplete") {
    int64_t tokens = event.usage.at("output_token_details.audio_tokens").as_int();
    response.audio_ms = std::clamp<int64_t>(tokens, 0, 1'000'000) * kMsPerAudioToken;
  }
  for (const auto &json : event.output) {
    OutputItemDone done{response.id, json["id"].as_string(), json};
    on(done, wall_ms);
  }
  finish_items(response, event, wall_ms);
  if (!response.turn_id.empty()) tried_turn_ = response.turn_id;
  bool refused = event.status == "failed" || event.reason == "turn_detected";
  bool silent = event.output.empty() && response.item_ids.empty();
  if (silent && !refused && !response.turn_id.empty()) {
    answered_turn_ = response.turn_id;
    ++revision_;
  }
}

void Conversation::finish_items(const Response &response, const ResponseDone &event,
                                int64_t wall_ms) {
  Status status = Status::Completed;
  if (event.status == "cancelled" || event.status == "incomplete") status = Status::Interrupted;
  if (event.status == "failed") status = Status::Failed;
  for (const auto &id : response.item_ids) {
    auto *item = items_.find(id);
    if (item == nullptr) continue;
    finish(*item, status, wall_ms);
    if (item->kind == Kind::Message && item->role == "assistant") show_heard(*item);
  }
}

// --- playback ---

void Conversation::on(const OutputAudioStarted &event, int64_t wall_ms) {
  responses_.set_playback_known();
  if (event.response_id.empty()) return;
  Response &response = responses_.get(event.response_id);
  if (response.playback != Response::Playback::NotYet) return;
  if (Response *before = responses_.playing()) playback_over(*before, wall_ms);
  response.playback = Response::Playback::Playing;
  response.started_ms = wall_ms;
  // A short answer may be complete before it is heard.
  for (const auto &id : response.item_ids) {
    auto *item = items_.find(id);
    if (item == nullptr || !item->spoken || item->status == Status::InProgress) continue;
    Progress &progress = progress_of(*item);
    if (progress.heard_ms) continue;
    progress.end = item->status;
    item->status = Status::InProgress;
    ++revision_;
  }
}

void Conversation::on(const OutputAudioStopped &event, int64_t wall_ms) {
  Response *response = responses_.find(event.response_id);
  if (response == nullptr) return;
  if (response->playback == Response::Playback::Playing) learn_rate(*response, wall_ms);
  playback_over(*response, wall_ms);
}

void Conversation::on(const OutputAudioCleared &event, int64_t wall_ms) {
  Response *response = responses_.find(event.response_id);
  if (response == nullptr || response->playback == Response::Playback::Over) return;
  bool started = response->playback == Response::Playback::Playing;
  reckon_heard(*response, started ? wall_ms - response->started_ms : 0);
  for (const auto &id : response->item_ids) {
    auto *item = items_.find(id);
    if (item == nullptr || !item->spoken) continue;
    Progress &progress = progress_of(*item);
    if (progress.end == Status::Completed) progress.end = Status::Interrupted;
    if (item->status == Status::Completed) item->status = Status::Interrupted;
  }
  playback_over(*response, wall_ms);
}

void Conversation::on(const ItemTruncated &event, int64_t wall_ms) {
  auto *item = answer_item(event.item_id);
  if (item == nullptr || (!item->spoken && !item->text.empty())) return;
  Progress &progress = progress_of(*item);
  int64_t heard_ms = std::max<int64_t>(0, event.audio_end_ms);
  if (progress.heard_is_exact) heard_ms = std::min(heard_ms, *progress.heard_ms);
  progress.heard_ms = heard_ms;
  progress.heard_is_exact = true;
  show_heard(*item);
  if (item->status == Status::Completed) {
    item->status = Status::Interrupted;
    ++revision_;
  }
  if (progress.end) finish(*item, Status::Interrupted, wall_ms);
}

void Conversation::playback_over(Response &response, int64_t wall_ms) {
  response.playback = Response::Playback::Over;
  for (const auto &id : response.item_ids) {
    auto *item = items_.find(id);
    if (item == nullptr) continue;
    auto &end = progress_of(*item).end;
    if (end) finish(*item, *end, wall_ms);
  }
}

// --- what was heard ---

void Conversation::show_heard(ConversationItem &item) {
  Progress &progress = progress_of(item);
  std::string_view text = progress.whole;
  if (item.spoken && progress.heard_ms) {
    double heard = static_cast<double>(*progress.heard_ms) * rate_of(item) / 1000;
    text = first_words(text, static_cast<std::size_t>(std::lround(std::min(heard, 1e9))));
  }
  if (text == item.text) return;
  item.text = std::string(text);
  changed(item);
}

std::size_t Conversation::characters_of(const Response &response) {
  std::size_t characters = 0;
  for (const auto &id : response.item_ids) {
    const auto *item = items_.find(id);
    if (item != nullptr && item->spoken) characters += count_characters(progress_of(*item).whole);
  }
  return characters;
}

double Conversation::rate_of(const ConversationItem &item) {
  const Response *response = responses_.of_item(item.id);
  if (response == nullptr || response->audio_ms <= 0) return speech_rate_;
  double rate = rate_from(characters_of(*response), response->audio_ms);
  return is_rate(rate) ? rate : speech_rate_;
}

void Conversation::learn_rate(const Response &response, int64_t wall_ms) {
  int64_t length_ms = response.audio_ms > 0 ? response.audio_ms : wall_ms - response.started_ms;
  if (length_ms < kShortestSampleMs) return;
  double rate = rate_from(characters_of(response), length_ms);
  if (!is_rate(rate)) return;
  speech_rate_ = rate_learned_ ? speech_rate_ + (rate - speech_rate_) * kNewSample : rate;
  rate_learned_ = true;
}

void Conversation::reckon_heard(const Response &response, int64_t heard_ms) {
  heard_ms = std::max<int64_t>(0, heard_ms);
  for (const auto &id : response.item_ids) {
    auto *item = items_.find(id);
    if (item == nullptr || !item->spoken) continue;
    Progress &progress = progress_of(*item);
    auto characters = static_cast<double>(count_characters(progress.whole));
    auto length_ms = static_cast<int64_t>(std::ceil(characters * 1000 / rate_of(*item)));
    int64_t part_ms = std::min(heard_ms, length_ms);
    if (!progress.heard_ms) progress.heard_ms = part_ms;
    heard_ms -= std::min(heard_ms, *progress.heard_ms);
    show_heard(*item);
  }
}

// --- the end of the call ---

void Conversation::call_ended(int64_t wall_ms) {
  const auto *turn = unanswered_turn();
  for (auto &response : responses_.all()) {
    bool playing = response.playback == Response::Playback::Playing;
    bool not_yet = response.playback == Response::Playback::NotYet;
    if (playing) {
      reckon_heard(response, wall_ms - response.started_ms);
    } else if (not_yet && responses_.playback_known()) {
      reckon_heard(response, 0);
    } else if (not_yet && response.generating && !response.item_ids.empty()) {
      // This server does not tell when it plays: it does so from the first word on.
      auto *first = items_.find(response.item_ids.front());
      int64_t begin_ms = first != nullptr ? progress_of(*first).first_word_ms : wall_ms;
      reckon_heard(response, wall_ms - begin_ms);
    }
    response.playback = Response::Playback::Over;
  }
  for (auto &item : items_.all()) {
    if (items_.in_call(item)) lose(item, wall_ms);
  }
  items_.end_call();
  progress_.clear();
  responses_.clear();
  refused_.clear();
  kept_.clear();
  speech_ = Speech::None;
  transcription_ = Transcription::Unknown;
  tried_turn_.clear();
  if (unanswered_turn() != turn) ++revision_;
}

void Conversation::lose(ConversationItem &item, int64_t wall_ms) {
  if (std::exchange(item.transcript_pending, false)) changed(item);
  auto entry = progress_.find(item.id);
  if (entry == progress_.end()) return;
  const Progress &progress = entry->second;
  bool given =
      item.role == "user" || item.role == "system" || item.kind == Kind::FunctionCallOutput;
  bool reckoned = progress.heard_ms && !progress.heard_is_exact;
  bool lost = item.status == Status::InProgress || (item.status == Status::Completed && reckoned);
  bool whole = progress.end && item.text.size() == progress.whole.size();
  finish(item, given ? Status::Completed : whole ? *progress.end : Status::Interrupted, wall_ms);
  if (!lost || given || item.kind != Kind::Message) return;
  Status end = item.status;
  if (item.text.size() < progress.whole.size()) end = Status::Interrupted;
  if (is_blank(item.text) && !progress.heard_is_exact) end = Status::Failed;
  if (end == item.status) return;
  item.status = end;
  ++revision_;
}

}  // namespace oairt
