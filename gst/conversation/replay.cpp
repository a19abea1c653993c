#include "conversation/replay.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "conversation/replay_item.h"
#include "conversation/short_id.h"

namespace oairt {
namespace {

using Kind = ConversationItem::Kind;

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

// An item that could be planned. `place`: of which item of the conversation it has the position.
struct Entry {
  const ConversationItem *item = nullptr;
  std::size_t place = 0;
  std::size_t partner = kNone;  // the other half of a call and its output
  ReplayItem made;
  bool taken = false;
};

// Call ids as the service takes them, no two alike.
class CallIds {
 public:
  void add(const std::string &call_id) {
    if (is_legal_id(call_id)) used_.insert(call_id);
  }
  const std::string &of(const std::string &call_id) {
    auto [entry, is_new] = sent_.try_emplace(call_id, call_id);
    if (is_new && !is_legal_id(call_id)) {
      unsigned attempt = 0;
      do {
        entry->second = hashed_id(call_id, attempt++);
      } while (!used_.insert(entry->second).second);
    }
    return entry->second;
  }

 private:
  std::unordered_map<std::string, std::string> sent_;
  std::unordered_set<std::string> used_;
};

class Planner {
 public:
  Planner(const Conversation &conversation, const std::vector<std::string> &known_ids,
          const ReplayLimits &limits)
      : conversation_(conversation),
        items_(conversation.items()),
        known_(known_ids.begin(), known_ids.end()),
        limits_(limits) {}

  ReplayPlan plan() {
    find_known();
    pair_calls();
    collect();
    choose();
    return emit();
  }

 private:
  bool is_known(const ConversationItem &item) const { return known_.count(item.replay_id) > 0; }
  void find_known();
  void pair_calls();
  void collect();
  bool add(std::size_t index, std::size_t place);
  void add_pair(std::size_t call, std::size_t output);
  void choose();
  void summarize(ReplayPlan &plan) const;
  ReplayPlan emit();
  bool answer_needed() const;

  const Conversation &conversation_;
  const std::vector<ConversationItem> &items_;
  std::unordered_set<std::string> known_;
  ReplayLimits limits_;
  std::size_t first_ = 0, last_known_ = kNone;    // of items_
  std::map<std::size_t, std::size_t> output_of_;  // call -> output, by index
  CallIds call_ids_;
  std::vector<Entry> entries_;
};

// What lies before all that is known was left out by the earlier plan's limits.
void Planner::find_known() {
  if (known_.empty()) return;
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (!is_known(items_[i])) continue;
    if (last_known_ == kNone) first_ = i;
    last_known_ = i;
  }
}

// The first call of an id with its first output, and so on.
void Planner::pair_calls() {
  std::unordered_map<std::string, std::pair<std::vector<std::size_t>, std::vector<std::size_t>>>
      found;
  for (std::size_t i = first_; i < items_.size(); ++i) {
    const auto &item = items_[i];
    call_ids_.add(item.call_id);
    if (!item.finished() || item.call_id.empty() || is_known(item)) continue;
    if (item.kind == Kind::FunctionCall) found[item.call_id].first.push_back(i);
    if (item.kind == Kind::FunctionCallOutput) found[item.call_id].second.push_back(i);
  }
  for (const auto &[call_id, both] : found) {
    const auto &[calls, outputs] = both;
    for (std::size_t i = 0; i < std::min(calls.size(), outputs.size()); ++i) {
      output_of_[calls[i]] = outputs[i];
    }
  }
}

void Planner::collect() {
  for (std::size_t i = first_; i < items_.size(); ++i) {
    if (is_known(items_[i]) || !items_[i].finished()) continue;
    if (items_[i].kind == Kind::Message) add(i, i);
    auto pair = output_of_.find(i);
    if (pair != output_of_.end()) add_pair(i, pair->second);
  }
  // An output has the place where it came, but never before its call.
  std::vector<std::size_t> order(entries_.size()), moved(entries_.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [this](std::size_t a, std::size_t b) {
    return entries_[a].place < entries_[b].place;
  });
  std::vector<Entry> sorted;
  sorted.reserve(order.size());
  for (std::size_t from : order) {
    moved[from] = sorted.size();
    sorted.push_back(std::move(entries_[from]));
  }
  for (auto &entry : sorted) {
    if (entry.partner != kNone) entry.partner = moved[entry.partner];
  }
  entries_ = std::move(sorted);
}

bool Planner::add(std::size_t index, std::size_t place) {
  const auto &item = items_[index];
  auto made = make_replay_item(item, call_ids_.of(item.call_id), limits_);
  if (made) entries_.push_back({&item, place, kNone, std::move(*made), false});
  return made.has_value();
}

void Planner::add_pair(std::size_t call, std::size_t output) {
  if (!add(call, call)) return;
  if (!add(output, std::max(call, output))) {
    entries_.pop_back();
    return;
  }
  entries_[entries_.size() - 2].partner = entries_.size() - 1;
  entries_.back().partner = entries_.size() - 2;
}

// From the newest on, until one does not fit any more.
void Planner::choose() {
  std::size_t items = limits_.max_items, characters = limits_.max_characters;
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (entry->taken) continue;
    Entry *partner = entry->partner == kNone ? nullptr : &entries_[entry->partner];
    std::size_t count = partner == nullptr ? 1 : 2;
    std::size_t size = entry->made.characters + (partner ? partner->made.characters : 0);
    if (count > limits_.max_items || size > limits_.max_characters) continue;
    if (count > items || size > characters) return;
    items -= count;
    characters -= size;
    entry->taken = true;
    if (partner != nullptr) partner->taken = true;
  }
}

