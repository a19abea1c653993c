#include "store/pending.h"

#include <utility>

namespace oairt {

void Pending::drop(Place place) {
  bytes_ -= place->text.size();
  changes_.erase(place);
}

void Pending::add(Change change) {
  Change::Kind kind = change.kind;
  bytes_ += change.text.size();
  changes_.push_back(std::move(change));
  Place place = std::prev(changes_.end());
  if (kind == Change::Kind::CloseRecord) {
    items_.clear();
    state_.reset();
  } else if (kind == Change::Kind::SaveState) {
    if (state_) drop(*state_);
    state_ = place;
  } else {
    auto [known, added] = items_.try_emplace(place->slot, place);
    if (!added) drop(std::exchange(known->second, place));
  }
}

std::vector<Change> Pending::take(std::size_t limit_bytes) {
  std::vector<Change> taken;
  std::size_t size = 0;
  while (!changes_.empty()) {
    Place place = changes_.begin();
    if (!taken.empty() && size + place->text.size() > limit_bytes) break;
    size += place->text.size();
    if (state_ && *state_ == place) state_.reset();
    auto known = items_.find(place->slot);
    if (known != items_.end() && known->second == place) items_.erase(known);
    taken.push_back(std::move(*place));
    changes_.erase(place);
  }
  bytes_ -= size;
  return taken;
}

void Pending::clear() {
  changes_.clear();
  items_.clear();
  state_.reset();
  bytes_ = 0;
}

}  // namespace oairt
