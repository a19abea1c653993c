#include "conversation/conversation.h"

#include <algorithm>
#include <variant>

#include "conversation/item_content.h"
#include "conversation/text.h"

namespace oairt {
namespace {

using Kind = ConversationItem::Kind;

constexpr std::size_t kMaxKept = 32;
constexpr std::size_t kMaxKeptBytes = 64 << 10;
constexpr std::size_t kMaxRefused = 1000;
// Transcripts are waited for among the newest items only.
constexpr std::size_t kRecent = 64;

// A picture without a word asks for nothing.
bool is_users_turn(const ConversationItem &item) {
  return item.role == "user" && (item.images.empty() || item.spoken || !is_blank(item.text));
}

void take(std::string &member, const std::string &value) {
  if (!value.empty()) member = value;
}

}  // namespace

void Conversation::handle(const ServerEvent &event, int64_t wall_ms) {
  last_event_ms_ = wall_ms;
  std::visit([&](const auto &body) { on(body, wall_ms); }, event.body);
  items_.grew(std::exchange(grown_bytes_, 0));
  if (progress_.size() > 2 * items_.all().size() + kRecent) forget_stale();
}

void Conversation::forget_stale() {
  std::erase_if(progress_, [this](const auto &entry) { return find(entry.first) == nullptr; });
}

void Conversation::clear() {
  items_.clear();
  progress_.clear();
  kept_.clear();
  answered_turn_.clear();
  ++revision_;
}

void Conversation::restore(std::vector<ConversationItem> items) {
  progress_.clear();
  kept_.clear();
  responses_.clear();
  answered_turn_.clear();
  tried_turn_.clear();
  items_.restore(std::move(items));
  ++revision_;
}

void Conversation::refuse(const std::string &id) {
  if (id.empty()) return;
  if (refused_.size() >= kMaxRefused) refused_.clear();
  refused_.insert(id);
}

void Conversation::add_output(const std::string &item_id, const std::string &call_id,
                              const std::string &output, int64_t wall_ms) {
  if (item_id.empty() || items_.find(item_id) != nullptr) return;
  ConversationItem &item = items_.insert(item_id, "", false);
  item.kind = Kind::FunctionCallOutput;
  item.call_id = call_id;
  item.output = std::string(first_bytes(output, kMaxTextBytes));
  item.status = Status::Completed;
  item.created_ms = item.finished_ms = wall_ms;
  ++revision_;
  items_.grew(sizeof item + item.output.size());
}

void Conversation::set_slot(const std::string &id, int64_t slot) {
  if (auto *item = items_.find(id)) item->slot = slot;
}

// --- items ---

void Conversation::on(const ItemAdded &event, int64_t wall_ms) {
  put(event.item, event.item_id, event.previous_item_id, true, wall_ms);
}

void Conversation::on(const ItemDone &event, int64_t wall_ms) {
  auto *item = put(event.item, event.item_id, event.previous_item_id, false, wall_ms);
  if (item != nullptr) finish(*item, end_status(event.item), wall_ms);
}

void Conversation::on(const ItemDeleted &event, int64_t) {
  auto *item = items_.find(event.item_id);
  if (item == nullptr) return;
  progress_.erase(item->id);
  items_.erase(event.item_id);
  ++revision_;
}

ConversationItem *Conversation::put(const Json &json, const std::string &id,
                                    const std::string &previous_id, bool is_new, int64_t wall_ms) {
  if (id.empty() || (!is_new && items_.is_erased(id)) || refused_.count(id) > 0) return nullptr;
  ItemContent content = read_item(json);
  ConversationItem *item = items_.find(id);
  // What a replay put in comes back as it was put in: whole, and without audio.
  bool generated = content.spoken || (content.in_progress && content.says_nothing());
  if (item != nullptr && is_new && generated && !items_.in_call(*item)) {
    items_.make_room_for(id);
    item = nullptr;
  }
  bool fresh = item == nullptr;
  if (fresh) {
    item = &items_.insert(id, previous_id, is_new && !content.spoken && !content.in_progress);
    item->created_ms = wall_ms;
    ++revision_;
  }
  items_.mark_in_call(*item);
  fill(*item, content, fresh);
  if (fresh) take_kept(id, wall_ms);
  return item;
}

void Conversation::fill(ConversationItem &item, const ItemContent &content, bool fresh) {
  bool of_earlier_call = !fresh && item.finished() && progress_.count(item.id) == 0;
  if (of_earlier_call) return;
  progress_of(item);
  if (fresh || item.kind == Kind::Other) item.kind = content.kind;
  if (content.kind != item.kind) return;
  if (item.role.empty()) item.role = content.role;
  item.spoken = item.spoken || content.spoken;
  take_images(item, content.images);
  take(item.name, content.name);
  take(item.call_id, content.call_id);
  take(item.arguments, content.arguments);
  take(item.output, content.output);
  grown_bytes_ += sizeof item + content.arguments.size() + content.output.size();
  if (item.role == "user") {
    fill_user(item, content, fresh);
  } else {
    fill_answer(item, content);
  }
}

// Pictures are large, and an old one tells little: only those of the newest item are kept.
void Conversation::take_images(ConversationItem &item, const std::vector<std::string> &images) {
  if (images.empty() || !item.images.empty()) return;
  item.images = images;
  for (const auto &image : images) grown_bytes_ += image.size();
  ConversationItem *before = items_.find(std::exchange(pictured_, item.id));
  if (before == nullptr || before == &item) return;
  for (auto &image : before->images) image = kImageNote;
  changed(*before);
}

void Conversation::fill_answer(ConversationItem &item, const ItemContent &content) {
  std::string text = content.text();
  if (text.empty()) return;
  grown_bytes_ += text.size();
  Progress &progress = progress_of(item);
  progress.whole = std::move(text);
  progress.part_begin = progress.whole.size();
  show_heard(item);
}

void Conversation::finish(ConversationItem &item, Status status, int64_t wall_ms) {
  if (item.status != Status::InProgress) return;
  Progress &progress = progress_of(item);
  const Response *response = responses_.of_item(item.id);
  bool playing = response != nullptr && response->playback == Response::Playback::Playing;
  if (item.spoken && playing && !progress.heard_ms) {
    if (!progress.end) progress.end = status;
    return;
  }
  bool cut = item.spoken && progress.heard_ms &&
             (progress.heard_is_exact || item.text.size() < progress.whole.size());
  item.status = cut && status == Status::Completed ? Status::Interrupted : status;
  item.finished_ms = wall_ms;
  ++revision_;
}

void Conversation::changed(const ConversationItem &item) {
  if (item.finished()) ++revision_;
}

Conversation::Progress &Conversation::progress_of(const ConversationItem &item) {
  auto [entry, is_new] = progress_.try_emplace(item.id);
  if (is_new && !item.text.empty()) {
    entry->second.whole = item.text;
    entry->second.part_begin = item.text.size();
    entry->second.parts = {item.text};
  }
  return entry->second;
}

// --- words that come before their item ---

void Conversation::keep_for_later(const std::string &item_id, std::size_t bytes,
                                  decltype(ServerEvent::body) event) {
  if (item_id.empty() || bytes > kMaxKeptBytes || items_.is_erased(item_id)) return;
  if (kept_.size() == kMaxKept) kept_.pop_front();
  kept_.emplace_back(item_id, ServerEvent{"", "", std::move(event)});
}

void Conversation::take_kept(const std::string &item_id, int64_t wall_ms) {
  std::vector<ServerEvent> events;
  for (auto &[id, event] : kept_) {
    if (id == item_id) events.push_back(std::move(event));
  }
  std::erase_if(kept_, [&](const auto &entry) { return entry.first == item_id; });
  for (const auto &event : events) {
    std::visit([&](const auto &body) { on(body, wall_ms); }, event.body);
  }
}

// --- what the user says ---

void Conversation::on(const SessionCreated &event, int64_t) { note_transcription(event.session); }
void Conversation::on(const SessionUpdated &event, int64_t) { note_transcription(event.session); }

void Conversation::note_transcription(const Json &session) {
  const Json &input = session.at("audio.input");
  if (!input.has("transcription")) return;
  transcription_ = input["transcription"].is_null() ? Transcription::Off : Transcription::On;
}

void Conversation::on(const SpeechStarted &, int64_t) { speech_ = Speech::Speaking; }
void Conversation::on(const SpeechStopped &, int64_t) { speech_ = Speech::Stopped; }
void Conversation::on(const InputCleared &, int64_t) { speech_ = Speech::None; }

void Conversation::on(const InputCommitted &event, int64_t wall_ms) {
  speech_ = Speech::None;
  if (event.item_id.empty() || items_.is_erased(event.item_id)) return;
  if (refused_.count(event.item_id) > 0) return;
  if (auto *known = items_.find(event.item_id)) {
    if (items_.in_call(*known)) return;
    items_.make_room_for(event.item_id);
  }
  ConversationItem &item = items_.insert(event.item_id, event.previous_item_id, false);
  item.role = "user";
  item.spoken = true;
  item.transcript_pending = transcription_ != Transcription::Off;
  item.created_ms = wall_ms;
  progress_of(item);
  ++revision_;
  take_kept(event.item_id, wall_ms);
}

void Conversation::fill_user(ConversationItem &item, const ItemContent &content, bool fresh) {
  for (std::size_t i = 0; i < content.parts.size(); ++i) {
    if (content.parts[i].empty() || progress_of(item).transcribed) continue;
    set_user_part(item, static_cast<int64_t>(i), content.parts[i], false);
  }
  if (!content.spoken) return;
  if (!content.transcript_missing) {
    item.transcript_pending = false;
  } else if (fresh && transcription_ != Transcription::Off) {
    item.transcript_pending = true;
  }
}

ConversationItem *Conversation::user_item(const std::string &id) {
  ConversationItem *item = items_.find(id);
  if (item == nullptr || item->role != "user") return nullptr;
  if (item->text.empty()) item->spoken = true;
  return item->spoken ? item : nullptr;
}

void Conversation::set_user_part(ConversationItem &item, int64_t index, const std::string &words,
                                 bool append) {
  if (index < 0 || index >= static_cast<int64_t>(kRecent)) index = 0;
  auto &parts = progress_of(item).parts;
  if (parts.size() <= static_cast<std::size_t>(index)) {
    parts.resize(static_cast<std::size_t>(index) + 1);
  }
  std::string &part = parts[static_cast<std::size_t>(index)];
  if (!append) part.clear();
  part += first_bytes(words, kMaxTextBytes - std::min(kMaxTextBytes, part.size()));
  grown_bytes_ += words.size();
  std::string text;
  for (const auto &each : parts) text = join_words(text, each);
  if (text == item.text) return;
  item.text = std::move(text);
  changed(item);
}

void Conversation::on(const InputTranscriptDelta &event, int64_t) {
  auto *item = user_item(event.item_id);
  if (item == nullptr || progress_of(*item).transcribed) return;
  set_user_part(*item, event.content_index, event.delta, true);
}

void Conversation::on(const InputTranscriptCompleted &event, int64_t) {
  auto *item = user_item(event.item_id);
  if (item == nullptr) return keep_for_later(event.item_id, event.transcript.size(), event);
  progress_of(*item).transcribed = true;
  if (!event.transcript.empty()) {
    set_user_part(*item, event.content_index, event.transcript, false);
  }
  if (std::exchange(item->transcript_pending, false)) changed(*item);
}

void Conversation::on(const InputTranscriptFailed &event, int64_t) {
  auto *item = user_item(event.item_id);
  if (item == nullptr) return keep_for_later(event.item_id, 0, event);
  if (std::exchange(item->transcript_pending, false)) changed(*item);
}

// --- whose turn it is ---

std::string Conversation::last_turn_id() const {
  const auto &items = items_.all();
  auto turn = std::find_if(items.rbegin(), items.rend(), [](const ConversationItem &item) {
    return is_users_turn(item) || item.kind == Kind::FunctionCallOutput;
  });
  return turn == items.rend() ? "" : turn->id;
}

const ConversationItem *Conversation::unanswered_turn() const {
  const auto &items = items_.all();
  for (auto item = items.rbegin(); item != items.rend(); ++item) {
    if (item->kind == Kind::FunctionCall) {
      if (items_.in_call(*item)) return nullptr;
    } else if (item->role == "assistant") {
      if (item->status != Status::Failed || !is_blank(item->text)) return nullptr;
    } else if (is_users_turn(*item) || item->kind == Kind::FunctionCallOutput) {
      return item->id == answered_turn_ ? nullptr : &*item;
    }
  }
  return nullptr;
}

bool Conversation::settled(int64_t wall_ms) const {
  if (speech_ != Speech::None || responses_.generating() || responses_.is_playing()) return false;
  if (waits_for_transcript(std::max(wall_ms, last_event_ms_)) || waits_for_output()) return false;
  const ConversationItem *turn = unanswered_turn();
  return turn == nullptr || turn->id == tried_turn_;
}

bool Conversation::waits_for_transcript(int64_t wall_ms) const {
  const auto &items = items_.all();
  std::size_t recent = std::min(items.size(), kRecent);
  return std::any_of(items.rbegin(), items.rbegin() + static_cast<std::ptrdiff_t>(recent),
                     [&](const ConversationItem &item) {
                       return item.transcript_pending &&
                              wall_ms - item.created_ms < kTranscriptPatienceMs;
                     });
}

bool Conversation::waits_for_output() const {
  const auto &items = items_.all();
  std::vector<std::string> answered;
  for (auto item = items.rbegin(); item != items.rend() && !is_users_turn(*item); ++item) {
    if (item->kind == Kind::FunctionCallOutput) answered.push_back(item->call_id);
    bool owes = item->kind == Kind::FunctionCall && item->status == Status::Completed &&
                items_.in_call(*item);
    if (owes && std::find(answered.begin(), answered.end(), item->call_id) == answered.end()) {
      return true;
    }
  }
  return false;
}

}  // namespace oairt