void Planner::summarize(ReplayPlan &plan) const {
  bool cut = std::any_of(entries_.begin(), entries_.end(),
                         [](const Entry &entry) { return !entry.taken; });
  if (!cut || !known_.empty()) return;
  ConversationItem note;
  note.id = note.replay_id = kSummaryId;
  note.role = "system";
  note.text = limits_.summary;
  note.status = ConversationItem::Status::Completed;
  auto made = make_replay_item(note, "", limits_);
  if (!made) return;
  plan.events.push_back({"oairt_replay_0", ItemCreate{std::move(made->json), ""}});
  plan.item_ids.push_back(kSummaryId);
}

ReplayPlan Planner::emit() {
  ReplayPlan plan;
  summarize(plan);
  const std::size_t notes = plan.events.size();
  std::size_t next = first_;
  std::string previous;
  for (auto &entry : entries_) {
    if (!entry.taken) continue;
    for (; next <= entry.place; ++next) {
      if (is_known(items_[next])) previous = items_[next].replay_id;
    }
    bool in_between = last_known_ != kNone && entry.place < last_known_;
    auto number = std::to_string(known_.size() + plan.events.size() + 1);
    plan.events.push_back({"oairt_replay_" + number, ItemCreate()});
    auto &create = std::get<ItemCreate>(plan.events.back().body);
    create.item = std::move(entry.made.json);
    if (in_between) create.previous_item_id = previous;
    plan.item_ids.push_back(entry.item->replay_id);
    previous = entry.item->replay_id;
  }
  auto is_new = [this](const ConversationItem &item) { return !is_known(item); };
  auto first = items_.begin() + static_cast<std::ptrdiff_t>(first_);
  plan.left_out = static_cast<std::size_t>(std::count_if(first, items_.end(), is_new)) -
                  (plan.events.size() - notes);
  plan.answer_needed = answer_needed();
  return plan;
}

bool Planner::answer_needed() const {
  const ConversationItem *turn = conversation_.unanswered_turn();
  if (turn == nullptr) return false;
  return is_known(*turn) || std::any_of(entries_.begin(), entries_.end(), [&](const Entry &entry) {
           return entry.taken && entry.item == turn;
         });
}

}  // namespace

ReplayPlan plan_replay(const Conversation &conversation, const ReplayLimits &limits) {
  return Planner(conversation, {}, limits).plan();
}

ReplayPlan plan_update(const Conversation &conversation, const std::vector<std::string> &known_ids,
                       const ReplayLimits &limits) {
  return Planner(conversation, known_ids, limits).plan();
}

ReplayPlan plan_output(const Conversation &conversation, const std::string &output_id,
                       const ReplayLimits &limits) {
  ReplayPlan plan;
  const auto &items = conversation.items();
  const ConversationItem *output = conversation.find(output_id);
  if (output == nullptr || output->kind != Kind::FunctionCallOutput) return plan;
  auto call = std::find_if(items.rbegin(), items.rend(), [&](const ConversationItem &item) {
    return item.kind == Kind::FunctionCall && item.call_id == output->call_id;
  });
  if (call == items.rend()) return plan;
  std::string call_id = CallIds().of(output->call_id);
  for (const ConversationItem *item : {&*call, output}) {
    auto made = make_replay_item(*item, call_id, limits);
    if (!made) return {};
    plan.events.push_back(
        {"oairt_replay_" + item->replay_id, ItemCreate{std::move(made->json), ""}});
    plan.item_ids.push_back(item->replay_id);
  }
  return plan;
}

}  // namespace oairt
