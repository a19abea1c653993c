// What the bin's source has given out lately, by the time at which it is heard in the room.
// Thread-safe. The source's streaming thread writes, the sink's reads.
// Never waits longer than a copy of some frames takes.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "base/lock.h"
#include "rtc/media_port.h"

namespace oairt {

class FarEnd {
 public:
  // A frame with sound that begins at number x 20 ms of running time; the others are silent.
  void write(uint64_t number, const int16_t *samples, double volume) OAIRT_EXCLUDES(lock_);
  // The running time begins anew.
  void clear() OAIRT_EXCLUDES(lock_);
  // How much later than its time stamp a sample is heard: the latency of the pipeline.
  void set_latency(Duration latency) OAIRT_EXCLUDES(lock_);
  Duration latency() const OAIRT_EXCLUDES(lock_);
  // What would be heard after that time is not heard any more: it was flushed.
  void cut(Duration heard_until) OAIRT_EXCLUDES(lock_);

  // `count` samples as they are heard from that running time on; silence where nothing is known.
  void read(Duration heard_from, int16_t *samples, std::size_t count) const OAIRT_EXCLUDES(lock_);
  // How much of that time the model is heard.
  Duration voiced(Duration heard_from, Duration heard_to) const OAIRT_EXCLUDES(lock_);

 private:
  static constexpr int64_t kSlots = 150;  // 3 s
  struct Slot {
    int64_t number = -1;
    std::array<int16_t, kFrameSamples> samples;
  };

  const Slot *voiced_slot(int64_t number) const OAIRT_REQUIRES(lock_);

  mutable Mutex lock_;
  std::vector<Slot> slots_ OAIRT_GUARDED_BY(lock_);  // voiced ones; made with the first
  Duration latency_ OAIRT_GUARDED_BY(lock_) = kFrameDuration;
};

}  // namespace oairt
