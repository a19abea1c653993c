#include "conversation/item_list.h"

#include <algorithm>

#include "conversation/short_id.h"

namespace oairt {
namespace {

// Dropping moves all other items: it is done for many at once.
constexpr std::size_t kDropAtOnce = ItemList::kMaxItems / 20;
constexpr std::size_t kCheckEachBytes = ItemList::kMaxBytes / 8;
constexpr std::size_t kMaxErased = 2 * ItemList::kMaxItems;

std::size_t bytes_of(const ConversationItem &item) {
  std::size_t bytes = sizeof item + item.id.size() + item.text.size() + item.name.size() +
                      item.call_id.size() + item.arguments.size() + item.output.size();
  for (const auto &image : item.images) bytes += image.size();
  return bytes;
}

}  // namespace

const ConversationItem *ItemList::find(const std::string &id) const {
  auto found = index_.find(id);
  return found == index_.end() ? nullptr : &items_[found->second];
}

ConversationItem *ItemList::find(const std::string &id) {
  return const_cast<ConversationItem *>(static_cast<const ItemList *>(this)->find(id));
}

ConversationItem &ItemList::insert(const std::string &id, const std::string &previous_id,
                                   bool null_is_front) {
  if (items_.size() >= kMaxItems) drop_oldest(kDropAtOnce);
  std::size_t place = items_.size();
  auto previous = index_.find(previous_id);
  if (previous != index_.end()) {
    place = place_behind(previous->second);
  } else if (previous_id == "root" || (previous_id.empty() && null_is_front && names_previous_)) {
    place = front_of_call();
  }
  if (!previous_id.empty()) names_previous_ = true;
  ConversationItem item;
  item.id = id;
  item.replay_id = free_replay_id(id);
  bool last = place == items_.size();
  items_.insert(items_.begin() + static_cast<std::ptrdiff_t>(place), std::move(item));
  if (last) {
    index_[id] = place;
    index_[items_.back().replay_id] = place;
  } else {
    reindex();
  }
  erased_.erase(id);
  in_call_.insert(id);
  return items_[place];
}

std::size_t ItemList::place_behind(std::size_t index) const {
  ++index;
  while (index < items_.size() && !in_call(items_[index])) ++index;
  return index;
}

std::size_t ItemList::front_of_call() const {
  auto first = std::find_if(items_.begin(), items_.end(),
                            [this](const ConversationItem &item) { return in_call(item); });
  return static_cast<std::size_t>(first - items_.begin());
}

std::string ItemList::free_replay_id(const std::string &id) const {
  if (is_legal_id(id)) return id;
  unsigned attempt = 0;
  std::string candidate = hashed_id(id);
  while (index_.count(candidate) > 0) candidate = hashed_id(id, ++attempt);
  return candidate;
}

bool ItemList::erase(const std::string &id) {
  auto found = index_.find(id);
  if (found == index_.end()) return false;
  std::size_t place = found->second;
  remember_erased(items_[place]);
  in_call_.erase(items_[place].id);
  items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(place));
  reindex();
  return true;
}

void ItemList::remember_erased(const ConversationItem &item) {
  if (erased_.size() >= kMaxErased) erased_.clear();
  erased_.insert(item.id);
  erased_.insert(item.replay_id);
}

void ItemList::make_room_for(const std::string &id) {
  ConversationItem *item = find(id);
  if (item == nullptr) return;
  unsigned attempt = 1;
  std::string other = hashed_id(item->id, attempt);
  while (index_.count(other) > 0) other = hashed_id(item->id, ++attempt);
  in_call_.erase(item->id);
  item->id = item->replay_id = other;
  reindex();
}

void ItemList::end_call() {
  in_call_.clear();
  names_previous_ = false;
}

void ItemList::clear() {
  for (const auto &item : items_) remember_erased(item);
  items_.clear();
  index_.clear();
  in_call_.clear();
  grown_bytes_ = 0;
}

void ItemList::restore(std::vector<ConversationItem> items) {
  end_call();
  items_.clear();
  index_.clear();
  erased_.clear();
  std::size_t bytes = 0;
  for (auto &item : items) {
    if (item.id.empty() || index_.count(item.id) > 0) continue;
    if (!is_legal_id(item.replay_id) || index_.count(item.replay_id) > 0) {
      item.replay_id = free_replay_id(item.id);
    }
    bytes += bytes_of(item);
    index_[item.id] = index_[item.replay_id] = items_.size();
    items_.push_back(std::move(item));
  }
  if (items_.size() > kMaxItems) drop_oldest(items_.size() - kMaxItems);
  grew(bytes);
}

bool ItemList::grew(std::size_t bytes) {
  grown_bytes_ += bytes;
  if (grown_bytes_ < kCheckEachBytes) return false;
  grown_bytes_ = 0;
  std::size_t newest = items_.size(), kept = 0;
  while (newest > 0 && (kept += bytes_of(items_[newest - 1])) <= kMaxBytes) --newest;
  if (newest == 0) return false;
  drop_oldest(std::min(newest, items_.size() - 1));
  return true;
}

void ItemList::drop_oldest(std::size_t count) {
  auto end = items_.begin() + static_cast<std::ptrdiff_t>(count);
  for (auto item = items_.begin(); item != end; ++item) in_call_.erase(item->id);
  items_.erase(items_.begin(), end);
  reindex();
}

void ItemList::reindex() {
  index_.clear();
  for (std::size_t i = 0; i < items_.size(); ++i) {
    index_[items_[i].id] = i;
    index_[items_[i].replay_id] = i;
  }
}

}  // namespace oairt
