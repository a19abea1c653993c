#include "session/image_desk.h"

#include <utility>

#include "session/answer_gate.h"

namespace oairt {

bool ImageDesk::busy(TimePoint now) const {
  LockGuard guard(lock_);
  return under_way_ && now - since_ < kLongestWait;
}

bool ImageDesk::take(const SnapshotEvent &image, bool replaced_by_next, TimePoint now) {
  LockGuard guard(lock_);
  if (under_way_ && now - since_ < kLongestWait) return false;
  under_way_ = image;
  replaced_by_next_ = replaced_by_next;
  since_ = now;
  return true;
}

std::optional<SnapshotEvent> ImageDesk::handle(const ServerEvent &event) {
  LockGuard guard(lock_);
  if (!under_way_) return std::nullopt;
  const auto *added = std::get_if<ItemAdded>(&event.body);
  const auto *done = std::get_if<ItemDone>(&event.body);
  const auto *error = std::get_if<ServerError>(&event.body);
  const std::string &id = under_way_->item_id;
  bool taken =
      (added != nullptr && added->item_id == id) || (done != nullptr && done->item_id == id);
  bool refused = error != nullptr && error->client_event_id == kItemEventPrefix + id;
  if (!taken && !refused) return std::nullopt;
  SnapshotEvent result = *std::exchange(under_way_, std::nullopt);
  result.sent = taken;
  if (refused) result.reason = error->message;
  if (!taken) return result;
  ++sent_;
  outdated_ = std::exchange(shown_, replaced_by_next_ ? result.item_id : "");
  return result;
}

std::string ImageDesk::take_outdated() {
  LockGuard guard(lock_);
  return std::exchange(outdated_, "");
}

void ImageDesk::clear() {
  LockGuard guard(lock_);
  under_way_.reset();
  shown_.clear();
  outdated_.clear();
}

void ImageDesk::note_skipped() {
  LockGuard guard(lock_);
  ++skipped_;
}

uint64_t ImageDesk::sent() const {
  LockGuard guard(lock_);
  return sent_;
}

uint64_t ImageDesk::skipped() const {
  LockGuard guard(lock_);
  return skipped_;
}

}  // namespace oairt
