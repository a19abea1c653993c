// The downlink half of the media port: frames in a row, and when each may be played.
// Thread-safe.
// Never stretches or shortens speech: only silence is inserted or dropped.
//
//              a voiced frame is due             kQuiet silent frames played,
//   Waiting ----------------------------> Playing   empty for kGap, or a pause announced -->
//   Waiting
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <vector>

#include "base/lock.h"
#include "rtc/media_port.h"
#include "rtc/playout_delay.h"

namespace oairt {

class DownlinkQueue {
 public:
  DownlinkQueue();
  uint64_t take_writer() OAIRT_EXCLUDES(mutex_);
  void write(uint64_t writer, const int16_t *samples, size_t count, TimePoint now, bool concealed)
      OAIRT_EXCLUDES(mutex_);
  void end_burst(uint64_t writer) OAIRT_EXCLUDES(mutex_);
  void set_latency(std::optional<Duration> latency) OAIRT_EXCLUDES(mutex_);
  Duration clear(TimePoint deaf_until) OAIRT_EXCLUDES(mutex_);
  void listen() OAIRT_EXCLUDES(mutex_);
  void drop_ramp() OAIRT_EXCLUDES(mutex_);
  Duration queued() const OAIRT_EXCLUDES(mutex_);
  DownlinkStats stats() const OAIRT_EXCLUDES(mutex_);
  MediaPort::Frame read(int16_t *samples, TimePoint now) OAIRT_EXCLUDES(mutex_);
  TimePoint last_voice() const OAIRT_EXCLUDES(mutex_);
  TimePoint last_written() const OAIRT_EXCLUDES(mutex_);

 private:
  enum class State { Waiting, Playing };
  struct Slot {
    std::array<int16_t, kFrameSamples> samples;
    TimePoint arrived;
    bool silent = false, concealed = false;
    bool first = false;  // nothing is said about the time between this frame and the one before
  };

  void commit(TimePoint now) OAIRT_REQUIRES(mutex_);
  void flush_partial(TimePoint now) OAIRT_REQUIRES(mutex_);
  void pop() OAIRT_REQUIRES(mutex_);
  std::unique_ptr<Slot> fresh_slot() OAIRT_REQUIRES(mutex_);
  void recycle(std::unique_ptr<Slot> slot) OAIRT_REQUIRES(mutex_);
  Duration delay() const OAIRT_REQUIRES(mutex_);
  void make_ramp() OAIRT_REQUIRES(mutex_);
  bool take_ramp(int16_t *samples, TimePoint now) OAIRT_REQUIRES(mutex_);
  bool wait(TimePoint now) OAIRT_REQUIRES(mutex_);
  bool starved(TimePoint now) OAIRT_REQUIRES(mutex_);
  void play(int16_t *samples, TimePoint now) OAIRT_REQUIRES(mutex_);
  Slot &head() OAIRT_REQUIRES(mutex_) { return *slots_.front(); }

  mutable Mutex mutex_;
  // A few are waiting mostly; room for all that may is taken only when they do.
  std::deque<std::unique_ptr<Slot>> slots_ OAIRT_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Slot>> spare_ OAIRT_GUARDED_BY(mutex_);
  std::unique_ptr<Slot> filling_ OAIRT_GUARDED_BY(mutex_);  // the one behind the last one
  size_t partial_ OAIRT_GUARDED_BY(mutex_) = 0;             // samples in it
  bool partial_concealed_ OAIRT_GUARDED_BY(mutex_) = false;
  bool partial_first_ OAIRT_GUARDED_BY(mutex_) = false;
  bool next_is_first_ OAIRT_GUARDED_BY(mutex_) = true;
  TimePoint last_arrival_ OAIRT_GUARDED_BY(mutex_){};
  TimePoint deaf_until_ OAIRT_GUARDED_BY(mutex_){};
  uint64_t writer_ OAIRT_GUARDED_BY(mutex_) = 0;
  State state_ OAIRT_GUARDED_BY(mutex_) = State::Waiting;
  int quiet_ OAIRT_GUARDED_BY(mutex_) = 0;    // silent frames played in a row
  int starved_ OAIRT_GUARDED_BY(mutex_) = 0;  // ticks without a frame in the middle of a burst
  PlayoutDelay adaptive_ OAIRT_GUARDED_BY(mutex_);
  std::optional<Duration> fixed_ OAIRT_GUARDED_BY(mutex_);
  // The end of what was cut off in its middle.
  std::optional<std::array<int16_t, kFrameSamples>> ramp_ OAIRT_GUARDED_BY(mutex_);
  TimePoint last_read_ OAIRT_GUARDED_BY(mutex_){};
  TimePoint last_voice_ OAIRT_GUARDED_BY(mutex_){};
  TimePoint last_written_ OAIRT_GUARDED_BY(mutex_){};
  DownlinkStats stats_ OAIRT_GUARDED_BY(mutex_);
};

}  // namespace oairt
