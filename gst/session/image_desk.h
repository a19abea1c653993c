// Pictures on their way to the service: one at a time, so that a slow network is given no more
// than it takes; and which one the model is to forget when the next is there.
// Thread-safe. Time is passed in.
// Never holds a picture, only its id and size.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/lock.h"
#include "protocol/events.h"
#include "session/session_events.h"

namespace oairt {

class ImageDesk {
 public:
  // Without an answer for so long the next one may go.
  static constexpr Duration kLongestWait = std::chrono::seconds(15);

  bool busy(TimePoint now) const;
  // False: one is under way.
  bool take(const SnapshotEvent &image, bool replaced_by_next, TimePoint now);
  // An event of the call in use: the end of the one under way, if it tells that.
  std::optional<SnapshotEvent> handle(const ServerEvent &event);
  // The picture that is to be deleted now, since a newer one is there; empty: none.
  std::string take_outdated();
  // The conversation is over.
  void clear();

  void note_skipped();
  uint64_t sent() const;
  uint64_t skipped() const;

 private:
  mutable Mutex lock_;
  std::optional<SnapshotEvent> under_way_ OAIRT_GUARDED_BY(lock_);
  bool replaced_by_next_ OAIRT_GUARDED_BY(lock_) = false;
  TimePoint since_ OAIRT_GUARDED_BY(lock_){};
  std::string shown_, outdated_ OAIRT_GUARDED_BY(lock_);
  uint64_t sent_ OAIRT_GUARDED_BY(lock_) = 0, skipped_ OAIRT_GUARDED_BY(lock_) = 0;
};

}  // namespace oairt
